//! What provisioning systems keep through their connections. Every statement names the connection (`sql.rs`), which comes from
//! the grant's target, which the caller's own key makes.

mod groups;
mod keys;
mod listing;
mod search;
mod settings;
mod sql;
mod users;
mod walks;

pub use groups::{GroupNext, MemberOfGroup, Membership, ScimGroup};
pub use keys::{ConnectionKeyDocument, NewConnectionKey};
pub use listing::{ListPage, ListRequest};
pub use settings::ConnectionSettings;
pub(crate) use users::{in_groups, leave_groups};
pub(crate) use walks::Walks;

pub use users::{GroupOfUser, ScimUser, ScimUserState, UserWrite};
