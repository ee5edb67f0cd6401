//! The program against its own document: schemathesis makes requests from `/openapi.json`, right ones and wrong ones,
//! and each answer must be one that the document knows: status, content type, headers, body. No 5xx, nothing wrong taken,
//! no header that is required left out unpunished, no method that is not there answered, nobody let in without a key.
//!
//! `tests/python` installs it; how it is run, and what is left out and why, stands in `tests/conformity`. The cases
//! follow from a seed, which `PALISADE_TEST_SEED` changes. To see what a run did: the folder that a failure names.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    client::Caller,
    database::Db,
    gateway::Gateway,
    house::{House, Tenant},
    program::root,
};

/// How long one run may take, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(900);
/// The cases of the large runs, which the issue asks for.
const MANY: u64 = 2_000;

on_both_databases! {
    async fn an_owner_is_answered_as_the_document_says(db: Db) {
        let house = House::open(db).await;
        let owner = key(&house.alpha.owner, "owner").await;
        let fuzz = Fuzz::of(&house.alpha, &owner).await;
        // Every border of every parameter, a sample between them, and sequences that follow from answers; or samples.
        let (report, depth) = match db {
            Db::Postgres => (fuzz.run("coverage,fuzzing,stateful", 8, MANY).await, 2),
            Db::Sqlite => (fuzz.run("fuzzing", 8, 400).await, 4),
        };
        // The cases get past the first refusals: many operations were also done.
        let done = report.done().len();
        assert!(done > report.operations / depth, "only {done} operations were done: {report:?}");
        house.finish().await;
    }

    async fn a_viewer_is_answered_as_the_document_says_and_changes_nothing(db: Db) {
        let house = House::open(db).await;
        let viewer = key(&house.alpha.owner, "viewer").await;
        let fuzz = Fuzz::of(&house.alpha, &viewer).await;
        let report = match db {
            Db::Postgres => fuzz.run("fuzzing", 8, 400).await,
            Db::Sqlite => fuzz.run("fuzzing,stateful", 30, MANY).await,
        };
        let document = house.gateway.anonymous().get("/openapi.json").await.json();
        for operation in report.done() {
            let (method, path) = operation.split_once(' ').expect("a method and a path");
            let access = &document["paths"][path][method.to_lowercase()]["x-palisade-access"];
            assert!(
                access.is_null() || access == "read" || access == "personal",
                "a viewer was let in at {operation}"
            );
        }
        house.finish().await;
    }
}

#[tokio::test]
async fn an_operator_is_answered_as_the_document_says() {
    // Of its own: an operator suspends and deletes whatever tenant it finds.
    let gateway = Gateway::own(Db::Sqlite, &[]).await;
    let operator = gateway.operator();
    let me = operator.get("/v1/whoami").await;
    let me = if me.status == 200 {
        me.json()
    } else {
        // The platform's tenant.
        let nil = uuid::Uuid::nil().to_string();
        operator.with_tenant(&nil).get("/v1/whoami").await.json()
    };
    let mut tenants = Vec::new();
    for _ in 0..6 {
        tenants.push(gateway.new_tenant("fuzz").await.0);
    }
    let fuzz = Fuzz::with(
        Known {
            tenant: uuid::Uuid::nil().to_string(),
            own_key: text(&me["principal"]["id"]),
            tenants,
            ..Known::default()
        },
        &operator,
    );
    let report = fuzz.arguments(&["--include-path-regex", "^/v1/(tenants|whoami)"]);
    let report = report.run("coverage,fuzzing", 10, 100).await;
    assert!(report.done().len() > 5, "{report:?}");
}

