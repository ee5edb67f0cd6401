//! What a connection is set to.

use std::sync::Arc;

use palisade_authz::{
    Authorized, ConnectionTarget,
    action::{ReadIdentityProvider, UpdateIdentityProvider},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{ProviderId, ProviderType, ids::Uuid};
use palisade_tenancy::{TenantId, TenantScope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sql::{Connection, ConnectionSql};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    job::Job,
    row::{self, Columns},
    sql::TenantSql,
    tx::TenantTx,
};

/// The settings of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionSettings {
    /// The identity schema of the identities that it makes.
    pub schema_id: String,
    /// Traits and the SCIM paths that they come from; none: the standard ones.
    pub mapping: Option<Map<String, Value>>,
    /// Whether names of groups are unique in the connection.
    pub unique_group_names: bool,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            schema_id: Self::SCHEMA.to_owned(),
            mapping: None,
            unique_group_names: false,
        }
    }
}

impl ConnectionSettings {
    /// The identity schema where the settings name no other; it is made with the first key of a connection.
    pub const SCHEMA: &'static str = "scim";
}

const OF_CONNECTION: ConnectionSql = ConnectionSql::new(
    "SELECT settings FROM scim_connections WHERE tenant_id = $1 AND provider_id = $2",
);
const OF_PROVIDER: TenantSql = TenantSql::new(
    "SELECT p.type, s.settings FROM identity_providers p
     LEFT JOIN scim_connections s ON s.tenant_id = p.tenant_id AND s.provider_id = p.id
     WHERE p.tenant_id = $1 AND p.id = $2",
);
const PUT: TenantSql = TenantSql::new(
    "INSERT INTO scim_connections (tenant_id, provider_id, settings) VALUES ($1, $2, $3)
     ON CONFLICT (tenant_id, provider_id) DO UPDATE SET settings = excluded.settings",
);
const DOUBLES: TenantSql = TenantSql::new(
    "SELECT min(label) FROM scim_groups WHERE tenant_id = $1 AND provider_id = $2
     GROUP BY display_name HAVING count(*) > 1 ORDER BY display_name LIMIT 10",
);
const UNIQUE: TenantSql = TenantSql::new(
    "UPDATE scim_groups SET unique_name = display_name WHERE tenant_id = $1 AND provider_id = $2 AND unique_name IS NULL",
);
const NOT_UNIQUE: TenantSql = TenantSql::new(
    "UPDATE scim_groups SET unique_name = NULL WHERE tenant_id = $1 AND provider_id = $2 AND unique_name IS NOT NULL",
);
const KIND: TenantSql =
    TenantSql::new("SELECT type FROM identity_providers WHERE tenant_id = $1 AND id = $2");

impl Store {
    /// The settings of the caller's connection.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn connection_settings(
        &self,
        scope: &TenantScope,
        connection: ConnectionTarget,
    ) -> Result<Arc<ConnectionSettings>> {
        let reader = self.reader(scope);
        let row = Connection::new(&reader, connection)
            .one(OF_CONNECTION, [])
            .await?;
        let settings = row.map(|row| Columns::of(&row).json()).transpose()?;
        Ok(Arc::new(settings.unwrap_or_default()))
    }

    /// The settings of the connection that is the grant's target; `None` where the tenant has no such provider, or it is no
    /// connection.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn read_connection_settings(
        &self,
        grant: &Authorized<ReadIdentityProvider>,
    ) -> Result<Option<ConnectionSettings>> {
        let Some(id) = ProviderId::parse(grant.target().id()) else {
            return Ok(None);
        };
        let values = [id.as_uuid().into()];
        let Some(row) = self.read_one(grant.tenant(), OF_PROVIDER, values).await? else {
            return Ok(None);
        };
        Ok(settings(&row)?)
    }

    /// Writes the settings of the connection that is the grant's target; `false` where the tenant has no such provider.
    ///
    /// # Errors
    /// `conflict` where the provider is of another type than `scim`, and where names of groups are to be unique and are not.
    #[tracing::instrument(name = "store.connection.update", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn put_connection_settings(
        &self,
        grant: Authorized<UpdateIdentityProvider>,
        settings: ConnectionSettings,
    ) -> Result<bool> {
        let Some(id) = ProviderId::parse(grant.target().id()) else {
            return Ok(false);
        };
        self.write(Put {
            act: Act::of(&grant).detail("settings", true),
            id,
            settings,
        })
        .await
    }
}

fn settings(row: &sea_orm::QueryResult) -> Result<Option<ConnectionSettings>, Fault> {
    let mut columns = Columns::of(row);
    if columns.word(ProviderType::parse)? != ProviderType::Scim {
        return Ok(None);
    }
    let text: Option<String> = columns.get()?;
    let settings = text
        .map(|text| serde_json::from_str(&text).map_err(Error::internal))
        .transpose()?;
    Ok(Some(settings.unwrap_or_default()))
}

/// Names that several groups have can't become unique.
async fn refuse_doubles(tx: &TenantTx<'_>, provider: Uuid) -> Result<(), Fault> {
    let rows = tx.all(DOUBLES, [provider.into()]).await?;
    let mut names = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: String = Columns::of(row).get()?;
        names.push(format!("`{name}`"));
    }
    if names.is_empty() {
        return Ok(());
    }
    let message = format!(
        "`unique_group_names`: several groups of the connection have the same name: {}",
        names.join(", ")
    );
    Err(Error::with_message(Code::Conflict, message)
        .detail("field", "unique_group_names")
        .into())
}

struct Put {
    act: Act,
    id: ProviderId,
    settings: ConnectionSettings,
}

impl Job for Put {
    type Output = bool;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<bool, Fault> {
        let id = self.id.as_uuid();
        let Some(row) = tx.one_kept(KIND, [id.into()]).await? else {
            return Ok(false);
        };
        if Columns::of(&row).word(ProviderType::parse)? != ProviderType::Scim {
            let message = "the identity provider is not of type `scim`";
            return Err(Error::with_message(Code::Conflict, message).into());
        }
        tx.execute(PUT, [id.into(), row::json(&self.settings)?])
            .await?;
        if self.settings.unique_group_names {
            refuse_doubles(tx, id).await?;
            tx.execute(UNIQUE, [id.into()]).await?;
        } else {
            tx.execute(NOT_UNIQUE, [id.into()]).await?;
        }
        record(tx, [&self.act]).await?;
        Ok(true)
    }
}
