use super::*;

#[test]
fn a_new_identity_is_active_and_has_what_its_traits_give_it() {
    let Changed { identity, secrets } =
        created(json!({ "traits": { "email": "Ada@Example.org" } })).expect("is created");
    assert_eq!((identity.state, identity.revision), (State::Active, 1));
    assert_eq!(
        (
            identity.state_changed_at,
            identity.created_at,
            identity.updated_at
        ),
        (at(0), at(0), at(0))
    );
    assert_eq!(
        identity.traits.to_value(),
        json!({ "email": "Ada@Example.org" })
    );
    assert_eq!(
        identifiers(&identity, CredentialType::Password),
        ["ada@example.org"]
    );
    assert_eq!(
        identifiers(&identity, CredentialType::Code),
        ["ada@example.org"]
    );
    assert_eq!(identity.credentials[&CredentialType::Password].version, 1);
    let address = &identity.verifiable_addresses[0];
    assert_eq!(
        (
            address.value.as_str(),
            address.verified,
            address.status.as_str()
        ),
        ("ada@example.org", false, "pending")
    );
    assert_eq!(identity.recovery_addresses[0].value, "ada@example.org");
    assert_eq!(
        secrets.keys().copied().collect::<Vec<_>>(),
        [CredentialType::Code]
    );
    assert_eq!(
        credential::ways_to_sign_in(&identity),
        0,
        "identifiers alone are no password"
    );
}

#[test]
fn an_imported_password_and_accounts_are_credentials() {
    let Changed { identity, secrets } = created(json!({
        "traits": { "email": "ada@example.org" },
        "credentials": {
            "password": { "config": { "hashed_password": HASH } },
            "oidc": { "config": { "providers": [
                { "provider": "google", "subject": "B:1" },
                { "provider": "github", "subject": "2" },
                { "provider": "github", "subject": "2" },
            ] } },
        },
    }))
    .expect("is created");
    assert_eq!(
        identifiers(&identity, CredentialType::Oidc),
        ["github:2", "google:B:1"]
    );
    assert_eq!(identity.credentials[&CredentialType::Oidc].version, 0);
    assert_eq!(credential::ways_to_sign_in(&identity), 3);
    let secret = secrets[&CredentialType::Password].as_ref();
    let config = credential::reveal(&identity, CredentialType::Password, secret).expect("is there");
    assert_eq!(config.to_value(), json!({ "hashed_password": HASH }));
    let config = credential::reveal(&identity, CredentialType::Oidc, None)
        .expect("is there")
        .to_value();
    assert_eq!(config["providers"][1]["subject"], "B:1");
    assert_eq!(config["providers"][1]["initial_id_token"], "");
    let config = credential::reveal(&identity, CredentialType::Password, None).expect("is there");
    assert_eq!(config.to_value(), json!({}));
    assert!(credential::reveal(&identity, CredentialType::Totp, None).is_none());
    let code = secrets[&CredentialType::Code].as_ref();
    let config = credential::reveal(&identity, CredentialType::Code, code).expect("is there");
    assert_eq!(
        config.to_value(),
        json!({ "addresses": [{ "channel": "email", "address": "ada@example.org" }] })
    );
}

