//! Ory's npm client, unmodified, at the version that `tests/npm/package-lock.json` pins.

use std::{collections::BTreeSet, path::Path, process::Stdio, time::Duration};

use tokio::{process::Command, time::timeout};

/// How long the script may take; it ends in seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the script has called, by Ory's names of the operations.
async fn drive(house: &crate::house::House) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm");
    assert!(
        folder.join("node_modules/@ory/kratos-client").is_dir(),
        "run `npm ci --ignore-scripts` in {}, or tests/run, which does",
        folder.display()
    );
    let alpha = &house.alpha;
    let mut node = Command::new("node");
    node.arg(folder.join("run.mjs"))
        .env("PALISADE_URL", alpha.owner.base())
        .env("PALISADE_KEY", alpha.owner.key())
        .env("PALISADE_TENANT", &alpha.id)
        .env("ADA", &alpha.ada)
        .env("BOB", &alpha.bob)
        // The program is here, whatever way out of the house the environment knows.
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // What is dropped at the limit is killed.
    let output = timeout(PATIENCE, node.output())
        .await
        .expect("the script ends in time")
        .expect("Node.js 18 or newer is installed as `node`");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    told.lines().map(str::to_owned).collect()
}

on_both_databases! {
    async fn orys_npm_client_drives_every_operation_on_identities_sessions_and_schemas(house: House) {
        let called = drive(&house).await;
        let expected = super::compatibility::served_operations();
        let missing: Vec<_> = expected
            .iter()
            .filter(|name| !called.contains(*name) && !super::compatibility::NOT_IN_THE_CLIENTS.contains(&name.as_str()))
            .collect();
        assert!(missing.is_empty(), "docs/ORY-COMPATIBILITY.md has operations that the client has not called: {missing:?}");
    }
}
