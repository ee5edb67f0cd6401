use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use palisade_authz::{Own, action};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::IdentityId;
use palisade_store::{
    BatchItem, ImportProgress, ImportRequest, ImportStep, Rehearsal, RejectedCount, RejectedRows,
};
use sea_orm::DbBackend;
use serde_json::json;

use crate::house::House;

/// Counts what is refused, as if each line had ten bytes.
#[derive(Debug, Default)]
struct Lines(AtomicU64);

impl RejectedRows for Lines {
    fn write(&self, outcomes: &[Result<IdentityId>]) -> Result<RejectedCount> {
        let refused = |code: Option<Code>| {
            let errors = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
            errors
                .filter(|error| code.is_none_or(|code| error.code() == code))
                .count() as u64
        };
        let rows = refused(None);
        self.0.store(rows * 10, Ordering::Relaxed);
        Ok(RejectedCount {
            rows,
            conflicts: refused(Some(Code::Conflict)),
            bytes: rows * 10,
        })
    }
}

async fn items(house: &House, names: &[&str]) -> Vec<BatchItem> {
    let mut items = Vec::new();
    for name in names {
        let body = json!({"traits": {"email": format!("{name}@example.com")}});
        let changed = Box::new(house.changed(&house.owner, body).await);
        items.push(BatchItem::Create {
            changed,
            imports: None,
        });
    }
    items
}

async fn begin(house: &House, again: bool) -> ImportProgress {
    let grant = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let request = ImportRequest {
        fingerprint: [7; 32],
        rejected_file: "/tmp/r.jsonl".to_owned(),
        again,
    };
    house
        .store
        .begin_import(grant, request)
        .await
        .expect("begins")
}

async fn step(house: &House, rows_before: u64, names: &[&str]) -> Result<Vec<Result<IdentityId>>> {
    step_of(house, rows_before, names.len() as u64, names).await
}

async fn step_of(
    house: &House,
    rows_before: u64,
    rows: u64,
    names: &[&str],
) -> Result<Vec<Result<IdentityId>>> {
    let items = items(house, names).await;
    let grant = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let create = house
        .grant::<action::CreateIdentity>(&house.owner, Own)
        .await;
    let step = ImportStep {
        fingerprint: Some([7; 32]),
        rows_before,
        rows,
        rejected: Arc::new(Lines::default()),
    };
    house
        .store
        .import_identities(grant, create, items, step)
        .await
}

async fn finish(house: &House, rows: u64) -> Result<()> {
    let grant = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    house.store.finish_import(grant, [7; 32], rows).await
}

pub(crate) async fn a_batch_of_an_import_is_done_in_its_place_and_at_no_other_time(house: &House) {
    let begun = begin(house, false).await;
    assert_eq!((begun.rows_done, begun.finished_at), (0, None));
    let before = house.count("identities").await;
    let outcomes = step(house, 0, &["one", "ada", "two"])
        .await
        .expect("is done");
    let conflict = outcomes[1].as_ref().map_err(Error::code);
    assert!(outcomes[0].is_ok() && conflict == Err(Code::Conflict));

    // The same again, as one that was slower would.
    let late = step(house, 0, &["three"]).await.expect_err("is refused");
    assert_eq!(late.code(), Code::StaleResource);
    assert_eq!(house.count("identities").await, before + 2, "nothing of it");

    let so_far = begin(house, true).await;
    assert_eq!(
        (
            so_far.rows_done,
            so_far.created,
            so_far.conflicts,
            so_far.rejected,
            so_far.rejected_bytes
        ),
        (3, 2, 1, 1, 10),
        "one that is not finished goes on"
    );
    step(house, 3, &["three"]).await.expect("is done");
    assert_eq!(
        finish(house, 3).await.expect_err("not yet").code(),
        Code::StaleResource
    );
    finish(house, 4).await.expect("is finished");
    let after = step(house, 4, &["four"]).await.expect_err("is finished");
    assert_eq!(after.code(), Code::StaleResource);
    assert!(begin(house, false).await.finished_at.is_some());
    let anew = begin(house, true).await;
    assert_eq!(
        (anew.rows_done, anew.created, anew.finished_at),
        (0, 0, None)
    );
}

pub(crate) async fn of_two_batches_in_one_place_one_is_done(house: &House) {
    begin(house, false).await;
    let before = house.count("identities").await;
    let (one, two) = tokio::join!(
        step(house, 0, &["one", "two"]),
        step(house, 0, &["three", "four"])
    );
    assert!(one.is_ok() != two.is_ok());
    let refused = one.err().or(two.err()).expect("one is refused");
    assert_eq!(refused.code(), Code::StaleResource);
    assert_eq!(house.count("identities").await, before + 2);
}

pub(crate) async fn postgresql_looks_at_what_an_import_wrote_when_it_has_doubled(house: &House) {
    begin(house, false).await;
    // How many tables have been looked at: -1 stands for never. SQLite goes by the indexes alone.
    let (looked_at, all) = match house.raw.get_database_backend() {
        DbBackend::Postgres => (
            "pg_class WHERE reltuples >= 0 AND relname IN
                ('identities', 'identity_identifiers', 'identity_addresses', 'external_identities')",
            4,
        ),
        _ => ("sqlite_master WHERE name LIKE 'sqlite_stat%'", 0),
    };
    step_of(house, 0, 1_023, &["one"]).await.expect("is done");
    assert_eq!(house.count(looked_at).await, 0);
    step_of(house, 1_023, 1, &["two"]).await.expect("is done");
    assert_eq!(house.count(looked_at).await, all);
}

pub(crate) async fn a_rehearsal_knows_what_its_batches_before_would_take(house: &House) {
    let grant = house
        .grant::<action::BatchIdentities>(&house.owner, Own)
        .await;
    let create = house
        .grant::<action::CreateIdentity>(&house.owner, Own)
        .await;
    let (before, mut rehearsal) = (house.count("identities").await, Rehearsal::default());
    let mut refused = Vec::new();
    for names in [["one", "ada"], ["two", "ONE"]] {
        let items = items(house, &names).await;
        let outcomes = house
            .store
            .rehearse(&grant, &create, &mut rehearsal, items)
            .await
            .expect("answers");
        refused.extend(
            outcomes
                .iter()
                .map(|outcome| outcome.as_ref().err().map(Error::code)),
        );
    }
    let taken = Some(Code::Conflict);
    assert_eq!(refused, [None, taken, None, taken]);
    assert_eq!(house.count("identities").await, before);
}
