//! `palisade quickstart`, as someone who tries Palisade meets it.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::support::{Data, Serving, palisade};
use serde_json::Value;

fn quickstart(data: &Path, arguments: &[&str]) -> Serving {
    let mut command = palisade();
    command
        .args(["quickstart", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(arguments);
    Serving::start(command)
}

fn first_line(serving: &Serving) -> Value {
    serde_json::from_str(&serving.line()).expect("one JSON object")
}

/// Runs a printed call as a shell would, and reads the answer.
fn paste(call: &str) -> Value {
    let done = Command::new("sh")
        .args(["-c", call])
        .output()
        .expect("a shell");
    assert!(
        done.status.success(),
        "{call}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice(&done.stdout).expect(call)
}

fn whoami(first: &Value) -> Value {
    let (base, key, tenant) = (&first["base_url"], &first["api_key"], &first["tenant_id"]);
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    paste(&format!(
        "curl -sS -H 'X-API-Key: {}' -H 'X-Tenant-ID: {}' {}/v1/whoami",
        text(key),
        text(tenant),
        text(base)
    ))
}

#[test]
fn each_printed_call_works_when_pasted() {
    let data = Data::new();
    let serving = quickstart(&data.path().join("new"), &[]);
    let lines =
        serving.lines_until(|line| line.starts_with("curl ") && line.ends_with("/v1/tenants"));
    let calls: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(calls.len(), 5, "{lines:#?}");

    let [whoami, list, create, linked, refused] =
        [0, 1, 2, 3, 4].map(|call: usize| paste(calls[call]));
    assert!(whoami.to_string().contains("owner"), "{whoami}");
    let listed = list.as_array().expect("an array");
    assert_eq!(listed.len(), 3, "{list}");
    assert!(
        listed
            .iter()
            .all(|identity| identity["schema_id"] == "employee"),
        "{list}"
    );
    assert!(create["id"].is_string(), "{create}");
    let linked = linked["data"].as_array().expect("data");
    assert_eq!(linked.len(), 1);
    assert_eq!(
        (
            linked[0]["provider_name"].as_str(),
            linked[0]["linked_by"].as_str()
        ),
        (Some("google"), Some("manual"))
    );
    assert_eq!(linked[0]["external_email"], "ada@example.com");
    assert_eq!(refused["code"], "forbidden");
    assert!(
        !refused["notices"].as_array().expect("notices").is_empty(),
        "{refused}"
    );

    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
    let key = lines
        .iter()
        .find_map(|line| line.trim().strip_prefix("owner key"))
        .expect("the key")
        .trim();
    assert!(!log.contains(key), "the log has the key");
}

#[test]
fn a_second_start_finds_its_data_and_says_so() {
    let data = Data::new();
    let serving = quickstart(data.path(), &["--json"]);
    let first = first_line(&serving);
    assert_eq!(whoami(&first)["tenant_id"], first["tenant_id"]);
    assert_eq!(serving.stop().0, Some(0));
    let mode = fs::metadata(data.path().join("quickstart.json"))
        .expect("the keys")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let serving = quickstart(data.path(), &["--json"]);
    let second = first_line(&serving);
    for field in ["tenant_id", "api_key", "operator_key"] {
        assert_eq!(first[field], second[field], "{field}");
    }
    whoami(&second);
    drop(serving);

    let serving = quickstart(data.path(), &[]);
    let lines = serving.lines_until(|line| line.starts_with("curl "));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Found the data of an earlier start")),
        "{lines:#?}"
    );
}

#[test]
fn without_its_key_file_a_second_start_makes_new_keys_and_keeps_the_data() {
    let data = Data::new();
    let serving = quickstart(data.path(), &["--json"]);
    let first = first_line(&serving);
    serving.stop();
    fs::remove_file(data.path().join("quickstart.json")).expect("removed");

    let serving = quickstart(data.path(), &["--json"]);
    let second = first_line(&serving);
    assert_eq!(first["tenant_id"], second["tenant_id"]);
    assert_ne!(first["api_key"], second["api_key"]);
    whoami(&second);
    let identities = paste(&format!(
        "curl -sS -H 'X-API-Key: {}' {}/admin/identities",
        second["api_key"].as_str().expect("a key"),
        second["base_url"].as_str().expect("a URL")
    ));
    assert_eq!(identities.as_array().expect("an array").len(), 3);
}

#[test]
fn a_revoked_key_in_the_file_is_replaced() {
    let data = Data::new();
    let serving = quickstart(data.path(), &["--json"]);
    let first = first_line(&serving);
    serving.stop();
    let listed = data.json(&["key", "list", "--tenant", "demo", "--json"]);
    let id = listed["data"][0]["id"].as_str().expect("an id").to_owned();
    data.succeed(&["key", "revoke", "--tenant", "demo", &id]);

    let serving = quickstart(data.path(), &["--json"]);
    let second = first_line(&serving);
    assert_ne!(first["api_key"], second["api_key"]);
    whoami(&second);
}

#[test]
fn a_suspended_tenant_is_still_served_and_its_callers_are_refused() {
    let data = Data::new();
    quickstart(data.path(), &["--json"]).line();
    data.succeed(&["tenant", "suspend", "demo"]);
    let serving = quickstart(data.path(), &["--json"]);
    assert_eq!(whoami(&first_line(&serving))["code"], "tenant_suspended");
}

#[test]
fn a_port_in_use_is_one_clear_line_and_touches_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let data = Data::new();
    let folder = data.path().join("new");
    let done = palisade()
        .args(["quickstart", "--listen", &address, "--data"])
        .arg(&folder)
        .output()
        .expect("runs");
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.contains(&address) && stderr.contains("--listen"),
        "{stderr}"
    );
    assert!(!folder.exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_one_clear_line() {
    let data = Data::new();
    let file = data.path().join("file");
    fs::write(&file, "").expect("written");
    let done = palisade()
        .args(["quickstart", "--listen", "127.0.0.1:0", "--data"])
        .arg(file.join("below"))
        .output()
        .expect("runs");
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(
        (done.status.code(), stderr.lines().count()),
        (Some(1), 1),
        "{stderr}"
    );
    assert!(stderr.contains("--data"), "{stderr}");
}

#[test]
fn a_folder_with_odd_characters_works() {
    let data = Data::new();
    let serving = quickstart(&data.path().join("50% off? yes #1 ü"), &["--json"]);
    whoami(&first_line(&serving));
    assert!(data.path().join("50% off? yes #1 ü/palisade.db").is_file());
}

#[test]
fn metrics_are_on_a_listener_of_their_own_and_off_by_default() {
    let free = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let data = Data::new();
    let mut command = palisade();
    command
        .args(["quickstart", "--listen", "127.0.0.1:0", "--json", "--data"])
        .arg(data.path());
    command.env("PALISADE__METRICS__LISTEN", free.to_string());
    let serving = Serving::start(command);
    let first = first_line(&serving);
    whoami(&first);
    let metrics = Command::new("curl")
        .args(["-sSf", &format!("http://{free}/metrics")])
        .output()
        .expect("curl");
    let metrics = String::from_utf8(metrics.stdout).expect("utf-8");
    assert!(metrics.contains("# TYPE "), "{metrics}");
    assert!(
        !metrics.contains("pal_") && !metrics.contains("example.com"),
        "{metrics}"
    );
    let base = first["base_url"].as_str().expect("a URL");
    let here = Command::new("curl")
        .args([
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            &format!("{base}/metrics"),
        ])
        .output()
        .expect("curl");
    assert_eq!(here.stdout, b"404");
}
