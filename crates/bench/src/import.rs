//! `palisade import` of an Ory export with bcrypt hashes: rate and memory, and once more killed halfway and resumed.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::Value;

use crate::{
    gateway::{self, Postgres, Tenant, TestDatabase},
    report,
};

/// Identities a second.
const RATE: f64 = 3_000.0;
/// MiB of memory at most.
const MEMORY: f64 = 150.0;

/// Runs it on both databases; tells whether the bars are met.
///
/// # Errors
/// When something does not start or fails.
pub(crate) async fn run(postgres: Option<String>, identities: u64) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("ory.jsonl");
    write_export(&file, identities)?;
    let program = gateway::program()?;
    let postgres = Postgres::take(postgres)?;
    let databases = [
        ("SQLite", TestDatabase::sqlite()?),
        ("PostgreSQL", postgres.database().await?),
    ];
    let mut met = true;
    for (name, database) in &databases {
        gateway::command(&program, &database.url, &["migrate", "up"])?;
        println!("import {identities} identities with bcrypt hashes, {name}");
        let bench = Bench {
            program: &program,
            database,
            file: &file,
            identities,
        };
        met &= bench.whole().await?;
        met &= bench.killed().await?;
    }
    Ok(met)
}

/// An export as Ory's list gives it: each with a password, two addresses, metadata and an id of elsewhere.
fn write_export(file: &Path, identities: u64) -> anyhow::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    let alphabet = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for number in 0..identities {
        let email = format!("person-{number:07}@example.com");
        // Another hash for each: the form counts, nobody signs in with it.
        let mut seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let hash: String = (0..53)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let place = usize::try_from(seed % 64).unwrap_or(0);
                char::from(alphabet.get(place).copied().unwrap_or(b'.'))
            })
            .collect();
        let time = "2024-05-06T07:08:09.123456Z";
        let id =
            uuid::Uuid::from_u128(0x1000_4000_8000_0000_0000_0000_0000_u128 + u128::from(number));
        writeln!(
            out,
            concat!(
                r#"{{"id":"{id}","credentials":{{"password":{{"type":"password","identifiers":["{email}"],"#,
                r#""config":{{"hashed_password":"$2a$12${hash}"}},"version":0,"created_at":"{time}","updated_at":"{time}"}},"#,
                r#""code":{{"type":"code","identifiers":["{email}"],"version":1,"created_at":"{time}","updated_at":"{time}"}}}},"#,
                r#""schema_id":"default","schema_url":"https://ory.example.com/schemas/ZGVmYXVsdA","state":"active","#,
                r#""state_changed_at":"{time}","traits":{{"email":"{email}","name":{{"first":"Ada","last":"Okafor-{number}"}}}},"#,
                r#""verifiable_addresses":[{{"id":"{id}","value":"{email}","verified":true,"via":"email","status":"completed","#,
                r#""verified_at":"{time}","created_at":"{time}","updated_at":"{time}"}}],"#,
                r#""recovery_addresses":[{{"id":"{id}","value":"{email}","via":"email","created_at":"{time}","updated_at":"{time}"}}],"#,
                r#""metadata_public":null,"metadata_admin":{{"plan":"pro","seat":{number}}},"external_id":"crm-{number}","#,
                r#""created_at":"{time}","updated_at":"{time}","organization_id":null}}"#
            ),
            id = id,
            email = email,
            hash = hash,
            time = time,
            number = number,
        )?;
    }
    out.flush()?;
    Ok(())
}

struct Bench<'a> {
    program: &'a Path,
    database: &'a TestDatabase,
    file: &'a Path,
    identities: u64,
}

impl Bench<'_> {
    /// All of it at once.
    async fn whole(&self) -> anyhow::Result<bool> {
        let tenant = gateway::add_tenant(self.program, &self.database.url, "whole")?;
        let began = Instant::now();
        let mut child = self.start(&tenant)?;
        let memory = watch(&mut child)?;
        let seconds = began.elapsed().as_secs_f64();
        self.finish(child, &tenant, 0).await?;
        let rate = self.identities as f64 / seconds;
        let fast = report::at_least("identities a second", rate, RATE);
        let small = report::at_most("memory at its peak, MiB", memory, MEMORY);
        Ok(fast && small)
    }

    /// Killed halfway, and resumed.
    async fn killed(&self) -> anyhow::Result<bool> {
        let tenant = gateway::add_tenant(self.program, &self.database.url, "killed")?;
        let mut child = self.start(&tenant)?;
        let halfway = self.identities / 2;
        let server = sea_orm::Database::connect(&self.database.url).await?;
        loop {
            if self.count(&server, &tenant).await? >= halfway {
                break;
            }
            if child.try_wait()?.is_some() {
                bail!("the import ended before it could be killed halfway");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // SIGKILL.
        child.kill()?;
        child.wait()?;
        // PostgreSQL may still be at the commit that it was asked for.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let kept = self.count(&server, &tenant).await?;
        server.close().await?;
        let began = Instant::now();
        let mut child = self.start(&tenant)?;
        let memory = watch(&mut child)?;
        self.finish(child, &tenant, kept).await?;
        println!(
            "  killed with {kept} there, resumed in {:.1} s: each is there once",
            began.elapsed().as_secs_f64()
        );
        Ok(report::at_most(
            "memory at its peak when resumed, MiB",
            memory,
            MEMORY,
        ))
    }

    fn start(&self, tenant: &Tenant) -> anyhow::Result<Child> {
        let child = Command::new(self.program)
            .args(["import", "--from", "ory", "--json"])
            .arg(self.file)
            .env("PALISADE__DATABASE__URL", &self.database.url)
            .env("PALISADE_API_KEY", &tenant.key)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(child)
    }

    /// What the program says of itself, and what is there.
    async fn finish(&self, child: Child, tenant: &Tenant, kept: u64) -> anyhow::Result<()> {
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "the import failed");
        let summary: Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| summary.get(name).and_then(Value::as_u64);
        ensure!(
            number("created") == Some(self.identities) && number("rejected") == Some(0),
            "not everything went in: {summary}"
        );
        ensure!(
            number("resumed_after") == Some(kept),
            "it did not go on behind the {kept} that were there: {summary}"
        );
        let server = sea_orm::Database::connect(&self.database.url).await?;
        let there = self.count(&server, tenant).await?;
        server.close().await?;
        ensure!(
            there == self.identities,
            "{there} identities are there, not {}",
            self.identities
        );
        Ok(())
    }

    async fn count(
        &self,
        server: &sea_orm::DatabaseConnection,
        tenant: &Tenant,
    ) -> anyhow::Result<u64> {
        let id = uuid::Uuid::try_parse(&tenant.id)?;
        let statement = Statement::from_sql_and_values(
            server.get_database_backend(),
            "SELECT count(*) FROM identities WHERE tenant_id = $1",
            [id.into()],
        );
        let row = server.query_one_raw(statement).await?;
        let count: i64 = row.context("a count is a row")?.try_get_by_index(0)?;
        Ok(u64::try_from(count)?)
    }
}

/// Waits until the program has ended; the most memory that it had, in MiB.
fn watch(child: &mut Child) -> anyhow::Result<f64> {
    let mut most = 0.0_f64;
    let status = format!("/proc/{}/status", child.id());
    while child.try_wait()?.is_none() {
        if let Ok(text) = std::fs::read_to_string(&status) {
            most = most.max(peak(&text).unwrap_or(0.0));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(most)
}

/// `VmHWM` in MiB.
fn peak(status: &str) -> Option<f64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1_024.0)
}
