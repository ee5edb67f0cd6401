//! The body that asks for a session.

use std::{net::IpAddr, time::Duration};

use palisade_envelope::{Error, Result};
use palisade_identity::{
    Timestamp,
    session::{Aal, AuthenticationMethod, Method},
};
use palisade_store::{NewDevice, NewSession};
use utoipa::ToSchema;

use crate::{
    SessionSettings,
    fields::{Fields, bounded},
    words::{AalWord, MethodWord},
};

/// How far ahead of ours another clock may be.
const SKEW: Duration = Duration::from_secs(60);
/// How many proofs a session may name.
const MOST_METHODS: usize = 20;

/// What the new session shall be.
#[derive(ToSchema)]
#[schema(as = CreateUserSession)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
pub(super) struct IssueBody {
    /// How long it lasts; at most what the deployment is configured to. Without it and `expires_at`: the configured
    /// lifespan.
    #[schema(minimum = 1)]
    lifespan_seconds: Option<i64>,
    /// When it ends; instead of `lifespan_seconds`.
    expires_at: Option<chrono::DateTime<chrono::Utc>>,
    /// When the user last proved who it is; by default the latest of the methods, or now.
    authenticated_at: Option<chrono::DateTime<chrono::Utc>>,
    /// `aal0` to `aal3`; by default the highest of the methods, or `aal0`.
    authenticator_assurance_level: Option<AalWord>,
    /// How the user proved who it is; 20 at most.
    #[schema(max_items = 20)]
    authentication_methods: Option<Vec<IssueMethod>>,
    device: Option<IssueDevice>,
}

/// One proof of who the user is.
#[derive(ToSchema)]
#[schema(as = CreateUserSessionMethod)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct IssueMethod {
    method: MethodWord,
    /// By default `aal2` for `totp` and `lookup_secret`, else `aal1`.
    aal: Option<AalWord>,
    /// By default now.
    completed_at: Option<chrono::DateTime<chrono::Utc>>,
    /// The identity provider, for `oidc` and `saml`.
    #[schema(min_length = 1, max_length = 255)]
    provider: Option<String>,
    /// Ory's organization.
    organization: Option<uuid::Uuid>,
}

/// The device that the session is for.
#[derive(ToSchema)]
#[schema(as = CreateUserSessionDevice)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct IssueDevice {
    /// IPv4 or IPv6.
    ip_address: Option<String>,
    /// 512 characters at most.
    #[schema(min_length = 1, max_length = 512)]
    user_agent: Option<String>,
    /// 255 characters at most.
    #[schema(min_length = 1, max_length = 255)]
    location: Option<String>,
}

/// Reads the body.
///
/// # Errors
/// `invalid_request`, `unknown_field` or `invalid_json`, naming the field.
pub(super) fn read(body: &[u8], settings: &SessionSettings, now: Timestamp) -> Result<NewSession> {
    let mut fields = Fields::parse(body)?;
    let longest = settings.longest_lifespan.as_secs();
    let lifespan = fields.optional_integer("lifespan_seconds", 1..=longest)?;
    let end = fields.optional_time("expires_at")?;
    let authenticated_at = past(&mut fields, "authenticated_at", now)?;
    let aal = aal(&mut fields, "authenticator_assurance_level")?;
    let methods = fields.objects("authentication_methods")?;
    let device = fields.optional_object("device")?;
    fields.finish(&[
        "lifespan_seconds",
        "expires_at",
        "authenticated_at",
        "authenticator_assurance_level",
        "authentication_methods",
        "device",
    ])?;
    if methods.len() > MOST_METHODS {
        return Err(Error::field(
            "authentication_methods",
            format!("{MOST_METHODS} methods at most"),
        ));
    }
    let methods = methods
        .into_iter()
        .map(|fields| method(fields, now))
        .collect::<Result<Vec<_>>>()?;
    let latest = methods.iter().map(|method| method.completed_at).max();
    let highest = methods.iter().map(|method| method.aal).max();
    Ok(NewSession {
        expires_at: expiry(lifespan, end, settings, now)?,
        authenticated_at: authenticated_at.or(latest).unwrap_or(now),
        aal: aal.or(highest).unwrap_or(Aal::Aal0),
        authentication_methods: methods,
        device: device.map(self::device).transpose()?,
        retention: settings.retention,
    })
}

fn expiry(
    lifespan: Option<u64>,
    end: Option<Timestamp>,
    settings: &SessionSettings,
    now: Timestamp,
) -> Result<Timestamp> {
    let longest = settings.longest_lifespan.as_secs();
    match (lifespan, end) {
        (None, None) => Ok(now + settings.lifespan),
        (Some(_), Some(_)) => Err(Error::field(
            "expires_at",
            "to be left out where `lifespan_seconds` is sent",
        )),
        (Some(seconds), None) => Ok(now + Duration::from_secs(seconds)),
        (None, Some(end)) => {
            if end > now && end <= now + settings.longest_lifespan {
                Ok(end)
            } else {
                Err(Error::field(
                    "expires_at",
                    format!("an instant in the future, {longest} seconds ahead at most"),
                ))
            }
        }
    }
}

