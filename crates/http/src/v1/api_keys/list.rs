//! `GET /v1/api-keys`

use palisade_authz::action::ListApiKeys;
use palisade_envelope::Code;

use super::body::KeyBody;
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::collection};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listApiKeys",
        "api_keys.list",
        "API keys",
        "List the API keys, revoked ones among them",
    )
    .collects::<KeyBody>()
    .refuses(&[Code::InvalidRequest])
}

pub(super) async fn list(guarded: Guarded<ListApiKeys>, call: Call) -> Answer {
    let query = call.query(&[])?;
    let records = guarded.app.store.list_api_keys(&guarded.grant).await?;
    collection(
        &call.request,
        &query,
        records.into_iter().map(KeyBody::from).collect(),
        None,
    )
}
