//! `POST /v1/identity-providers/{id}/keys`

use palisade_authz::action::CreateConnectionKey;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::Timestamp;
use palisade_store::NewConnectionKey;
use palisade_tenancy::Role;
use utoipa::ToSchema;

use super::body::KeyWithSecret;
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Fields, bounded},
    guard::Guarded,
    problem::Answer,
    reply::Reply,
    words::ScopeWord,
};

/// What the new key shall be.
#[derive(ToSchema)]
#[schema(as = CreateConnectionKey)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct CreateBody {
    /// For people; 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What it is good for; all where left out.
    #[schema(min_items = 1)]
    scopes: Option<Vec<ScopeWord>>,
    /// After this it is refused.
    expires_at: Option<chrono::DateTime<chrono::Utc>>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "createConnectionKey",
        "identity_providers.keys.create",
        "identity providers",
        "Create a key of a SCIM connection",
    )
    .body::<CreateBody>(Media::Json)
    .replies::<KeyWithSecret>(201)
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

pub(super) async fn create(guarded: Guarded<CreateConnectionKey>, mut call: Call) -> Answer {
    call.query(&[])?;
    let Guarded { grant, app, .. } = guarded;
    let new = read(&call.body(Media::Json).await?, app.clock.now())?;
    let (document, key) = app
        .store
        .create_connection_key(grant, new)
        .await?
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let place = format!("{}/{}", call.request.path(), document.id);
    Reply::created(&call.request, place).json(&KeyWithSecret {
        key: document.into(),
        secret: key.reveal(),
    })
}

fn read(body: &[u8], now: Timestamp) -> Result<NewConnectionKey> {
    let mut fields = Fields::parse(body)?;
    let name = bounded("name", fields.text("name")?, 255)?;
    let scopes = match fields.optional_texts("scopes")? {
        None => Role::OF_CONNECTIONS.to_vec(),
        Some(words) => scopes(&words)?,
    };
    let expires_at = fields.optional_time("expires_at")?;
    fields.finish(&["name", "scopes", "expires_at"])?;
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Error::field("expires_at", "an instant in the future"));
    }
    Ok(NewConnectionKey {
        name,
        scopes,
        expires_at,
    })
}

fn scopes(words: &[String]) -> Result<Vec<Role>> {
    let expected = || {
        Error::field(
            "scopes",
            "one or more of `users:read`, `users:write`, `groups:read`, `groups:write`",
        )
    };
    if words.is_empty() {
        return Err(expected());
    }
    let mut scopes = words
        .iter()
        .map(|word| Role::parse_scope(word).ok_or_else(expected))
        .collect::<Result<Vec<_>>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range")
    }

    #[test]
    fn a_key_is_good_for_everything_unless_scopes_are_named() {
        let all = read(br#"{"name": "entra"}"#, now()).expect("reads");
        assert_eq!(all.scopes, Role::OF_CONNECTIONS);
        let some = read(
            br#"{"name": "e", "scopes": ["users:write", "users:read", "users:read"]}"#,
            now(),
        );
        assert_eq!(
            some.expect("reads").scopes,
            [Role::UsersRead, Role::UsersWrite]
        );
    }

    #[test]
    fn what_is_no_scope_or_is_over_is_named() {
        for (body, field) in [
            (r#"{"name": "e", "scopes": []}"#, "scopes"),
            (r#"{"name": "e", "scopes": ["owner"]}"#, "scopes"),
            (r#"{"name": ""}"#, "name"),
            (
                r#"{"name": "e", "expires_at": "2020-01-01T00:00:00Z"}"#,
                "expires_at",
            ),
        ] {
            let error = read(body.as_bytes(), now()).expect_err(body);
            assert_eq!(error.envelope().details["field"], field);
        }
    }
}
