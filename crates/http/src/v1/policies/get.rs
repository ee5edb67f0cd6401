//! `GET /v1/policies/{name}`

use palisade_authz::action::ReadPolicy;
use palisade_envelope::{Code, Error};

use super::body::PolicyBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new("getPolicy", "policies.get", "policies", "Get a policy")
        .replies::<PolicyBody>(200)
        .tagged()
        .refuses(&[Code::InvalidRequest, Code::NotFound])
}

pub(super) async fn get(guarded: Guarded<ReadPolicy>, call: Call) -> Answer {
    call.query(&[])?;
    let document = guarded
        .app
        .store
        .read_policy(&guarded.grant)
        .await?
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let revision = document.revision;
    if preconditions::unchanged(&call.request, revision)? {
        return Ok(preconditions::not_modified(&call.request, revision));
    }
    Reply::ok(&call.request)
        .etag(revision)
        .json(&PolicyBody::from(document))
}
