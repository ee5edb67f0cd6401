//! Requests with an idempotency key: reserved, done once, answered again.

use std::{collections::BTreeSet, sync::Arc};

use palisade_authz::{Own, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{Identity, Timestamp, change::Changed};
use palisade_store::{Attempt, NewApiKey, Reservation, ReservationRequest, Store};
use palisade_tenancy::{Caller, Clock, Role, SystemClock};
use serde_json::json;

use crate::house::House;

/// The machine's clock, so much ahead.
struct Ahead(chrono::Duration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }
}

/// Another node whose clock is ahead.
async fn later(house: &House, by: chrono::Duration) -> Store {
    Store::connect(&House::options(&house.url), Arc::new(Ahead(by)))
        .await
        .expect("opens")
}

async fn reserve(
    house: &House,
    store: &Store,
    caller: &Arc<Caller>,
    key: &str,
    body: u8,
) -> Result<Reservation> {
    let grant = house.grant::<action::CreateIdentity>(caller, Own).await;
    let request = ReservationRequest {
        key: key.to_owned(),
        fingerprint: [body; 32],
    };
    store.reserve(&grant, request).await
}

async fn mine(house: &House, key: &str, body: u8) -> Attempt {
    match reserve(house, &house.store, &house.owner, key, body).await {
        Ok(Reservation::Mine(attempt)) => attempt,
        other => panic!("{other:?}"),
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T>) -> Code {
    answer.expect_err("is refused").code()
}

async fn eve(house: &House) -> Changed {
    house
        .changed(
            &house.owner,
            json!({"traits": {"email": "eve@example.com"}}),
        )
        .await
}

/// The write of an attempt.
async fn create(house: &House, attempt: &Attempt, changed: Changed) -> Result<Identity> {
    let grant = house
        .grant::<action::CreateIdentity>(&house.owner, Own)
        .await;
    let work = house.store.create_identity(grant, changed, None);
    attempt.clone().scope(work).await
}

async fn eves(house: &House) -> i64 {
    let identifier =
        "identity_identifiers WHERE identifier = 'eve@example.com' AND type = 'password'";
    house.count(identifier).await
}

pub(crate) async fn abuse_56_an_answer_is_given_again_to_its_own_caller_for_the_same_request_only(
    house: &House,
) {
    let attempt = mine(house, "k", 1).await;
    create(house, &attempt, eve(house).await)
        .await
        .expect("creates");
    let recorded = house
        .store
        .record_answer(attempt.clone(), b"sealed".to_vec())
        .await;
    assert!(recorded.expect("records"));
    let ask = async |caller, key, body| reserve(house, &house.store, caller, key, body).await;
    let answered = Reservation::Answered(attempt.id(), b"sealed".to_vec());
    for _ in 0..2 {
        assert_eq!(ask(&house.owner, "k", 1).await.expect("answers"), answered);
    }
    // Neither recorded nor let go once more.
    let again = house
        .store
        .record_answer(attempt.clone(), b"other".to_vec())
        .await;
    assert!(!again.expect("answers"));
    house.store.release(attempt.clone()).await.expect("answers");
    assert_eq!(ask(&house.owner, "k", 1).await.expect("answers"), answered);
    assert_eq!(
        refused(ask(&house.owner, "k", 2).await),
        Code::IdempotencyKeyReused
    );
    // The same key of another caller, of the tenant or of another one, is another key.
    let grant = house.grant::<action::CreateApiKey>(&house.owner, Own).await;
    let new = NewApiKey {
        name: "other".into(),
        roles: vec![Role::Editor],
        ..NewApiKey::default()
    };
    let (_, key) = house.store.create_api_key(grant, new).await.expect("a key");
    let editor = house.admit(&key).await.expect("is admitted");
    for caller in [&editor, &house.twin] {
        match ask(caller, "k", 1).await.expect("answers") {
            Reservation::Mine(theirs) => house.store.release(theirs).await.expect("answers"),
            other => panic!("{other:?}"),
        }
    }
    mine(house, "l", 1).await;
}

pub(crate) async fn abuse_56_of_concurrent_requests_with_one_key_one_is_done(house: &House) {
    let tries = (0..12).map(|_| reserve(house, &house.store, &house.owner, "k", 1));
    let mut mine = 0;
    for answer in futures_util::future::join_all(tries).await {
        match answer {
            Ok(Reservation::Mine(_)) => mine += 1,
            other => assert_eq!(refused(other), Code::IdempotencyKeyInFlight),
        }
    }
    assert_eq!(mine, 1);
    // Whatever it asks for: the key is taken.
    let other = reserve(house, &house.store, &house.owner, "k", 2).await;
    assert_eq!(refused(other), Code::IdempotencyKeyReused);
}

pub(crate) async fn a_refused_request_lets_its_key_go_for_another_one(house: &House) {
    let attempt = mine(house, "k", 1).await;
    let ada = json!({"traits": {"email": "ada@example.com"}});
    let changed = house.changed(&house.owner, ada).await;
    let answer = create(house, &attempt, changed).await;
    assert_eq!(refused(answer), Code::Conflict);
    house.store.release(attempt).await.expect("lets go");
    let attempt = mine(house, "k", 2).await;
    create(house, &attempt, eve(house).await)
        .await
        .expect("creates");
    assert_eq!(eves(house).await, 1);
}

pub(crate) async fn a_crash_before_the_write_frees_the_key_and_whoever_seemed_dead_writes_no_more(
    house: &House,
) {
    let slow = mine(house, "k", 1).await;
    let node = later(house, chrono::Duration::seconds(61)).await;
    let other = reserve(house, &node, &house.owner, "k", 2).await;
    assert_eq!(refused(other), Code::IdempotencyKeyReused);
    let next = match reserve(house, &node, &house.owner, "k", 1).await {
        Ok(Reservation::Mine(next)) => next,
        other => panic!("{other:?}"),
    };
    let answer = create(house, &slow, eve(house).await).await;
    assert_eq!(refused(answer), Code::IdempotencyKeyInFlight);
    assert_eq!(eves(house).await, 0);
    house.store.release(slow.clone()).await.expect("answers");
    create(house, &next, eve(house).await)
        .await
        .expect("creates");
    let recorded = house.store.record_answer(slow, b"old".to_vec()).await;
    assert!(!recorded.expect("answers"));
    let recorded = house.store.record_answer(next, b"new".to_vec()).await;
    assert!(recorded.expect("answers"));
    assert_eq!(eves(house).await, 1);
    node.close().await;
}

pub(crate) async fn a_crash_after_the_write_is_told_and_nothing_is_done_again(house: &House) {
    let attempt = mine(house, "k", 1).await;
    create(house, &attempt, eve(house).await)
        .await
        .expect("creates");
    // As far as anybody can tell it is still being answered.
    let soon = reserve(house, &house.store, &house.owner, "k", 1).await;
    assert_eq!(refused(soon), Code::IdempotencyKeyInFlight);
    let node = later(house, chrono::Duration::seconds(61)).await;
    for _ in 0..2 {
        let error = reserve(house, &node, &house.owner, "k", 1)
            .await
            .expect_err("is refused");
        assert_eq!(error.code(), Code::IdempotencyAnswerLost);
        assert_eq!(error.envelope().details["request_id"], "request");
        // Not even who did it can undo that it was done.
        house.store.release(attempt.clone()).await.expect("answers");
    }
    assert_eq!(eves(house).await, 1);
    // Who is merely late still records.
    let recorded = house.store.record_answer(attempt, b"late".to_vec()).await;
    assert!(recorded.expect("records"));
    let answer = reserve(house, &node, &house.owner, "k", 1).await;
    assert!(
        matches!(answer, Ok(Reservation::Answered(..))),
        "{answer:?}"
    );
    node.close().await;
}

pub(crate) async fn keys_are_free_after_a_day_and_deleted(house: &House) {
    for key in ["k", "l"] {
        let attempt = mine(house, key, 1).await;
        let recorded = house.store.record_answer(attempt, b"old".to_vec()).await;
        assert!(recorded.expect("records"));
    }
    house.store.delete_expired_answers().await.expect("deletes");
    assert_eq!(house.count("idempotency_keys").await, 2);
    let node = later(house, chrono::Duration::hours(24)).await;
    let answer = reserve(house, &node, &house.owner, "k", 2).await;
    assert!(matches!(answer, Ok(Reservation::Mine(_))), "{answer:?}");
    node.delete_expired_answers().await.expect("deletes");
    assert_eq!(
        house
            .count("idempotency_keys WHERE idempotency_key = 'k' AND state = 'pending'")
            .await,
        1
    );
    assert_eq!(house.count("idempotency_keys").await, 1);
    node.close().await;
}

pub(crate) async fn every_write_of_an_attempt_carries_its_mark(house: &House) {
    let attempt = mine(house, "k", 1).await;
    let work = async {
        let mut made = BTreeSet::new();
        for name in ["one", "two"] {
            let grant = house.grant::<action::CreateApiKey>(&house.owner, Own).await;
            let new = NewApiKey {
                name: name.into(),
                roles: vec![Role::Viewer],
                ..NewApiKey::default()
            };
            let (record, _) = house.store.create_api_key(grant, new).await.expect("makes");
            made.insert(record.id);
        }
        made
    };
    assert_eq!(attempt.clone().scope(work).await.len(), 2);
    assert_eq!(
        house
            .count("idempotency_keys WHERE state = 'written'")
            .await,
        1
    );
    // What is written outside of it is not the attempt's.
    house
        .store
        .record_answer(attempt, b"done".to_vec())
        .await
        .expect("records");
    house.person("eve@example.com").await;
}
