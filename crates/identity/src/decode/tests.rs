use palisade_envelope::{Code, Error};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{State, Via, change::PasswordImport};

fn refused(body: &str) -> Error {
    create(body.as_bytes()).expect_err(body)
}

fn field(error: &Error) -> &str {
    error.envelope().details["field"]
        .as_str()
        .expect("names a field")
}

#[test]
fn a_full_create_is_read() {
    let body = json!({
        "schema_id": "employee",
        "traits": { "email": "a@b.c" },
        "credentials": {
            "password": { "config": { "password": "correct horse" } },
            "oidc": { "config": { "providers": [
                { "subject": "s:1", "provider": "google", "use_auto_link": true,
                  "organization": "018f4b1e-0000-7000-8000-000000000001" },
            ] } },
            "saml": null,
        },
        "verifiable_addresses": [
            { "id": "x", "value": "A@b.c", "verified": true, "via": "email", "status": "completed",
              "verified_at": "2026-01-31T12:00:00.1234567Z", "created_at": "2026-01-31T12:00:00Z" },
        ],
        "recovery_addresses": [{ "value": "a@b.c", "via": "email" }],
        "metadata_public": [1],
        "metadata_admin": null,
        "state": "inactive",
        "organization_id": null,
        "external_id": "hr-1",
        "region": "eu-central",
    });
    let read = create(body.to_string().as_bytes()).expect("is read");
    assert_eq!(read.schema_id(), "employee");
    assert_eq!(read.state, Some(State::Inactive));
    assert_eq!(read.external_id.as_deref(), Some("hr-1"));
    assert_eq!(read.metadata_admin, None);
    assert_eq!(
        read.credentials
            .plain_password()
            .map(|plain| plain.as_str()),
        Some("correct horse")
    );
    assert_eq!(read.credentials.oidc.expect("is there")[0].subject, "s:1");
    assert!(read.credentials.saml.is_none());
    let address = &read.verifiable_addresses[0];
    assert_eq!((address.via, address.verified), (Via::Email, true));
    assert_eq!(
        address
            .verified_at
            .expect("is there")
            .timestamp_subsec_nanos(),
        123_456_000,
        "cut to microseconds"
    );
}

#[test]
fn an_empty_create_is_read() {
    let read = create(b"{}").expect("is read");
    assert_eq!(read.schema_id(), "default");
    assert!(read.traits.is_none());
}

#[test]
fn unknown_fields_of_a_create_are_refused_by_name_at_every_level() {
    for (body, name) in [
        (json!({ "schema_url": "x" }), "schema_url"),
        (json!({ "id": "x" }), "id"),
        (json!({ "tenant_id": "x" }), "tenant_id"),
        (json!({ "created_at": null }), "created_at"),
        (
            json!({ "credentials": { "fingerprint": {} } }),
            "credentials.fingerprint",
        ),
        (
            json!({ "credentials": { "password": { "conf": {} } } }),
            "credentials.password.conf",
        ),
        (
            json!({ "credentials": { "password": { "config": { "password": "x", "salt": 1 } } } }),
            "credentials.password.config.salt",
        ),
        (
            json!({ "credentials": { "oidc": { "config": { "providers": [{ "provider": "a", "subject": "b", "sub": 1 }] } } } }),
            "credentials.oidc.config.providers.0.sub",
        ),
        (
            json!({ "recovery_addresses": [{ "value": "a", "via": "email", "x": 1 }] }),
            "recovery_addresses.0.x",
        ),
    ] {
        let error = refused(&body.to_string());
        assert_eq!(error.code(), Code::UnknownField);
        assert_eq!(error.envelope().message, format!("unknown field `{name}`"));
    }
}

