//! `GET /docs`: a page that shows the OpenAPI document. Its files are embedded; nothing is fetched from elsewhere.

use actix_web::{HttpResponse, http::header};
use palisade_envelope::{Code, Error};
use rust_embed::Embed;

use crate::{call::Call, doc::Doc, problem::Answer};

#[derive(Embed)]
#[folder = "assets/docs/"]
struct Files;

pub(super) fn page_doc() -> Doc {
    Doc::new(
        "getDocs",
        "docs.page",
        "operations",
        "A page that shows this API",
    )
    .html()
}

pub(super) async fn page() -> Answer {
    serve("index.html")
}

pub(super) fn file_doc() -> Doc {
    Doc::new(
        "getDocsFile",
        "docs.file",
        "operations",
        "A file of the page",
    )
    .html()
    .refuses(&[Code::NotFound])
}

pub(super) async fn file(call: Call) -> Answer {
    serve(&call.path("file")?)
}

fn serve(name: &str) -> Answer {
    let file = Files::get(name).ok_or_else(|| Error::new(Code::NotFound))?;
    let kind = match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "application/octet-stream",
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ))
        .body(file.data.into_owned()))
}
