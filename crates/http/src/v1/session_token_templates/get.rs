//! `GET /v1/session-token-templates/{name}`

use palisade_authz::action::ReadSessionTokenTemplate;
use palisade_envelope::{Code, Error};

use super::body::TemplateBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getSessionTokenTemplate",
        "session_token_templates.get",
        "session tokens",
        "Get a template of session tokens",
    )
    .replies::<TemplateBody>(200)
    .tagged()
    .refuses(&[Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadSessionTokenTemplate>, call: Call) -> Answer {
    call.query(&[])?;
    let document = guarded
        .app
        .store
        .read_session_token_template(&guarded.grant)
        .await?
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let revision = document.revision;
    if preconditions::unchanged(&call.request, revision)? {
        return Ok(preconditions::not_modified(&call.request, revision));
    }
    Reply::ok(&call.request)
        .etag(revision)
        .json(&TemplateBody::from(document))
}
