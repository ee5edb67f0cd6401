//! Identity providers of tenants.

mod create;
mod delete;
mod list;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use palisade_envelope::Result;
use palisade_identity::{IdentityProvider, ProviderId, ProviderType};
use palisade_tenancy::TenantScope;
use sea_orm::QueryResult;

use crate::{Store, fault::Fault, row::Columns, select::Select, sql::TenantSql, tx::TenantTx};

pub(crate) use create::insertion;

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

async fn load(tx: &TenantTx<'_>, id: ProviderId) -> Result<Option<IdentityProvider>, Fault> {
    tx.one(ONE, [id.as_uuid().into()])
        .await?
        .map(|row| provider(&row))
        .transpose()
}

// Changes nothing, but keeps the row from others until the end of the transaction.
const LOCK: TenantSql = TenantSql::new(
    "UPDATE identity_providers SET revision = revision WHERE tenant_id = $1 AND id = $2",
);

/// Keeps the provider's row from others until the end of the transaction.
pub(crate) async fn hold(tx: &TenantTx<'_>, id: ProviderId) -> Result<(), Fault> {
    tx.execute(LOCK, [id.as_uuid().into()]).await?;
    Ok(())
}

/// The provider as it stays until this transaction ends.
async fn load_locked(tx: &TenantTx<'_>, id: ProviderId) -> Result<Option<IdentityProvider>, Fault> {
    tx.execute(LOCK, [id.as_uuid().into()]).await?;
    load(tx, id).await
}

/// How many names one statement asks for. One identity's credentials name 1,000 at most, a batch of them more.
const MOST_NAMED: usize = 1_000;

/// Those of these names that the tenant has, with id and type, in one statement for every [`MOST_NAMED`].
pub(crate) async fn named(
    tx: &TenantTx<'_>,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, (ProviderId, ProviderType)>, Fault> {
    let mut found = BTreeMap::new();
    let names: Vec<&str> = names.iter().copied().collect();
    for names in names.chunks(MOST_NAMED) {
        let mut select = Select::new("t.name, t.id, t.type", "identity_providers", tx.tenant());
        select.and_in("t.name", names.iter().map(|name| (*name).into()));
        for row in tx
            .all_bound(select.finish("t.id", MOST_NAMED as u64))
            .await?
        {
            let mut columns = Columns::of(&row);
            let name = columns.get()?;
            let id = ProviderId::from_uuid(columns.get()?);
            found.insert(name, (id, columns.word(ProviderType::parse)?));
        }
    }
    Ok(found)
}

impl Store {
    /// Whether the tenant has providers of all these names, to know what an import needs to be allowed.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn has_identity_providers(
        &self,
        scope: &TenantScope,
        names: &BTreeSet<&str>,
    ) -> Result<bool> {
        Ok(named(&self.reader(scope), names).await?.len() == names.len())
    }

    /// Those of these names that the tenant has a provider of.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn known_identity_providers(
        &self,
        scope: &TenantScope,
        names: &BTreeSet<&str>,
    ) -> Result<BTreeSet<String>> {
        Ok(named(&self.reader(scope), names)
            .await?
            .into_keys()
            .collect())
    }
}
