//! Links that oidc and saml credentials name: both views of the one fact are written in one transaction.

use palisade_envelope::Error;
use palisade_identity::{Identity, IdentityId, LinkId};
use palisade_linking::ImportedLink;

use crate::{fault::Fault, providers, row, sql::TenantSql, tx::TenantTx};

// An account that the provider knows and nobody is linked to is taken over; one that is linked to another is not.
const LINK: TenantSql = TenantSql::new(
    "INSERT INTO external_identities
        (tenant_id, id, identity_id, provider_id, external_id, linked_by, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
     ON CONFLICT (tenant_id, provider_id, external_id) DO UPDATE SET
        identity_id = excluded.identity_id, linked_by = excluded.linked_by, updated_at = excluded.updated_at
     WHERE external_identities.identity_id IS NULL",
);

const UNLINK: TenantSql = TenantSql::new(
    "DELETE FROM external_identities WHERE tenant_id = $1 AND identity_id = $2 AND external_id = $3
        AND provider_id IN (SELECT p.id FROM identity_providers p WHERE p.tenant_id = $1 AND p.name = $4)",
);

/// Makes the links that the identity's credentials name newly, and the providers that the tenant does not have yet.
pub(crate) async fn link(
    tx: &TenantTx<'_>,
    identity: &Identity,
    links: &[ImportedLink],
) -> Result<(), Fault> {
    for link in links {
        let kind = link.provider_type();
        let field = format!("credentials.{}.identifiers", kind.as_str());
        let provider = providers::named(tx, link.provider_name(), kind).await?;
        if provider.kind != kind {
            let expected = format!(
                "a provider of type `{}`; it is of type `{}`",
                kind.as_str(),
                provider.kind.as_str()
            );
            return Err(Error::field(
                format!("credentials.{}.config.providers", kind.as_str()),
                expected,
            )
            .into());
        }
        let values = [
            LinkId::generate(tx.now()).as_uuid().into(),
            identity.id.as_uuid().into(),
            provider.id.as_uuid().into(),
            link.external_id().into(),
            link.linked_by().as_str().into(),
            row::at(tx.now()),
        ];
        if tx.execute(LINK, values).await? == 0 {
            return Err(Error::conflict([field.as_str()]).into());
        }
    }
    Ok(())
}

/// Removes the links that the identity's credentials name no more.
pub(crate) async fn unlink(
    tx: &TenantTx<'_>,
    identity: IdentityId,
    links: &[ImportedLink],
) -> Result<(), Fault> {
    for link in links {
        let values = [
            identity.as_uuid().into(),
            link.external_id().into(),
            link.provider_name().into(),
        ];
        tx.execute(UNLINK, values).await?;
    }
    Ok(())
}
