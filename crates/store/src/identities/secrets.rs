//! The secret parts of credentials, apart from the identity's row.

use std::collections::BTreeMap;

use palisade_authz::{
    Authorized,
    action::{DeleteCredential, UpdateIdentity, VerifyPassword},
};
use palisade_envelope::Result;
use palisade_identity::{CredentialType, IdentityId, Secret, Secrets};

use super::raw;
use crate::{
    Store,
    fault::Fault,
    row::Columns,
    select::Select,
    sql::{Bound, TenantSql},
    tx::TenantTx,
};

const SET: TenantSql = TenantSql::new(
    "INSERT INTO identity_secrets (tenant_id, identity_id, type, config) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id, identity_id, type) DO UPDATE SET config = excluded.config",
);
const DELETE: TenantSql = TenantSql::new(
    "DELETE FROM identity_secrets WHERE tenant_id = $1 AND identity_id = $2 AND type = $3",
);

/// The statement that writes the secrets of a new identity.
pub(super) fn insertion(
    tx: &TenantTx<'_>,
    id: IdentityId,
    secrets: &BTreeMap<CredentialType, Option<Secret>>,
) -> Option<Bound> {
    let set = secrets
        .iter()
        .filter_map(|(kind, secret)| Some((kind, secret.as_ref()?)));
    let rows = set.map(|(kind, secret)| {
        vec![
            id.as_uuid().into(),
            kind.as_str().into(),
            secret.reveal().as_str().into(),
        ]
    });
    tx.insertion("identity_secrets", &["identity_id", "type", "config"], rows)
}

/// Sets and deletes; what is not named stays.
pub(super) async fn write(
    tx: &TenantTx<'_>,
    id: IdentityId,
    secrets: &BTreeMap<CredentialType, Option<Secret>>,
) -> Result<(), Fault> {
    for (kind, secret) in secrets {
        let (id, kind) = (id.as_uuid().into(), kind.as_str().into());
        match secret {
            Some(secret) => {
                tx.execute(SET, [id, kind, secret.reveal().as_str().into()])
                    .await?
            }
            None => tx.execute(DELETE, [id, kind]).await?,
        };
    }
    Ok(())
}

/// The secrets of these kinds of an identity.
async fn read(
    tx: &TenantTx<'_>,
    id: IdentityId,
    kinds: &[CredentialType],
) -> Result<Secrets, Fault> {
    if kinds.is_empty() {
        return Ok(Secrets::new());
    }
    let mut select = Select::new("type, config", "identity_secrets", tx.tenant());
    select.and("t.identity_id = ?", id.as_uuid());
    select.and_in("t.type", kinds.iter().map(|kind| kind.as_str().into()));
    let limit = u64::try_from(kinds.len()).unwrap_or(u64::MAX);
    tx.all_bound(select.finish("t.type", limit))
        .await?
        .iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            let kind = columns.word(CredentialType::parse)?;
            Ok((kind, Secret::new(raw(columns.get()?)?)))
        })
        .collect()
}

impl Store {
    /// The secrets that a change of the identity adds to, for the change alone. Read them after the identity: where they
    /// are newer than it, the change is stale.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn secrets_to_update(
        &self,
        grant: &Authorized<UpdateIdentity>,
        kinds: &[CredentialType],
    ) -> Result<Secrets> {
        let tx = self.reader(grant.scope());
        Ok(read(&tx, grant.target().id, kinds).await?)
    }

    /// The secret of a credential that is to be removed, to see what of it stays.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn secret_to_remove(
        &self,
        grant: &Authorized<DeleteCredential>,
        kind: CredentialType,
    ) -> Result<Option<Secret>> {
        let tx = self.reader(grant.scope());
        let mut secrets = read(&tx, grant.target().id, &[kind]).await?;
        Ok(secrets.remove(&kind))
    }

    /// The secret part of the identity's password, to check one against.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn password_to_verify(
        &self,
        grant: &Authorized<VerifyPassword>,
    ) -> Result<Option<Secret>> {
        let tx = self.reader(grant.scope());
        let kind = CredentialType::Password;
        let mut secrets = read(&tx, grant.target().id, &[kind]).await?;
        Ok(secrets.remove(&kind))
    }
}
