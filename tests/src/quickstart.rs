//! `palisade quickstart` and the end of the program, as a person at a terminal meets them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{client::Caller, database::Db, gateway::Gateway, program::Running};

fn start(data: &Path, more: &[&str]) -> Running {
    let folder = data.parent().expect("the data folder is in a folder");
    let mut arguments = vec![
        "quickstart",
        "--data",
        data.to_str().expect("UTF-8"),
        "--listen",
        "127.0.0.1:0",
    ];
    arguments.extend_from_slice(more);
    Running::start(&arguments, folder, folder.join("log"), false, &[])
}

/// What it prints before it serves: up to the last of the five calls.
fn tour(running: &mut Running) -> String {
    let mut text = String::new();
    while text
        .lines()
        .filter(|line| line.trim_start().starts_with("curl "))
        .count()
        < 5
    {
        let line = running.line();
        assert!(!line.is_empty(), "it ended after {text}: {}", running.log());
        text.push_str(&line);
    }
    text
}

fn stop(mut running: Running) {
    running.signal("TERM");
    let status = running.wait(Duration::from_secs(10));
    assert!(status.success(), "{status}: {}", running.log());
}

#[tokio::test]
async fn the_quickstarts_five_calls_work_when_pasted_and_a_second_start_finds_its_data() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let mut running = start(&data, &[]);
    let first = tour(&mut running);
    let calls: Vec<&str> = first
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("curl "))
        .collect();
    assert_eq!(calls.len(), 5);
    let mut refused = 0;
    for call in calls {
        let output = Command::new("sh")
            .args(["-c", call])
            .output()
            .expect("sh runs");
        assert!(
            output.status.success(),
            "{call}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let body: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{call}: {output:?}"));
        if body.get("code").is_some() {
            // One shows what a refusal looks like, and says so.
            let before = first.split_once(call).expect("it was printed").0;
            let title = before
                .trim_end()
                .lines()
                .last()
                .expect("each call has a title");
            assert!(title.to_lowercase().contains("refused"), "{title}: {body}");
            assert_eq!(body["code"], "forbidden", "{body}");
            assert!(
                body["notices"]
                    .as_array()
                    .is_some_and(|notices| !notices.is_empty()),
                "{body}"
            );
            refused += 1;
        }
    }
    assert!(refused <= 1, "{first}");
    stop(running);

    let mut running = start(&data, &[]);
    let second = tour(&mut running);
    assert_ne!(
        first.lines().nth(1),
        second.lines().nth(1),
        "a second start says that it found its data"
    );
    assert!(second.to_lowercase().contains("found"), "{second}");
    stop(running);
}

#[tokio::test]
async fn the_quickstarts_json_is_all_that_a_script_needs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let mut running = start(&data, &["--json"]);
    let line = running.line();
    let told: Value =
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}: {}", running.log()));
    let text = |key: &str| {
        told[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key}: {told}"))
            .to_owned()
    };
    let caller = Caller::new(text("base_url"));
    let owner = caller
        .with_key(&text("api_key"))
        .with_tenant(&text("tenant_id"));
    assert_eq!(
        owner.get("/v1/whoami").await.expect(200).json()["tenant_id"],
        told["tenant_id"]
    );
    let identities = owner.get("/admin/identities").await.expect(200).json();
    assert_eq!(identities.as_array().expect("a list").len(), 3);
    for identity in identities.as_array().expect("a list") {
        let links = owner
            .all(&format!(
                "/v1/users/{}/identities",
                identity["id"].as_str().expect("an id")
            ))
            .await;
        assert_eq!(links.len(), 1, "{links:?}");
    }
    let tenants = caller
        .with_key(&text("operator_key"))
        .all("/v1/tenants")
        .await;
    assert!(
        tenants.iter().any(|tenant| tenant["name"] == "demo"),
        "{tenants:?}"
    );

    // The operator's commands work beside a running server, on its database.
    let url = format!("sqlite://{}", data.join("palisade.db").display());
    let settings = [("database.url", url.as_str())];
    let run = |arguments: &[&str]| crate::program::run_json(arguments, folder.path(), &settings);
    let tenant = run(&["tenant", "create", "--name", "beside", "--json"]);
    let id = tenant["id"].as_str().expect("an id");
    let key = run(&[
        "key", "create", "--tenant", "beside", "--role", "viewer", "--json",
    ]);
    let viewer = caller
        .with_key(key["secret"].as_str().expect("a secret"))
        .with_tenant(id);
    assert_eq!(
        viewer.get("/v1/whoami").await.expect(200).json()["tenant_id"],
        id
    );
    viewer
        .post("/admin/identities", json!({}))
        .await
        .refused(403, "forbidden");
    stop(running);

    let mut running = start(&data, &["--json"]);
    let again: Value = serde_json::from_str(&running.line()).expect("one JSON object");
    assert_eq!(
        (&again["tenant_id"], &again["api_key"]),
        (&told["tenant_id"], &told["api_key"])
    );
    stop(running);
}

#[tokio::test]
async fn a_request_in_flight_is_finished_when_the_program_is_told_to_stop() {
    let gateway = Gateway::own(Db::Sqlite, &[]).await;
    let (_, owner) = gateway.new_tenant("graceful").await;
    let body = json!({"traits": {"email": "late@example.test"}}).to_string();
    let (head, tail) = body.split_at(10);
    let mut stream = TcpStream::connect(gateway.address()).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .expect("can be set");
    write!(
        stream,
        "POST /admin/identities HTTP/1.1\r\nHost: palisade\r\nX-API-Key: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{head}",
        owner.key(),
        body.len(),
    )
    .expect("it reads");
    tokio::time::sleep(Duration::from_millis(300)).await;
    gateway.running().signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        gateway.running().ended().is_none(),
        "it waits for the request"
    );
    assert!(
        TcpStream::connect(gateway.address()).is_err(),
        "it takes no new ones"
    );
    stream.write_all(tail.as_bytes()).expect("it reads on");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let status = gateway.running().wait(Duration::from_secs(10));
    assert!(status.success(), "{status}: {}", gateway.running().log());

    let mut gateway = gateway;
    gateway.restart(&[]);
    let found = owner
        .at(&gateway)
        .get("/admin/identities?credentials_identifier=late@example.test")
        .await
        .expect(200);
    assert_eq!(found.json().as_array().expect("a list").len(), 1);
}
