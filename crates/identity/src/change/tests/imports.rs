use super::*;
use crate::{
    change::{CredentialRemoval, remove_credential},
    credential::ways_to_sign_in,
};

const TOTP: &str = "otpauth://totp/Acme:ada?secret=JBSWY3DPEHPK3PXP&issuer=Acme";

fn with(credentials: Value) -> Result<Changed> {
    created(json!({ "traits": { "email": "ada@example.org" }, "credentials": credentials }))
}

fn kept(changed: &Changed) -> Secrets {
    changed
        .secrets
        .iter()
        .filter_map(|(kind, secret)| Some((*kind, secret.clone()?)))
        .collect()
}

fn config(changed: &Changed, kind: CredentialType) -> Value {
    changed.secrets[&kind]
        .as_ref()
        .expect("is set")
        .reveal()
        .to_value()
}

/// A PUT of these credentials on top of what is there.
fn put(current: &Changed, credentials: Value) -> Result<Changed> {
    let body = json!({ "traits": { "email": "ada@example.org" }, "credentials": credentials });
    let input = decode::replace(body.to_string().as_bytes())?;
    replace(&current.identity, &kept(current), input, &schema(), at(10))
}

fn key(id: &str, passwordless: bool) -> Value {
    json!({
        "id": id, "public_key": "cGs=", "display_name": "a key", "is_passwordless": passwordless,
        "attestation_type": "none", "added_at": "2026-01-31T12:00:00Z", "transport": ["usb"],
        "authenticator": { "aaguid": "AAAAAAAAAAAAAAAAAAAAAA==", "sign_count": 7, "clone_warning": false },
        "flags": { "user_present": true },
    })
}

fn removed(current: &Changed, kind: &str, identifier: Option<&str>) -> Result<Changed> {
    let secrets = kept(current);
    let secret = CredentialType::parse(kind).and_then(|kind| secrets.get(&kind));
    let removal = CredentialRemoval {
        kind,
        identifier,
        force: false,
    };
    removal.check()?;
    remove_credential(&current.identity, removal, secret, at(20))
}

fn message(result: Result<Changed>) -> (Code, String) {
    let error = result.expect_err("is refused");
    (error.code(), error.envelope().message.to_string())
}

#[test]
fn import_totp_replaces_and_is_known_by_the_identitys_id() {
    let first = with(json!({ "totp": { "config": { "totp_url": TOTP } } })).expect("is created");
    assert_eq!(
        identifiers(&first.identity, CredentialType::Totp),
        [first.identity.id.to_string()]
    );
    assert_eq!(
        config(&first, CredentialType::Totp),
        json!({ "totp_url": TOTP })
    );
    let other = TOTP.replace("JBSW", "KBSW");
    let next = put(
        &first,
        json!({ "totp": { "config": { "totp_url": other } } }),
    )
    .expect("is replaced");
    assert_eq!(
        config(&next, CredentialType::Totp),
        json!({ "totp_url": other })
    );
    assert!(!format!("{next:?}").contains("BSWY3DP"));
    for url in [
        json!(null),
        json!(""),
        json!("https://example.org/?secret=A"),
        json!("otpauth://hotp/a?secret=JBSW"),
        json!("otpauth://totp/a"),
        json!("otpauth://totp/a?secret=1!"),
        json!(format!("otpauth://totp/{}?secret=JBSW", "x".repeat(3_000))),
    ] {
        let error =
            with(json!({ "totp": { "config": { "totp_url": url } } })).expect_err("is none");
        assert_eq!(field(&error), "credentials.totp.config.totp_url");
        assert!(!error.to_string().contains("JBSW"));
    }
}

#[test]
fn import_lookup_secret_appends_codes_and_keeps_those_that_are_used() {
    let used = "2026-01-31T12:00:00Z";
    let first = with(json!({ "lookup_secret": { "config": { "codes": [
        { "code": "aaaa", "used_at": used }, { "code": "bbbb" },
    ] } } }))
    .expect("is created");
    let next = put(
        &first,
        json!({ "lookup_secret": { "config": { "codes": [{ "code": "cccc" }, { "code": "aaaa" }] } } }),
    )
    .expect("is replaced");
    assert_eq!(
        config(&next, CredentialType::LookupSecret),
        json!({ "recovery_codes": [{ "code": "aaaa", "used_at": used }, { "code": "bbbb" }, { "code": "cccc" }] })
    );
    for (code, name) in [
        (json!({ "code": "" }), "code"),
        (json!({ "code": 7 }), "code"),
        (json!({ "code": "a", "used_at": "x" }), "used_at"),
    ] {
        let error = with(json!({ "lookup_secret": { "config": { "codes": [code] } } }))
            .expect_err("is refused");
        assert_eq!(
            field(&error),
            format!("credentials.lookup_secret.config.codes.0.{name}")
        );
    }
    let many: Vec<Value> = (0..501).map(|n| json!({ "code": n.to_string() })).collect();
    let error = with(json!({ "lookup_secret": { "config": { "codes": many } } }))
        .expect_err("are too many");
    assert_eq!(field(&error), "credentials.lookup_secret.config.codes");
}

