//! Identity providers of tenants.

mod create;
mod delete;
mod list;
mod update;

use palisade_identity::{IdentityProvider, ProviderId, ProviderType};
use sea_orm::QueryResult;

use crate::{fault::Fault, row::Columns, sql::TenantSql, tx::TenantTx};

/// What is asked for when a provider is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentityProvider {
    /// Unique in the tenant.
    pub name: String,
    /// What protocol it speaks.
    pub kind: ProviderType,
    /// The issuer URL (oidc) or entity id (saml).
    pub issuer: Option<String>,
}

/// What is changed of a provider; `None` is kept. Name and type can't change: credentials are named after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityProviderUpdate {
    /// `Some(None)` clears it.
    pub issuer: Option<Option<String>>,
}

fn provider(row: &QueryResult) -> Result<IdentityProvider, Fault> {
    let mut columns = Columns::of(row);
    Ok(IdentityProvider {
        id: ProviderId::from_uuid(columns.get()?),
        name: columns.get()?,
        kind: columns.word(ProviderType::parse)?,
        issuer: columns.get()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

const ONE: TenantSql = TenantSql::new(
    "SELECT id, name, type, issuer, created_at, updated_at, revision
     FROM identity_providers WHERE tenant_id = $1 AND id = $2",
);

const BY_NAME: TenantSql = TenantSql::new(
    "SELECT id, name, type, issuer, created_at, updated_at, revision
     FROM identity_providers WHERE tenant_id = $1 AND name = $2",
);

async fn load(tx: &TenantTx<'_>, id: ProviderId) -> Result<Option<IdentityProvider>, Fault> {
    tx.one(ONE, [id.as_uuid().into()])
        .await?
        .map(|row| provider(&row))
        .transpose()
}

/// The provider of this name; where the tenant has none, one without issuer is made.
pub(crate) async fn named(
    tx: &TenantTx<'_>,
    name: &str,
    kind: ProviderType,
) -> Result<IdentityProvider, Fault> {
    if let Some(row) = tx.one(BY_NAME, [name.into()]).await? {
        return provider(&row);
    }
    let new = NewIdentityProvider {
        name: name.to_owned(),
        kind,
        issuer: None,
    };
    create::insert(tx, ProviderId::generate(tx.now()), &new).await
}
