//! `GET /v1/identity-providers`

use palisade_authz::action::ListIdentityProviders;
use palisade_envelope::Code;

use super::body::ProviderBody;
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::collection};

pub(super) fn doc() -> Doc {
    Doc::new(
        "listIdentityProviders",
        "identity_providers.list",
        "identity providers",
        "List the identity providers",
    )
    .collects::<ProviderBody>()
    .refuses(&[Code::InvalidRequest])
}

pub(super) async fn list(guarded: Guarded<ListIdentityProviders>, call: Call) -> Answer {
    let query = call.query(&[])?;
    let providers = guarded
        .app
        .store
        .list_identity_providers(&guarded.grant)
        .await?;
    collection(
        &call.request,
        &query,
        providers.into_iter().map(ProviderBody::from).collect(),
        None,
    )
}