#[test]
fn what_ory_keeps_of_an_account_is_kept_and_goes_with_it() {
    let organization = "018f4b1e-0000-7000-8000-000000000001";
    let Changed { identity, .. } = created(json!({
        "traits": { "email": "ada@example.org" },
        "credentials": {
            "oidc": { "config": { "providers": [
                { "provider": "google", "subject": "1", "use_auto_link": true, "organization": organization },
                { "provider": "google", "subject": "2", "use_auto_link": false, "organization": "" },
            ] } },
            "saml": { "config": { "providers": [
                { "provider": "corp", "subject": "3", "organization": organization },
            ] } },
        },
    }))
    .expect("is created");
    let config = |identity: &Identity, kind| {
        credential::reveal(identity, kind, None)
            .expect("is there")
            .to_value()["providers"]
            .clone()
    };
    let oidc = config(&identity, CredentialType::Oidc);
    assert_eq!(
        (&oidc[0]["use_auto_link"], &oidc[0]["organization"]),
        (&json!(true), &json!(organization))
    );
    let second = oidc[1].as_object().expect("an account");
    assert!(!second.contains_key("use_auto_link") && !second.contains_key("organization"));
    assert_eq!(
        config(&identity, CredentialType::Saml)[0]["organization"],
        organization
    );
    // An import that says nothing of it changes nothing of it.
    let again = json!({ "oidc": { "config": { "providers": [{ "provider": "google", "subject": "1" }] } } });
    let body = json!({ "traits": { "email": "ada@example.org" }, "credentials": again });
    let replaced = replaced(&identity, body).expect("is replaced").identity;
    assert_eq!(config(&replaced, CredentialType::Oidc), oidc);
    let unlinked = unlink(&replaced, "google", ProviderType::Oidc, "1", at(20)).identity;
    let linked = link(&unlinked, "google", ProviderType::Oidc, "1", at(30)).expect("links");
    let oidc = config(&linked.identity, CredentialType::Oidc);
    assert!(oidc[0].get("organization").is_none(), "{oidc}");
}

#[test]
fn accounts_that_can_not_be_identifiers_are_refused_by_name() {
    for (account, name) in [
        (
            json!({ "provider": "a:b", "subject": "s" }),
            "credentials.oidc.config.providers.0.provider",
        ),
        (
            json!({ "provider": "-a", "subject": "s" }),
            "credentials.oidc.config.providers.0.provider",
        ),
        (
            json!({ "provider": "a", "subject": "s\n" }),
            "credentials.oidc.config.providers.0.subject",
        ),
        (
            json!({ "provider": "a", "subject": "s".repeat(254) }),
            "credentials.oidc.config.providers.0.subject",
        ),
    ] {
        let body = json!({
            "traits": { "email": "a@b.c" },
            "credentials": { "oidc": { "config": { "providers": [account] } } },
        });
        assert_eq!(field(&created(body).expect_err("is refused")), name);
    }
}

#[test]
fn a_plain_password_that_was_not_hashed_never_gets_into_a_state() {
    let error = created(json!({
        "traits": { "email": "a@b.c" },
        "credentials": { "password": { "config": { "password": "hunter2" } } },
    }))
    .expect_err("is refused");
    assert_eq!(error.code(), Code::Internal);
}

#[test]
fn imported_addresses_count_only_where_the_traits_name_them() {
    let identity = created(json!({
        "traits": { "email": "Ada@Example.org" },
        "verifiable_addresses": [
            { "value": "ADA@example.org ", "via": "email", "verified": true },
            { "value": "other@example.org", "via": "email", "verified": true },
        ],
        "recovery_addresses": [{ "value": "other@example.org", "via": "email" }],
    }))
    .expect("is created")
    .identity;
    let [address] = identity.verifiable_addresses.as_slice() else {
        panic!("one address")
    };
    assert_eq!(
        (
            address.verified,
            address.status.as_str(),
            address.verified_at
        ),
        (true, "completed", Some(at(0)))
    );
    assert_eq!(identity.recovery_addresses.len(), 1);
    assert_eq!(identity.recovery_addresses[0].value, "ada@example.org");
}

#[test]
fn external_ids_have_1_to_64_characters() {
    let with = |external_id: String| {
        created(json!({ "traits": { "email": "a@b.c" }, "external_id": external_id }))
    };
    assert_eq!(
        with("ü".repeat(64))
            .expect("fits")
            .identity
            .external_id
            .map(|id| id.chars().count()),
        Some(64)
    );
    assert_eq!(
        with(String::new()).expect("is none").identity.external_id,
        None
    );
    for external_id in ["x".repeat(65), "a\0b".to_owned()] {
        assert_eq!(
            field(&with(external_id).expect_err("is refused")),
            "external_id"
        );
    }
}

#[test]
fn a_change_with_the_wrong_schema_is_a_fault_of_ours() {
    let other =
        IdentitySchema::compile("other", &IdentitySchema::default_document()).expect("compiles");
    let error = create(
        CreateIdentity::default(),
        &other,
        IdentityId::generate(at(0)),
        at(0),
    )
    .expect_err("is refused");
    assert_eq!(error.code(), Code::Internal);
}
