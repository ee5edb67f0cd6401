//! `DELETE /v1/identity-providers/{id}`

use palisade_authz::action::DeleteIdentityProvider;
use palisade_envelope::{Code, Error};

use crate::{
    call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteIdentityProvider",
        "identity_providers.delete",
        "identity providers",
        "Delete an identity provider",
    )
    .empty()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::NotFound,
        Code::InUse,
        Code::StaleResource,
    ])
}

pub(super) async fn delete(guarded: Guarded<DeleteIdentityProvider>, call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    if guarded
        .app
        .store
        .delete_identity_provider(guarded.grant, expected)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
