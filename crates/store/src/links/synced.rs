//! What providers said of accounts last: noted in memory, written down every half minute. And what admission asks of
//! issuers and their accounts.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, Weak},
    time::Duration,
};

use palisade_envelope::Result;
use palisade_identity::{Email, IdentityId, LinkId, ProviderId, State, Timestamp};
use palisade_tenancy::{
    TenantId, TenantState,
    issuer::{AccountRecord, AccountState, IssuerRecord, Profile, TenantIssuers},
};

use crate::{
    Store,
    fault::Fault,
    job::Job,
    providers::{self, provider_columns},
    row::{self, Columns},
    scim::in_groups,
    sql::TenantSql,
    store::Inner,
    tx::TenantTx,
};

/// How often they are written down.
const PERIOD: Duration = Duration::from_secs(30);

const NOTE: TenantSql = TenantSql::new(
    "UPDATE external_identities SET external_username = coalesce($3, external_username),
        external_email = coalesce($4, external_email), external_display_name = coalesce($5, external_display_name),
        email_normal = CASE WHEN $8 = 1 THEN $6 ELSE email_normal END, last_synced_at = $7, revision = revision + 1
     WHERE tenant_id = $1 AND id = $2 AND identity_id IS NOT NULL AND (last_synced_at IS NULL OR last_synced_at < $7)",
);

/// What was said since it was last written down.
#[derive(Default)]
pub(crate) struct Synced(Mutex<BTreeMap<(TenantId, LinkId), (Profile, Timestamp)>>);

impl Synced {
    /// Starts the task that writes it down. It ends with the store.
    pub(crate) fn start(store: Weak<Inner>) {
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PERIOD).await;
                let Some(inner) = store.upgrade() else { return };
                let store = Store { inner };
                if let Err(error) = store.inner.synced.flush(&store).await {
                    tracing::warn!(cause = ?error.cause(), "what providers said of accounts could not be written");
                }
            }
        });
    }

    pub(crate) fn note(&self, tenant: TenantId, link: LinkId, profile: &Profile, now: Timestamp) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert((tenant, link), (profile.clone(), now));
    }

    /// Writes it down.
    pub(crate) async fn flush(&self, store: &Store) -> Result<()> {
        // In the order of the keys, as every node takes the rows, so that two never wait for each other.
        let said = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if said.is_empty() {
            return Ok(());
        }
        store.write(NoteSync(said)).await
    }
}

struct NoteSync(BTreeMap<(TenantId, LinkId), (Profile, Timestamp)>);

impl Job for NoteSync {
    type Output = ();

    fn tenant(&self) -> TenantId {
        TenantId::PLATFORM
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(), Fault> {
        for ((tenant, link), (profile, at)) in &self.0 {
            let email = profile.email.as_deref().and_then(Email::parse);
            let values = [
                link.as_uuid().into(),
                row::maybe_text(profile.username.as_deref()),
                row::maybe_text(profile.email.as_deref()),
                row::maybe_text(profile.display_name.as_deref()),
                row::maybe_text(email.as_ref().map(Email::as_str)),
                row::at(*at),
                // An address that has no normal form is still one that was said.
                i16::from(profile.email.is_some()).into(),
            ];
            tx.of(*tenant).execute(NOTE, values).await?;
        }
        Ok(())
    }
}

const ISSUERS: TenantSql = TenantSql::new(concat!(
    "SELECT t.state, ",
    provider_columns!("p."),
    " FROM identity_providers p JOIN tenants t ON t.id = p.tenant_id
     WHERE p.tenant_id = $1 AND p.type = 'oidc' AND p.tokens IS NOT NULL AND p.issuer IS NOT NULL
     ORDER BY p.id LIMIT 1000"
));

const ACCOUNT: TenantSql = TenantSql::new(concat!(
    "SELECT x.revision, x.identity_id, x.id, x.external_username, x.external_email, x.external_display_name,
        x.last_synced_at, i.schema_id, i.state, ",
    in_groups!("x.identity_id"),
    " FROM external_identities x
     LEFT JOIN identities i ON i.tenant_id = x.tenant_id AND i.id = x.identity_id
     WHERE x.tenant_id = $1 AND x.provider_id = $2 AND x.external_id = $3",
));

impl Store {
    /// The tenant's state and the providers whose tokens it takes, disabled ones among them; `None` where there are none.
    pub(crate) async fn tenant_issuers(
        &self,
        tenant: TenantId,
    ) -> Result<Option<TenantIssuers>, Fault> {
        let rows = self.read_all(tenant, ISSUERS, []).await?;
        let mut found: Option<TenantIssuers> = None;
        for row in &rows {
            let mut columns = Columns::of(row);
            let tenant_state = columns.word(TenantState::parse)?;
            let provider = providers::read(&mut columns)?;
            let (Some(issuer), Some(tokens)) = (provider.issuer, provider.tokens) else {
                continue;
            };
            let record = IssuerRecord {
                provider: provider.id,
                name: provider.name,
                enabled: provider.enabled,
                issuer,
                tokens,
                required_claims: provider.linking.required_claims,
                revision: provider.revision,
            };
            match &mut found {
                Some(found) => found.issuers.push(record),
                None => {
                    found = Some(TenantIssuers {
                        tenant_state,
                        issuers: vec![record],
                    });
                }
            }
        }
        Ok(found)
    }

    /// What is known of the account of this subject, and whom it is linked to.
    pub(crate) async fn linked_account(
        &self,
        tenant: TenantId,
        provider: ProviderId,
        subject: &str,
    ) -> Result<AccountState, Fault> {
        let key = [provider.as_uuid().into(), subject.into()];
        let Some(row) = self.read_one(tenant, ACCOUNT, key).await? else {
            return Ok(AccountState::Unknown);
        };
        let mut columns = Columns::of(&row);
        let revision = columns.get()?;
        let Some(identity) = columns.get::<Option<_>>()? else {
            return Ok(AccountState::Unlinked(revision));
        };
        let link = LinkId::from_uuid(columns.get()?);
        let profile = Profile {
            username: columns.get()?,
            email: columns.get()?,
            display_name: columns.get()?,
        };
        let last_synced_at = columns.maybe_time()?;
        let identity = IdentityId::from_uuid(identity);
        let schema_id = columns.get()?;
        let state = columns.word(State::parse)?;
        let in_groups = columns.get::<i32>()? == 1;
        Ok(AccountState::Linked(AccountRecord {
            link,
            profile,
            last_synced_at,
            identity,
            schema_id,
            state,
            groups: self.groups_of_identity(tenant, identity, in_groups).await?,
        }))
    }
}
