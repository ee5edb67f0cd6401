//! `DELETE /admin/identities/{id}`

use palisade_authz::action::DeleteIdentity;
use palisade_envelope::{Code, Error};

use crate::{
    call::Call, doc::Doc, guard::Guarded, preconditions, problem::Answer, reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteIdentity",
        "identities.delete",
        "identity",
        "Delete an identity",
    )
    .empty()
    .refuses(&[Code::NotFound, Code::StaleResource])
}

pub(super) async fn delete(guarded: Guarded<DeleteIdentity>, call: Call) -> Answer {
    let identity = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    // Only a caller that insists on a revision minds what happened between the load and the delete.
    let insisted =
        preconditions::check(&call.request, identity.revision)?.then_some(identity.revision);
    if guarded
        .app
        .store
        .delete_identity(guarded.grant, insisted)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
