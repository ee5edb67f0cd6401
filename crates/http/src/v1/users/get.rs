//! `GET /v1/users/{id}`

use palisade_authz::action::ReadIdentity;
use palisade_envelope::{Code, Error};

use super::body::UserBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new("getUser", "users.get", "users", "Get a user")
        .replies::<UserBody>(200)
        .tagged()
        .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadIdentity>, call: Call) -> Answer {
    call.query(&[])?;
    let identity = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let revision = identity.revision;
    let groups = guarded.app.store.groups_of_user(&guarded.grant).await?;
    let unchanged = preconditions::unchanged(&call.request, revision)?;
    // The revision is the user's own: it says nothing of who is in which group.
    if unchanged && groups.is_none() {
        return Ok(preconditions::not_modified(&call.request, revision));
    }
    Reply::ok(&call.request)
        .etag(revision)
        .json(&UserBody::new(identity, groups.unwrap_or_default()))
}
