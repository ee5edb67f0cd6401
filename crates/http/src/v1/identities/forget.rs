//! `DELETE /v1/identities/{id}`

use palisade_authz::action::ResolveExternalIdentity;
use palisade_envelope::{Code, Result};
use palisade_linking::manual::plan_forget;

use super::opened;
use crate::{
    call::Call,
    doc::Doc,
    guard::{Guarded, retried},
    preconditions,
    problem::Answer,
    reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "forgetExternalIdentity",
        "external_identities.forget",
        "external identities",
        "Forget an external identity that is linked to nobody: the rules decide anew when it comes again",
    )
    .empty()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::NotFound,
        Code::AlreadyLinked,
        Code::Conflict,
        Code::StaleResource,
    ])
}

pub(super) async fn forget(guarded: Guarded<ResolveExternalIdentity>, call: Call) -> Answer {
    call.query(&[])?;
    let once = |guarded| once(guarded, &call);
    match preconditions::if_match(&call.request)? {
        Some(_) => once(guarded).await?,
        None => retried(&call.request, guarded, once).await?,
    }
    no_content(&call.request)
}

async fn once(guarded: Guarded<ResolveExternalIdentity>, call: &Call) -> Result<()> {
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let account = opened(call, loaded.open(&grant))?;
    let plan = plan_forget(account.known())?;
    app.store
        .forget_external_identity(grant, account.revision, plan)
        .await
}
