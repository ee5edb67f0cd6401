use serde_json::json;

use crate::{CredentialType, IdentityId, IdentitySchema, change, decode};

#[test]
fn an_identity_keeps_what_ory_says_of_it() {
    let line = json!({
        "id": "7f0d3c52-93a5-4b0c-8a51-0f2b7a0d1c11",
        "schema_id": "default", "schema_url": "https://ory.example/schemas/ZGVmYXVsdA",
        "state": "inactive", "state_changed_at": "2024-03-01T10:00:00Z",
        "traits": {"email": "Ada@Example.org"},
        "metadata_public": null, "metadata_admin": {"seat": 3},
        "created_at": "2023-01-02T03:04:05.123456Z", "updated_at": "2024-03-01T10:00:00Z",
        "organization_id": null, "external_id": "7",
        "verifiable_addresses": [{"id": "x", "value": "ada@example.org", "verified": true, "via": "email",
            "status": "completed", "verified_at": "2023-02-02T00:00:00Z",
            "created_at": "2023-01-02T03:04:05Z", "updated_at": "2023-02-02T00:00:00Z"}],
        "recovery_addresses": [{"id": "y", "value": "ada@example.org", "via": "email",
            "created_at": "2023-01-02T03:04:05Z", "updated_at": "2023-01-02T03:04:05Z"}],
        "credentials": {
            "password": {"type": "password", "identifiers": ["ada@example.org"], "version": 0,
                "config": {"hashed_password": "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq"},
                "created_at": "2023-01-03T00:00:00Z", "updated_at": "2023-01-04T00:00:00Z"},
            "oidc": {"type": "oidc", "identifiers": ["github:42"], "version": 0,
                "created_at": "2023-01-03T00:00:00Z", "updated_at": "2023-01-04T00:00:00Z"},
            "totp": {"type": "totp", "config": {}},
            "profile": {"type": "profile"},
        },
    });
    let read = decode::imported(line.to_string().as_bytes()).expect("is read");
    assert_eq!(
        read.id.map(|id| id.to_string()).as_deref(),
        line["id"].as_str()
    );
    let schema =
        IdentitySchema::compile("default", &IdentitySchema::default_document()).expect("compiles");
    let now = crate::Timestamp::from_timestamp_millis(1_800_000_000_000).expect("in range");
    let id = IdentityId::generate(now);
    let made = change::import(read, &schema, id, now).expect("is made");
    let identity = &made.identity;
    let shown = |time: crate::Timestamp| time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    assert_eq!(identity.id, id);
    assert_eq!(shown(identity.created_at), "2023-01-02T03:04:05.123456Z");
    assert_eq!(
        shown(identity.state_changed_at),
        "2024-03-01T10:00:00.000000Z"
    );
    let password = &identity.credentials[&CredentialType::Password];
    assert!(password.usable && password.version == 0);
    assert_eq!(shown(password.updated_at), "2023-01-04T00:00:00.000000Z");
    let oidc = &identity.credentials[&CredentialType::Oidc];
    assert_eq!(oidc.identifiers, ["github:42"]);
    assert!(!identity.credentials.contains_key(&CredentialType::Totp));
    let address = &identity.verifiable_addresses[0];
    assert!(address.verified && address.status == "completed");
    assert_eq!(
        address.verified_at.map(shown).as_deref(),
        Some("2023-02-02T00:00:00.000000Z")
    );
    assert_eq!(
        shown(identity.recovery_addresses[0].created_at),
        "2023-01-02T03:04:05.000000Z"
    );
}

#[test]
fn what_is_unknown_or_cant_be_kept_names_its_field() {
    for (member, field) in [
        (json!({"traits": {"email": "a@b.c"}, "role": 1}), "role"),
        (json!({"credentials": {"sms": {}}}), "credentials.sms"),
        (json!({"created_at": "yesterday"}), "created_at"),
        (
            json!({"credentials": {"password": {"config": {"hashed_password": "plain"}}}}),
            "credentials.password.config.hashed_password",
        ),
        (
            json!({"credentials": {"oidc": {"identifiers": ["github"]}}}),
            "credentials.oidc.identifiers",
        ),
    ] {
        let error = decode::imported(member.to_string().as_bytes()).expect_err(field);
        assert_eq!(error.envelope().details["field"], field);
    }
}
