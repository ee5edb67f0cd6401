//! Links that oidc and saml credentials name: both views of the one fact are written in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use palisade_authz::{
    Authorized,
    action::{CreateIdentityProvider, LinkExternalIdentity},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{Identity, IdentityId, LinkId, ProviderId, ProviderType};
use palisade_linking::{ImportedLink, Why, manual::Happened};
use palisade_tenancy::TenantId;
use sea_orm::Value;

use super::{
    history::{Event, Note, note_many},
    part::{CHUNK, release, standing},
};
use crate::{
    act::Act, fault::Fault, providers, row, row::Columns, select::Select, sql::TenantSql,
    tx::TenantTx,
};

/// What it takes to make the links, and the providers, that an identity's credentials name newly.
#[derive(Debug)]
pub struct ImportGrants {
    /// For the links; on the identity.
    pub link: Authorized<LinkExternalIdentity>,
    /// For providers that the tenant does not have yet; without it none is made.
    pub provider: Option<Authorized<CreateIdentityProvider>>,
}

impl ImportGrants {
    /// Refuses grants on another identity, or of another tenant, than the write they come with.
    pub(crate) fn check(&self, tenant: TenantId, identity: IdentityId) -> Result<()> {
        let provider = self.provider.as_ref().map(Authorized::tenant);
        if self.link.target().id == identity
            && self.link.tenant() == tenant
            && provider.is_none_or(|of| of == tenant)
        {
            return Ok(());
        }
        Err(Error::internal(
            "the grants for an import are on another identity than the change",
        ))
    }

    /// The tenant, where nodes are to hear that it may have new providers.
    pub(crate) fn changes(&self) -> Option<TenantId> {
        self.provider.as_ref().map(Authorized::tenant)
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "identity_id",
    "provider_id",
    "external_id",
    "linked_by",
    "created_at",
    "updated_at",
];

// An account that the provider knows and nobody is linked to is taken over; one that is linked to another is not, nor one
// that a person rejected.
const TAKE_OVER: &str = "ON CONFLICT (tenant_id, provider_id, external_id) DO UPDATE SET
        identity_id = excluded.identity_id, linked_by = excluded.linked_by, updated_at = excluded.updated_at,
        why = NULL, revision = external_identities.revision + 1
     WHERE external_identities.identity_id IS NULL AND external_identities.rejected_at IS NULL";

const STANDING: TenantSql = TenantSql::new(
    "SELECT x.id, x.identity_id, x.linked_by, p.name, x.external_id FROM external_identities x
     JOIN identity_providers p ON p.tenant_id = x.tenant_id AND p.id = x.provider_id
     WHERE x.tenant_id = $1 AND x.identity_id = $2",
);

/// Makes the links that the identity's credentials name newly, and the providers that the tenant does not have yet.
/// The acts, one a provider and one a link, are the caller's to record.
pub(crate) async fn link(
    tx: &TenantTx<'_>,
    identity: &Identity,
    links: &[ImportedLink],
    grants: Option<&ImportGrants>,
) -> Result<Vec<Act>, Fault> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let Some(grants) = grants else {
        return Err(Error::new(Code::Forbidden).into());
    };
    let (providers, mut acts) = providers(tx, links, grants).await?;
    for kind in [ProviderType::Oidc, ProviderType::Saml] {
        let mut rows = Vec::new();
        for link in links.iter().filter(|link| link.provider_type() == kind) {
            let id = of_kind(&providers, link)?;
            rows.push(row_of(tx, identity, link, id));
            acts.push(Act::of(&grants.link));
        }
        let wanted = rows.len() as u64;
        if tx
            .upsert("external_identities", COLUMNS, rows, TAKE_OVER)
            .await?
            != wanted
        {
            let field = format!("credentials.{}.identifiers", kind.as_str());
            return Err(Error::conflict([field.as_str()]).into());
        }
    }
    let act = Act::of(&grants.link);
    let made = links
        .iter()
        .map(|link| Ok((of_kind(&providers, link)?, link.external_id(), &act)))
        .collect::<Result<Vec<_>>>()?;
    note_linked(tx, &made).await?;
    Ok(acts)
}

/// The links that the credentials of many new identities name, gathered to be written together.
pub(crate) struct Accounts {
    providers: Providers,
    new_providers: Vec<(ProviderId, String, ProviderType)>,
    rows: Vec<Vec<Value>>,
    linked: Vec<(ProviderId, String, Act)>,
    acts: Vec<Act>,
}

