//! `GET /v1/identities/{id}`

use palisade_authz::action::ReadExternalIdentity;
use palisade_envelope::{Code, Error};

use super::body::AccountBody;
use crate::{call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new(
        "getExternalIdentity",
        "external_identities.get",
        "external identities",
        "Get an external identity",
    )
    .replies::<AccountBody>(200)
    .refuses(&[Code::InvalidId, Code::InvalidRequest, Code::NotFound])
    .tagged()
}

pub(super) async fn get(guarded: Guarded<ReadExternalIdentity>, call: Call) -> Answer {
    call.query(&[])?;
    let account = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    // Candidates are those of now, so the answer may differ while the revision stays: no 304 for who has some.
    let unchanged = preconditions::unchanged(&call.request, account.revision)?;
    if unchanged && account.external.user_id.is_some() {
        return Ok(preconditions::not_modified(&call.request, account.revision));
    }
    Reply::ok(&call.request)
        .etag(account.revision)
        .json(&AccountBody::from(account))
}
