//! `palisade import` and `palisade export`: the real program beside a gateway that serves.

mod formats;
mod kills;
mod rejected;
mod round_trip;

use std::{
    path::Path,
    process::{Child, Output},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{client::Caller, gateway::Gateway, program};

/// bcrypt of `123456`.
const HASH: &str = "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq";

/// The command line of somebody who holds a key.
struct Desk {
    folder: TempDir,
    database: String,
    key: String,
}

impl Desk {
    fn of(gateway: &Gateway, caller: &Caller) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            database: gateway.database().to_owned(),
            key: caller.key().to_owned(),
        }
    }

    /// The same desk with another one's key.
    fn with_key(&mut self, caller: &Caller) {
        caller.key().clone_into(&mut self.key);
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).expect("is written");
    }

    fn write_lines(&self, name: &str, lines: &[Value]) {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.write(name, lines);
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("is there")
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        lines(&self.read(name))
    }

    /// The name of the file of rejected rows that an import of the file left, if it did.
    fn rejected(&self, file: &str) -> Option<String> {
        let names = std::fs::read_dir(self.path()).expect("a folder");
        let begin = format!("{file}.");
        let mut names = names
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.into_string().expect("UTF-8"))
            .filter(|name| name.starts_with(&begin) && name.ends_with(".rejected.jsonl"));
        let name = names.next();
        assert_eq!(names.next(), None, "more than one");
        name
    }

    /// What is in it.
    fn rejected_lines(&self, file: &str) -> Vec<Value> {
        self.lines(&self.rejected(file).expect("rows were rejected"))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn settings(&self) -> [(&str, &str); 2] {
        [
            ("database.url", &self.database),
            ("PALISADE_API_KEY", &self.key),
        ]
    }

    /// Starts `palisade` with these arguments.
    fn start(&self, arguments: &str) -> Child {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        program::start(&arguments, self.path(), &self.settings())
    }

    /// Runs `palisade` with these arguments to its end.
    async fn run(&self, arguments: &str) -> Ended {
        ended(self.start(arguments)).await
    }
}

/// Waits beside the test, whose connections to the gateway are minded meanwhile.
async fn ended(running: Child) -> Ended {
    let waiting = tokio::task::spawn_blocking(|| running.wait_with_output());
    Ended(waiting.await.expect("waits").expect("the program ends"))
}

/// How a command ended.
struct Ended(Output);

impl Ended {
    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// What it printed, if it ended with this code.
    #[track_caller]
    fn code(self, code: i32) -> Self {
        assert_eq!(
            self.0.status.code(),
            Some(code),
            "{}{}",
            self.stdout(),
            self.stderr()
        );
        self
    }

    /// The summary that `--json` prints: rows, created, rejected, already there.
    #[track_caller]
    fn counts(&self) -> [u64; 4] {
        let summary: Value = serde_json::from_str(&self.stdout())
            .unwrap_or_else(|_| panic!("{}{}", self.stdout(), self.stderr()));
        ["rows", "created", "rejected", "already_there"]
            .map(|name| summary[name].as_u64().expect("a count"))
    }

    /// Asserts that stderr says this.
    #[track_caller]
    fn says(&self, word: &str) -> &Self {
        let stderr = self.stderr();
        assert!(stderr.contains(word), "no `{word}` in: {stderr}");
        self
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

/// A person as Ory shows one.
fn person(name: &str) -> Value {
    json!({
        "schema_id": "default", "state": "active",
        "traits": {"email": format!("{name}@example.test")},
        "credentials": {"password": {"type": "password", "config": {"hashed_password": HASH}}},
    })
}

/// The identity that has this e-mail address as its identifier.
async fn find(owner: &Caller, email: &str) -> Value {
    let path =
        format!("/admin/identities?credentials_identifier={email}&include_credential=password");
    let found = owner.get(&path).await.expect(200).json();
    found[0].clone()
}

async fn fits(owner: &Caller, identity: &Value, password: &str) -> bool {
    let id = identity["id"].as_str().expect("an id");
    let path = format!("/v1/users/{id}/verify-password");
    let reply = owner.post(&path, json!({"password": password})).await;
    reply.expect(200).json()["verified"] == true
}

/// How many identities the tenant has.
async fn count(owner: &Caller) -> u64 {
    let reply = owner
        .get("/admin/identities?page=0&per_page=1")
        .await
        .expect(200);
    reply.header("x-total-count").parse().expect("a number")
}
