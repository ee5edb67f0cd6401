//! Lists identities: one statement a page.

use palisade_authz::{Authorized, action::ListIdentities};
use palisade_envelope::Result;
use palisade_identity::{
    Identity, ProviderId, filter::IdentityFilter, ids::Uuid, page::PageNumber,
};
use palisade_tenancy::TenantId;

use super::{columns, identity};
use crate::{
    Consistency, Page, PageRequest, Store,
    fault::Fault,
    page::TokenSealer,
    row::{self, Columns},
    select::Select,
};

/// Identities by the number of their page, and how many there are.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberedPage {
    /// The identities of this page, by id.
    pub items: Vec<Identity>,
    /// How many there are on all pages together.
    pub total: u64,
    /// Which read served.
    pub served: Consistency,
}

impl Store {
    /// A page of the tenant's identities that pass the filter, by id. Where the filter names ids, all of them are on
    /// one page.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_identities(
        &self,
        grant: &Authorized<ListIdentities>,
        filter: &IdentityFilter,
        page: &PageRequest,
    ) -> Result<Page<Identity>> {
        let (page, _) = self
            .list_identities_at(grant, filter, page, Consistency::Strong)
            .await?;
        Ok(page)
    }

    /// As [`Store::list_identities`], as fresh as `consistency` asks; and which read served. A replica that can't serve
    /// is stood in for by the primary.
    ///
    /// # Errors
    /// As [`Store::list_identities`].
    #[tracing::instrument(name = "store.identity.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_identities_at(
        &self,
        grant: &Authorized<ListIdentities>,
        filter: &IdentityFilter,
        page: &PageRequest,
        consistency: Consistency,
    ) -> Result<(Page<Identity>, Consistency)> {
        let fingerprint = filter.fingerprint();
        let sealer = TokenSealer::new(
            self.page_token_key().await?,
            grant.tenant(),
            "identities",
            &fingerprint,
        );
        let mut select = narrowed(columns!(), grant.tenant(), filter);
        if let Some(token) = &page.token {
            select.and("t.id > ?", sealer.open::<Uuid>(token)?);
        }
        let limit = if filter.ids.is_empty() {
            u64::from(page.size.get()) + 1
        } else {
            500
        };
        let (rows, served) = self
            .read_all_at(consistency, grant.tenant(), select.finish("t.id", limit))
            .await?;
        let identities = rows
            .iter()
            .map(identity)
            .collect::<Result<Vec<_>, Fault>>()?;
        let page = if filter.ids.is_empty() {
            Page::of(identities, page.size, &sealer, |identity| {
                identity.id.as_uuid()
            })
        } else {
            Page {
                items: identities,
                next: None,
            }
        };
        Ok((page, served))
    }

    /// The page of this number of the identities that pass the filter, by id, and how many pass `counted`. Pages by number shift while identities come and go; it is for callers that know no other way.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.identity.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_identities_by_number(
        &self,
        grant: &Authorized<ListIdentities>,
        filter: &IdentityFilter,
        counted: &IdentityFilter,
        number: PageNumber,
        consistency: Consistency,
    ) -> Result<NumberedPage> {
        let tenant = grant.tenant();
        let limit = u64::from(number.per_page);
        let offset = u64::from(number.page) * limit;
        let page = narrowed(columns!(), tenant, filter).finish_at("t.id", limit, offset);
        let count = narrowed("count(*)", tenant, counted).finish("1", 1);
        let (rows, served) = self.read_all_at(consistency, tenant, page).await?;
        // A count and a page from two reads would not belong together.
        let (counts, _) = self.read_all_at(served, tenant, count).await?;
        let total: i64 = counts
            .first()
            .map(|row| Columns::of(row).get())
            .transpose()
            .map_err(Fault::from)?
            .unwrap_or_default();
        Ok(NumberedPage {
            items: rows
                .iter()
                .map(identity)
                .collect::<Result<Vec<_>, Fault>>()?,
            total: u64::try_from(total).unwrap_or_default(),
            served,
        })
    }
}

fn narrowed(columns: &'static str, tenant: TenantId, filter: &IdentityFilter) -> Select {
    let mut select = Select::new(columns, "identities", tenant);
    narrow(&mut select, filter);
    select
}

// Asked of each identity on the way: it has few accounts, a provider has many.
const PROVIDER: &str = "EXISTS (SELECT 1 FROM external_identities x \
     JOIN identity_providers p ON p.tenant_id = x.tenant_id AND p.id = x.provider_id \
     WHERE x.tenant_id = $1 AND x.identity_id = t.id AND (p.name = ? OR p.id = ?))";

fn narrow(select: &mut Select, filter: &IdentityFilter) {
    // All of it, so that a new filter can't be forgotten here.
    let IdentityFilter {
        ids,
        credentials_identifier,
        credentials_identifier_similar,
        organization_id,
        state,
        schema_id,
        external_id,
        provider,
        created_after,
        created_before,
        updated_after,
        updated_before,
    } = filter;
    if !ids.is_empty() {
        select.and_in("t.id", ids.iter().map(|id| id.as_uuid().into()));
    }
    if let (Some(raw), Some(normalized)) = (credentials_identifier, filter.normalized_identifier())
    {
        identifiers(select, "x.identifier = ?", [normalized], [raw.clone()]);
    }
    if let (Some(raw), Some(normalized)) =
        (credentials_identifier_similar, filter.normalized_similar())
    {
        identifiers(
            select,
            "x.identifier >= ? AND x.identifier < ?",
            prefix(normalized),
            prefix(raw.clone()),
        );
    }
    if let Some(organization) = organization_id {
        select.and("t.organization_id = ?", *organization);
    }
    if let Some(state) = state {
        // As a literal, so that the partial index on inactive identities is found.
        select.and_text(&format!("t.state = '{}'", state.as_str()));
    }
    if let Some(schema) = schema_id {
        select.and("t.schema_id = ?", schema.as_str());
    }
    if let Some(external_id) = external_id {
        select.and("t.external_id = ?", external_id.as_str());
    }
    if let Some(provider) = provider {
        // A name may look like an id.
        let id = ProviderId::parse(provider).map_or_else(Uuid::nil, |id| id.as_uuid());
        select.and_each(PROVIDER, [provider.as_str().into(), id.into()]);
    }
    for (condition, time) in [
        ("t.created_at > ?", created_after),
        ("t.created_at < ?", created_before),
        ("t.updated_at > ?", updated_after),
        ("t.updated_at < ?", updated_before),
    ] {
        if let Some(time) = time {
            select.and(condition, row::at(*time));
        }
    }
}

/// Everything that starts with `beginning`, as a range: identifiers are ordered by their bytes.
fn prefix(beginning: String) -> [String; 2] {
    let end = format!("{beginning}{}", char::MAX);
    [beginning, end]
}

/// Only identities with such an identifier: normalised for the kinds that keep it so, as it is for the others.
fn identifiers<const N: usize>(
    select: &mut Select,
    condition: &str,
    normalized: [String; N],
    raw: [String; N],
) {
    const ROWS: &str =
        "SELECT x.identity_id FROM identity_identifiers x WHERE x.tenant_id = $1 AND";
    let values: Vec<_> = normalized.into_iter().chain(raw).map(Into::into).collect();
    let text = format!(
        "t.id IN ({ROWS} x.type IN ('password', 'webauthn', 'code') AND {condition} \
         UNION {ROWS} x.type IN ('oidc', 'saml') AND {condition})"
    );
    select.and_each(&text, values);
}