#[test]
fn wrong_values_are_refused_by_name_with_what_was_expected() {
    for (body, name) in [
        (json!({ "schema_id": 1 }), "schema_id"),
        (json!({ "schema_id": "x".repeat(2049) }), "schema_id"),
        (json!({ "traits": null }), "traits"),
        (json!({ "traits": [] }), "traits"),
        (json!({ "state": "disabled" }), "state"),
        (json!({ "state": true }), "state"),
        (json!({ "region": "mars" }), "region"),
        (json!({ "organization_id": "x" }), "organization_id"),
        (json!({ "external_id": 7 }), "external_id"),
        (json!({ "credentials": [] }), "credentials"),
        (
            json!({ "credentials": { "password": { "config": {} } } }),
            "credentials.password.config.hashed_password",
        ),
        (
            json!({ "credentials": { "password": { "config": { "hashed_password": "x" } } } }),
            "credentials.password.config.hashed_password",
        ),
        (
            json!({ "credentials": { "password": { "config": { "password": "x".repeat(5000) } } } }),
            "credentials.password.config.password",
        ),
        (
            json!({ "credentials": { "password": { "config": { "use_password_migration_hook": true, "password": "x" } } } }),
            "credentials.password.config.use_password_migration_hook",
        ),
        (
            json!({ "credentials": { "oidc": { "config": { "providers": {} } } } }),
            "credentials.oidc.config.providers",
        ),
        (
            json!({ "credentials": { "oidc": { "config": { "providers": [{ "provider": "a" }] } } } }),
            "credentials.oidc.config.providers.0.subject",
        ),
        (
            json!({ "credentials": { "saml": { "config": { "providers": [{ "provider": "", "subject": "s" }] } } } }),
            "credentials.saml.config.providers.0.provider",
        ),
        (
            json!({ "credentials": { "totp": { "config": {} } } }),
            "credentials.totp.config.totp_url",
        ),
        (
            json!({ "credentials": { "lookup_secret": { "config": {} } } }),
            "credentials.lookup_secret.config.codes",
        ),
        (
            json!({ "credentials": { "webauthn": { "config": { "credentials": {} } } } }),
            "credentials.webauthn.config.credentials",
        ),
        (
            json!({ "credentials": { "passkey": { "config": {} } } }),
            "credentials.passkey.config.user_handle",
        ),
        (
            json!({ "verifiable_addresses": {} }),
            "verifiable_addresses",
        ),
        (
            json!({ "verifiable_addresses": [1] }),
            "verifiable_addresses.0",
        ),
        (
            json!({ "verifiable_addresses": [{ "value": "a", "via": "fax" }] }),
            "verifiable_addresses.0.via",
        ),
        (
            json!({ "verifiable_addresses": [{ "via": "sms" }] }),
            "verifiable_addresses.0.value",
        ),
        (
            json!({ "verifiable_addresses": [{ "value": "a", "via": "sms", "status": "x" }] }),
            "verifiable_addresses.0.status",
        ),
        (
            json!({ "verifiable_addresses": [{ "value": "a", "via": "sms", "verified_at": "1" }] }),
            "verifiable_addresses.0.verified_at",
        ),
    ] {
        let error = refused(&body.to_string());
        assert_eq!(error.code(), Code::InvalidRequest, "{body}");
        assert_eq!(field(&error), name);
        assert!(error.envelope().details.contains_key("expected"));
    }
    assert_eq!(refused("[]").code(), Code::InvalidRequest);
}

#[test]
fn the_plain_password_wins_over_the_hash_and_is_never_shown() {
    let body = json!({ "credentials": { "password": { "config": { "password": "hunter2", "hashed_password": "x" } } } });
    let read = create(body.to_string().as_bytes()).expect("is read");
    assert!(matches!(
        read.credentials.password,
        Some(PasswordImport::Plain(_))
    ));
    assert!(!format!("{read:?}").contains("hunter2"));
}

#[test]
fn a_put_ignores_unknown_fields_but_not_wrong_types() {
    let read = replace(br#"{"id":1,"traits":{},"credentials":{"password":{"x":1}},"zzz":[]}"#)
        .expect("is read");
    assert!(read.credentials.password.is_none());
    assert_eq!(
        field(&replace(br#"{"state":"gone"}"#).expect_err("is refused")),
        "state"
    );
    assert_eq!(
        field(&replace(br#"{"traits":null}"#).expect_err("is refused")),
        "traits"
    );
    assert_eq!(
        replace(b"").expect_err("is empty").code(),
        Code::InvalidJson
    );
}

#[test]
fn a_patch_is_a_list_of_known_operations() {
    assert_eq!(patch(b"").expect_err("is empty").code(), Code::InvalidJson);
    for body in [
        r#"{}"#,
        r#"[1]"#,
        r#"[{"op":"add","path":"/a"}]"#,
        r#"[{"op":"set","path":"/a","value":1}]"#,
        r#"[{"path":"/a","value":1}]"#,
        r#"[{"op":"remove"}]"#,
        r#"[{"op":"remove","path":"a"}]"#,
        r#"[{"op":"remove","path":"/a~2"}]"#,
        r#"[{"op":"move","path":"/a"}]"#,
        r#"[{"op":"copy","path":"/a","from":1}]"#,
    ] {
        assert_eq!(
            patch(body.as_bytes()).expect_err(body).code(),
            Code::InvalidPatch
        );
    }
    let error =
        patch(br#"[{"op":"remove","path":"/a"},{"op":"add","path":"/b"}]"#).expect_err("no value");
    assert_eq!(field(&error), "1.value");
    let many: Vec<_> = (0..101)
        .map(|_| json!({ "op": "remove", "path": "/a" }))
        .collect();
    assert_eq!(
        patch(json!(many).to_string().as_bytes())
            .expect_err("too many")
            .code(),
        Code::InvalidPatch
    );
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused_and_never_panics(
        body in "\\{\"(traits|state|credentials|external_id|verifiable_addresses|x)\":(null|1|\"a\"|\\[\\]|\\{\\}|\\[\\{\"via\":\"sms\",\"value\":\"a\"\\}\\]|\\{\"oidc\":\\{\"config\":\\{\\}\\}\\})\\}",
        bytes in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        for body in [body.as_bytes(), &bytes] {
            drop((create(body), replace(body), patch(body)));
        }
    }
}
