//! Shows the secret parts of credentials, and writes down that it did.

use std::collections::BTreeMap;

use palisade_authz::{Authorized, action::RevealCredentials};
use palisade_envelope::Result;
use palisade_identity::{CredentialType, Identity, IdentityId, Secret, Secrets};
use palisade_tenancy::TenantId;

use super::raw;
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    row::{Columns, unreadable},
    select::Select,
    tx::TenantTx,
};

/// What of the identities whose secret parts were asked for is as its reader knows it.
#[derive(Debug, Default)]
pub struct Revealed {
    /// The secret parts of those that have not changed since they were read; one that has none is there all the same.
    pub secrets: BTreeMap<IdentityId, Secrets>,
    /// Those that have changed: to be read again, and asked for again. Those that are neither here nor above are gone.
    pub moved: Vec<IdentityId>,
}

impl Store {
    /// The secret parts of these kinds of these identities, as they belong to what was read of them. One audit row for
    /// each identity whose secret parts are given is committed before anything is shown.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.credential.reveal", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn reveal_secrets(
        &self,
        grant: &Authorized<RevealCredentials>,
        identities: &[Identity],
        kinds: &[CredentialType],
    ) -> Result<Revealed> {
        if identities.is_empty() || kinds.is_empty() {
            return Ok(Revealed::default());
        }
        let known = identities
            .iter()
            .map(|identity| (identity.id, identity.revision))
            .collect();
        self.write(Reveal {
            tenant: grant.tenant(),
            act: Act::of(grant),
            known,
            kinds: kinds.to_vec(),
        })
        .await
    }
}

struct Reveal {
    tenant: TenantId,
    act: Act,
    /// The revisions that were read.
    known: BTreeMap<IdentityId, i64>,
    kinds: Vec<CredentialType>,
}

impl Job for Reveal {
    type Output = Revealed;

    fn tenant(&self) -> TenantId {
        self.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Self::Output, Fault> {
        // One statement, so that a revision and its secrets are of one moment.
        let kinds: Vec<String> = self
            .kinds
            .iter()
            .map(|kind| format!("'{}'", kind.as_str()))
            .collect();
        let join = format!(
            "LEFT JOIN identity_secrets s ON s.tenant_id = t.tenant_id AND s.identity_id = t.id AND s.type IN ({})",
            kinds.join(", ")
        );
        let mut select = Select::joined(
            "t.id, t.revision, s.type, s.config",
            "identities",
            &join,
            tx.tenant(),
        );
        select.and_in("t.id", self.known.keys().map(|id| id.as_uuid().into()));
        let mut revealed = Revealed::default();
        // Every identity has one secret of a kind at most.
        let limit = self.known.len().saturating_mul(self.kinds.len());
        for row in tx
            .all_bound(select.finish("t.id, s.type", u64::try_from(limit).unwrap_or(u64::MAX)))
            .await?
        {
            let mut columns = Columns::of(&row);
            let id = IdentityId::from_uuid(columns.get()?);
            let revision: i64 = columns.get()?;
            if self.known.get(&id) != Some(&revision) {
                if revealed.moved.last() != Some(&id) {
                    revealed.moved.push(id);
                }
                continue;
            }
            let secrets = revealed.secrets.entry(id).or_default();
            let kind: Option<String> = columns.get()?;
            let Some(kind) = kind else { continue };
            let kind = CredentialType::parse(&kind)
                .ok_or_else(|| unreadable(format!("unknown word `{kind}` in a row")))?;
            secrets.insert(kind, Secret::new(raw(columns.get()?)?));
        }
        let acts: Vec<Act> = revealed
            .secrets
            .keys()
            .map(|id| self.act.clone().on("Identity", id))
            .collect();
        record(tx, &acts).await?;
        Ok(revealed)
    }
}
