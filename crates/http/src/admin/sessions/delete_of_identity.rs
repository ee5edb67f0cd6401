//! `DELETE /admin/identities/{id}/sessions`

use palisade_authz::action::DeleteIdentitySessions;
use palisade_envelope::{Code, Error};

use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::no_content};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteIdentitySessions",
        "identities.sessions.delete",
        "sessions",
        "Delete all sessions of an identity",
    )
    .empty()
    .refuses(&[Code::InvalidId, Code::NotFound])
}

pub(super) async fn delete(guarded: Guarded<DeleteIdentitySessions>, call: Call) -> Answer {
    let deleted = guarded
        .app
        .store
        .delete_identity_sessions(guarded.grant)
        .await?;
    if deleted > 0 {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
