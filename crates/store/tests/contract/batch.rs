use std::{sync::Arc, time::Instant};

use palisade_authz::{IdentityTarget, Own, action};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentityId;
use palisade_store::BatchItem;
use palisade_tenancy::Caller;
use serde_json::{Value, json};

use crate::{house::House, identities::conflicts};

pub(crate) async fn create(house: &House, caller: &Arc<Caller>, body: Value) -> BatchItem {
    let changed = house.changed(caller, body).await;
    let imports = house.imports(caller, &changed).await;
    BatchItem::Create {
        changed: Box::new(changed),
        imports,
    }
}

pub(crate) async fn email(house: &House, email: &str) -> BatchItem {
    create(house, &house.owner, json!({"traits": {"email": email}})).await
}

pub(crate) async fn delete(house: &House, id: IdentityId) -> BatchItem {
    let target = IdentityTarget::absent(id);
    BatchItem::Delete(house.grant(&house.owner, target).await)
}

pub(crate) async fn send(house: &House, items: Vec<BatchItem>) -> Result<Vec<Result<IdentityId>>> {
    let grant = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let create = house
        .grant::<action::CreateIdentity>(&house.owner, Own)
        .await;
    house
        .store
        .batch_identities(grant, Some(create), items)
        .await
}

#[track_caller]
fn refused(outcome: &Result<IdentityId>) -> &Error {
    outcome.as_ref().expect_err("is refused")
}

pub(crate) async fn a_batch_creates_and_deletes_with_an_audit_row_each(house: &House) {
    let (ada, before) = (
        house.ada(&house.owner).await,
        house.events(&house.owner).await.len(),
    );
    let account = json!({"config": {"providers": [{"provider": "github", "subject": "eve"}]}});
    let password = json!({"config": {"hashed_password":
        "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg"}});
    let whole = json!({"traits": {"email": "eve@example.com"}, "external_id": "e",
        "credentials": {"oidc": account, "password": password}, "metadata_admin": {"a": 1}});
    let items = vec![
        create(house, &house.owner, whole.clone()).await,
        delete(house, ada.id).await,
        delete(house, ada.id).await,
        email(house, "joe@example.com").await,
    ];
    let outcomes = send(house, items).await.expect("is done");
    let eve = *outcomes[0].as_ref().expect("is made");
    assert_eq!(*outcomes[1].as_ref().expect("is deleted"), ada.id);
    assert_eq!(refused(&outcomes[2]).code(), Code::NotFound, "only once");
    assert!(house.read(&house.owner, ada.id).await.is_none());

    // The same as if it had been made alone.
    let made = house.read(&house.owner, eve).await.expect("is there");
    let body = json!({"traits": {"email": "eve2@example.com"}, "external_id": "e2",
        "credentials": {"oidc": {"config": {"providers": [{"provider": "github", "subject": "eve2"}]}},
            "password": password}, "metadata_admin": {"a": 1}});
    let alone = house.create(&house.owner, body).await.expect("is made");
    assert_eq!(made.credentials.len(), alone.credentials.len());
    assert_eq!(made.metadata_admin, alone.metadata_admin);
    for table in [
        "identity_identifiers",
        "identity_addresses",
        "identity_secrets",
        "external_identities",
    ] {
        let rows = async |id: IdentityId| {
            house
                .count(&format!(
                    "{table} WHERE identity_id = {}",
                    house.literal(id.as_uuid())
                ))
                .await
        };
        assert_eq!(rows(eve).await, rows(alone.id).await, "{table}");
        assert!(rows(eve).await > 0, "{table}");
        assert_eq!(rows(ada.id).await, 0, "{table}");
    }
    let events = house.events(&house.owner).await;
    let of = |action: &str| {
        events
            .iter()
            .take(events.len() - before)
            .filter(|event| event.action == action)
            .count()
    };
    // Eve's provider and link, and those of who came alone after her.
    assert_eq!(
        (
            of("identity:create"),
            of("identity:delete"),
            of("external_identity:link"),
            of("identity_provider:create")
        ),
        (3, 1, 2, 1)
    );
    assert_eq!(of("identity:batch"), 0, "each item has a row of its own");
}

pub(crate) async fn the_first_of_a_batch_wins_what_two_of_it_want(house: &House) {
    let bob = house.owner.clone();
    let external = |email: &str, id: &str| json!({"traits": {"email": email}, "external_id": id});
    let items = vec![
        email(house, "eve@example.com").await,
        email(house, "EVE@example.com").await,
        create(house, &bob, external("x@example.com", "x")).await,
        create(house, &bob, external("y@example.com", "x")).await,
        email(house, "ada@example.com").await,
        email(house, "y@example.com").await,
    ];
    let outcomes = send(house, items).await.expect("is done");
    let good: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, true, false, false, true]);
    let fields = [
        "credentials.code.identifiers",
        "credentials.password.identifiers",
        "recovery_addresses",
        "verifiable_addresses",
    ];
    assert_eq!(conflicts(refused(&outcomes[1])), fields);
    assert_eq!(conflicts(refused(&outcomes[3])), ["external_id"]);
    assert_eq!(
        conflicts(refused(&outcomes[4])),
        fields,
        "what another identity has, too"
    );
    let same = |subject: &str, email: &str| {
        json!({"traits": {"email": email},
        "credentials": {"oidc": {"config": {"providers": [{"provider": "google", "subject": subject}]}}}})
    };
    let items = vec![
        create(house, &bob, same("one", "g1@example.com")).await,
        create(house, &bob, same("one", "g2@example.com")).await,
        create(house, &bob, same("ada@example.com", "g3@example.com")).await,
        create(
            house,
            &bob,
            json!({"traits": {"email": "g4@example.com"}, "credentials":
            {"saml": {"config": {"providers": [{"provider": "google", "subject": "s"}]}}}}),
        )
        .await,
    ];
    let outcomes = send(house, items).await.expect("is done");
    assert!(outcomes[0].is_ok());
    for outcome in &outcomes[1..3] {
        assert_eq!(
            conflicts(refused(outcome)),
            ["credentials.oidc.identifiers"]
        );
    }
    assert_eq!(
        refused(&outcomes[3]).code(),
        Code::InvalidRequest,
        "the provider is of another type"
    );
}

