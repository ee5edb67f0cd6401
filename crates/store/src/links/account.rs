//! External identities by themselves, linked or not: the queue of those that wait for a person.

use palisade_authz::{Authorized, ExternalIdentityTarget, action::ListAllExternalIdentities};
use palisade_envelope::Result;
use palisade_identity::{
    ExternalIdentity, IdentityId, LinkId, LinkedBy, ProviderId, Timestamp, ids::Uuid,
};
use palisade_linking::{Candidate, Known, Why};
use palisade_tenancy::TenantScope;
use sea_orm::QueryResult;

use super::{candidates::holders, external, from_external};
use crate::{
    Page, PageRequest, Sealed, Store, fault::Fault, page::TokenSealer, row::Columns,
    sealed::Sealable, select::Select, sql::TenantSql, tx::TenantTx,
};

/// An external identity, and why it is not linked where it is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The external identity.
    pub external: ExternalIdentity,
    /// What stopped a link.
    pub why: Option<Why>,
    /// When an admin rejected it.
    pub rejected_at: Option<Timestamp>,
    /// Rises by one with each change; the ETag is made from it.
    pub revision: i64,
    /// The identities that have its e-mail address now, where it is linked to nobody.
    pub candidates: Vec<Candidate>,
    /// The e-mail address in normal form.
    email: Option<String>,
}

impl Account {
    /// As planners ask for it.
    pub fn known(&self) -> Known<'_> {
        Known {
            account: &self.external,
            rejected: self.rejected_at.is_some(),
            returned: self.why.filter(|why| why.was_linked()),
        }
    }

    /// What policy is asked about: by its own id, whoever it is linked to.
    pub(crate) fn target(id: LinkId, linked_by: LinkedBy) -> ExternalIdentityTarget {
        ExternalIdentityTarget {
            user: IdentityId::from_uuid(Uuid::nil()),
            id,
            linked_by,
        }
    }
}

impl Sealable for Account {
    type Target = ExternalIdentityTarget;

    fn same(one: &ExternalIdentityTarget, other: &ExternalIdentityTarget) -> bool {
        one.id == other.id && one.user == other.user
    }
}

/// Which external identities are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFilter {
    /// Linked to somebody, or to nobody.
    pub linked: Option<bool>,
    /// Rejected, or not.
    pub rejected: Option<bool>,
    /// Of this provider.
    pub provider: Option<ProviderId>,
    /// Whose e-mail address has this normal form.
    pub email: Option<String>,
}

impl AccountFilter {
    fn fingerprint(&self) -> String {
        let Self {
            linked,
            rejected,
            provider,
            email,
        } = self;
        format!("{linked:?} {rejected:?} {provider:?} {email:?}")
    }
}

pub(crate) const BY_ID: TenantSql = TenantSql::new(concat!(
    from_external!(),
    "WHERE x.tenant_id = $1 AND x.id = $2"
));

pub(crate) fn account(row: &QueryResult) -> Result<Account, Fault> {
    let external = external(row)?;
    let mut columns = Columns::of(row);
    columns.skip(13);
    Ok(Account {
        external,
        why: columns
            .get::<Option<String>>()?
            .and_then(|word| Why::parse(&word)),
        rejected_at: columns.maybe_time()?,
        revision: columns.get()?,
        email: columns.get()?,
        candidates: Vec::new(),
    })
}

/// Looks up the candidates of those that are linked to nobody.
async fn with_candidates(tx: &TenantTx<'_>, accounts: &mut [Account]) -> Result<(), Fault> {
    let unlinked = || {
        let accounts = accounts.iter();
        accounts.filter(|account| account.external.user_id.is_none())
    };
    let emails = unlinked().filter_map(|account| account.email.as_deref());
    let providers = unlinked().map(|account| account.external.identity_provider_id);
    let found = holders(tx, &emails.collect(), &providers.collect()).await?;
    for account in accounts {
        if let (None, Some(email)) = (account.external.user_id, &account.email) {
            account.candidates = found.of(email, account.external.identity_provider_id);
        }
    }
    Ok(())
}

impl Store {
    /// This external identity with its candidates, sealed until policy has decided on it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn load_account(&self, scope: &TenantScope, id: LinkId) -> Result<Sealed<Account>> {
        let tx = self.reader(scope);
        let row = tx.one(BY_ID, [id.as_uuid().into()]).await?;
        let mut found = row.map(|row| account(&row)).transpose()?;
        if let Some(found) = &mut found {
            with_candidates(&tx, std::slice::from_mut(found)).await?;
        }
        let linked_by = found
            .as_ref()
            .map_or(LinkedBy::Manual, |found| found.external.linked_by);
        Ok(Sealed::new(
            scope.tenant(),
            Account::target(id, linked_by),
            found,
        ))
    }

    /// A page of the tenant's external identities that pass the filter, in the order they became known, those that are
    /// linked to nobody with their candidates.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.external_identity.list_all", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_accounts(
        &self,
        grant: &Authorized<ListAllExternalIdentities>,
        filter: &AccountFilter,
        page: &PageRequest,
    ) -> Result<Page<Account>> {
        let fingerprint = filter.fingerprint();
        let key = self.page_token_key().await?;
        let sealer = TokenSealer::new(key, grant.tenant(), "accounts", &fingerprint);
        let after = sealer.after(page, Uuid::nil())?;
        let join =
            "JOIN identity_providers p ON p.tenant_id = t.tenant_id AND p.id = t.provider_id";
        let mut select = Select::joined(COLUMNS, "external_identities", join, grant.tenant());
        select.and("t.id > ?", after);
        match filter.linked {
            Some(true) => select.and_text("t.identity_id IS NOT NULL"),
            Some(false) => select.and_text("t.identity_id IS NULL"),
            None => {}
        }
        match filter.rejected {
            Some(true) => select.and_text("t.rejected_at IS NOT NULL"),
            Some(false) => select.and_text("t.rejected_at IS NULL"),
            None => {}
        }
        if let Some(provider) = filter.provider {
            select.and("t.provider_id = ?", provider.as_uuid());
        }
        if let Some(email) = &filter.email {
            select.and("t.email_normal = ?", email.as_str());
        }
        let tx = self.reader(grant.scope());
        let limit = u64::from(page.size.get()) + 1;
        let rows = tx.all_bound(select.finish("t.id", limit)).await?;
        let mut accounts = rows
            .iter()
            .map(account)
            .collect::<Result<Vec<_>, Fault>>()?;
        with_candidates(&tx, &mut accounts).await?;
        Ok(Page::of(accounts, page.size, &sealer, |account| {
            account.external.id.as_uuid()
        }))
    }
}

/// The columns of [`from_external`], of `external_identities t`.
const COLUMNS: &str = "t.id, t.identity_id, t.provider_id, p.name, p.type, t.external_id, t.external_username, \
    t.external_email, t.external_display_name, t.linked_by, t.last_synced_at, t.created_at, t.updated_at, t.why, \
    t.rejected_at, t.revision, t.email_normal";