#[test]
fn import_webauthn_merges_by_id_and_takes_bytes_in_both_forms() {
    let first = with(json!({ "webauthn": { "config": {
        "credentials": [key("YQ==", false), { "id": [98], "public_key": [1, 2, 255] }],
        "user_handle": "aGFuZGxl",
    } } }))
    .expect("is created");
    let next = put(
        &first,
        json!({ "webauthn": { "config": { "credentials": [key("YQ==", true), key("Yw==", false)] } } }),
    )
    .expect("is replaced");
    let config = config(&next, CredentialType::Webauthn);
    assert_eq!(config["user_handle"], "aGFuZGxl");
    let keys = config["credentials"].as_array().expect("keys");
    let ids: Vec<&Value> = keys.iter().map(|key| &key["id"]).collect();
    assert_eq!(ids, ["YQ==", "Yg==", "Yw=="]);
    assert_eq!(keys[0]["is_passwordless"], true);
    assert_eq!(keys[0]["authenticator"]["sign_count"], 7);
    assert_eq!(keys[1]["public_key"], "AQL/");
    assert_eq!(keys[1]["added_at"], json!(at(0)));
    assert_eq!(
        next.identity.credentials[&CredentialType::Webauthn].keys,
        1,
        "one needs no password"
    );
}

#[test]
fn import_passkey_wants_a_user_handle_and_a_key() {
    let passkey = |config: Value| with(json!({ "passkey": { "config": config } }));
    let handle = "dXNlci0x";
    let made = passkey(json!({ "credentials": [key("YQ==", true)], "user_handle": handle }))
        .expect("is created");
    assert_eq!(
        identifiers(&made.identity, CredentialType::Passkey),
        ["user-1"]
    );
    assert_eq!(
        config(&made, CredentialType::Passkey)["user_handle"],
        handle
    );
    let (code, text) = message(passkey(json!({ "credentials": [key("YQ==", true)] })));
    assert_eq!(code, Code::InvalidRequest);
    assert_eq!(
        text,
        "Passkey credential import requires a non-empty user_handle."
    );
    let error = passkey(json!({ "credentials": [], "user_handle": handle })).expect_err("no key");
    assert_eq!(field(&error), "credentials.passkey.config.credentials");
    for (wrong, name) in [
        (json!({ "public_key": "cGs=" }), "id"),
        (json!({ "id": "a!", "public_key": "cGs=" }), "id"),
        (json!({ "id": [256], "public_key": "cGs=" }), "id"),
        (json!({ "id": "YQ==" }), "public_key"),
        (
            json!({ "id": "YQ==", "public_key": "cGs=", "transport": [1] }),
            "transport",
        ),
        (
            json!({ "id": "YQ==", "public_key": "cGs=", "added_at": 1 }),
            "added_at",
        ),
    ] {
        let error = passkey(json!({ "credentials": [wrong], "user_handle": handle }))
            .expect_err("is refused");
        assert_eq!(
            field(&error),
            format!("credentials.passkey.config.credentials.0.{name}")
        );
    }
    let error = passkey(
        json!({ "credentials": [{ "id": "YQ==", "public_key": "cGs=", "colour": 1 }], "user_handle": handle }),
    )
    .expect_err("create is strict");
    assert_eq!(error.code(), Code::UnknownField);
}

