//! `DELETE /v1/schemas/{id}`

use palisade_authz::action::DeleteIdentitySchema;
use palisade_envelope::{Code, Error};

use crate::{
    call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteSchema",
        "v1.schemas.delete",
        "schemas",
        "Delete an identity schema that no identity has",
    )
    .empty()
    .refuses(&[
        Code::InvalidRequest,
        Code::NotFound,
        Code::InUse,
        Code::StaleResource,
    ])
}

pub(super) async fn delete(guarded: Guarded<DeleteIdentitySchema>, call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    let store = &guarded.app.store;
    if store
        .delete_identity_schema(guarded.grant, expected)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