fn method(mut fields: Fields, now: Timestamp) -> Result<AuthenticationMethod> {
    let at = |fields: &Fields, name: &str| fields.named(name);
    let method = fields.text("method")?;
    let method = Method::parse(&method).ok_or_else(|| {
        let known: Vec<String> = Method::ALL
            .iter()
            .map(|method| format!("`{}`", method.as_str()))
            .collect();
        Error::field(
            at(&fields, "method"),
            format!("one of {}", known.join(", ")),
        )
    })?;
    let aal = aal(&mut fields, "aal")?.unwrap_or(method.usual_aal());
    let completed_at = past(&mut fields, "completed_at", now)?.unwrap_or(now);
    let provider = limited(&mut fields, "provider", 255)?;
    let organization = fields
        .optional_text("organization")?
        .map(|text| {
            uuid::Uuid::try_parse(&text)
                .map_err(|_| Error::field(at(&fields, "organization"), "a UUID"))
        })
        .transpose()?;
    fields.finish(&["method", "aal", "completed_at", "provider", "organization"])?;
    Ok(AuthenticationMethod {
        method,
        aal,
        completed_at,
        provider,
        organization,
    })
}

fn device(mut fields: Fields) -> Result<NewDevice> {
    let ip_address = fields
        .optional_text("ip_address")?
        .map(|text| {
            text.parse::<IpAddr>()
                .map(|ip| ip.to_string())
                .map_err(|_| Error::field(fields.named("ip_address"), "an IPv4 or IPv6 address"))
        })
        .transpose()?;
    let user_agent = limited(&mut fields, "user_agent", 512)?;
    let location = limited(&mut fields, "location", 255)?;
    fields.finish(&["ip_address", "user_agent", "location"])?;
    Ok(NewDevice {
        ip_address,
        user_agent,
        location,
    })
}

fn aal(fields: &mut Fields, name: &str) -> Result<Option<Aal>> {
    let expected = "`aal0`, `aal1`, `aal2` or `aal3`";
    fields
        .optional_text(name)?
        .map(|word| Aal::parse(&word).ok_or_else(|| Error::field(fields.named(name), expected)))
        .transpose()
}

fn limited(fields: &mut Fields, name: &str, most: usize) -> Result<Option<String>> {
    fields
        .optional_text(name)?
        .map(|text| bounded(&fields.named(name), text, most))
        .transpose()
}

fn past(fields: &mut Fields, name: &str, now: Timestamp) -> Result<Option<Timestamp>> {
    match fields.optional_time(name)? {
        Some(instant) if instant > now + SKEW => Err(Error::field(
            fields.named(name),
            "an instant that is not in the future",
        )),
        instant => Ok(instant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range")
    }

    fn of(body: &str) -> Result<NewSession> {
        read(body.as_bytes(), &SessionSettings::default(), now())
    }

    #[test]
    fn an_empty_body_asks_for_the_configured_lifespan_and_proves_nothing() {
        let new = of("{}").expect("reads");
        assert_eq!(new.expires_at, now() + SessionSettings::default().lifespan);
        assert_eq!((new.aal, new.authenticated_at), (Aal::Aal0, now()));
        assert!(new.authentication_methods.is_empty() && new.device.is_none());
    }

    #[test]
    fn levels_and_times_follow_from_the_methods() {
        let new = of(r#"{"lifespan_seconds": 60, "authentication_methods": [
            {"method": "password", "completed_at": "2023-11-14T22:00:00Z"},
            {"method": "totp", "completed_at": "2023-11-14T22:10:00Z"}]}"#)
        .expect("reads");
        assert_eq!(new.aal, Aal::Aal2);
        assert_eq!(new.authentication_methods[0].aal, Aal::Aal1);
        assert_eq!(
            new.authenticated_at,
            new.authentication_methods[1].completed_at
        );
        assert_eq!(new.expires_at, now() + Duration::from_secs(60));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, field) in [
            (r#"{"lifespan_seconds": 0}"#, "lifespan_seconds"),
            (r#"{"lifespan_seconds": -1}"#, "lifespan_seconds"),
            (r#"{"lifespan_seconds": 2592001}"#, "lifespan_seconds"),
            (r#"{"lifespan_seconds": "24h"}"#, "lifespan_seconds"),
            (r#"{"expires_at": "2020-01-01T00:00:00Z"}"#, "expires_at"),
            (r#"{"expires_at": "2099-01-01T00:00:00Z"}"#, "expires_at"),
            (
                r#"{"expires_at": "2023-11-15T00:00:00Z", "lifespan_seconds": 60}"#,
                "expires_at",
            ),
            (
                r#"{"authenticated_at": "2099-01-01T00:00:00Z"}"#,
                "authenticated_at",
            ),
            (
                r#"{"authenticator_assurance_level": "aal9"}"#,
                "authenticator_assurance_level",
            ),
            (
                r#"{"authentication_methods": [{}]}"#,
                "authentication_methods[0].method",
            ),
            (
                r#"{"authentication_methods": [{"method": "magic"}]}"#,
                "authentication_methods[0].method",
            ),
            (
                r#"{"authentication_methods": [{"method": "code", "organization": "x"}]}"#,
                "authentication_methods[0].organization",
            ),
            (
                r#"{"authentication_methods": "password"}"#,
                "authentication_methods",
            ),
            (r#"{"device": {"ip_address": "x"}}"#, "device.ip_address"),
            (r#"{"device": {"user_agent": ""}}"#, "device.user_agent"),
            (r#"{"device": 7}"#, "device"),
        ] {
            let error = of(body).expect_err(body);
            assert_eq!(error.envelope().details["field"], field, "{body}");
        }
        let many = vec![r#"{"method":"code"}"#; 21].join(",");
        assert!(of(&format!(r#"{{"authentication_methods": [{many}]}}"#)).is_err());
        assert!(of(r#"{"tenant_id": "x"}"#).is_err() && of(r#"{"device": {"id": "x"}}"#).is_err());
    }
}