impl Accounts {
    /// With the providers that the credentials of these identities name.
    pub(crate) async fn load<'a>(
        tx: &TenantTx<'_>,
        identities: impl Iterator<Item = &'a Identity>,
    ) -> Result<Self, Fault> {
        let links: Vec<_> = identities
            .flat_map(palisade_linking::imported::plan)
            .collect();
        let names: BTreeSet<&str> = links.iter().map(ImportedLink::provider_name).collect();
        Ok(Self {
            providers: providers::named(tx, &names).await?,
            new_providers: Vec::new(),
            rows: Vec::new(),
            linked: Vec::new(),
            acts: Vec::new(),
        })
    }

    /// Takes in the links of one identity: all of them, or none where an error says why.
    pub(crate) fn add(
        &mut self,
        tx: &TenantTx<'_>,
        identity: &Identity,
        grants: Option<&ImportGrants>,
    ) -> Result<()> {
        let links = palisade_linking::imported::plan(identity);
        if links.is_empty() {
            return Ok(());
        }
        let grants = grants.ok_or_else(|| Error::new(Code::Forbidden))?;
        let mut made: Providers = BTreeMap::new();
        for link in &links {
            if self.providers.contains_key(link.provider_name())
                || made.contains_key(link.provider_name())
            {
                continue;
            }
            if grants.provider.is_none() {
                return Err(provider_is_gone());
            }
            let new = (ProviderId::generate(tx.now()), link.provider_type());
            made.insert(link.provider_name().to_owned(), new);
        }
        let ids = links
            .iter()
            .map(|link| {
                let known = if made.contains_key(link.provider_name()) {
                    &made
                } else {
                    &self.providers
                };
                of_kind(known, link)
            })
            .collect::<Result<Vec<_>>>()?;
        for (name, (id, kind)) in made {
            if let Some(grant) = &grants.provider {
                self.acts.push(Act::of(grant).on("IdentityProvider", id));
            }
            self.new_providers.push((id, name.clone(), kind));
            self.providers.insert(name, (id, kind));
        }
        for (link, provider) in links.iter().zip(ids) {
            self.rows.push(row_of(tx, identity, link, provider));
            let act = Act::of(&grants.link);
            let subject = link.external_id().to_owned();
            self.linked.push((provider, subject, act.clone()));
            self.acts.push(act);
        }
        Ok(())
    }

    /// Makes providers and links. The acts, one each, are the caller's to record.
    pub(crate) async fn write(self, tx: &TenantTx<'_>) -> Result<Vec<Act>, Fault> {
        for some in self.new_providers.chunks(100) {
            let new = some
                .iter()
                .map(|(id, name, kind)| (*id, name.as_str(), *kind, None));
            tx.together(providers::insertion(tx, new)).await?;
        }
        let wanted = self.rows.len() as u64;
        let written = tx
            .insert_many("external_identities", COLUMNS, self.rows, TAKE_OVER)
            .await?;
        if written != wanted {
            return Err(Error::new(Code::Conflict).into());
        }
        let made: Vec<_> = self
            .linked
            .iter()
            .map(|(provider, subject, act)| (*provider, subject.as_str(), act))
            .collect();
        note_linked(tx, &made).await?;
        Ok(self.acts)
    }
}

fn row_of(
    tx: &TenantTx<'_>,
    identity: &Identity,
    link: &ImportedLink,
    provider: ProviderId,
) -> Vec<Value> {
    vec![
        LinkId::generate(tx.now()).as_uuid().into(),
        identity.id.as_uuid().into(),
        provider.as_uuid().into(),
        link.external_id().into(),
        link.linked_by().as_str().into(),
        row::at(tx.now()),
        row::at(tx.now()),
    ]
}

fn provider_is_gone() -> Error {
    // It was there when the caller was asked for its grants.
    let message = "an identity provider that the credentials name was deleted meanwhile";
    Error::with_message(Code::Conflict, message)
}

type Providers = BTreeMap<String, (ProviderId, ProviderType)>;

