//! A gateway: the program, serving on a free port with a migrated database and an operator's key.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::{LazyLock, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    client::Caller,
    database::Db,
    program::{self, Running},
};

/// A running gateway.
pub(crate) struct Gateway {
    running: Mutex<Running>,
    address: SocketAddr,
    dir: PathBuf,
    url: String,
    operator_key: String,
    // Declared after `running`: fields are dropped in order.
    _folder: Option<TempDir>,
}

static ON_SQLITE: LazyLock<Gateway> = LazyLock::new(|| shared(Db::Sqlite));
static ON_POSTGRES: LazyLock<Gateway> = LazyLock::new(|| shared(Db::Postgres));

/// Statics are never dropped, so the program's shell removes the folder.
fn shared(db: Db) -> Gateway {
    let start = async move {
        let dir = tempfile::tempdir().expect("a temporary folder").keep();
        let url = db.fresh(&dir).await;
        // The issuers of the tests are on the loopback.
        let settings = [
            ("issuers.allowed_networks", "127.0.0.1/32"),
            ("issuers.keys_pause_seconds", "1"),
            ("issuers.keys_fresh_seconds", "2"),
            ("issuers.keys_longest_seconds", "5"),
            ("issuers.verified_seconds", "1"),
        ];
        Gateway::prepare(dir, url, true, &settings)
    };
    let thread = std::thread::spawn(|| {
        tokio::runtime::Runtime::new()
            .expect("a runtime")
            .block_on(start)
    });
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl Gateway {
    /// The gateway that all cases of a database share.
    pub(crate) fn shared(db: Db) -> &'static Self {
        match db {
            Db::Sqlite => &ON_SQLITE,
            Db::Postgres => &ON_POSTGRES,
        }
    }

    /// A gateway of its own, for a test that kills, counts or configures; on a new database.
    pub(crate) async fn own(db: Db, settings: program::Settings<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = db.fresh(folder.path()).await;
        let gateway = Self::prepare(folder.path().to_owned(), url, false, settings);
        Self {
            _folder: Some(folder),
            ..gateway
        }
    }

    /// A gateway of its own on this database, which is empty.
    pub(crate) fn on(url: String, settings: program::Settings<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let gateway = Self::prepare(folder.path().to_owned(), url, false, settings);
        Self {
            _folder: Some(folder),
            ..gateway
        }
    }

    /// Another node on this one's database.
    pub(crate) fn second_node(&self) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path().to_owned();
        let (running, address) = serve(&dir, &self.url, false, &[]);
        let (url, operator_key) = (self.url.clone(), self.operator_key.clone());
        Self {
            running: Mutex::new(running),
            address,
            dir,
            url,
            operator_key,
            _folder: Some(folder),
        }
    }

    fn prepare(dir: PathBuf, url: String, remove: bool, settings: program::Settings<'_>) -> Self {
        let database: program::Settings<'_> = &[("database.url", &url)];
        program::run(&["migrate", "up"], &dir, database);
        let key = program::run_json(&["key", "create", "--operator", "--json"], &dir, database);
        let operator_key = key["secret"]
            .as_str()
            .expect("a new key's secret")
            .to_owned();
        let (running, address) = serve(&dir, &url, remove, settings);
        Self {
            running: Mutex::new(running),
            address,
            dir,
            url,
            operator_key,
            _folder: None,
        }
    }

    /// Starts the program again after it has ended, on the same database.
    pub(crate) fn restart(&mut self, settings: program::Settings<'_>) {
        let (running, address) = serve(&self.dir, &self.url, false, settings);
        self.running = Mutex::new(running);
        self.address = address;
    }

    /// The process.
    pub(crate) fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running
            .lock()
            .expect("no test panics while it holds this")
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its database.
    pub(crate) fn database(&self) -> &str {
        &self.url
    }

    /// Nobody.
    pub(crate) fn anonymous(&self) -> Caller {
        Caller::new(format!("http://{}", self.address))
    }

    /// The operator.
    pub(crate) fn operator(&self) -> Caller {
        self.anonymous().with_key(&self.operator_key)
    }

    /// A new tenant whose name begins with `name`, and its owner.
    pub(crate) async fn new_tenant(&self, name: &str) -> (String, Caller) {
        let operator = self.operator();
        let name = format!("{name}-{:08x}", crate::database::random() as u32);
        let tenant = operator
            .post("/v1/tenants", json!({"name": name}))
            .await
            .expect(201)
            .json();
        let id = tenant["id"]
            .as_str()
            .expect("a tenant has an id")
            .to_owned();
        let path = format!("/v1/tenants/{id}/api-keys");
        let key = operator
            .post(&path, json!({"name": "first", "roles": ["owner"]}))
            .await
            .expect(201)
            .json();
        let owner = self
            .anonymous()
            .with_key(key["secret"].as_str().expect("a new key's secret"))
            .with_tenant(&id);
        (id, owner)
    }
}

/// Serves on a free port, and waits until it is ready.
fn serve(
    dir: &std::path::Path,
    url: &str,
    remove: bool,
    settings: program::Settings<'_>,
) -> (Running, SocketAddr) {
    let mut all = vec![
        ("database.url", url),
        ("server.listen", "127.0.0.1:0"),
        // A connection of a test asks as fast as it can. The limit has a test of its own, at the socket.
        ("scim.requests_per_second", "100000"),
        ("scim.burst", "100000"),
    ];
    all.extend_from_slice(settings);
    let mut running = Running::start(&["serve"], dir, dir.join("log"), remove, &all);
    let start = Instant::now();
    let address = loop {
        if let Some(address) = announced(&running.log()) {
            break address;
        }
        let log = running.log();
        assert!(
            running.ended().is_none() && start.elapsed() < Duration::from_secs(60),
            "it does not serve: {log}"
        );
        std::thread::sleep(Duration::from_millis(10));
    };
    wait_until_ready(&mut running, address);
    (running, address)
}

/// The address in the log's line that says that it serves.
fn announced(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("serving"))?;
    let (_, after) = line.split_once("127.0.0.1:")?;
    let port = after.split(|c: char| !c.is_ascii_digit()).next()?;
    port.parse()
        .ok()
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
}

/// Waits until the program answers that it is ready.
fn wait_until_ready(running: &mut Running, address: SocketAddr) {
    let start = Instant::now();
    while !probe(address).is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
        let log = running.log();
        assert!(
            running.ended().is_none() && start.elapsed() < Duration::from_secs(60),
            "it is not ready: {log}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn probe(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream
        .write_all(b"GET /health/ready HTTP/1.1\r\nHost: palisade\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
