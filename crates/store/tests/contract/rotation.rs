//! The rotation of keys.

use std::sync::Arc;

use palisade_authz::{NamedTarget, Own, action};
use palisade_envelope::{Code, Result};
use palisade_store::{ApiKeyRecord, KeyOverlap, NewApiKey, RotatedKey};
use palisade_tenancy::{ApiKey, Caller, Clock, KeyId, Role, SystemClock, TenantId};

use crate::house::{House, page};

async fn rotate(
    house: &House,
    caller: &Arc<Caller>,
    key: KeyId,
    seconds: u64,
) -> Result<Option<RotatedKey>> {
    let grant = house
        .grant::<action::RotateApiKey>(caller, NamedTarget::api_key(key))
        .await;
    let overlap = KeyOverlap::of_seconds(seconds).expect("in range");
    house.store.rotate_api_key(grant, overlap).await
}

async fn viewer(house: &House) -> (ApiKeyRecord, ApiKey) {
    let new = NewApiKey {
        name: "ci".into(),
        roles: vec![Role::Viewer],
        expires_at: Some(SystemClock.now() + chrono::Duration::days(1)),
        allowed_cidrs: Vec::new(),
    };
    let grant = house.grant::<action::CreateApiKey>(&house.owner, Own).await;
    house
        .store
        .create_api_key(grant, new)
        .await
        .expect("creates")
}

async fn listed(house: &House, id: KeyId) -> ApiKeyRecord {
    let grant = house.grant::<action::ListApiKeys>(&house.owner, Own).await;
    let page = house.store.list_api_keys(&grant, &page(50, None)).await;
    let mut keys = page.expect("lists").items.into_iter();
    keys.find(|key| key.id == id).expect("is listed")
}

pub(crate) async fn a_rotated_key_is_good_until_its_overlap_ends_and_the_new_one_is_its_like(
    house: &House,
) {
    let (old, key) = viewer(house).await;
    let before = SystemClock.now();
    let rotated = rotate(house, &house.owner, old.id, 3_600)
        .await
        .expect("rotates")
        .expect("is there");
    let expected = ApiKeyRecord {
        id: rotated.record.id,
        prefix: rotated.record.prefix.clone(),
        created_at: rotated.record.created_at,
        ..old.clone()
    };
    assert_eq!(rotated.record, expected);
    assert_eq!(
        (rotated.replaces, listed(house, rotated.record.id).await),
        (old.id, expected)
    );
    let hour = chrono::Duration::hours(1);
    assert!(rotated.replaced_until >= before + hour);
    let after = listed(house, old.id).await;
    assert_eq!(
        (after.replaced_by, after.expires_at, after.revoked_at),
        (Some(rotated.record.id), Some(rotated.replaced_until), None)
    );
    house.admit(&key).await.expect("for the overlap");
    house.admit(&rotated.key).await.expect("the new one");
    // Once only: what replaced it is to be rotated next.
    let error = rotate(house, &house.owner, old.id, 0)
        .await
        .expect_err("not twice");
    assert_eq!(error.code(), Code::Conflict);
    let next = rotate(house, &house.owner, rotated.record.id, 0)
        .await
        .expect("rotates")
        .expect("is there");
    assert_eq!(next.record.expires_at, old.expires_at);
    assert_eq!(
        house.admit(&rotated.key).await.expect_err("at once").code(),
        Code::Unauthenticated
    );
    // Revoking ends an overlap.
    let grant = house
        .grant::<action::RevokeApiKey>(&house.owner, NamedTarget::api_key(old.id))
        .await;
    house.store.revoke_api_key(grant).await.expect("revokes");
    house.admit(&key).await.expect_err("is revoked");

    let events = house.events(&house.owner).await;
    let event = events
        .iter()
        .find(|event| event.resource.id == old.id.to_string() && event.action == "api_key:rotate")
        .expect("is audited");
    let details = event.details.as_ref().expect("tells more");
    assert_eq!(
        (&details["replaced_by"], &details["overlap_seconds"]),
        (&rotated.record.id.to_string().into(), &3_600.into())
    );
}

pub(crate) async fn what_is_revoked_expired_absent_or_another_tenants_is_not_rotated(
    house: &House,
) {
    let (old, _) = viewer(house).await;
    let grant = house
        .grant::<action::RevokeApiKey>(&house.owner, NamedTarget::api_key(old.id))
        .await;
    house.store.revoke_api_key(grant).await.expect("revokes");
    let error = rotate(house, &house.owner, old.id, 60)
        .await
        .expect_err("is revoked");
    assert_eq!(error.code(), Code::Conflict);
    let theirs = KeyId::from_uuid(house.twin.principal().id().as_uuid());
    for id in [theirs, KeyId::generate(SystemClock.now())] {
        let answer = rotate(house, &house.owner, id, 0).await.expect("answers");
        assert!(answer.is_none());
    }
    assert_eq!(
        house.count("api_keys WHERE replaced_by IS NOT NULL").await,
        0
    );
}

pub(crate) async fn of_two_rotations_at_once_one_is_done(house: &House) {
    let (old, _) = viewer(house).await;
    let tries = (0..6).map(|_| rotate(house, &house.owner, old.id, 60));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(house.count("api_keys WHERE name = 'ci'").await, 2);
}

pub(crate) async fn the_operator_rotates_keys_of_tenants_and_its_own(house: &House) {
    let own = house
        .of_tenant::<action::CreateTenantKey>(TenantId::PLATFORM)
        .await;
    let new = NewApiKey {
        name: "ops".into(),
        ..NewApiKey::default()
    };
    let (operators, _) = house
        .store
        .create_tenant_key(own, new)
        .await
        .expect("creates");
    for (tenant, key) in [
        (house.owner.tenant(), house.key.id()),
        (TenantId::PLATFORM, operators.id),
    ] {
        let grant = house.of_tenant::<action::RotateTenantKey>(tenant).await;
        let rotated = house
            .store
            .rotate_tenant_key(grant, key, KeyOverlap::DEFAULT)
            .await
            .expect("rotates")
            .expect("is there");
        assert_eq!(rotated.key.tenant(), tenant);
        house.admit(&rotated.key).await.expect("is admitted");
    }
    let grant = house
        .of_tenant::<action::RotateTenantKey>(house.twin.tenant())
        .await;
    let answer = house
        .store
        .rotate_tenant_key(grant, house.key.id(), KeyOverlap::DEFAULT)
        .await;
    assert!(answer.expect("answers").is_none());
}
