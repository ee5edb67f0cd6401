//! What machines and people ask of the program itself. No credential is asked for.

mod docs;
mod health;
mod openapi;
mod version;

use actix_web::http::Method;

use crate::routes::RouteTable;

/// Health checks stand at both places where Ory's clients look for them.
pub(crate) fn mount(table: &mut RouteTable) {
    for (prefix, suffix) in [("", ""), ("/admin", "AtAdmin")] {
        let probe =
            "load balancers hold no credential, and the answer says nothing about any tenant";
        table.public(
            Method::GET,
            format!("{prefix}/health/alive"),
            health::alive,
            probe,
            health::alive_doc().again(suffix),
        );
        table.public(
            Method::GET,
            format!("{prefix}/health/ready"),
            health::ready,
            probe,
            health::ready_doc().again(suffix),
        );
        let version = "the version is no secret: the source is public";
        table.public(
            Method::GET,
            format!("{prefix}/version"),
            version::version,
            version,
            version::doc().again(suffix),
        );
    }
    let document = "the document is the same for everyone and part of the published source";
    table.public(
        Method::GET,
        "/openapi.json",
        openapi::openapi,
        document,
        openapi::doc(),
    );
    table.public(Method::GET, "/docs", docs::page, document, docs::page_doc());
    table.public(
        Method::GET,
        "/docs/{file}",
        docs::file,
        document,
        docs::file_doc(),
    );
}
