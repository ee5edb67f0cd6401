//! `PUT /v1/policies/{name}`

use std::sync::Arc;

use palisade_authz::action::PutPolicy;
use palisade_envelope::Code;
use utoipa::ToSchema;

use super::{body::PolicyBody, validate::validated};
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::Guarded,
    preconditions,
    problem::Answer,
    reply::Reply,
};

/// The new text of a policy.
#[derive(ToSchema)]
#[schema(as = PutPolicy)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct PutBody {
    /// Cedar text, one or more policies.
    policy: String,
}

pub(super) fn doc() -> Doc {
    Doc::new("putPolicy", "policies.put", "policies", "Write a policy")
        .body::<PutBody>(Media::Json)
        .replies::<PolicyBody>(200)
        .also::<PolicyBody>(201)
        .tagged()
        .refuses(&[
            Code::InvalidRequest,
            Code::InvalidJson,
            Code::UnknownField,
            Code::PolicyLockout,
            Code::StaleResource,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::InvalidPolicy,
            Code::LimitReached,
        ])
}

pub(super) async fn put(guarded: Guarded<PutPolicy>, mut call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    let mut fields = Fields::parse(&call.body(Media::Json).await?)?;
    let text = fields.text("policy")?;
    fields.finish(&["policy"])?;
    let (gate, tenant) = (Arc::clone(&guarded.app.gate), guarded.grant.tenant());
    let policy = validated(
        &guarded.app,
        tenant,
        guarded.grant.target().id().to_owned(),
        text,
    )
    .await?;
    // The store shows the check what the tenant's policies would be, inside the transaction.
    let check =
        move |policies: &[palisade_authz::StoredPolicy]| gate.check_lockout(tenant, policies);
    let (document, created) = guarded
        .app
        .store
        .put_policy(guarded.grant, policy, expected, check)
        .await?;
    let revision = document.revision;
    let reply = if created {
        Reply::created(&call.request, call.request.path().to_owned())
    } else {
        Reply::ok(&call.request)
    };
    reply.etag(revision).json(&PolicyBody::from(document))
}