/// The providers that the links name. Those that are missing are made, if that is granted.
async fn providers(
    tx: &TenantTx<'_>,
    links: &[ImportedLink],
    grants: &ImportGrants,
) -> Result<(Providers, Vec<Act>), Fault> {
    let names: BTreeSet<&str> = links.iter().map(ImportedLink::provider_name).collect();
    let mut known = providers::named(tx, &names).await?;
    let missing: BTreeMap<&str, ProviderType> = links
        .iter()
        .map(|link| (link.provider_name(), link.provider_type()))
        .filter(|(name, _)| !known.contains_key(*name))
        .collect();
    if missing.is_empty() {
        return Ok((known, Vec::new()));
    }
    let Some(grant) = &grants.provider else {
        return Err(provider_is_gone().into());
    };
    let new: Vec<_> = missing
        .into_iter()
        .map(|(name, kind)| (ProviderId::generate(tx.now()), name, kind, None))
        .collect();
    let insertion = providers::insertion(tx, new.iter().copied());
    tx.together(insertion).await?;
    let acts = new
        .iter()
        .map(|(id, ..)| Act::of(grant).on("IdentityProvider", id))
        .collect();
    known.extend(
        new.into_iter()
            .map(|(id, name, kind, _)| (name.to_owned(), (id, kind))),
    );
    Ok((known, acts))
}

/// The link's provider, which must be of the type that the credential is.
fn of_kind(providers: &Providers, link: &ImportedLink) -> Result<ProviderId> {
    let wanted = link.provider_type();
    let (id, kind) = *providers
        .get(link.provider_name())
        .ok_or_else(|| Error::internal("a provider was neither found nor made"))?;
    if kind == wanted {
        return Ok(id);
    }
    let expected = format!(
        "a provider of type `{}`; it is of type `{}`",
        wanted.as_str(),
        kind.as_str()
    );
    let field = format!("credentials.{}.config.providers", wanted.as_str());
    Err(Error::field(field, expected))
}

/// Notes that these subjects were linked; their rows are written.
async fn note_linked(tx: &TenantTx<'_>, made: &[(ProviderId, &str, &Act)]) -> Result<(), Fault> {
    for some in made.chunks(CHUNK) {
        let by_key: BTreeMap<(ProviderId, &str), &Act> = some
            .iter()
            .map(|(provider, subject, act)| ((*provider, *subject), *act))
            .collect();
        let columns = "t.id, t.identity_id, t.linked_by, t.provider_id, t.external_id";
        let mut select = Select::new(columns, "external_identities", tx.tenant());
        let providers: BTreeSet<ProviderId> = by_key.keys().map(|(id, _)| *id).collect();
        select.and_in(
            "t.provider_id",
            providers.iter().map(|id| id.as_uuid().into()),
        );
        select.and_in(
            "t.external_id",
            by_key.keys().map(|(_, subject)| (*subject).into()),
        );
        // The same subject may be there at several of these providers.
        let most = by_key.len() * providers.len();
        let rows = tx.all_bound(select.finish("t.id", most as u64)).await?;
        let mut events = Vec::with_capacity(by_key.len());
        for row in &rows {
            let link = standing(row)?;
            let mut columns = Columns::of(row);
            columns.skip(3);
            let provider = ProviderId::from_uuid(columns.get()?);
            let subject: String = columns.get()?;
            if let Some(act) = by_key.get(&(provider, subject.as_str())) {
                events.push(Event {
                    act,
                    link: link.link,
                    note: Note::of(Happened::Linked, Some(link.user), link.linked_by),
                });
            }
        }
        note_many(tx, events.into_iter()).await?;
    }
    Ok(())
}

/// Takes the links away that the identity's credentials name no more. Their external identities wait in the queue.
pub(crate) async fn unlink(
    tx: &TenantTx<'_>,
    act: &Act,
    forced: bool,
    identity: IdentityId,
    links: &[ImportedLink],
) -> Result<(), Fault> {
    if links.is_empty() {
        return Ok(());
    }
    let gone: BTreeSet<(&str, &str)> = links
        .iter()
        .map(|link| (link.provider_name(), link.external_id()))
        .collect();
    let mut standing_links = Vec::new();
    for row in tx.all(STANDING, [identity.as_uuid().into()]).await? {
        let mut columns = Columns::of(&row);
        columns.skip(3);
        let (name, subject): (String, String) = (columns.get()?, columns.get()?);
        if gone.contains(&(name.as_str(), subject.as_str())) {
            standing_links.push(standing(&row)?);
        }
    }
    release(tx, act, &standing_links, Why::Returned, forced).await
}