/// Another key of the tenant: the caller that the cases come from.
async fn key(owner: &Caller, role: &str) -> (Caller, String) {
    let key = json!({"name": role, "roles": [role]});
    let key = owner.post("/v1/api-keys", key).await.expect(201).json();
    (owner.with_key(&text(&key["secret"])), text(&key["id"]))
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// What exists, by the name of its dictionary in `tests/conformity/schemathesis.toml`.
#[derive(Default)]
struct Known {
    tenant: String,
    own_key: String,
    session_token: String,
    tenants: Vec<String>,
    identities: Vec<String>,
    identities_to_delete: Vec<String>,
    sessions: Vec<String>,
    keys: Vec<String>,
    providers: Vec<String>,
    providers_to_delete: Vec<String>,
    links: Vec<String>,
}

/// A run that is being prepared.
struct Fuzz {
    folder: PathBuf,
    command: Command,
    program: PathBuf,
}

impl Fuzz {
    /// A run in this tenant, with this key and its id.
    async fn of(tenant: &Tenant, (caller, own_key): &(Caller, String)) -> Self {
        let owner = &tenant.owner;
        let mut known = Known {
            tenant: tenant.id.clone(),
            own_key: own_key.clone(),
            tenants: vec![tenant.id.clone()],
            identities: vec![tenant.ada.clone(), tenant.bob.clone()],
            sessions: vec![tenant.ada_session.clone()],
            providers: vec![tenant.provider.clone()],
            links: vec![tenant.ada_link.clone(), tenant.bob_link.clone()],
            ..Known::default()
        };
        for number in 0..12 {
            let identity = json!({"traits": {"email": format!("to-delete-{number}@example.test")}});
            let made = owner.post("/admin/identities", identity).await.expect(201);
            known.identities_to_delete.push(made.text("/id"));
            let key = json!({"name": "to be revoked", "roles": ["viewer"]});
            let made = owner.post("/v1/api-keys", key).await.expect(201);
            known.keys.push(made.text("/id"));
            let user = if number % 2 == 0 {
                &tenant.ada
            } else {
                &tenant.bob
            };
            let path = format!("/v1/users/{user}/sessions");
            let made = owner.post(&path, json!({})).await.expect(201);
            known.sessions.push(made.text("/id"));
        }
        for number in 0..4 {
            let provider = json!({"name": format!("to-delete-{number}"), "type": "saml"});
            let made = owner.post("/v1/identity-providers", provider).await;
            known.providers_to_delete.push(made.expect(201).text("/id"));
        }
        let path = format!("/v1/users/{}/sessions", tenant.bob);
        let session = owner.post(&path, json!({})).await.expect(201);
        known.session_token = session.text("/token");
        Self::with(known, caller)
    }

    fn with(known: Known, caller: &Caller) -> Self {
        let program = root().join("target/tests-python/bin/st");
        assert!(
            program.is_file(),
            "schemathesis is not installed: run tests/run, or tests/python"
        );
        let conformity = root().join("tests/conformity");
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        std::fs::copy(
            conformity.join("schemathesis.toml"),
            folder.join("schemathesis.toml"),
        )
        .expect("the configuration can be copied");
        for (name, values) in [
            ("tenant", &vec![known.tenant.clone()]),
            ("tenants", &known.tenants),
            ("identities", &known.identities),
            ("identities-to-delete", &known.identities_to_delete),
            ("sessions", &known.sessions),
            ("keys", &known.keys),
            ("providers", &known.providers),
            ("providers-to-delete", &known.providers_to_delete),
            ("links", &known.links),
        ] {
            dictionary(&folder, name, values);
        }
        let provider = known.providers.first().cloned().unwrap_or_default();
        let mut command = Command::new(&program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &folder)
            .env("NO_PROXY", "*")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PALISADE_HOOKS", conformity.join("hooks.py"))
            .env("PALISADE_API_KEY", caller.key())
            .env("PALISADE_OWN_KEY", known.own_key)
            .env("PALISADE_SESSION_TOKEN", known.session_token)
            .env("PALISADE_TENANT", known.tenant)
            .env("PALISADE_PROVIDER", provider)
            .env("PALISADE_TALLY", folder.join("tally.json"))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .arg("--config-file")
            .arg(folder.join("schemathesis.toml"))
            .args(["--no-color", "run"])
            .arg(format!("{}/openapi.json", caller.base()))
            .args(["--seed", &seed(), "--report-json-path", "report.json"]);
        Self {
            folder,
            command,
            program,
        }
    }

    fn arguments(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs these phases with as many examples for each operation; at least so many cases must have been made, and all
    /// of them be answered as the document says.
    async fn run(mut self, phases: &str, examples: u32, least: u64) -> Report {
        let output = std::fs::File::create(self.folder.join("output")).expect("can be written");
        let errors = output.try_clone().expect("a second handle");
        let mut running = self
            .command
            .args(["--phases", phases, "--max-examples", &examples.to_string()])
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.program.display()));
        let start = Instant::now();
        let status = loop {
            match running.try_wait().expect("it can be asked") {
                Some(status) => break status,
                None if start.elapsed() > PATIENCE => {
                    running.kill().expect("it can be ended");
                    panic!("schemathesis did not end: {}", self.output());
                }
                // Not the thread: connections that the program closes meanwhile must be seen to close.
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        assert!(
            status.success(),
            "schemathesis found something ({}; {}): {}",
            status,
            self.folder.display(),
            self.output()
        );
        let report = self.report();
        assert!(
            report.cases >= least,
            "only {} of {least} cases were made: {}",
            report.cases,
            self.output()
        );
        std::fs::remove_dir_all(&self.folder).expect("the folder can be removed");
        report
    }

    /// What the run says of itself. It is not enough that nothing failed: all of it must have been done.
    fn report(&self) -> Report {
        let read = |name: &str| -> Value {
            let text = std::fs::read_to_string(self.folder.join(name)).expect(name);
            serde_json::from_str(&text).expect(name)
        };
        let report = read("report.json");
        let of = |pointer: &str| report.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(of("/complete"), json!(true), "{report}");
        assert_eq!(of("/failures"), json!([]), "{report}");
        assert_eq!(of("/errors"), json!([]), "{report}");
        assert_eq!(of("/filtered"), json!(0), "{report}");
        let answers: BTreeMap<String, BTreeMap<String, u64>> =
            serde_json::from_value(read("tally.json")).expect("counts");
        let operations = of("/operations/tested").as_u64();
        assert_eq!(operations, of("/operations/selected").as_u64(), "{report}");
        for (operation, counts) in &answers {
            assert!(
                !counts.keys().any(|status| status.starts_with('5')),
                "{operation} failed: {counts:?}"
            );
        }
        Report {
            cases: of("/test_cases/generated").as_u64().expect("a count"),
            operations: usize::try_from(operations.expect("a count")).expect("few"),
            answers,
        }
    }

    fn output(&self) -> String {
        std::fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }
}

/// What was done.
#[derive(Debug)]
struct Report {
    cases: u64,
    operations: usize,
    /// By operation and status, how many.
    answers: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Report {
    /// The operations that succeeded at least once.
    fn done(&self) -> Vec<&str> {
        let succeeded = |counts: &BTreeMap<String, u64>| counts.keys().any(|s| s.starts_with('2'));
        let done = self.answers.iter().filter(|(_, counts)| succeeded(counts));
        done.map(|(operation, _)| operation.as_str()).collect()
    }
}

/// In the format of libFuzzer. One that holds nothing is refused, so an id of nothing stands for it.
fn dictionary(folder: &Path, name: &str, values: &[String]) {
    let nothing = [uuid::Uuid::nil().to_string()];
    let values = if values.is_empty() {
        &nothing[..]
    } else {
        values
    };
    let lines: String = values
        .iter()
        .map(|value| format!("\"{value}\"\n"))
        .collect();
    std::fs::write(folder.join(format!("{name}.dict")), lines).expect("a dictionary is written");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the tests learn of another seed"
)]
fn seed() -> String {
    std::env::var("PALISADE_TEST_SEED").unwrap_or_else(|_| "1".to_owned())
}
