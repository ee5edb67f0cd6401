//! `DELETE /v1/users/{id}/sessions`

use palisade_authz::action::DeleteIdentitySessions;
use palisade_envelope::{Code, Error};

use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::no_content};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteUserSessions",
        "users.sessions.delete",
        "users",
        "Delete all sessions of a user",
    )
    .empty()
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

/// A user without sessions is as it should be afterwards: 204.
pub(super) async fn delete(guarded: Guarded<DeleteIdentitySessions>, call: Call) -> Answer {
    call.query(&[])?;
    guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    guarded
        .app
        .store
        .delete_identity_sessions(guarded.grant)
        .await?;
    no_content(&call.request)
}
