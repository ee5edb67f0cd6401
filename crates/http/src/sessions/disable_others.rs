//! `DELETE /sessions`: ends the caller's other sessions.

use palisade_authz::action::DisableOtherSessions;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::Reply};

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
#[schema(as = DeleteMySessionsCount)]
struct Ended {
    count: u64,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "disableMyOtherSessions",
        "sessions.disable_others",
        "sessions",
        "End all of my other sessions",
    )
    .replies::<Ended>(200)
}

pub(super) async fn disable_others(guarded: Guarded<DisableOtherSessions>, call: Call) -> Answer {
    let count = guarded
        .app
        .store
        .disable_other_sessions(guarded.grant)
        .await?;
    Reply::ok(&call.request).json(&Ended { count })
}
