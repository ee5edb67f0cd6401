//! Reads one session.

use palisade_authz::SessionTarget;
use palisade_envelope::Result;
use palisade_identity::{IdentityId, SessionId};
use palisade_tenancy::{SessionRecord, TenantId, TenantScope, TenantState};

use super::{KnownSession, columns_with_identity, read};
use crate::{
    Sealed, Store,
    fault::Fault,
    row::{Columns, unreadable},
    scim::in_groups,
    sql::TenantSql,
};

const BY_ID: TenantSql = TenantSql::new(concat!(
    "SELECT ",
    columns_with_identity!(),
    " FROM sessions t JOIN identities i ON i.tenant_id = t.tenant_id AND i.id = t.identity_id
     WHERE t.tenant_id = $1 AND t.id = $2"
));

const OWN: TenantSql = TenantSql::new(concat!(
    "SELECT ",
    columns_with_identity!(),
    " FROM sessions t JOIN identities i ON i.tenant_id = t.tenant_id AND i.id = t.identity_id
     WHERE t.tenant_id = $1 AND t.id = $2 AND t.identity_id = $3"
));

const PRESENTED: TenantSql = TenantSql::new(concat!(
    "SELECT n.state, t.token_sha256, ",
    in_groups!("t.identity_id"),
    ", ",
    columns_with_identity!(),
    " FROM sessions t JOIN identities i ON i.tenant_id = t.tenant_id AND i.id = t.identity_id
     JOIN tenants n ON n.id = t.tenant_id WHERE t.tenant_id = $1 AND t.id = $2"
));

impl Store {
    /// The session of this id with its identity, sealed until policy has decided on it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.load", skip_all, fields(tenant.id = %scope.tenant()))]
    pub async fn load_session(
        &self,
        scope: &TenantScope,
        id: SessionId,
    ) -> Result<Sealed<KnownSession>> {
        let row = self
            .read_one(scope.tenant(), BY_ID, [id.as_uuid().into()])
            .await?;
        let found = row.map(|row| read(&mut Columns::of(&row), true));
        let found = found.transpose()?;
        Ok(seal(scope.tenant(), found, SessionTarget::absent(id)))
    }

    /// The session of this id, looked for among those of this identity only, sealed until policy has decided on it.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.load", skip_all, fields(tenant.id = %scope.tenant()))]
    pub async fn load_session_of(
        &self,
        scope: &TenantScope,
        identity: IdentityId,
        id: SessionId,
    ) -> Result<Sealed<KnownSession>> {
        let row = self
            .read_one(
                scope.tenant(),
                OWN,
                [id.as_uuid().into(), identity.as_uuid().into()],
            )
            .await?;
        let found = row.map(|row| read(&mut Columns::of(&row), true));
        let found = found.transpose()?;
        let absent = SessionTarget::absent_of(id, identity);
        Ok(seal(scope.tenant(), found, absent))
    }

    /// The session that a token names, for its verification. The token's tenant is a claim until that is done.
    pub(crate) async fn presented_session(
        &self,
        tenant: TenantId,
        id: SessionId,
    ) -> Result<Option<SessionRecord<Sealed<KnownSession>>>, Fault> {
        let Some(row) = self
            .read_one(tenant, PRESENTED, [id.as_uuid().into()])
            .await?
        else {
            return Ok(None);
        };
        let mut columns = Columns::of(&row);
        let tenant_state = columns.word(TenantState::parse)?;
        let sha256: Vec<u8> = columns.get()?;
        let in_groups = columns.get::<i32>()? == 1;
        let known = read(&mut columns, true)?;
        let identity = known.session.identity_id;
        let groups = self.groups_of_identity(tenant, identity, in_groups).await?;
        let schema_id = known
            .identity
            .as_ref()
            .map(|identity| identity.schema_id.clone())
            .unwrap_or_default();
        Ok(Some(SessionRecord {
            tenant_state,
            secret_sha256: sha256
                .try_into()
                .map_err(|_| unreadable("a token's hash is not 32 bytes".to_owned()))?,
            enabled: known.session.enabled,
            expires_at: known.session.expires_at,
            identity,
            groups,
            schema_id,
            identity_state: known.identity_state,
            presented: seal(tenant, Some(known), SessionTarget::absent(id)),
        }))
    }
}

fn seal(
    tenant: TenantId,
    found: Option<KnownSession>,
    absent: SessionTarget,
) -> Sealed<KnownSession> {
    let target = found.as_ref().map_or(absent, KnownSession::target);
    Sealed::new(tenant, target, found)
}
