//! Reading one identity: beside a static route, and a bare server with one SELECT of the same row.

use std::{net::SocketAddr, process::Command, rc::Rc};

use anyhow::Context as _;

use crate::{
    gateway::{Gateway, Postgres, Stopped, TestDatabase, free_address, wait},
    load::{self, Plan},
    report,
};

const CONNECTIONS: usize = 16;

/// Runs it on both databases; tells whether the bars are met.
///
/// # Errors
/// When something does not start or answers with an error.
pub(crate) async fn run(plan: Plan, postgres: Option<String>) -> anyhow::Result<bool> {
    let postgres = Postgres::take(postgres)?;
    let on_postgres = one(plan, "PostgreSQL", &postgres.database().await?, 0.75).await?;
    let on_sqlite = one(plan, "SQLite", &TestDatabase::sqlite()?, 0.70).await?;
    Ok(on_postgres && on_sqlite)
}

async fn one(plan: Plan, name: &str, database: &TestDatabase, bar: f64) -> anyhow::Result<bool> {
    let gateway = Gateway::start(database, &[]).await?;
    let body = r#"{"traits":{"email":"reader@example.com","name":{"first":"Rea","last":"Der"}}}"#;
    let created = load::once(
        gateway.address,
        &gateway.tenant.request("POST", "/admin/identities", body),
    )
    .await?;
    let created: serde_json::Value = serde_json::from_slice(&created)?;
    let id = created
        .get("id")
        .and_then(serde_json::Value::as_str)
        .context("no id in the created identity")?;

    let (_fixed, fixed) = peer("static", &database.url).await?;
    let (_select, select) = peer("select", &database.url).await?;
    let whole = gateway.tenant.get(&format!("/admin/identities/{id}"));
    let bare = load::get(&format!("/{}/{id}", gateway.tenant.id), &[]);
    let plain = load::get("/", &[]);

    let mut samples = [Vec::new(), Vec::new(), Vec::new()];
    // In turns, so that what else the machine does meets all three.
    for _ in 0..plan.rounds {
        for (samples, (address, request)) in
            samples
                .iter_mut()
                .zip([(fixed, &plain), (select, &bare), (gateway.address, &whole)])
        {
            let request = request.clone();
            samples.push(
                load::measure(
                    address,
                    CONNECTIONS,
                    plan.seconds,
                    Rc::new(move |_, _| request.clone()),
                )
                .await?,
            );
        }
    }
    let [fixed, select, whole] = samples.map(report::median);
    println!("read one identity, {CONNECTIONS} connections, {name}");
    report::line("static route", fixed);
    report::line("bare server, one SELECT", select);
    report::line("GET /admin/identities/{id}", whole);
    Ok(report::at_least(
        "gateway / bare SELECT",
        whole.rate / select.rate,
        bar,
    ))
}

async fn peer(kind: &str, database: &str) -> anyhow::Result<(Stopped, SocketAddr)> {
    let address = free_address()?;
    let child = Command::new(std::env::current_exe()?)
        .args([
            "peer",
            kind,
            "--listen",
            &address.to_string(),
            "--database",
            database,
        ])
        .spawn()?;
    let child = Stopped(child);
    wait(address, "/").await?;
    Ok((child, address))
}
