//! `consistency=eventual` on a replica: a copy of the file for SQLite, a real streaming replica for PostgreSQL.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait as _;
use serde_json::json;

use crate::{
    client::{Caller, Reply},
    database::connect,
    gateway::Gateway,
    program,
    telemetry::free_port,
};

/// A cluster of PostgreSQL that ends with the test, however that ends.
struct Cluster {
    dir: PathBuf,
    url: String,
    guard: Child,
}

fn script() -> PathBuf {
    program::root().join("tests/postgres")
}

fn postgres(arguments: &[&str], dir: &Path) -> String {
    let (command, rest) = arguments.split_first().expect("a command");
    let output = Command::new(script())
        .arg(command)
        .arg(dir)
        .args(rest)
        .output()
        .expect("the script runs");
    assert!(
        output.status.success(),
        "tests/postgres {command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let url = String::from_utf8(output.stdout).expect("a URL");
    url.trim().to_owned()
}

impl Cluster {
    /// `start`, or `replica` and the URL of the primary.
    fn new(arguments: &[&str]) -> Self {
        // Under /tmp whatever TMPDIR says: PostgreSQL's user must reach it, and its socket's path must be short.
        let dir = tempfile::Builder::new()
            .prefix("palisade-replica.")
            .tempdir_in("/tmp")
            .expect("a folder")
            .keep();
        // It waits for its pipe to close, which it does when this process is gone, too.
        let guard = Command::new("/bin/sh")
            .args([
                "-c",
                "trap '' INT TERM; read -r _; exec \"$0\" stop \"$1\" >/dev/null 2>&1",
            ])
            .args([script(), dir.clone()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut cluster = Self {
            url: String::new(),
            dir,
            guard,
        };
        cluster.url = postgres(arguments, &cluster.dir);
        cluster
    }

    fn run(&self, command: &str) {
        postgres(&[command], &self.dir);
    }

    async fn tell(&self, statement: &str) {
        let connection = connect(&self.url).await;
        connection
            .execute_unprepared(statement)
            .await
            .expect("a superuser may");
        connection.close().await.expect("closes");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

async fn list(owner: &Caller, consistency: &str) -> Reply {
    let path = format!("/admin/identities?consistency={consistency}");
    owner.get(&path).await.expect(200)
}

fn served(reply: &Reply) -> (usize, &str) {
    let list = reply.json();
    (
        list.as_array().expect("a list").len(),
        reply.header("palisade-consistency"),
    )
}

async fn person(owner: &Caller, name: &str) {
    let body = json!({"traits": {"email": format!("{name}@example.test")}});
    owner.post("/admin/identities", body).await.expect(201);
}

/// Asks until the answer is so many, from there.
async fn eventually(owner: &Caller, expected: (usize, &str)) {
    let start = Instant::now();
    loop {
        let reply = list(owner, "eventual").await;
        if served(&reply) == expected {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "not {expected:?} after 20 s: {:?}",
            served(&reply)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn fallbacks(gateway: &Gateway, metrics: &str) -> u64 {
    let exposed = gateway
        .anonymous()
        .elsewhere(&format!("http://{metrics}"))
        .get("/metrics")
        .await
        .expect(200)
        .body;
    let line = exposed
        .lines()
        .find(|line| line.starts_with("palisade_store_replica_fallbacks_total"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or(0)
}

#[tokio::test]
async fn eventual_lists_read_a_streaming_replica_and_the_primary_while_it_is_down() {
    let primary = Cluster::new(&["start"]);
    let replica = Cluster::new(&["replica", &primary.url]);
    let metrics = free_port();
    let gateway = Gateway::on(
        primary.url.clone(),
        &[
            ("database.replica_url", &replica.url),
            ("metrics.listen", &metrics),
        ],
    );
    let (_, owner) = gateway.new_tenant("near").await;
    let (_, other) = gateway.new_tenant("far").await;
    person(&owner, "one").await;
    person(&other, "one").await;
    eventually(&owner, (1, "eventual")).await;

    // A replica that stands still shows what it had.
    replica.tell("SELECT pg_wal_replay_pause()").await;
    person(&owner, "two").await;
    assert_eq!(served(&list(&owner, "eventual").await), (1, "eventual"));
    assert_eq!(served(&list(&owner, "strong").await), (2, "strong"));
    assert_eq!(served(&list(&owner, "").await), (2, "strong"));
    let numbered = owner
        .get("/admin/identities?page=0&consistency=eventual")
        .await
        .expect(200);
    assert_eq!(
        (served(&numbered), numbered.header("x-total-count")),
        ((1, "eventual"), "1")
    );

    // But keys and decisions are the primary's: the replica knows nothing of these.
    let key = json!({"name": "viewer", "roles": ["viewer"]});
    let key = owner.post("/v1/api-keys", key).await.expect(201).json();
    let viewer = owner.with_key(key["secret"].as_str().expect("a secret"));
    assert_eq!(served(&list(&viewer, "eventual").await), (1, "eventual"));
    let policy = r#"forbid(principal in Palisade::Role::"viewer", action == Palisade::Action::"identity:list", resource);"#;
    owner
        .put("/v1/policies/no", json!({"policy": policy}))
        .await
        .expect(201);
    viewer
        .get("/admin/identities?consistency=eventual")
        .await
        .refused(403, "forbidden");
    let id = key["id"].as_str().expect("an id");
    owner
        .delete(&format!("/v1/api-keys/{id}"))
        .await
        .expect(204);
    viewer
        .get("/admin/identities?consistency=eventual")
        .await
        .refused(401, "unauthenticated");

    replica.tell("SELECT pg_wal_replay_resume()").await;
    eventually(&owner, (2, "eventual")).await;
    assert_eq!(fallbacks(&gateway, &metrics).await, 0);

    // Down: the primary answers, the operator is told.
    replica.run("halt");
    for _ in 0..3 {
        assert_eq!(served(&list(&owner, "eventual").await), (2, "strong"));
    }
    assert!(fallbacks(&gateway, &metrics).await >= 3);
    let log = gateway.running().log();
    let warnings = log
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("replica"));
    assert_eq!(warnings.count(), 1, "one warning an outage: {log}");

    // And up again.
    replica.run("resume");
    person(&owner, "three").await;
    eventually(&owner, (3, "eventual")).await;
    assert_eq!(served(&list(&other, "eventual").await), (1, "eventual"));
}

#[tokio::test]
async fn eventual_lists_read_a_copy_of_the_file_and_the_original_where_there_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| format!("sqlite://{}/{name}.db", folder.path().display());
    let (original, copy) = (place("original"), place("copy"));
    let gateway = Gateway::on(original.clone(), &[("database.replica_url", &copy)]);
    let (_, owner) = gateway.new_tenant("near").await;
    person(&owner, "one").await;
    assert_eq!(
        served(&list(&owner, "eventual").await),
        (1, "strong"),
        "there is no copy yet"
    );
    let text = format!("VACUUM INTO '{}/copy.db'", folder.path().display());
    connect(&original)
        .await
        .execute_unprepared(&text)
        .await
        .expect("copies");
    person(&owner, "two").await;
    eventually(&owner, (1, "eventual")).await;
    assert_eq!(served(&list(&owner, "strong").await), (2, "strong"));
}
