use super::*;

#[test]
fn a_put_keeps_empties_and_clears_as_the_dialect_does() {
    let current = created(json!({
        "traits": { "email": "ada@example.org" }, "state": "inactive", "external_id": "hr-1",
        "metadata_public": 1, "metadata_admin": { "a": 1 },
        "organization_id": "018f4b1e-0000-7000-8000-000000000001",
    }))
    .expect("is created")
    .identity;
    let next = replaced(
        &current,
        json!({ "traits": { "email": "ada@example.org" } }),
    )
    .expect("is replaced")
    .identity;
    assert_eq!(
        (next.id, next.created_at, next.revision),
        (current.id, at(0), 2)
    );
    assert_eq!(
        (next.state, next.state_changed_at, next.updated_at),
        (State::Inactive, at(0), at(10))
    );
    assert_eq!(
        (&next.schema_id, next.organization_id),
        (&current.schema_id, current.organization_id)
    );
    assert_eq!(
        (next.external_id, next.metadata_public, next.metadata_admin),
        (None, None, None)
    );
    assert_eq!(next.credentials, current.credentials);
    assert_eq!(next.verifiable_addresses, current.verifiable_addresses);
    let error = replaced(&current, json!({})).expect_err("traits are emptied, and then do not fit");
    assert_eq!(
        (error.code(), field(&error)),
        (Code::SchemaViolation, "traits.email")
    );
    let next = replaced(
        &current,
        json!({ "traits": { "email": "ada@example.org" }, "state": "active" }),
    );
    assert_eq!(next.expect("is replaced").identity.state_changed_at, at(10));
}

#[test]
fn another_email_replaces_identifiers_and_addresses_but_not_the_password() {
    let mut current = ada();
    current.verifiable_addresses[0].verified = true;
    let next = replaced(
        &current,
        json!({
            "traits": { "email": "countess@example.org" },
            "credentials": { "password": { "config": { "hashed_password": HASH } } },
        }),
    )
    .expect("is replaced");
    assert_eq!(
        identifiers(&next.identity, CredentialType::Password),
        ["countess@example.org"]
    );
    assert_eq!(
        next.identity.credentials[&CredentialType::Password].created_at,
        at(0)
    );
    assert_eq!(
        next.identity.credentials[&CredentialType::Password].updated_at,
        at(10)
    );
    assert!(!next.identity.verifiable_addresses[0].verified);
    assert_ne!(
        next.identity.verifiable_addresses[0].id,
        current.verifiable_addresses[0].id
    );
    let again = replaced(
        &next.identity,
        json!({ "traits": { "email": "ada@example.org" } }),
    )
    .expect("is replaced");
    assert!(
        again.identity.credentials[&CredentialType::Password].usable,
        "the password stays"
    );
    assert!(
        !again.secrets.contains_key(&CredentialType::Password),
        "its hash is left alone"
    );
}

#[test]
fn a_trait_that_goes_away_takes_its_addresses_but_not_its_identifiers() {
    let open = IdentitySchema::compile("default", &{
        let mut document = IdentitySchema::default_document();
        document["properties"]["traits"]["required"] = json!([]);
        document
    })
    .expect("compiles");
    let next = replace(
        &ada(),
        &Secrets::new(),
        ReplaceIdentity::default(),
        &open,
        at(10),
    )
    .expect("is replaced")
    .identity;
    assert!(next.verifiable_addresses.is_empty() && next.recovery_addresses.is_empty());
    assert_eq!(
        identifiers(&next, CredentialType::Password),
        ["ada@example.org"]
    );
}
