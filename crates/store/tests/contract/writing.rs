use std::sync::Arc;

use palisade_authz::{Own, action};
use palisade_store::{Store, StoreOptions};
use palisade_tenancy::SystemClock;
use serde_json::json;

use crate::house::House;

pub(crate) async fn good_writes_stand_while_one_among_them_fails(house: &House) {
    let before = house.events(&house.owner).await.len();
    let writes = (0..40).map(|number| {
        let email = if number % 10 == 5 {
            "ada@example.com".to_owned()
        } else {
            format!("p{number}@example.com")
        };
        house.create(&house.owner, json!({"traits": {"email": email}}))
    });
    let results = futures_util::future::join_all(writes).await;
    let good = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(good, 36);
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result.is_err(), number % 10 == 5, "{number}: {result:?}");
        if let Ok(identity) = result {
            assert!(house.read(&house.owner, identity.id).await.is_some());
        }
    }
    assert_eq!(house.events(&house.owner).await.len(), before + good);
}

pub(crate) async fn writes_of_tenants_that_wait_together_stay_in_their_own(house: &House) {
    let other = house.another("other").await;
    for round in [1, 2] {
        let mut writes = Vec::new();
        for number in 0..22 {
            let caller = if number % 3 == 0 {
                &other
            } else {
                &house.owner
            };
            let email = match (round, number) {
                // Taken in the same tenant: this one fails, and the others of its group are done again.
                (2, 10) => "p1-4@example.com".to_owned(),
                // Taken in the other tenant, which is nothing to this one.
                (2, 11) => "p1-3@example.com".to_owned(),
                _ => format!("p{round}-{number}@example.com"),
            };
            let changed = house
                .changed(caller, json!({"traits": {"email": email}}))
                .await;
            let grant = house.grant::<action::CreateIdentity>(caller, Own).await;
            writes.push(house.store.create_identity(grant, changed, None));
        }
        let written = house.held_up(futures_util::future::join_all(writes)).await;
        for (number, written) in written.iter().enumerate() {
            let (caller, stranger) = match number % 3 {
                0 => (&other, &house.owner),
                _ => (&house.owner, &other),
            };
            let Ok(identity) = written else {
                assert_eq!((round, number), (2, 10), "{written:?}");
                continue;
            };
            let kept = house.read(caller, identity.id).await.expect("is there");
            assert_eq!(kept.traits.as_str(), identity.traits.as_str());
            assert!(house.read(stranger, identity.id).await.is_none());
        }
        assert_eq!(written.iter().filter(|one| one.is_err()).count(), round - 1);
    }
    for (table, each) in [
        ("identities", 1),
        ("identity_identifiers", 2),
        ("identity_addresses", 2),
    ] {
        let tenant = house.uuid(other.tenant().as_uuid());
        let count = house
            .count(&format!("{table} WHERE tenant_id = {tenant}"))
            .await;
        assert_eq!(count, 16 * each, "{table}");
    }
    let creations = house.events(&other).await;
    let creations = creations
        .iter()
        .filter(|event| event.action == "identity:create");
    assert_eq!(creations.count(), 16);
}

pub(crate) async fn concurrent_writes_of_one_identifier_leave_one(house: &House) {
    let writes = (0..16).map(|_| {
        house.create(
            &house.owner,
            json!({"traits": {"email": "eve@example.com"}}),
        )
    });
    let results = futures_util::future::join_all(writes).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for error in results.into_iter().filter_map(Result::err) {
        assert!(!crate::identities::conflicts(&error).is_empty());
    }
    assert_eq!(
        house
            .count(
                "identity_identifiers WHERE identifier = 'eve@example.com' AND type = 'password'"
            )
            .await,
        1
    );
}

pub(crate) async fn writes_without_grouping_do_the_same(house: &House) {
    let options = StoreOptions {
        commit_grouping: false,
        ..House::options(&house.url)
    };
    let store = Store::connect(&options, Arc::new(SystemClock))
        .await
        .expect("opens");
    let mut writes = Vec::new();
    for number in 0..8 {
        let changed = house
            .changed(
                &house.owner,
                json!({"traits": {"email": format!("p{number}@example.com")}}),
            )
            .await;
        let grant = house
            .grant::<action::CreateIdentity>(&house.owner, Own)
            .await;
        writes.push(store.create_identity(grant, changed, None));
    }
    let results = futures_util::future::join_all(writes).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert!(
        house
            .read(&house.owner, results[3].as_ref().expect("is there").id)
            .await
            .is_some()
    );
    store.close().await;
}
