//! Shows the secret parts of credentials, and writes down that it did.

use std::collections::BTreeMap;

use palisade_authz::{Authorized, action::RevealCredentials};
use palisade_envelope::Result;
use palisade_identity::{CredentialType, IdentityId, Secret, Secrets};
use palisade_tenancy::TenantId;

use super::raw;
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row::Columns, select::Select,
    tx::TenantTx,
};

impl Store {
    /// The secret parts of these kinds of these identities; identities without any are absent. One audit row for each
    /// identity is committed before anything is shown.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.credential.reveal", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn reveal_secrets(
        &self,
        grant: &Authorized<RevealCredentials>,
        ids: &[IdentityId],
        kinds: &[CredentialType],
    ) -> Result<BTreeMap<IdentityId, Secrets>> {
        if ids.is_empty() || kinds.is_empty() {
            return Ok(BTreeMap::new());
        }
        let act = Act::of(grant);
        let acts = ids
            .iter()
            .map(|id| act.clone().on("Identity", id))
            .collect();
        self.write(Reveal {
            tenant: grant.tenant(),
            acts,
            ids: ids.to_vec(),
            kinds: kinds.to_vec(),
        })
        .await
    }
}

struct Reveal {
    tenant: TenantId,
    acts: Vec<Act>,
    ids: Vec<IdentityId>,
    kinds: Vec<CredentialType>,
}

impl Job for Reveal {
    type Output = BTreeMap<IdentityId, Secrets>;

    fn tenant(&self) -> TenantId {
        self.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Self::Output, Fault> {
        let mut select = Select::new("identity_id, type, config", "identity_secrets", tx.tenant());
        select.and_in(
            "t.identity_id",
            self.ids.iter().map(|id| id.as_uuid().into()),
        );
        select.and_in("t.type", self.kinds.iter().map(|kind| kind.as_str().into()));
        let mut revealed: BTreeMap<IdentityId, Secrets> = BTreeMap::new();
        // Every identity has one secret of a kind at most.
        let limit = self.ids.len().saturating_mul(self.kinds.len());
        for row in tx
            .all_bound(select.finish(
                "t.identity_id, t.type",
                u64::try_from(limit).unwrap_or(u64::MAX),
            ))
            .await?
        {
            let mut columns = Columns::of(&row);
            let id = IdentityId::from_uuid(columns.get()?);
            let kind = columns.word(CredentialType::parse)?;
            revealed
                .entry(id)
                .or_default()
                .insert(kind, Secret::new(raw(columns.get()?)?));
        }
        record(tx, &self.acts).await?;
        Ok(revealed)
    }
}
