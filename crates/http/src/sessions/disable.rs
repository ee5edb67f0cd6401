//! `DELETE /sessions/{id}`: ends another session of the caller's.

use palisade_authz::action::DisableOwnSession;
use palisade_envelope::{Code, Error};
use palisade_store::{KnownSession, Sealed};
use palisade_tenancy::middleware;

use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::no_content};

pub(super) fn doc() -> Doc {
    Doc::new(
        "disableMySession",
        "sessions.disable_own",
        "sessions",
        "End one of my other sessions",
    )
    .empty()
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn disable(guarded: Guarded<DisableOwnSession>, call: Call) -> Answer {
    let this = middleware::presented::<Sealed<KnownSession>>(&call.request)
        .ok_or_else(|| Error::new(Code::SessionInactive))?;
    guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    if this.target().id == guarded.grant.target().id {
        return Err(Error::with_message(
            Code::InvalidRequest,
            "the session that the request came with can't be ended by itself",
        )
        .into());
    }
    if guarded.app.store.disable_own_session(guarded.grant).await? {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
