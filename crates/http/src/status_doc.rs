//! `docs/HTTP-STATUS.md`, made from the registry of codes.

use std::{collections::BTreeMap, fmt::Write as _};

use palisade_envelope::Code;

/// The document.
pub fn status_doc() -> String {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL {
        by_status.entry(code.status()).or_default().push(*code);
    }
    let mut text = String::from(HEAD);
    for (status, codes) in by_status {
        let name = actix_web::http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason());
        // Writing to a `String` does not fail.
        let _ = write!(
            text,
            "\n## {status} {}\n\n| code | sentence | when |\n|---|---|---|\n",
            name.unwrap_or_default()
        );
        for code in codes {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} |",
                code.as_str(),
                code.sentence(),
                code.meaning().trim()
            );
        }
    }
    text
}

const HEAD: &str = "# HTTP status and error codes

Generated from the registry in `crates/envelope/src/codes.rs`; a test of `palisade-http` compares the two.
Callers branch on the code: it never changes its meaning. The sentence is for people; an error may carry a more exact one.

Both dialects send `{\"code\", \"message\", \"details\"?, \"notices\"?}`; Ory's has the same beside `error`, as `API-DESIGN.md` shows.
The body of a 5xx is the constant sentence; its cause is in the log under the request id.

Statuses without an error: 200, 201 (with `Location`), 204, 304 (`If-None-Match` names the current revision).
";

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_copy_is_what_the_registry_says() {
        crate::committed::check("HTTP-STATUS.md", &super::status_doc());
    }
}
