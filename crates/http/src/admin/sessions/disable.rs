//! `DELETE /admin/sessions/{id}`

use palisade_authz::action::DisableSession;
use palisade_envelope::{Code, Error};

use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::no_content};

pub(super) fn doc() -> Doc {
    Doc::new(
        "disableSession",
        "sessions.disable",
        "sessions",
        "End a session; its row stays",
    )
    .empty()
    .refuses(&[Code::InvalidId, Code::NotFound])
}

pub(super) async fn disable(guarded: Guarded<DisableSession>, call: Call) -> Answer {
    if guarded.app.store.disable_session(guarded.grant).await? {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
