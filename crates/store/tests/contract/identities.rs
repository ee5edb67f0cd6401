use palisade_authz::{IdentityTarget, Own, action};
use palisade_envelope::{Code, Error};
use palisade_identity::{CredentialType, Identity, State, change::Changed};
use serde_json::{Value, json};

use crate::house::House;

/// The identity with a change that needs no schema.
pub(crate) fn next(identity: &Identity, change: impl FnOnce(&mut Identity)) -> Changed {
    let mut identity = Identity {
        revision: identity.revision + 1,
        ..identity.clone()
    };
    change(&mut identity);
    Changed {
        identity,
        secrets: Default::default(),
    }
}

pub(crate) fn conflicts(error: &Error) -> Vec<String> {
    assert_eq!(error.code(), Code::Conflict, "{error}: {:?}", error.cause());
    let conflicts = error.envelope().details["conflicts"]
        .as_array()
        .expect("conflicts")
        .clone();
    conflicts
        .iter()
        .map(|conflict| conflict["field"].as_str().expect("a field").to_owned())
        .collect()
}

pub(crate) async fn an_identity_is_created_read_changed_and_deleted(house: &House) {
    let body = json!({
        "traits": {"email": "Eve@Example.com", "name": {"first": "Eve"}},
        "metadata_public": {"plan": "gold"},
        "organization_id": "018f4b1e-0000-7000-8000-000000000001",
    });
    let created = house.create(&house.owner, body).await.expect("creates");
    let read = house
        .read(&house.owner, created.id)
        .await
        .expect("is there");
    assert_eq!(read, created);
    assert_eq!(read.traits.to_value()["email"], "Eve@Example.com");
    let changed = next(&created, |identity| identity.state = State::Inactive);
    house.update(created.id, 1, changed).await.expect("changes");
    let read = house
        .read(&house.owner, created.id)
        .await
        .expect("is there");
    assert_eq!((read.state, read.revision), (State::Inactive, 2));
    assert!(house.delete(created.id).await.expect("deletes"));
    assert!(house.read(&house.owner, created.id).await.is_none());
    assert!(!house.delete(created.id).await.expect("is gone already"));
}

pub(crate) async fn a_second_change_from_the_same_revision_is_stale(house: &House) {
    let person = house.person("eve@example.com").await;
    house
        .update(person.id, 1, next(&person, |_| {}))
        .await
        .expect("the first wins");
    let error = house
        .update(person.id, 1, next(&person, |_| {}))
        .await
        .expect_err("the second is stale");
    assert_eq!(error.code(), Code::StaleResource);
    let grant = house
        .grant::<action::DeleteIdentity>(&house.owner, IdentityTarget::absent(person.id))
        .await;
    let error = house
        .store
        .delete_identity(grant, Some(1))
        .await
        .expect_err("stale, too");
    assert_eq!(error.code(), Code::StaleResource);
    let error = house.update(
        palisade_identity::IdentityId::from_uuid(uuid::Uuid::nil()),
        1,
        {
            let mut changed = next(&person, |_| {});
            changed.identity.id = palisade_identity::IdentityId::from_uuid(uuid::Uuid::nil());
            changed
        },
    );
    assert_eq!(error.await.expect_err("absent").code(), Code::NotFound);
}

pub(crate) async fn every_taken_field_is_named_and_the_holder_is_not(house: &House) {
    let ada = house.ada(&house.owner).await;
    let body = json!({"traits": {"email": "ADA@example.com"}, "external_id": "emp-1"});
    let error = house
        .create(&house.owner, body)
        .await
        .expect_err("is taken");
    let fields = conflicts(&error);
    for field in [
        "credentials.password.identifiers",
        "external_id",
        "recovery_addresses",
        "verifiable_addresses",
    ] {
        assert!(
            fields.iter().any(|found| found == field),
            "{field} in {fields:?}"
        );
    }
    let shown = serde_json::to_string(error.envelope()).expect("serializes");
    assert!(!shown.contains(&ada.id.to_string()));
    let account =
        json!({"config": {"providers": [{"provider": "google", "subject": "ada@example.com"}]}});
    let body = json!({"traits": {"email": "new@example.com"}, "credentials": {"oidc": account}});
    let error = house
        .create(&house.owner, body)
        .await
        .expect_err("is taken");
    assert_eq!(conflicts(&error), ["credentials.oidc.identifiers"]);
    let many: Vec<_> = (0..500)
        .map(|n| json!({"provider": "google", "subject": format!("many-{n}")}))
        .collect();
    let many = json!({"config": {"providers": many}});
    let body = json!({
        "traits": {"email": "ada@example.com"},
        "credentials": {"oidc": many, "saml": many},
    });
    let error = house
        .create(&house.owner, body)
        .await
        .expect_err("is taken, among a thousand that are not");
    assert!(conflicts(&error).contains(&"credentials.password.identifiers".to_owned()));
    let person = house.person("eve@example.com").await;
    let taken = next(&person, |identity| {
        identity.external_id = Some("emp-2".to_owned())
    });
    let error = house
        .update(person.id, 1, taken)
        .await
        .expect_err("is taken");
    assert_eq!(conflicts(&error), ["external_id"]);
}

