//! Makes a key of a connection. Its secret is in the answer and nowhere else.

use palisade_authz::{Authorized, action::CreateConnectionKey};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentitySchema, ProviderId, ProviderType};
use palisade_tenancy::{ConnectionKey, KeyId, TenantId};

use super::{super::settings::ConnectionSettings, ConnectionKeyDocument, NewConnectionKey};
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

const KIND: TenantSql =
    TenantSql::new("SELECT type FROM identity_providers WHERE tenant_id = $1 AND id = $2");

const SCHEMA: TenantSql = TenantSql::new(
    "INSERT INTO identity_schemas (tenant_id, id, document, created_at, updated_at, revision)
     VALUES ($1, $2, $3, $4, $4, 1) ON CONFLICT (tenant_id, id) DO NOTHING",
);

impl Store {
    /// Makes a key of the connection that is the grant's target; `None` where the tenant has no such provider.
    ///
    /// # Errors
    /// `conflict` where the provider is of another type than `scim`; `invalid_request` for a name of the wrong length.
    #[tracing::instrument(name = "store.connection_key.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_connection_key(
        &self,
        grant: Authorized<CreateConnectionKey>,
        new: NewConnectionKey,
    ) -> Result<Option<(ConnectionKeyDocument, ConnectionKey)>> {
        let Some(provider) = ProviderId::parse(grant.target().id()) else {
            return Ok(None);
        };
        let key = ConnectionKey::generate(grant.tenant(), self.inner.clock.now())?;
        let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
        let job = Create {
            act: Act::of(&grant)
                .detail("key_id", key.id().to_string())
                .detail("scopes", scopes),
            provider,
            new,
            id: key.id(),
            sha256: key.secret_sha256(),
        };
        Ok(self.write(job).await?.map(|document| (document, key)))
    }
}

struct Create {
    act: Act,
    provider: ProviderId,
    new: NewConnectionKey,
    id: KeyId,
    sha256: [u8; 32],
}

impl Job for Create {
    type Output = Option<ConnectionKeyDocument>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Self::Output, Fault> {
        let provider = self.provider.as_uuid();
        let Some(row) = tx.one_kept(KIND, [provider.into()]).await? else {
            return Ok(None);
        };
        if Columns::of(&row).word(ProviderType::parse)? != ProviderType::Scim {
            let message = "the identity provider is not of type `scim`, and has no keys";
            return Err(Error::with_message(Code::Conflict, message).into());
        }
        // A connection needs a schema for what it makes; a tenant that has one of this name keeps it.
        let document = IdentitySchema::provisioned_document();
        let values = [
            ConnectionSettings::SCHEMA.into(),
            document.to_string().into(),
            row::at(tx.now()),
        ];
        let act = match tx.execute(SCHEMA, values).await? {
            0 => self.act.clone(),
            _ => self
                .act
                .clone()
                .detail("identity_schema_created", ConnectionSettings::SCHEMA),
        };
        let NewConnectionKey {
            name,
            scopes,
            expires_at,
        } = &self.new;
        let columns = [
            "id",
            "provider_id",
            "name",
            "scopes",
            "secret_sha256",
            "expires_at",
            "created_at",
        ];
        let values = vec![
            self.id.as_uuid().into(),
            provider.into(),
            name.as_str().into(),
            row::json(scopes)?,
            self.sha256.to_vec().into(),
            row::maybe_at(*expires_at),
            row::at(tx.now()),
        ];
        tx.insert("connection_keys", &columns, [values]).await?;
        record(tx, [&act]).await?;
        Ok(Some(ConnectionKeyDocument {
            id: self.id,
            name: name.clone(),
            scopes: scopes.clone(),
            prefix: ConnectionKey::prefix(self.id),
            expires_at: *expires_at,
            revoked_at: None,
            last_used_at: None,
            created_at: tx.now(),
        }))
    }
}
