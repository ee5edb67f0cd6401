//! The secret parts of credentials, apart from the identity's row.

use std::collections::BTreeMap;

use palisade_identity::{CredentialType, IdentityId, Secret};

use crate::{
    fault::Fault,
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
