//! `GET /health/alive` and `GET /health/ready`

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{call::Call, doc::Doc, problem::Answer, reply::Reply};

/// All is well.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// What is not ready.
#[derive(Serialize, ToSchema)]
struct NotReady {
    /// By part: a sentence.
    errors: BTreeMap<&'static str, &'static str>,
}

pub(super) fn alive_doc() -> Doc {
    Doc::new(
        "isAlive",
        "health.alive",
        "operations",
        "Whether the program runs",
    )
    .replies::<Health>(200)
}

pub(super) async fn alive(call: Call) -> Answer {
    Reply::ok(&call.request).json(&Health { status: "ok" })
}

pub(super) fn ready_doc() -> Doc {
    Doc::new(
        "isReady",
        "health.ready",
        "operations",
        "Whether requests can be served: the database answers and is migrated",
    )
    .replies::<Health>(200)
    .also::<NotReady>(503)
}

pub(super) async fn ready(call: Call) -> Answer {
    match call.app()?.store.ready().await {
        Ok(()) => Reply::ok(&call.request).json(&Health { status: "ok" }),
        Err(error) => {
            // The sentence is for anyone, the cause for the log.
            tracing::warn!(
                cause = error.cause().map(tracing::field::debug),
                "not ready: {error}"
            );
            let errors = BTreeMap::from([(
                "database",
                "the database does not answer or is not migrated",
            )]);
            Reply::new(StatusCode::SERVICE_UNAVAILABLE, &call.request).json(&NotReady { errors })
        }
    }
}
