//! Two checkers of SCIM services from outside, each on a tenant of its own: `scim2-tester`, through `scim2-cli`, and `scim-sanity`.
//! `tests/python` installs them.

use std::{path::PathBuf, process::Command};

use super::Client;
use crate::program::root;

fn installed(name: &str) -> PathBuf {
    let program = root().join("target/tests-scim/bin").join(name);
    assert!(
        program.exists(),
        "{name} is not installed: run tests/run, or tests/python"
    );
    program
}

async fn run(mut command: Command) -> (bool, String) {
    // Off the threads that the gateway's output is read by.
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("the checker ends")
        .expect("the checker runs");
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), said.concat())
}

on_both_databases! {
    async fn scim2_tester_finds_nothing_wrong(house: House) {
        let (_, owner) = house.gateway.new_tenant("checked").await;
        let client = Client::connect(&owner, "checker").await;
        let mut command = Command::new(installed("scim2"));
        command
            .arg("--url")
            .arg(format!("{}/scim/v2", client.caller.base()))
            .env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {}", client.caller.token()))
            .args(["test", "--verbose"]);
        let (good, said) = run(command).await;
        assert!(good && said.contains("SUCCESS") && !said.contains("ERROR"), "{said}");
    }

    async fn scim_sanity_finds_nothing_wrong(house: House) {
        let (_, owner) = house.gateway.new_tenant("checked").await;
        let client = Client::connect(&owner, "checker").await;
        let mut command = Command::new(installed("scim-sanity"));
        command
            .arg("probe")
            .arg(format!("{}/scim/v2", client.caller.base()))
            .args(["--token", client.caller.token(), "--i-accept-side-effects", "--strict", "--json-output"]);
        let (good, said) = run(command).await;
        assert!(good, "{said}");
        // Nothing of what it made is left.
        for endpoint in ["/Users", "/Groups"] {
            assert_eq!(client.get(endpoint).await.expect(200).json()["totalResults"], 0);
        }
    }
}
