//! `POST /v1/session-token-keys/rotate`

use std::time::Duration;

use chrono::{DateTime, Utc};
use palisade_authz::action::RotateSessionTokenKey;
use palisade_envelope::{Code, Result};
use palisade_store::RotatedSigningKey;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::Guarded,
    problem::Answer,
    reply::Reply,
};

/// A week, in seconds.
const LONGEST_OVERLAP: u64 = 604_800;
/// As long as any token can last and an hour more, in seconds: no good token loses its key.
const USUAL_OVERLAP: u64 = *palisade_identity::session_token::TTL_SECONDS.end() + 3_600;

/// How to rotate. The body may be left out.
#[derive(ToSchema)]
#[schema(as = RotateSessionTokenKey)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct RotateBody {
    /// How many seconds the old keys are still among the public ones: 0 to 604800 (a week), by default 90000 (an hour more
    /// than the longest token lasts).
    #[schema(minimum = 0, maximum = 604_800, default = 90_000)]
    overlap: Option<u32>,
}

/// The key that signs from now on.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedSessionTokenKey)]
struct Rotated {
    /// The `kid` of its tokens.
    id: uuid::Uuid,
    /// How it signs: `ES256`.
    algorithm: &'static str,
    created_at: DateTime<Utc>,
    /// The keys before it that are still among the public ones, the newest first.
    retired: Vec<Retired>,
}

/// A key that signs nothing more.
#[derive(Serialize, ToSchema)]
#[schema(as = RetiredSessionTokenKey)]
struct Retired {
    /// The `kid` of its tokens.
    id: uuid::Uuid,
    /// From this on it is not among the public keys.
    expires_at: DateTime<Utc>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "rotateSessionTokenKey",
        "session_token_keys.rotate",
        "session tokens",
        "Sign session tokens with a new key",
    )
    .optional_body::<RotateBody>(Media::Json)
    .replies::<Rotated>(200)
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::Conflict,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::LimitReached,
    ])
}

pub(super) async fn rotate(guarded: Guarded<RotateSessionTokenKey>, mut call: Call) -> Answer {
    call.query(&[])?;
    let overlap = match call.optional_body(Media::Json).await? {
        Some(body) => read(&body)?,
        None => None,
    };
    let overlap = Duration::from_secs(overlap.unwrap_or(USUAL_OVERLAP));
    let rotated = guarded
        .app
        .store
        .rotate_session_token_key(guarded.grant, overlap)
        .await?;
    let RotatedSigningKey {
        id,
        created_at,
        retired,
    } = rotated;
    let retired = retired.into_iter().map(|key| Retired {
        id: key.id.as_uuid(),
        expires_at: key.expires_at,
    });
    Reply::ok(&call.request).json(&Rotated {
        id: id.as_uuid(),
        algorithm: "ES256",
        created_at,
        retired: retired.collect(),
    })
}

fn read(body: &[u8]) -> Result<Option<u64>> {
    let mut fields = Fields::parse(body)?;
    let overlap = fields.optional_integer("overlap", 0..=LONGEST_OVERLAP)?;
    fields.finish(&["overlap"])?;
    Ok(overlap)
}
