//! The port that admission looks keys and sessions up through.

use palisade_envelope::Result;
use palisade_identity::{LinkId, ProviderId, SessionId};
use palisade_tenancy::{
    ConnectionKeyRecord, Directory, KeyId, KeyRecord, Role, SessionRecord, TenantId, TenantState,
    issuer::{AccountState, Profile, TenantIssuers},
};
use sea_orm::QueryResult;

use crate::{
    KnownSession, Sealed, Store,
    fault::Fault,
    keys::used::KeyKind,
    row::{Columns, unreadable},
    sql::TenantSql,
};

const KEY: TenantSql = TenantSql::new(
    "SELECT t.state, k.name, k.roles, k.secret_sha256, k.expires_at, k.revoked_at, k.allowed_cidrs
     FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.tenant_id = $1 AND k.id = $2",
);

// Of a provider that is disabled there are no keys.
const CONNECTION_KEY: TenantSql = TenantSql::new(
    "SELECT t.state, k.name, p.id, p.name, k.scopes, k.secret_sha256, k.expires_at, k.revoked_at
     FROM connection_keys k
     JOIN identity_providers p ON p.tenant_id = k.tenant_id AND p.id = k.provider_id AND p.enabled = 1
     JOIN tenants t ON t.id = k.tenant_id WHERE k.tenant_id = $1 AND k.id = $2",
);

impl Directory for Store {
    type Presented = Sealed<KnownSession>;

    async fn session(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<SessionRecord<Self::Presented>>> {
        Ok(self.presented_session(tenant, session).await?)
    }

    async fn key(&self, tenant: TenantId, key: KeyId) -> Result<Option<KeyRecord>> {
        let row = self.read_one(tenant, KEY, [key.as_uuid().into()]).await?;
        Ok(row.map(|row| read(tenant, key, &row)).transpose()?)
    }

    async fn connection_key(
        &self,
        tenant: TenantId,
        key: KeyId,
    ) -> Result<Option<ConnectionKeyRecord>> {
        let row = self
            .read_one(tenant, CONNECTION_KEY, [key.as_uuid().into()])
            .await?;
        Ok(row
            .map(|row| of_connection(tenant, key, &row))
            .transpose()?)
    }

    async fn issuers(&self, tenant: TenantId) -> Result<Option<TenantIssuers>> {
        Ok(self.tenant_issuers(tenant).await?)
    }

    async fn account(
        &self,
        tenant: TenantId,
        provider: ProviderId,
        subject: &str,
    ) -> Result<AccountState> {
        Ok(self.linked_account(tenant, provider, subject).await?)
    }

    fn synced(&self, tenant: TenantId, link: LinkId, profile: &Profile) {
        let now = self.inner.clock.now();
        self.inner.synced.note(tenant, link, profile, now);
    }

    fn used(&self, tenant: TenantId, key: KeyId) {
        let used = &self.inner.used;
        used.note(KeyKind::Api, tenant, key, self.inner.clock.now());
    }

    fn connection_key_used(&self, tenant: TenantId, key: KeyId) {
        let used = &self.inner.used;
        used.note(KeyKind::Connection, tenant, key, self.inner.clock.now());
    }
}

fn of_connection(
    tenant: TenantId,
    id: KeyId,
    row: &QueryResult,
) -> Result<ConnectionKeyRecord, Fault> {
    let mut columns = Columns::of(row);
    Ok(ConnectionKeyRecord {
        tenant,
        id,
        tenant_state: columns.word(TenantState::parse)?,
        name: columns.get()?,
        connection: ProviderId::from_uuid(columns.get()?),
        connection_name: columns.get()?,
        scopes: columns.json()?,
        secret_sha256: sha256(columns.get()?)?,
        expires_at: columns.maybe_time()?,
        revoked_at: columns.maybe_time()?,
    })
}

fn sha256(bytes: Vec<u8>) -> Result<[u8; 32], Fault> {
    bytes
        .try_into()
        .map_err(|_| unreadable("a key's hash is not 32 bytes".to_owned()))
}

fn read(tenant: TenantId, id: KeyId, row: &QueryResult) -> Result<KeyRecord, Fault> {
    let mut columns = Columns::of(row);
    let tenant_state = columns.word(TenantState::parse)?;
    let name = columns.get()?;
    let roles: Vec<Role> = columns.json()?;
    let stored: Vec<u8> = columns.get()?;
    Ok(KeyRecord {
        tenant,
        tenant_state,
        id,
        name,
        roles,
        secret_sha256: sha256(stored)?,
        expires_at: columns.maybe_time()?,
        revoked_at: columns.maybe_time()?,
        allowed_cidrs: columns.json()?,
    })
}