pub(crate) async fn a_deletion_frees_its_values_for_those_behind_it(house: &House) {
    let ada = house.ada(&house.owner).await;
    let items = vec![
        email(house, "ada@example.com").await,
        delete(house, ada.id).await,
        email(house, "ada@example.com").await,
    ];
    let outcomes = send(house, items).await.expect("is done");
    let good: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(good, [false, true, true]);
}

pub(crate) async fn abuse_08_a_batch_gets_not_found_for_an_identity_of_another_tenant(
    house: &House,
) {
    let theirs = house.ada(&house.twin).await;
    let items = vec![
        email(house, "eve@example.com").await,
        delete(house, theirs.id).await,
        email(house, "joe@example.com").await,
    ];
    let outcomes = send(house, items).await.expect("is done");
    assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    assert_eq!(refused(&outcomes[1]).code(), Code::NotFound);
    assert!(house.read(&house.twin, theirs.id).await.is_some());
    // A grant of the other tenant is good for nothing here.
    let grant = house
        .grant::<action::DeleteIdentity>(&house.twin, IdentityTarget::absent(theirs.id))
        .await;
    let error = send(house, vec![BatchItem::Delete(grant)]).await;
    assert_eq!(error.expect_err("refuses").code(), Code::Forbidden);
}

pub(crate) async fn a_creation_without_its_grant_refuses_the_batch(house: &House) {
    let grant = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let items = vec![email(house, "eve@example.com").await];
    let refused = house.store.batch_identities(grant, None, items).await;
    assert_eq!(refused.expect_err("refuses").code(), Code::Forbidden);
    let account = json!({"config": {"providers": [{"provider": "google", "subject": "eve"}]}});
    let body = json!({"traits": {"email": "eve@example.com"}, "credentials": {"oidc": account}});
    let BatchItem::Create { changed, .. } = create(house, &house.owner, body).await else {
        unreachable!("it creates")
    };
    let items = vec![BatchItem::Create {
        changed,
        imports: None,
    }];
    let outcomes = send(house, items).await.expect("answers");
    assert_eq!(refused_code(&outcomes[0]), Code::Forbidden);
    assert_eq!(
        house
            .count("identity_identifiers WHERE identifier = 'eve@example.com'")
            .await,
        0
    );
}

fn refused_code(outcome: &Result<IdentityId>) -> Code {
    refused(outcome).code()
}

pub(crate) async fn a_thousand_in_a_batch_are_all_made(house: &House) {
    let mut items = Vec::new();
    for number in 0..1_000 {
        items.push(email(house, &format!("batch{number}@example.com")).await);
    }
    let outcomes = send(house, items).await.expect("is done");
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(
        house
            .count("identity_identifiers WHERE type = 'password' AND identifier LIKE 'batch%'")
            .await,
        1_000
    );
}

pub(crate) async fn concurrent_batches_of_the_same_make_each_once(house: &House) {
    let mut batches = Vec::new();
    for _ in 0..6 {
        let mut items = Vec::new();
        for number in 0..30 {
            items.push(email(house, &format!("p{number}@example.com")).await);
        }
        batches.push(send(house, items));
    }
    let results = futures_util::future::join_all(batches).await;
    let mut made = 0;
    for outcome in results
        .iter()
        .flat_map(|batch| batch.as_ref().expect("is done"))
    {
        match outcome {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(error.code(), Code::Conflict),
        }
    }
    assert_eq!(made, 30);
}

pub(crate) async fn single_writes_pass_while_batches_are_written(house: &House) {
    let mut batches = Vec::new();
    for batch in 0..6 {
        let mut items = Vec::new();
        for number in 0..500 {
            items.push(email(house, &format!("b{batch}n{number}@example.com")).await);
        }
        batches.push(items);
    }
    let start = Instant::now();
    let many = async {
        for items in batches {
            send(house, items).await.expect("is done");
        }
        start.elapsed()
    };
    let few = async {
        let mut slowest = std::time::Duration::ZERO;
        for number in 0..20 {
            let asked = Instant::now();
            house.person(&format!("single{number}@example.com")).await;
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    };
    let (all, slowest) = futures_util::future::join(many, few).await;
    assert!(
        slowest < all,
        "a single write waited {slowest:?} while batches took {all:?}"
    );
}
