//! `PUT /v1/session-token-templates/{name}`

use std::collections::BTreeMap;

use palisade_authz::action::PutSessionTokenTemplate;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    SessionTokenTemplate,
    session_token::{
        MOST_AUDIENCES, MOST_BYTES, MOST_CLAIMS, SubjectSource, TEMPLATE_NAME, TTL_SECONDS,
        USUAL_TTL_SECONDS, check_claim, is_template_name,
    },
};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::TemplateBody;
use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::{Fields, bounded},
    guard::Guarded,
    preconditions,
    problem::Answer,
    reply::Reply,
};

/// What the tokens shall say.
#[derive(ToSchema)]
#[schema(as = PutSessionTokenTemplate)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct PutBody {
    /// How long a token lasts, 60 by default; never longer than its session.
    #[schema(minimum = 1, maximum = 86_400, default = 60)]
    ttl_seconds: Option<i64>,
    /// Claims by name, each a JSON Pointer into the session as `GET /sessions/whoami` answers it, such as
    /// `/identity/traits/email`. 50 at most; `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti` and `sid` are not for templates.
    /// What is not there is left out of the token.
    claims: Option<BTreeMap<String, String>>,
    /// `aud`: whom the tokens are for; left out where empty.
    #[schema(max_items = 20)]
    audience: Option<Vec<String>>,
    /// What `sub` is: the identity's `id` (the default), or its `external_id`.
    subject_source: Option<crate::words::SubjectSourceWord>,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "putSessionTokenTemplate",
        "session_token_templates.put",
        "session tokens",
        "Write a template of session tokens",
    )
    .body::<PutBody>(Media::Json)
    .replies::<TemplateBody>(200)
    .also::<TemplateBody>(201)
    .tagged()
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::StaleResource,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
        Code::LimitReached,
    ])
}

pub(super) async fn put(guarded: Guarded<PutSessionTokenTemplate>, mut call: Call) -> Answer {
    call.query(&[])?;
    let expected = preconditions::if_match(&call.request)?;
    let template = read(&call.body(Media::Json).await?)?;
    if !is_template_name(guarded.grant.target().id()) {
        return Err(Error::field("name", TEMPLATE_NAME).into());
    }
    let (document, created) = guarded
        .app
        .store
        .put_session_token_template(guarded.grant, template, expected)
        .await?;
    let revision = document.revision;
    let reply = if created {
        Reply::created(&call.request, call.request.path().to_owned())
    } else {
        Reply::ok(&call.request)
    };
    reply.etag(revision).json(&TemplateBody::from(document))
}

/// How many bytes the audiences can have, and the names of the claims: what a token can't have room for is refused where
/// it is asked for, not where the token is.
const MOST_TEXT: usize = MOST_BYTES / 3;

fn read(body: &[u8]) -> Result<SessionTokenTemplate> {
    let mut fields = Fields::parse(body)?;
    let ttl_seconds = fields.optional_integer("ttl_seconds", TTL_SECONDS)?;
    let claims = claims(fields.optional_value("claims"))?;
    let audience = fields.texts("audience")?;
    let subject_source = fields.optional_text("subject_source")?;
    fields.finish(&["ttl_seconds", "claims", "audience", "subject_source"])?;
    if audience.len() > MOST_AUDIENCES {
        let expected = format!("{MOST_AUDIENCES} strings at most");
        return Err(Error::field("audience", expected));
    }
    let audience = audience
        .into_iter()
        .map(|text| bounded("audience", text, 255))
        .collect::<Result<Vec<_>>>()?;
    if audience.iter().map(String::len).sum::<usize>() > MOST_TEXT {
        let expected = format!("{MOST_TEXT} bytes at most in all");
        return Err(Error::field("audience", expected));
    }
    let subject_source = subject_source
        .map(|word| {
            SubjectSource::parse(&word)
                .ok_or_else(|| Error::field("subject_source", "`id` or `external_id`"))
        })
        .transpose()?;
    Ok(SessionTokenTemplate {
        ttl_seconds: ttl_seconds.unwrap_or(USUAL_TTL_SECONDS),
        claims,
        audience,
        subject_source: subject_source.unwrap_or_default(),
    })
}

fn claims(sent: Option<Value>) -> Result<BTreeMap<String, String>> {
    let sent = match sent {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(sent)) => sent,
        Some(_) => {
            return Err(Error::field(
                "claims",
                "an object of claims and JSON Pointers",
            ));
        }
    };
    if sent.len() > MOST_CLAIMS {
        return Err(Error::field(
            "claims",
            format!("{MOST_CLAIMS} claims at most"),
        ));
    }
    if sent.keys().map(String::len).sum::<usize>() > MOST_TEXT {
        let expected = format!("names of {MOST_TEXT} bytes at most in all");
        return Err(Error::field("claims", expected));
    }
    let read = |(name, place): (String, Value)| {
        // What is no text is no pointer either.
        let place = place.as_str().unwrap_or_default().to_owned();
        check_claim(&name, &place)?;
        Ok((name, place))
    };
    sent.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_body_asks_for_a_minute_and_the_identitys_id() {
        let template = read(b"{}").expect("reads");
        assert_eq!(template.ttl_seconds, 60);
        assert!(template.claims.is_empty() && template.audience.is_empty());
        assert_eq!(template.subject_source, SubjectSource::Id);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, field) in [
            (r#"{"ttl_seconds": 0}"#, "ttl_seconds"),
            (r#"{"ttl_seconds": 86401}"#, "ttl_seconds"),
            (r#"{"ttl_seconds": "1m"}"#, "ttl_seconds"),
            (r#"{"claims": []}"#, "claims"),
            (r#"{"claims": {"": "/id"}}"#, "claims"),
            (r#"{"claims": {"sub": "/id"}}"#, "claims.sub"),
            (r#"{"claims": {"mail": 7}}"#, "claims.mail"),
            (r#"{"claims": {"mail": "identity"}}"#, "claims.mail"),
            (r#"{"audience": "app"}"#, "audience"),
            (r#"{"audience": [""]}"#, "audience"),
            (r#"{"subject_source": "email"}"#, "subject_source"),
        ] {
            let error = read(body.as_bytes()).expect_err(body);
            assert_eq!(error.envelope().details["field"], field, "{body}");
        }
        let error = read(br#"{"ttl": "1m"}"#).expect_err("is unknown");
        assert_eq!(error.code(), Code::UnknownField);
        let many: serde_json::Map<String, Value> = (0..=MOST_CLAIMS)
            .map(|n| (format!("c{n}"), "/id".into()))
            .collect();
        let body = serde_json::json!({ "claims": many }).to_string();
        let error = read(body.as_bytes()).expect_err("too many");
        assert_eq!(error.envelope().details["field"], "claims");
    }
}
