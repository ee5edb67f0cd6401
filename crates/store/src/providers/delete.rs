//! Deletes a provider that nobody is linked at any more.

use palisade_authz::{Authorized, action::DeleteIdentityProvider};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{LinkId, LinkedBy, ProviderId, etag::IfMatch};
use palisade_linking::{Why, manual::Happened};
use palisade_tenancy::TenantId;

use super::load_locked;
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    links::history::{Event, Note, note_many},
    row::Columns,
    sql::TenantSql,
    tx::TenantTx,
};

// A connection's keys, settings and groups go by their foreign keys.
const DELETE: TenantSql =
    TenantSql::new("DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2");

const KNOWN: TenantSql = TenantSql::new(
    "SELECT 1 FROM external_identities WHERE tenant_id = $1 AND provider_id = $2 AND identity_id IS NOT NULL
     UNION ALL SELECT 1 FROM scim_users WHERE tenant_id = $1 AND provider_id = $2 LIMIT 1",
);

// Those that wait for a person, with nobody to come through it any more.
const FORGET: TenantSql = TenantSql::new(
    "DELETE FROM external_identities WHERE tenant_id = $1 AND provider_id = $2 AND identity_id IS NULL
     RETURNING id, linked_by, why, rejected_at",
);

impl Store {
    /// Deletes the provider that is the grant's target; `false` where it is not there. `expected`: only at one of
    /// these revisions.
    ///
    /// # Errors
    /// `in_use` while it has external identities that are linked, `stale_resource`.
    #[tracing::instrument(name = "store.identity_provider.delete", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn delete_identity_provider(
        &self,
        grant: Authorized<DeleteIdentityProvider>,
        expected: Option<IfMatch>,
    ) -> Result<bool> {
        let Some(id) = ProviderId::parse(grant.target().id()) else {
            return Ok(false);
        };
        self.write(Delete {
            act: Act::of(&grant),
            id,
            expected,
        })
        .await
    }
}

struct Delete {
    act: Act,
    id: ProviderId,
    expected: Option<IfMatch>,
}

impl Job for Delete {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let Some(provider) = load_locked(tx, self.id).await? else {
            return Ok(false);
        };
        IfMatch::check_sent(self.expected.as_ref(), Some(provider.revision))?;
        if tx.one(KNOWN, [self.id.as_uuid().into()]).await?.is_some() {
            let message = "the identity provider still has linked external identities; remove their links first";
            return Err(Error::with_message(Code::InUse, message).into());
        }
        let (mut forgotten, mut rejected) = (Vec::new(), 0_i64);
        for row in tx.all(FORGET, [self.id.as_uuid().into()]).await? {
            let mut columns = Columns::of(&row);
            let link = LinkId::from_uuid(columns.get()?);
            let linked_by = columns.word(LinkedBy::parse)?;
            let why = columns.get::<Option<String>>()?;
            rejected += i64::from(columns.maybe_time()?.is_some());
            forgotten.push(Event {
                act: &self.act,
                link,
                note: Note {
                    why: why.and_then(|word| Why::parse(&word)),
                    ..Note::of(Happened::Forgotten, None, linked_by)
                },
            });
        }
        let act = match forgotten.len() {
            0 => self.act.clone(),
            number => (self.act.clone())
                .detail("forgotten", number)
                .detail("rejected", rejected),
        };
        note_many(tx, forgotten.into_iter()).await?;
        let deleted = tx.execute(DELETE, [self.id.as_uuid().into()]).await? > 0;
        if deleted {
            record(tx, [&act]).await?;
        }
        Ok(deleted)
    }
}
