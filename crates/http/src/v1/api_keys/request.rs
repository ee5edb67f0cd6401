//! The body that asks for a key.

use palisade_envelope::{Error, Result};
use palisade_identity::Timestamp;
use palisade_store::NewApiKey;
use palisade_tenancy::Role;
use utoipa::ToSchema;

use crate::{
    fields::{Fields, bounded},
    words::RoleWord,
};

/// What the new key shall be.
#[derive(ToSchema)]
#[schema(as = CreateApiKey)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
pub(in crate::v1) struct CreateKeyBody {
    /// For people; 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// One or more.
    #[schema(min_items = 1)]
    roles: Vec<RoleWord>,
    /// After this it is refused.
    expires_at: Option<chrono::DateTime<chrono::Utc>>,
    /// The addresses that it may be used from; none: any.
    #[schema(max_items = 100)]
    allowed_cidrs: Option<Vec<String>>,
}

/// Reads the body. `roles_needed` is false for keys whose role is not chosen: the operator's.
///
/// # Errors
/// `invalid_request`, `unknown_field` or `invalid_json`, naming the field.
pub(in crate::v1) fn read(body: &[u8], now: Timestamp, roles_needed: bool) -> Result<NewApiKey> {
    let mut fields = Fields::parse(body)?;
    let name = bounded("name", fields.text("name")?, 255)?;
    let roles = roles(fields.texts("roles")?, roles_needed)?;
    let expires_at = fields.optional_time("expires_at")?;
    let allowed_cidrs = fields
        .texts("allowed_cidrs")?
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|_| Error::field("allowed_cidrs", "networks such as `10.0.0.0/8`"))
        })
        .collect::<Result<Vec<ipnet::IpNet>>>()?;
    fields.finish(&["name", "roles", "expires_at", "allowed_cidrs"])?;
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Error::field("expires_at", "an instant in the future"));
    }
    if allowed_cidrs.len() > 100 {
        return Err(Error::field("allowed_cidrs", "100 networks at most"));
    }
    Ok(NewApiKey {
        name,
        roles,
        expires_at,
        allowed_cidrs,
    })
}

fn roles(words: Vec<String>, needed: bool) -> Result<Vec<Role>> {
    let expected = || {
        Error::field(
            "roles",
            "one or more of `owner`, `admin`, `editor`, `viewer`, `auditor`",
        )
    };
    if words.is_empty() && needed {
        return Err(expected());
    }
    words
        .iter()
        .map(|word| Role::parse(word).ok_or_else(expected))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range")
    }

    #[test]
    fn a_key_without_roles_or_with_the_operators_is_refused() {
        for body in [
            r#"{"name": "ci"}"#,
            r#"{"name": "ci", "roles": []}"#,
            r#"{"name": "ci", "roles": ["operator"]}"#,
            r#"{"name": "ci", "roles": "owner"}"#,
        ] {
            assert_eq!(
                read(body.as_bytes(), now(), true)
                    .expect_err(body)
                    .envelope()
                    .details["field"],
                "roles"
            );
        }
    }

    #[test]
    fn an_end_in_the_past_and_a_bad_network_are_named() {
        for (body, field) in [
            (
                r#"{"name": "ci", "roles": ["viewer"], "expires_at": "2020-01-01T00:00:00Z"}"#,
                "expires_at",
            ),
            (
                r#"{"name": "ci", "roles": ["viewer"], "allowed_cidrs": ["ten"]}"#,
                "allowed_cidrs",
            ),
            (r#"{"name": "", "roles": ["viewer"]}"#, "name"),
        ] {
            assert_eq!(
                read(body.as_bytes(), now(), true)
                    .expect_err(body)
                    .envelope()
                    .details["field"],
                field
            );
        }
    }
}
