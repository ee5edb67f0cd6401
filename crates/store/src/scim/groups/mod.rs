//! Groups of a connection. Members are rows: what a change costs is what it changes, whatever the size of the group.

mod create;
mod delete;
mod list;
mod load;
mod members;
mod update;

use palisade_envelope::Result;
use palisade_identity::{GroupId, Timestamp, ids::Uuid};
use palisade_scim::{
    Resource,
    patch::MembershipChange,
    resource::{Member, MemberKind},
};
use sea_orm::Value;

use super::users::{folded, text};
use crate::{
    fault::Fault,
    row::{self, Columns},
};

/// A group of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimGroup {
    /// Chosen by the server.
    pub id: GroupId,
    /// What the client sent, without the members.
    pub resource: Resource,
    /// How many members it has at most: some may be gone.
    pub size: u64,
    /// The members, where they were asked for.
    pub members: Vec<MemberOfGroup>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises by one with each change, of members too.
    pub revision: i64,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberOfGroup {
    /// The identity, or the group.
    pub id: Uuid,
    /// Which of the two.
    pub kind: MemberKind,
    /// Its name.
    pub name: String,
}

/// What becomes of the members, as `palisade_scim::patch::MembershipChange` has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Membership {
    cleared: bool,
    removed: Vec<String>,
    added: Vec<String>,
}

impl Membership {
    /// These and no others.
    pub fn only(members: &[Member]) -> Self {
        Self {
            cleared: true,
            added: members.iter().map(|member| member.id.clone()).collect(),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl From<&MembershipChange> for Membership {
    fn from(change: &MembershipChange) -> Self {
        Self {
            cleared: change.cleared(),
            removed: change.removed().map(ToOwned::to_owned).collect(),
            added: change.added().map(|member| member.id.clone()).collect(),
        }
    }
}

/// What a message makes of a group.
#[derive(Clone, Debug)]
pub struct GroupNext {
    /// The attributes.
    pub resource: Resource,
    /// What becomes of the members.
    pub membership: Membership,
}

/// The columns that [`read`] reads, in its order.
macro_rules! group_columns {
    () => {
        "t.id, t.document, t.members, t.created_at, t.updated_at, t.revision"
    };
}
use group_columns;

fn read(columns: &mut Columns<'_>) -> Result<ScimGroup, Fault> {
    Ok(ScimGroup {
        id: GroupId::from_uuid(columns.get()?),
        resource: Resource::from_kept(columns.json()?),
        size: u64::try_from(columns.get::<i64>()?).unwrap_or(0),
        members: Vec::new(),
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

const WRITTEN: [&str; 5] = [
    "display_name",
    "unique_name",
    "external_id",
    "label",
    "document",
];

/// The values of [`WRITTEN`].
fn values(resource: &Resource, unique: bool) -> Result<Vec<Value>, Fault> {
    let attributes = resource.attributes();
    let name = folded(attributes, "displayName").unwrap_or_default();
    Ok(vec![
        name.as_str().into(),
        Value::String(unique.then_some(name)),
        row::maybe_text(text(attributes, "externalId")),
        text(attributes, "displayName").unwrap_or_default().into(),
        row::json(attributes)?,
    ])
}