pub(crate) async fn abuse_06_what_is_taken_in_another_tenant_is_free_here(house: &House) {
    let body = |email: &str| json!({"traits": {"email": email}, "external_id": email});
    let before = house.dump(house.twin.tenant()).await;
    let twin = house
        .create(&house.twin, body("only@twin.example"))
        .await
        .expect("creates");
    house
        .create(&house.owner, body("only@twin.example"))
        .await
        .expect("is free here");
    let again = house
        .create(&house.owner, body("only@twin.example"))
        .await
        .expect_err("not twice");
    assert!(conflicts(&again).contains(&"external_id".to_owned()));
    // The twin is put back as it was, but for its audit rows.
    let grant = house
        .grant::<action::DeleteIdentity>(&house.twin, IdentityTarget::absent(twin.id))
        .await;
    house
        .store
        .delete_identity(grant, None)
        .await
        .expect("deletes");
    let now = house.dump(house.twin.tenant()).await;
    let old = |row: &&String| !row.starts_with("audit_events") || before.contains(row);
    assert_eq!(
        now.iter().filter(old).collect::<Vec<_>>(),
        before.iter().collect::<Vec<_>>()
    );
    house
        .forget_events_of(&house.twin, &twin.id.to_string())
        .await;
}

pub(crate) async fn an_identifier_that_is_given_up_is_free(house: &House) {
    let person = house.person("eve@example.com").await;
    let other = house
        .changed(
            &house.owner,
            json!({"traits": {"email": "eva@example.com"}}),
        )
        .await
        .identity;
    let moved = next(&person, |identity| {
        identity.traits = other.traits.clone();
        identity.credentials = other.credentials.clone();
        identity.verifiable_addresses = other.verifiable_addresses.clone();
        identity.recovery_addresses = other.recovery_addresses.clone();
    });
    house.update(person.id, 1, moved).await.expect("moves");
    house.person("eve@example.com").await;
    let error = house
        .create(
            &house.owner,
            json!({"traits": {"email": "eva@example.com"}}),
        )
        .await;
    assert!(!conflicts(&error.expect_err("is taken now")).is_empty());
}

pub(crate) async fn secrets_are_revealed_with_an_audit_row_each(house: &House) {
    let ada = house.ada(&house.owner).await;
    let before = house.events(&house.owner).await.len();
    let grant = house
        .grant::<action::RevealCredentials>(&house.owner, Own)
        .await;
    let kinds = [CredentialType::Password, CredentialType::Totp];
    let revealed = house
        .store
        .reveal_secrets(&grant, std::slice::from_ref(&ada), &kinds)
        .await
        .expect("reveals");
    let config: Value = revealed.secrets[&ada.id][&CredentialType::Password]
        .reveal()
        .to_value();
    assert!(
        config["hashed_password"]
            .as_str()
            .expect("a hash")
            .starts_with("$argon2id$")
    );
    let events = house.events(&house.owner).await;
    assert_eq!(events.len(), before + 1);
    assert_eq!(
        (events[0].action.as_str(), events[0].resource.id.clone()),
        ("credential:reveal", ada.id.to_string())
    );
    let twin = house.ada(&house.twin).await;
    let grant = house
        .grant::<action::RevealCredentials>(&house.owner, Own)
        .await;
    let of_twin = house
        .store
        .reveal_secrets(&grant, &[twin], &kinds)
        .await
        .expect("answers");
    assert!(of_twin.secrets.is_empty() && of_twin.moved.is_empty());
}

pub(crate) async fn secrets_belong_to_what_was_read_of_their_identity(house: &House) {
    let [stays, moves, goes] = [
        house.person("eve@example.com").await,
        house.person("joe@example.com").await,
        house.person("kim@example.com").await,
    ];
    let read = [stays.clone(), moves.clone(), goes.clone()];
    let moved = next(&moves, |identity| identity.state = State::Inactive);
    house.update(moves.id, 1, moved).await.expect("moves");
    house.delete(goes.id).await.expect("goes");
    let before = house.events(&house.owner).await.len();
    let grant = house
        .grant::<action::RevealCredentials>(&house.owner, Own)
        .await;
    let kinds = [CredentialType::Password, CredentialType::Totp];
    let revealed = house
        .store
        .reveal_secrets(&grant, &read, &kinds)
        .await
        .expect("reveals");
    // One that has no secrets is there all the same, unlike one that is gone.
    let there: Vec<_> = revealed.secrets.keys().copied().collect();
    assert_eq!((there, revealed.moved), (vec![stays.id], vec![moves.id]));
    let events = house.events(&house.owner).await;
    assert_eq!(events.len(), before + 1, "nothing else was shown");
    assert_eq!(events[0].resource.id, stays.id.to_string());
}

pub(crate) async fn a_text_with_a_nul_is_a_400_on_both_databases(house: &House) {
    let error = house
        .store
        .load_identity_by_external_id(house.owner.scope(), "a\0b")
        .await
        .expect_err("refuses");
    assert_eq!(error.code(), Code::InvalidRequest);
}
