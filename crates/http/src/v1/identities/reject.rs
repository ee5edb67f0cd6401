//! `POST /v1/identities/{id}/reject`

use palisade_authz::action::ResolveExternalIdentity;
use palisade_envelope::{Code, Result};
use palisade_linking::manual::plan_reject;
use palisade_store::Account;

use super::{body::AccountBody, opened, written};
use crate::{call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::Reply};

pub(super) fn doc() -> Doc {
    Doc::new(
        "rejectExternalIdentity",
        "external_identities.reject",
        "external identities",
        "Reject an external identity that waits: it is not linked, whatever the rules say",
    )
    .replies::<AccountBody>(200)
    .tagged()
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::NotFound,
        Code::AlreadyLinked,
        Code::LinkRejected,
        Code::Conflict,
        Code::StaleResource,
    ])
}

pub(super) async fn reject(guarded: Guarded<ResolveExternalIdentity>, call: Call) -> Answer {
    call.query(&[])?;
    let account = written(&call, guarded, |guarded| once(guarded, &call)).await?;
    Reply::ok(&call.request)
        .etag(account.revision)
        .json(&AccountBody::from(account))
}

async fn once(guarded: Guarded<ResolveExternalIdentity>, call: &Call) -> Result<Account> {
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let account = opened(call, loaded.open(&grant))?;
    let plan = plan_reject(account.known())?;
    app.store
        .mark_external_identity(grant, account.revision, plan)
        .await
}
