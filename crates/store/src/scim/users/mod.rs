//! Users of a connection: an identity, and a row beside it with what the client sent.

mod create;
mod delete;
mod groups;
mod index;
mod list;
mod load;
mod update;

pub(crate) use groups::{in_groups, leave_groups};

use std::sync::Arc;

use palisade_envelope::Result;
use palisade_identity::{GroupId, Identity, IdentityId, State, Timestamp, change::Changed};
use palisade_linking::ProvisionedLink;
use palisade_scim::{Resource, filter::fold};
use serde_json::{Map, Value};

use crate::{fault::Fault, row::Columns};

/// A user of a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimUser {
    /// The identity.
    pub id: IdentityId,
    /// What the client sent, `active` as it is.
    pub resource: Resource,
    /// When the identity was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The identity's revision.
    pub revision: i64,
    /// The groups that it is in, where they were asked for.
    pub groups: Vec<GroupOfUser>,
}

/// A group that a user is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOfUser {
    /// The group.
    pub id: GroupId,
    /// Its name.
    pub name: Arc<str>,
    /// Whether the user is a member itself, not by another group.
    pub direct: bool,
}

/// A user with the identity that it is, for a change.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimUserState {
    /// The user.
    pub user: ScimUser,
    /// The identity.
    pub identity: Identity,
    /// Whether it is in a group.
    pub has_groups: bool,
    /// Whether it is disabled because the client said so, and nobody else did since.
    pub disabled_by_client: bool,
}

/// What a change writes.
#[derive(Clone, Debug)]
pub struct UserWrite {
    /// The identity's next state.
    pub changed: Changed,
    /// What the client sent.
    pub resource: Resource,
    /// The link to the connection.
    pub link: ProvisionedLink,
    /// The time of the state's change where it is disabled by the client.
    pub disabled_at: Option<Timestamp>,
}

/// Text of an attribute of the core schema.
pub(super) fn text<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str)
}

/// The document with `active` as the identity's state has it, whoever changed it. `by_client`: it is disabled because the client said
/// so; one that has since taken `active` away is shown none, and the user stays disabled.
fn with_state(mut document: Map<String, Value>, state: State, by_client: bool) -> Resource {
    let says = document.contains_key("active");
    if state == State::Inactive && (says || !by_client) {
        document.insert("active".to_owned(), Value::Bool(false));
    } else if says {
        document.insert("active".to_owned(), Value::Bool(true));
    }
    Resource::from_kept(document)
}

/// Reads document, state, whether it is disabled by the client, times and revision.
fn read(id: IdentityId, columns: &mut Columns<'_>) -> Result<ScimUser, Fault> {
    let document = columns.json()?;
    let state = columns.word(State::parse)?;
    let by_client = columns.get::<i32>()? == 1;
    Ok(ScimUser {
        id,
        resource: with_state(document, state, by_client),
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
        groups: Vec::new(),
    })
}

/// The statement that reads what [`load::state`] does.
macro_rules! state_sql {
    () => {
        concat!(
            "SELECT u.document, u.disabled_at,
                CASE WHEN EXISTS (SELECT 1 FROM scim_group_users m
                    WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.identity_id = u.identity_id) THEN 1 ELSE 0 END, ",
            crate::identities::columns!("i."),
            " FROM scim_users u JOIN identities i ON i.tenant_id = u.tenant_id AND i.id = u.identity_id
             WHERE u.tenant_id = $1 AND u.provider_id = $2 AND u.identity_id = $3"
        )
    };
}
use state_sql;

/// What is shown of a user where it is a member: its display name, else its name.
fn label(attributes: &Map<String, Value>) -> &str {
    text(attributes, "displayName")
        .or_else(|| text(attributes, "userName"))
        .unwrap_or_default()
}

/// As it stands in columns that are compared without regard to case.
pub(super) fn folded(attributes: &Map<String, Value>, name: &str) -> Option<String> {
    text(attributes, name).map(fold)
}
