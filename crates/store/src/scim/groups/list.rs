//! Lists groups.

use palisade_authz::{Authorized, action::ListScimGroups};
use palisade_envelope::Result;
use palisade_identity::{GroupId, Timestamp, ids::Uuid};
use palisade_scim::Resource;
use serde_json::{Map, Value};

use super::{ScimGroup, group_columns, members, read};
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

impl Listed for ScimGroup {
    const KIND: Kind = Kind::Groups;
    const TABLE: &'static str = "scim_groups";
    const JOIN: &'static str = "";
    const COLUMNS: &'static str = group_columns!();

    fn read(columns: &mut Columns<'_>) -> Result<Self, Fault> {
        read(columns)
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

    fn beside(&self) -> u64 {
        self.size
    }
}

impl Store {
    /// A page of the groups of the connection that is the grant's target. `complete` gives a group as it is answered, for filters
    /// on what is no column. A page that would have too many members altogether is shorter than was asked for.
    ///
    /// # Errors
    /// `tooMany` where such a filter has too many candidates; `invalidCursor`, `expiredCursor`.
    #[tracing::instrument(name = "store.scim_group.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_scim_groups(
        &self,
        grant: &Authorized<ListScimGroups>,
        request: ListRequest<'_>,
        complete: impl Fn(&ScimGroup) -> Map<String, Value>,
    ) -> Result<ListPage<ScimGroup>> {
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
        let mut page = listing.page::<ScimGroup>(complete).await?;
        let peopled: Vec<GroupId> = page
            .items
            .iter()
            .filter(|_| request.computed)
            .map(|group| group.id)
            .collect();
        if peopled.is_empty() {
            return Ok(page);
        }
        let mut of = members::of(connection, &peopled).await?;
        for group in &mut page.items {
            group.members = of.remove(&group.id).unwrap_or_default();
        }
        Ok(page)
    }
}
