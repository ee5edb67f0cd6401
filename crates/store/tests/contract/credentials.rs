use palisade_authz::{ExternalIdentityTarget, IdentityTarget, action};
use palisade_envelope::Code;
use palisade_identity::{
    CredentialType, Identity, RawJson, Secret,
    change::{CredentialRemoval, remove_credential},
    credential::ways_to_sign_in,
};
use palisade_linking::manual::plan_unlink;
use serde_json::json;

use crate::house::House;

fn secret(hash: &str) -> Secret {
    Secret::new(RawJson::from_value(&json!({ "hashed_password": hash })))
}

async fn to_verify(
    house: &House,
    identity: &Identity,
) -> palisade_authz::Authorized<action::VerifyPassword> {
    house
        .grant::<action::VerifyPassword>(&house.owner, IdentityTarget::of(identity))
        .await
}

pub(crate) async fn a_hash_is_replaced_only_while_it_is_the_one_that_was_checked(house: &House) {
    let ada = house.ada(&house.owner).await;
    let grant = to_verify(house, &ada).await;
    let kept = house
        .store
        .password_to_verify(&grant)
        .await
        .expect("answers")
        .expect("is there");
    let before = house.events(&house.owner).await.len();
    let done = house
        .store
        .rehash_password(grant, secret("another"), secret("new"))
        .await
        .expect("answers");
    assert!(!done, "another hash is kept");
    assert_eq!(house.events(&house.owner).await.len(), before);
    let grant = to_verify(house, &ada).await;
    let done = house.store.rehash_password(grant, kept, secret("new"));
    assert!(done.await.expect("answers"));
    let grant = to_verify(house, &ada).await;
    let kept = house.store.password_to_verify(&grant).await;
    assert_eq!(kept.expect("answers"), Some(secret("new")));
    let events = house.events(&house.owner).await;
    assert_eq!(events.len(), before + 1);
    assert_eq!(
        (events[0].action.as_str(), events[0].resource.id.clone()),
        ("credential:verify", ada.id.to_string())
    );
    let now = house.read(&house.owner, ada.id).await.expect("is there");
    assert_eq!(now, ada, "nothing that callers see has changed");
    let twin = house.ada(&house.twin).await;
    let grant = to_verify(house, &twin).await;
    let foreign = house.store.password_to_verify(&grant).await;
    assert_eq!(foreign.expect("answers"), None, "another tenant's");
}

pub(crate) async fn a_removed_account_takes_its_link_along_and_needs_a_grant_for_it(house: &House) {
    let ada = house.ada(&house.owner).await;
    let removal = CredentialRemoval {
        kind: "oidc",
        identifier: Some("google:ada@example.com"),
        force: false,
    };
    let changed = || {
        remove_credential(&ada, removal, None, ada.updated_at).expect("there is a password, too")
    };
    let grant = || house.grant::<action::DeleteCredential>(&house.owner, IdentityTarget::of(&ada));
    let error = house
        .store
        .delete_credential(grant().await, changed(), None)
        .await
        .expect_err("no grant for the link");
    assert_eq!(error.code(), Code::Forbidden);
    let granted = grant().await;
    let link = house
        .store
        .load_credentials_link(&granted, "google", "ada@example.com")
        .await
        .expect("answers")
        .expect("is there");
    let ExternalIdentityTarget { user, .. } = link.target();
    assert_eq!(user, ada.id);
    let unlink = house
        .grant::<action::UnlinkExternalIdentity>(&house.owner, link.target())
        .await;
    let link = link.open(&unlink).expect("opens");
    let plan = plan_unlink(&link, ways_to_sign_in(&ada), false).expect("is planned");
    house
        .store
        .delete_credential(granted, changed(), Some((unlink, plan)))
        .await
        .expect("is removed");
    let now = house.read(&house.owner, ada.id).await.expect("is there");
    assert!(!now.credentials.contains_key(&CredentialType::Oidc));
    let left = house
        .count(&format!(
            "external_identities WHERE external_id = 'ada@example.com' AND identity_id = {}",
            house.uuid(ada.id.as_uuid())
        ))
        .await;
    assert_eq!(left, 0);
    let events = house.events(&house.owner).await;
    let mut actions: Vec<&str> = events
        .iter()
        .take(2)
        .map(|event| event.action.as_str())
        .collect();
    actions.sort_unstable();
    assert_eq!(actions, ["credential:delete", "external_identity:unlink"]);
    let error = house
        .store
        .delete_credential(grant().await, changed(), None)
        .await
        .expect_err("is stale");
    assert_eq!(error.code(), Code::StaleResource);
}
