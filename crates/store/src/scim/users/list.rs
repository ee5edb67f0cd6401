//! Lists users.

use palisade_authz::{Authorized, action::ListScimUsers};
use palisade_envelope::Result;
use palisade_identity::{IdentityId, Timestamp, ids::Uuid};
use palisade_scim::Resource;
use serde_json::{Map, Value};

use super::{ScimUser, groups, read};
use crate::{
    ListPage, ListRequest, Store,
    fault::Fault,
    row::Columns,
    scim::{
        listing::{Listed, Listing},
        search::Kind,
        sql::Connection,
    },
};

impl Listed for ScimUser {
    const KIND: Kind = Kind::Users;
    const TABLE: &'static str = "scim_users";
    const JOIN: &'static str =
        "JOIN identities i ON i.tenant_id = t.tenant_id AND i.id = t.identity_id";
    const COLUMNS: &'static str = "t.identity_id, t.document, i.state, CASE WHEN t.disabled_at = i.state_changed_at THEN 1 ELSE 0 END, i.created_at, i.updated_at, i.revision";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Fault> {
        let id = IdentityId::from_uuid(columns.get()?);
        read(id, columns)
    }

    fn id(&self) -> Uuid {
        self.id.as_uuid()
    }

    fn created(&self) -> Timestamp {
        self.created_at
    }

    fn modified(&self) -> Timestamp {
        self.updated_at
    }

    fn resource(&self) -> &Resource {
        &self.resource
    }

    async fn furnish(connection: Connection<'_>, page: &mut [Self]) -> Result<usize, Fault> {
        groups::furnish(connection, page).await
    }
}

impl Store {
    /// A page of the users of the connection that is the grant's target. `complete` gives a user as it is answered, for filters on
    /// what is no column. A page whose users would have too many groups altogether is shorter than was asked for.
    ///
    /// # Errors
    /// `tooMany` where such a filter has too many candidates; `invalidCursor`, `expiredCursor`.
    #[tracing::instrument(name = "store.scim_user.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_scim_users(
        &self,
        grant: &Authorized<ListScimUsers>,
        request: ListRequest<'_>,
        complete: impl Fn(&ScimUser) -> Map<String, Value>,
    ) -> Result<ListPage<ScimUser>> {
        let reader = self.reader(grant.scope());
        let connection = Connection::new(&reader, *grant.target());
        let listing = Listing {
            connection,
            tenant: grant.tenant(),
            now: self.inner.clock.now(),
            key: self.page_token_key().await?,
            walks: &self.inner.walks,
            request,
        };
        listing.page::<ScimUser>(complete).await
    }
}
