//! `DELETE /v1/session-token-templates/{name}`

use palisade_authz::action::DeleteSessionTokenTemplate;
use palisade_envelope::{Code, Error};

use crate::{
    call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteSessionTokenTemplate",
        "session_token_templates.delete",
        "session tokens",
        "Delete a template of session tokens",
    )
    .empty()
    .refuses(&[Code::InvalidRequest, Code::NotFound, Code::StaleResource])
}

pub(super) async fn delete(guarded: Guarded<DeleteSessionTokenTemplate>, call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    if guarded
        .app
        .store
        .delete_session_token_template(guarded.grant, expected)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
