//! Starts the real program, release build, on a database of its own.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use sea_orm::ConnectionTrait as _;
use serde_json::Value;

use crate::load;

/// A database for one benchmark; goes away with it.
pub(crate) struct TestDatabase {
    /// As the program's `database.url` takes it.
    pub(crate) url: String,
    _folder: Option<tempfile::TempDir>,
}

/// A throwaway PostgreSQL server where none was given.
pub(crate) struct Postgres {
    /// Where databases are made.
    pub(crate) url: String,
    own: Option<PathBuf>,
}

impl Postgres {
    /// The given server, or one started by `tests/postgres`.
    ///
    /// # Errors
    /// When it can't be started.
    pub(crate) fn take(given: Option<String>) -> anyhow::Result<Self> {
        if let Some(url) = given {
            return Ok(Self { url, own: None });
        }
        let folder = std::env::temp_dir().join(format!("palisade-bench-pg-{}", std::process::id()));
        let output = Command::new(root().join("tests/postgres"))
            .arg("start")
            .arg(&folder)
            .output()?;
        if !output.status.success() {
            bail!(
                "PostgreSQL does not start: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(Self {
            url: String::from_utf8(output.stdout)?.trim().to_owned(),
            own: Some(folder),
        })
    }

    /// A fresh database on it.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn database(&self) -> anyhow::Result<TestDatabase> {
        let name = format!("palisade_bench_{}_{}", std::process::id(), serial());
        let server = sea_orm::Database::connect(&self.url).await?;
        server
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await?;
        server.close().await?;
        let (base, _) = self
            .url
            .rsplit_once('/')
            .context("a PostgreSQL URL with a database")?;
        Ok(TestDatabase {
            url: format!("{base}/{name}"),
            _folder: None,
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(folder) = &self.own {
            // Nothing is left to tell it to: the benchmark is over, and a failed stop shows in the process list.
            let _stopped = Command::new(root().join("tests/postgres"))
                .arg("stop")
                .arg(folder)
                .status();
        }
    }
}

impl TestDatabase {
    /// A fresh SQLite file.
    ///
    /// # Errors
    /// When there is no room for temporary files.
    pub(crate) fn sqlite() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}", folder.path().join("palisade.db").display());
        Ok(Self {
            url,
            _folder: Some(folder),
        })
    }
}

/// The running program, with one tenant.
pub(crate) struct Gateway {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The tenant `bench`.
    pub(crate) tenant: Tenant,
    program: PathBuf,
    database: String,
    _child: Stopped,
}

/// A tenant and its owner key.
pub(crate) struct Tenant {
    /// Its id.
    pub(crate) id: String,
    /// The key.
    pub(crate) key: String,
}

impl Tenant {
    /// A GET with the owner key.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        load::get(path, &[("X-API-Key", &self.key)])
    }

    /// A request with a JSON body and the owner key.
    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        load::request(method, path, &[("X-API-Key", &self.key)], body)
    }
}

/// A child process that is stopped with its owner.
pub(crate) struct Stopped(pub(crate) Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            // Only to reap it; its status says nothing after a kill.
            let _status = self.0.wait();
        }
    }
}

impl Gateway {
    /// Migrates the database, makes the tenant and starts the program. `settings` are environment settings such
    /// as `PALISADE__DATABASE__COMMIT_GROUPING`.
    ///
    /// # Errors
    /// When the program does not start.
    pub(crate) async fn start(
        database: &TestDatabase,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let program = program()?;
        command(&program, &database.url, &["migrate", "up"])?;
        let tenant = add_tenant(&program, &database.url, "bench")?;
        let address = free_address()?;
        let child = Command::new(&program)
            .arg("serve")
            .env("PALISADE__DATABASE__URL", &database.url)
            .env("PALISADE__SERVER__LISTEN", address.to_string())
            .env("PALISADE__LOG__LEVEL", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .spawn()?;
        let gateway = Self {
            address,
            tenant,
            program,
            database: database.url.clone(),
            _child: Stopped(child),
        };
        wait(address, "/health/ready").await?;
        Ok(gateway)
    }

    /// One more tenant with an owner key.
    ///
    /// # Errors
    /// When the program refuses.
    pub(crate) fn add_tenant(&self, name: &str) -> anyhow::Result<Tenant> {
        add_tenant(&self.program, &self.database, name)
    }
}

/// A tenant with an owner key, by the command line.
pub(crate) fn add_tenant(program: &Path, database: &str, name: &str) -> anyhow::Result<Tenant> {
    let tenant = command(
        program,
        database,
        &["tenant", "create", "--name", name, "--json"],
    )?;
    let id = text(&tenant, "id")?;
    let key = command(
        program,
        database,
        &[
            "key", "create", "--tenant", &id, "--role", "owner", "--json",
        ],
    )?;
    Ok(Tenant {
        id,
        key: text(&key, "secret")?,
    })
}

/// Waits until the path answers with a success.
pub(crate) async fn wait(address: SocketAddr, path: &str) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        match load::once(address, &load::get(path, &[])).await {
            Ok(_) => return Ok(()),
            Err(error) if started.elapsed() > Duration::from_secs(30) => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// An address of the loopback that is free now.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Builds the program's release.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    // Both packages in one selection: each alone resolves features anew, and builds for minutes.
    let status = Command::new("cargo")
        .args([
            "build",
            "--release",
            "-p",
            "palisade-server",
            "-p",
            "palisade-bench",
        ])
        .current_dir(root())
        .status()?;
    if !status.success() {
        bail!("the program does not build");
    }
    let here = std::env::current_exe()?;
    Ok(here
        .parent()
        .context("a folder of the benchmark")?
        .join("palisade"))
}

/// Runs the program to its end; what it printed.
pub(crate) fn command(
    program: &Path,
    database: &str,
    arguments: &[&str],
) -> anyhow::Result<Vec<u8>> {
    let output = Command::new(program)
        .args(arguments)
        .env("PALISADE__DATABASE__URL", database)
        .output()?;
    if !output.status.success() {
        bail!(
            "`palisade {}`: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output.stdout)
}

fn text(output: &[u8], name: &str) -> anyhow::Result<String> {
    let value: Value = serde_json::from_slice(output)?;
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.with_context(|| format!("no `{name}` in the program's answer"))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn serial() -> u64 {
    static SERIAL: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    SERIAL.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
