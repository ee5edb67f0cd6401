//! Makes a key. Its secret is in the answer and nowhere else.

use palisade_authz::{
    Authorized,
    action::{CreateApiKey, CreateTenantKey},
};
use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::{ApiKey, Role, TenantId};

use super::{ApiKeyRecord, NewApiKey, tenant_of};
use crate::{Store, act::Act, audit::record::record, fault::Fault, job::Job, row, tx::TenantTx};

impl Store {
    /// Makes a key of the caller's tenant.
    ///
    /// # Errors
    /// `invalid_request` for a name of the wrong length.
    #[tracing::instrument(name = "store.api_key.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_api_key(
        &self,
        grant: Authorized<CreateApiKey>,
        new: NewApiKey,
    ) -> Result<(ApiKeyRecord, ApiKey)> {
        let tenant = grant.tenant();
        self.create_key(Act::of(&grant), tenant, new).await
    }

    /// Makes a key of the tenant that is the grant's target; of [`TenantId::PLATFORM`]: a key of the operator.
    ///
    /// # Errors
    /// `not_found` for a tenant that is not there or is deleted; as [`Store::create_api_key`].
    #[tracing::instrument(name = "store.tenant.create_key", skip_all, fields(tenant.id = %grant.target().id()))]
    pub async fn create_tenant_key(
        &self,
        grant: Authorized<CreateTenantKey>,
        new: NewApiKey,
    ) -> Result<(ApiKeyRecord, ApiKey)> {
        let tenant = tenant_of(grant.target())?;
        self.create_key(Act::of(&grant), tenant, new).await
    }

    async fn create_key(
        &self,
        act: Act,
        of: TenantId,
        mut new: NewApiKey,
    ) -> Result<(ApiKeyRecord, ApiKey)> {
        if of == TenantId::PLATFORM {
            new.roles = vec![Role::Operator];
        }
        new.roles.sort_unstable();
        new.roles.dedup();
        let key = ApiKey::generate(of, self.inner.clock.now())?;
        let job = CreateKey {
            act: act.on("ApiKey", key.id()),
            of,
            new,
            id: key.id(),
            sha256: key.secret_sha256(),
        };
        Ok((self.write(job).await?, key))
    }
}

struct CreateKey {
    act: Act,
    of: TenantId,
    new: NewApiKey,
    id: palisade_tenancy::KeyId,
    sha256: [u8; 32],
}

impl Job for CreateKey {
    type Output = ApiKeyRecord;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<ApiKeyRecord, Fault> {
        let NewApiKey {
            name,
            roles,
            expires_at,
            allowed_cidrs,
        } = &self.new;
        let of = tx.of(self.of);
        if !crate::tenants::is_there(&of).await? {
            return Err(Error::new(Code::NotFound).into());
        }
        let new = ApiKeyRecord {
            id: self.id,
            name: name.clone(),
            roles: roles.clone(),
            prefix: ApiKey::prefix(self.id),
            allowed_cidrs: allowed_cidrs.clone(),
            expires_at: *expires_at,
            revoked_at: None,
            last_used_at: None,
            created_at: tx.now(),
            replaced_by: None,
        };
        insert(&of, &new, &self.sha256).await?;
        record(tx, [&self.act]).await?;
        Ok(new)
    }
}

/// Writes the row of a new key.
pub(super) async fn insert(
    of: &TenantTx<'_>,
    new: &ApiKeyRecord,
    sha256: &[u8; 32],
) -> Result<(), Fault> {
    let ApiKeyRecord {
        id,
        name,
        roles,
        prefix: _,
        allowed_cidrs,
        expires_at,
        revoked_at: _,
        last_used_at: _,
        created_at,
        replaced_by: _,
    } = new;
    let values = vec![
        id.as_uuid().into(),
        name.as_str().into(),
        row::json(roles)?,
        sha256.to_vec().into(),
        row::json(allowed_cidrs)?,
        row::maybe_at(*expires_at),
        row::at(*created_at),
    ];
    let columns = [
        "id",
        "name",
        "roles",
        "secret_sha256",
        "allowed_cidrs",
        "expires_at",
        "created_at",
    ];
    of.insert("api_keys", &columns, [values]).await?;
    Ok(())
}
