//! `GET /version`

use serde::Serialize;
use utoipa::ToSchema;

use crate::{call::Call, doc::Doc, problem::Answer, reply::Reply};

/// What runs here.
#[derive(Serialize, ToSchema)]
struct Version {
    /// Palisade's version.
    version: &'static str,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "getVersion",
        "version.get",
        "operations",
        "Which version runs",
    )
    .replies::<Version>(200)
}

pub(super) async fn version(call: Call) -> Answer {
    Reply::ok(&call.request).json(&Version {
        version: crate::VERSION,
    })
}
