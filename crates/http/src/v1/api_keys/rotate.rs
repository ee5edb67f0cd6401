//! `POST /v1/api-keys/{id}/rotate`

use chrono::{DateTime, Utc};
use palisade_authz::{action::RotateApiKey, may_rotate};
use palisade_envelope::{Code, Error, Result};
use palisade_store::KeyOverlap;
use palisade_tenancy::{Directory as _, KeyId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{body::KeyWithSecret, refused};
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::Guarded,
    problem::Answer,
    reply::Reply,
};

/// How to rotate. The body may be left out.
#[derive(ToSchema)]
#[schema(as = RotateApiKey)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct RotateBody {
    /// How many seconds the old key is still good: 0 to 604800 (a week), by default 86400 (a day).
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    overlap: Option<u32>,
}

/// The key that took the other's place. `secret` is in this answer only.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedApiKey)]
struct Rotated {
    #[serde(flatten)]
    key: KeyWithSecret,
    /// The key that it replaces.
    replaces: Uuid,
    /// From this on the replaced key is refused.
    replaced_until: DateTime<Utc>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "rotateApiKey",
        "api_keys.rotate",
        "API keys",
        "Replace an API key by a new one with the same name, roles, networks and end",
    )
    .optional_body::<RotateBody>(Media::Json)
    .replies::<Rotated>(201)
    .refuses(&[
        Code::InvalidId,
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::NotFound,
        Code::Conflict,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn rotate(guarded: Guarded<RotateApiKey>, mut call: Call) -> Answer {
    call.query(&[])?;
    let overlap = match call.optional_body(Media::Json).await? {
        Some(body) => read(&body)?,
        None => KeyOverlap::DEFAULT,
    };
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let absent = || Error::new(Code::NotFound);
    let id = KeyId::parse(grant.target().id()).ok_or_else(absent)?;
    let record = app
        .store
        .key(caller.tenant(), id)
        .await?
        .ok_or_else(absent)?;
    if let Err(error) = may_rotate(grant.principal(), &record.roles) {
        return Err(refused(
            &call,
            &app,
            &caller,
            &grant,
            ("ApiKey", id.to_string()),
            error,
        )
        .into());
    }
    let rotated = app
        .store
        .rotate_api_key(grant, overlap)
        .await?
        .ok_or_else(absent)?;
    let place = format!("/v1/api-keys/{}", rotated.record.id);
    Reply::created(&call.request, place).json(&Rotated {
        replaces: rotated.replaces.as_uuid(),
        replaced_until: rotated.replaced_until,
        key: KeyWithSecret::new(rotated.record, &rotated.key),
    })
}

fn read(body: &[u8]) -> Result<KeyOverlap> {
    let longest = KeyOverlap::LONGEST.seconds();
    let mut fields = Fields::parse(body)?;
    let overlap = match fields.optional_integer("overlap", 0..=u64::from(longest))? {
        None => Some(KeyOverlap::DEFAULT),
        Some(seconds) => KeyOverlap::of_seconds(seconds),
    };
    fields.finish(&["overlap"])?;
    overlap.ok_or_else(|| Error::internal("an overlap in range is none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_a_whole_number_of_seconds_up_to_a_week() {
        for (body, seconds) in [
            ("{}", 86_400),
            (r#"{"overlap": null}"#, 86_400),
            (r#"{"overlap": 0}"#, 0),
            (r#"{"overlap": 604800}"#, 604_800),
        ] {
            assert_eq!(read(body.as_bytes()).expect(body).seconds(), seconds);
        }
        for body in [
            r#"{"overlap": -1}"#,
            r#"{"overlap": 604801}"#,
            r#"{"overlap": 1.5}"#,
            r#"{"overlap": "24h"}"#,
        ] {
            let error = read(body.as_bytes()).expect_err(body);
            assert_eq!(error.envelope().details["field"], "overlap", "{body}");
        }
    }
}
