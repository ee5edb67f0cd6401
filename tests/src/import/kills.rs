//! Kill -9, and two at once: each row is done once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Desk, person};
use crate::{client::Caller, gateway::Gateway};

const ROWS: usize = 4_000;

/// Every tenth row does not fit, and every tenth has what the row before has.
fn rows() -> Vec<Value> {
    (0..ROWS)
        .map(|number| match number % 10 {
            3 => json!({"traits": {"email": number}}),
            7 => person(&format!("p{}", number - 1)),
            _ => person(&format!("p{number}")),
        })
        .collect()
}

async fn emails(owner: &Caller) -> BTreeMap<String, u32> {
    let (mut emails, mut path) = (
        BTreeMap::new(),
        "/admin/identities?page_size=500".to_owned(),
    );
    loop {
        let page = owner.get(&path).await.expect(200);
        for identity in page.json().as_array().expect("a list") {
            let email = identity["traits"]["email"].as_str().expect("an address");
            *emails.entry(email.to_owned()).or_default() += 1;
        }
        let Some(token) = crate::isolation::next_token(page.header("link")) else {
            return emails;
        };
        path = format!("/admin/identities?page_size=500&page_token={token}");
    }
}

async fn assert_each_once(owner: &Caller, desk: &Desk, rejected: &str) {
    let expected: BTreeSet<String> = (0..ROWS)
        .filter(|number| !matches!(number % 10, 3 | 7))
        .map(|number| format!("p{number}@example.test"))
        .collect();
    let made = emails(owner).await;
    assert!(made.values().all(|count| *count == 1), "no duplicate");
    assert_eq!(
        made.into_keys().collect::<BTreeSet<_>>(),
        expected,
        "none lost"
    );
    let numbers: Vec<u64> = desk
        .lines(rejected)
        .iter()
        .map(|line| line["row"].as_u64().expect("a number"))
        .collect();
    let wanted: Vec<u64> = (0..ROWS)
        .filter(|number| matches!(number % 10, 3 | 7))
        .map(|number| number as u64 + 1)
        .collect();
    assert_eq!(numbers, wanted, "every rejected row once");
    let trail = owner
        .all("/v1/audit-events?action=identity:create&page_size=500")
        .await;
    assert_eq!(trail.len(), ROWS / 10 * 8, "each with its row in the trail");
}

on_both_databases! {
    async fn an_import_that_is_killed_goes_on_where_it_stopped(db: Db) {
        let gateway = Gateway::own(db, &[]).await;
        let (_, owner) = gateway.new_tenant("kills").await;
        let desk = Desk::of(&gateway, &owner);
        desk.write_lines("ory.jsonl", &rows());
        let (mut killed, mut there, began) = (0, 0, Instant::now());
        let last = loop {
            let mut running = desk.start("import --from ory --json ory.jsonl");
            // Until it has got on, and then at another moment of a batch each time.
            let mut now = there;
            while killed < 5 && now == there && running.try_wait().expect("can be asked").is_none() {
                assert!(began.elapsed() < Duration::from_secs(240), "it does not get on");
                tokio::time::sleep(Duration::from_millis(10)).await;
                now = super::count(&owner).await;
            }
            tokio::time::sleep(Duration::from_millis(killed * 17)).await;
            if killed < 5 && running.try_wait().expect("can be asked").is_none() {
                running.kill().expect("is killed");
                running.wait().expect("has ended");
                there = super::count(&owner).await;
                killed += 1;
                continue;
            }
            break super::ended(running).await;
        };
        let last = last.code(1);
        assert!(killed > 2, "it was killed {killed} times");
        last.says("going on with an import");
        assert_eq!(last.counts(), [ROWS as u64, 3_200, 800, 400]);
        let rejected = desk.rejected("ory.jsonl").expect("rows were rejected");
        assert_each_once(&owner, &desk, &rejected).await;
    }

    async fn two_at_once_do_each_row_once(db: Db) {
        let gateway = Gateway::own(db, &[]).await;
        let (_, owner) = gateway.new_tenant("twice").await;
        let desk = Desk::of(&gateway, &owner);
        desk.write_lines("ory.jsonl", &rows());
        let command = "import --from ory --json --rejected r.jsonl ory.jsonl";
        let (one, two) = (
            desk.start(command),
            desk.start(command),
        );
        let ends = [super::ended(one).await, super::ended(two).await];
        let refused = ends.iter().filter(|end| end.stderr().contains("another")).count();
        assert_eq!(refused, 1, "{} {}", ends[0].stderr(), ends[1].stderr());
        // The file of rejected rows is part of what is gone on with.
        let other = desk.run("import --from ory --rejected other.jsonl --again ory.jsonl").await;
        other.code(1);
        desk.run("import --from ory --json --rejected r.jsonl ory.jsonl").await.code(1);
        assert_eq!(emails(&owner).await.len(), 3_200);
        assert_each_once(&owner, &desk, "r.jsonl").await;
    }
}
