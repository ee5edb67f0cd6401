//! `POST /v1/policies/validate`

use std::sync::Arc;

use palisade_authz::{ValidPolicy, action::ValidatePolicy};
use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::TenantId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    App,
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::Guarded,
    problem::Answer,
    reply::Reply,
};

/// A policy to check.
#[derive(ToSchema)]
#[schema(as = ValidatePolicy)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct ValidateBody {
    /// The name that it would be stored under; ids of its policies start with it.
    name: Option<String>,
    /// Cedar text, one or more policies.
    policy: String,
}

/// The policy could be stored as it is.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyValidation)]
struct Validation {
    /// Always true; what is not valid is answered by 422 `invalid_policy`.
    valid: bool,
    /// The ids of the policies, as decisions will name them.
    policies: Vec<String>,
    /// What is not wrong but hardly meant.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Value>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "validatePolicy",
        "policies.validate",
        "policies",
        "Check a policy without keeping it",
    )
    .body::<ValidateBody>(Media::Json)
    .replies::<Validation>(200)
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::InvalidPolicy,
    ])
}

pub(super) async fn validate(guarded: Guarded<ValidatePolicy>, mut call: Call) -> Answer {
    call.query(&[])?;
    let mut fields = Fields::parse(&call.body(Media::Json).await?)?;
    let name = fields
        .optional_text("name")?
        .unwrap_or_else(|| "candidate".to_owned());
    let text = fields.text("policy")?;
    fields.finish(&["name", "policy"])?;
    let policy = validated(&guarded.app, guarded.grant.tenant(), name, text).await?;
    Reply::ok(&call.request).json(&Validation {
        valid: true,
        policies: policy
            .policies()
            .iter()
            .map(|id| id.as_ref().to_owned())
            .collect(),
        warnings: policy
            .warnings()
            .iter()
            .map(|warning| serde_json::to_value(warning).unwrap_or_default())
            .collect(),
    })
}

/// Parses and validates off the async threads: at its worst it takes milliseconds.
///
/// # Errors
/// `invalid_policy` with line, column and hint.
pub(super) async fn validated(
    app: &App,
    tenant: TenantId,
    name: String,
    text: String,
) -> Result<ValidPolicy> {
    let gate = Arc::clone(&app.gate);
    tokio::task::spawn_blocking(move || gate.validate(tenant, &name, &text))
        .await
        .map_err(Error::internal)?
}
