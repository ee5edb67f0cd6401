//! Creating identities on SQLite with synchronous=FULL: grouped commits beside one commit a request.

use std::rc::Rc;

use crate::{
    gateway::{Gateway, TestDatabase},
    load::{self, Plan},
    report,
};

const CONNECTIONS: usize = 32;

/// Runs it; tells whether the bar is met.
///
/// # Errors
/// When something does not start or answers with an error.
pub(crate) async fn run(plan: Plan) -> anyhow::Result<bool> {
    let (database_one, database_grouped) = (TestDatabase::sqlite()?, TestDatabase::sqlite()?);
    let one = Gateway::start(
        &database_one,
        &[("PALISADE__DATABASE__COMMIT_GROUPING", "false")],
    )
    .await?;
    let grouped = Gateway::start(&database_grouped, &[]).await?;
    let mut samples = [Vec::new(), Vec::new()];
    for round in 0..plan.rounds {
        for (samples, gateway) in samples.iter_mut().zip([&one, &grouped]) {
            let key = gateway.tenant.key.clone();
            let make = move |connection: usize, number: u64| {
                let body = format!(
                    r#"{{"traits":{{"email":"user-{round}-{connection}-{number}@example.com","name":{{"first":"Ben","last":"Ch"}}}}}}"#
                );
                load::request("POST", "/admin/identities", &[("X-API-Key", &key)], &body)
            };
            samples.push(
                load::measure(gateway.address, CONNECTIONS, plan.seconds, Rc::new(make)).await?,
            );
        }
    }
    let [one, grouped] = samples.map(report::median);
    println!("create identities, {CONNECTIONS} connections, SQLite, synchronous=FULL");
    report::line("one commit a request", one);
    report::line("grouped commits", grouped);
    Ok(report::at_least(
        "grouped / one a request",
        grouped.rate / one.rate,
        2.5,
    ))
}
