//! A real OpenID provider: npm's `oidc-provider`, at the version that `tests/npm/oidc/package-lock.json` pins, as a process.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// A provider on a port of its own; it ends with this.
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) audience: String,
    secret: String,
    http: reqwest::Client,
    _process: Child,
}

impl Provider {
    pub(super) async fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/oidc");
        assert!(
            folder.join("node_modules/oidc-provider").is_dir(),
            "run tests/npm/install, or tests/run, which does"
        );
        let mut process = Command::new("node")
            .arg(folder.join("serve.mjs"))
            // It ends when this pipe does.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("Node.js 18 or newer is installed as `node`");
        let told = process.stdout.take().expect("is piped");
        let mut line = String::new();
        timeout(
            Duration::from_secs(60),
            BufReader::new(told).read_line(&mut line),
        )
        .await
        .expect("it starts in time")
        .expect("it tells where it is");
        let told: Value = serde_json::from_str(&line).expect("one line of JSON");
        let text = |name: &str| told[name].as_str().expect("a text").to_owned();
        Self {
            issuer: text("issuer"),
            audience: text("audience"),
            secret: text("secret"),
            http: crate::client::http().no_proxy().build().expect("a client"),
            _process: process,
        }
    }

    /// An access token of this subject, of whom the provider says this.
    pub(super) async fn token(&self, subject: &str, says: Value) -> String {
        self.control("say", json!({"client": subject, "claims": says}))
            .await;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", subject),
            ("client_secret", &self.secret),
            ("resource", &self.audience),
            ("scope", "api"),
        ];
        let form: Vec<String> = form
            .iter()
            .map(|(name, value)| {
                format!("{name}={}", value.replace(':', "%3A").replace('/', "%2F"))
            })
            .collect();
        let answer = self
            .http
            .post(format!("{}/token", self.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"))
            .send()
            .await
            .expect("the provider answers");
        let answer: Value = answer.json().await.expect("JSON");
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("no token: {answer}"))
            .to_owned()
    }

    /// Tells the provider to do something; how often it was asked for its keys and its configuration.
    pub(super) async fn control(&self, verb: &str, body: Value) -> Value {
        let url = format!("{}/control/{verb}", self.issuer);
        let answer = self.http.post(url).json(&body).send().await;
        answer
            .expect("the provider answers")
            .json()
            .await
            .expect("JSON")
    }
}
