//! `GET /openapi.json`

use std::sync::LazyLock;

use actix_web::{HttpResponse, http::header};

use crate::{doc::Doc, problem::Answer};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getOpenApi",
        "openapi.get",
        "operations",
        "This API as an OpenAPI 3.1 document",
    )
    .replies::<serde_json::Value>(200)
}

pub(super) async fn openapi() -> Answer {
    static DOCUMENT: LazyLock<String> = LazyLock::new(crate::openapi_json);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(DOCUMENT.as_str()))
}