#[test]
fn import_oidc_keeps_organization_and_use_auto_link_for_the_config() {
    let organization = "018f4b1e-0000-7000-8000-000000000001";
    let first = with(json!({ "oidc": { "config": { "providers": [
        { "provider": "google", "subject": "1", "organization": organization, "use_auto_link": true },
        { "provider": "github", "subject": "2" },
    ] } } }))
    .expect("is created");
    let show = |changed: &Changed, secrets: &Secrets| {
        let kind = CredentialType::Oidc;
        credential::reveal(&changed.identity, kind, secrets.get(&kind))
            .expect("is there")
            .to_value()
    };
    let shown = show(&first, &kept(&first));
    assert_eq!(shown["providers"][1]["organization"], organization);
    assert_eq!(shown["providers"][1]["use_auto_link"], true);
    assert!(shown["providers"][0].get("organization").is_none());
    let next = put(
        &first,
        json!({ "oidc": { "config": { "providers": [{ "provider": "google", "subject": "3" }] } } }),
    )
    .expect("is replaced");
    assert!(!next.secrets.contains_key(&CredentialType::Oidc));
    assert_eq!(
        show(&next, &kept(&first))["providers"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}

#[test]
fn delete_totp_and_lookup_secret_asks_for_no_other_factor() {
    let current = with(json!({
        "totp": { "config": { "totp_url": TOTP } },
        "lookup_secret": { "config": { "codes": [{ "code": "a" }] } },
    }))
    .expect("is created");
    for kind in [CredentialType::Totp, CredentialType::LookupSecret] {
        let next = removed(&current, kind.as_str(), None).expect("is removed");
        assert!(!next.identity.credentials.contains_key(&kind));
        assert_eq!(next.secrets[&kind], None);
        assert_eq!(next.identity.revision, current.identity.revision + 1);
    }
}

#[test]
fn delete_webauthn_leaves_keys_that_need_no_password() {
    let current = with(
        json!({ "webauthn": { "config": { "credentials": [key("YQ==", false), key("Yg==", true)] } } }),
    )
    .expect("is created");
    let next = removed(&current, "webauthn", None).expect("is removed");
    let left = config(&next, CredentialType::Webauthn);
    assert_eq!(left["credentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["credentials"][0]["id"], "Yg==");
    let again = removed(&next, "webauthn", None).expect("is fine, too");
    assert_eq!(config(&again, CredentialType::Webauthn), left);
    let only = with(json!({ "webauthn": { "config": { "credentials": [key("YQ==", false)] } } }))
        .expect("is created");
    let none = removed(&only, "webauthn", None).expect("is removed");
    assert!(
        !none
            .identity
            .credentials
            .contains_key(&CredentialType::Webauthn)
    );
}

#[test]
fn delete_password_wants_another_first_factor_and_keeps_the_identifiers() {
    let password = json!({ "config": { "hashed_password": HASH } });
    let account = json!({ "config": { "providers": [{ "provider": "google", "subject": "1" }] } });
    let alone = with(json!({ "password": password })).expect("is created");
    assert_eq!(
        message(removed(&alone, "password", None)),
        (
            Code::LastFirstFactor,
            "You cannot remove the last first factor credential.".to_owned()
        )
    );
    let both = with(json!({ "password": password, "oidc": account })).expect("is created");
    let next = removed(&both, "password", None).expect("is removed");
    assert_eq!(
        identifiers(&next.identity, CredentialType::Password),
        ["ada@example.org"]
    );
    assert_eq!(next.secrets[&CredentialType::Password], None);
    assert_eq!(ways_to_sign_in(&next.identity), 1);
    let again = message(removed(&next, "password", None));
    assert_eq!(again.0, Code::LastFirstFactor);
}

#[test]
fn delete_oidc_looks_at_the_last_factor_then_the_identifier_then_whether_it_is_there() {
    let account = json!({ "config": { "providers": [
        { "provider": "google", "subject": "1" }, { "provider": "google", "subject": "A:2", "use_auto_link": true },
    ] } });
    let both = with(json!({ "oidc": account })).expect("is created");
    assert_eq!(
        message(removed(&both, "oidc", None)).1,
        "You must provide an identifier to delete this credential."
    );
    assert_eq!(
        message(removed(&both, "oidc", Some("google:3"))),
        (
            Code::NotFound,
            "The identifier `google:3` was not found among OIDC credentials.".to_owned()
        )
    );
    let one = removed(&both, "oidc", Some("google:A:2")).expect("is removed");
    assert_eq!(
        identifiers(&one.identity, CredentialType::Oidc),
        ["google:1"]
    );
    let left = &one.identity.credentials[&CredentialType::Oidc].accounts;
    assert!(left.is_empty(), "its settings go, too");
    for identifier in [None, Some("google:3"), Some("google:1")] {
        let last = message(removed(&one, "oidc", identifier));
        assert_eq!(last.0, Code::LastFirstFactor, "{identifier:?}");
    }
}

#[test]
fn delete_of_what_is_not_set_up_or_can_not_go_says_so() {
    let current = created(json!({ "traits": { "email": "ada@example.org" } })).expect("is created");
    for kind in ["totp", "saml", "passkey", "profile", "nonsense"] {
        assert_eq!(
            message(removed(&current, kind, None)),
            (
                Code::NotFound,
                format!("You tried to remove a {kind} but this user have no {kind} set up.")
            )
        );
    }
    assert_eq!(
        message(removed(&current, "code", None)),
        (
            Code::InvalidRequest,
            "Credentials type code cannot be deleted.".to_owned()
        )
    );
    assert_eq!(
        message(removed(&current, "deviceauthn", None)).0,
        Code::InvalidRequest
    );
    assert_eq!(
        message(removed(&current, "deviceauthn", Some("x"))).0,
        Code::NotFound
    );
}

#[test]
fn first_factors_are_counted_one_by_one() {
    let password = json!({ "config": { "hashed_password": HASH } });
    let account = json!({ "config": { "providers": [{ "provider": "google", "subject": "1" }] } });
    let passkeys = json!({ "config": { "credentials": [key("YQ==", true), key("Yg==", true)], "user_handle": "dXNlci0x" } });
    let totp = json!({ "config": { "totp_url": TOTP } });
    for (credentials, count) in [
        (json!({}), 0),
        (json!({ "totp": totp }), 0),
        (json!({ "password": password }), 1),
        (json!({ "password": password, "oidc": account }), 2),
        (json!({ "passkey": passkeys }), 2),
        // No trait names an identifier for WebAuthn.
        (
            json!({ "webauthn": { "config": { "credentials": [key("YQ==", true)] } } }),
            0,
        ),
    ] {
        let current = with(credentials).expect("is created");
        assert_eq!(ways_to_sign_in(&current.identity), count);
    }
}
