//! Kill -9 under load: what was answered 201 is there afterwards, with its audit row.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Caller, try_send},
    gateway::Gateway,
};

const ROUNDS: u32 = 20;
const WRITERS: u32 = 8;

/// Creates identities until the gateway is gone; the ids that were answered with 201.
async fn create_until_it_dies(
    owner: Caller,
    round: u32,
    writer: u32,
    answered: Arc<Mutex<BTreeSet<String>>>,
) {
    for number in 0_u32.. {
        let name = format!("{round}-{writer}-{number}");
        let body =
            json!({"traits": {"email": format!("{name}@example.test")}, "external_id": name});
        match try_send(owner.request(Method::POST, "/admin/identities").json(&body)).await {
            Ok(reply) => {
                let id = reply.expect(201).text("/id");
                answered.lock().expect("nobody panics here").insert(id);
            }
            Err(_) => return,
        }
    }
}

/// Every identity that the tenant has.
async fn all_identities(owner: &Caller) -> BTreeSet<String> {
    let (mut ids, mut path) = (
        BTreeSet::new(),
        "/admin/identities?page_size=500".to_owned(),
    );
    loop {
        let page = owner.get(&path).await.expect(200);
        let body = page.json();
        let found = body.as_array().expect("a list").iter();
        ids.extend(found.map(|identity| identity["id"].as_str().expect("an id").to_owned()));
        let Some(token) = crate::isolation::next_token(page.header("link")) else {
            return ids;
        };
        path = format!("/admin/identities?page_size=500&page_token={token}");
    }
}

on_both_databases! {
    /// Abuse 64, too: after a crash there is neither a change without its audit row nor a row without its change.
    async fn abuse_64_what_was_answered_201_survives_twenty_kills_with_its_audit_row(db: Db) {
        let mut gateway = Gateway::own(db, &[]).await;
        let (_, owner) = gateway.new_tenant("crash").await;
        let answered = Arc::new(Mutex::new(BTreeSet::new()));
        let start = Instant::now();
        for round in 0..ROUNDS {
            let before = answered.lock().expect("nobody panics here").len();
            let owner = owner.at(&gateway);
            let mut writers = tokio::task::JoinSet::new();
            for writer in 0..WRITERS {
                writers.spawn(create_until_it_dies(
                    owner.clone(),
                    round,
                    writer,
                    Arc::clone(&answered),
                ));
            }
            // Another moment each round; but not before something was answered.
            tokio::time::sleep(Duration::from_millis(100 + u64::from(round) * 13)).await;
            while answered.lock().expect("nobody panics here").len() < before + 5 {
                assert!(
                    start.elapsed() < Duration::from_secs(120),
                    "round {round} creates nothing"
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            gateway.running().signal("KILL");
            while let Some(writer) = writers.join_next().await {
                writer.expect("a writer only ends with the gateway");
            }
            gateway.running().wait(Duration::from_secs(10));
            gateway.restart(&[]);
        }

        let owner = owner.at(&gateway);
        let answered = answered.lock().expect("nobody panics here").clone();
        let kept = all_identities(&owner).await;
        let lost: Vec<_> = answered.difference(&kept).collect();
        assert!(
            lost.is_empty(),
            "{} of {} are lost: {lost:?}",
            lost.len(),
            answered.len()
        );
        let events = owner
            .all("/v1/audit-events?action=identity:create&page_size=500")
            .await;
        let text = |event: &Value, pointer: &str| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let audited: Vec<String> = events
            .iter()
            .map(|event| text(event, "/resource/id"))
            .collect();
        let distinct: BTreeSet<String> = audited.iter().cloned().collect();
        assert_eq!(audited.len(), distinct.len(), "a create is audited once");
        // Neither without the other, also for those whose answer never arrived.
        let apart: Vec<_> = kept.symmetric_difference(&distinct).collect();
        assert!(
            apart.is_empty(),
            "changes and audit rows do not agree: {apart:?}"
        );
        // And nothing is half there: each can be found by what it was created with, and deleted.
        for id in answered.iter().step_by(answered.len() / 20 + 1) {
            let identity = owner
                .get(&format!("/admin/identities/{id}"))
                .await
                .expect(200)
                .json();
            let name = identity["external_id"]
                .as_str()
                .expect("it was created with one");
            let found = owner
                .get(&format!("/admin/identities/by/external/{name}"))
                .await
                .expect(200);
            assert_eq!(found.text("/id"), *id);
            let found = owner
                .get(&format!(
                    "/admin/identities?credentials_identifier={name}@example.test"
                ))
                .await
                .expect(200);
            assert_eq!(found.text("/0/id"), *id);
        }
    }
}
