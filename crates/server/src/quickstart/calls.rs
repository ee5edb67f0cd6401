//! The tour: five calls that work when pasted, each on a line of its own.

use std::path::Path;

use palisade_identity::IdentityId;
use palisade_tenancy::{Clock as _, SystemClock};
use serde_json::json;

use super::{Found, TENANT, keys::Keys, sample};

/// What is printed before serving.
pub(super) fn tour(base_url: &str, keys: &Keys, found: Found, data: &Path) -> String {
    let Keys {
        tenant_id,
        api_key,
        operator_key,
        ..
    } = keys;
    let data = data.display();
    let file = Keys::path(Path::new(""));
    let file = file.display();
    let found = match found {
        Found::Nothing => format!(
            "New data in {data}: tenant `{TENANT}`, schema `employee`, three identities with an account at `google` each."
        ),
        Found::Everything => {
            format!("Found the data of an earlier start in {data}, and uses it as it is.")
        }
        Found::NoKeys => format!(
            "Found the data of an earlier start in {data}, but no keys that work: made new ones, the old ones stay as they are."
        ),
    };
    let mut text = format!(
        "\
Palisade serves {base_url} (stop it with Ctrl-C).
{found}
The database keeps hashes of keys only. These two are also in {data}/{file}, which only you can read.

  tenant id     {tenant_id}
  owner key     {api_key}
  operator key  {operator_key}
  API docs      {base_url}/docs
"
    );
    for (number, (title, call)) in calls(base_url, keys).into_iter().enumerate() {
        text.push_str(&format!("\n{}. {title}\n{call}\n", number + 1));
    }
    text
}

fn calls(base_url: &str, keys: &Keys) -> [(&'static str, String); 5] {
    let key = format!("-H 'X-API-Key: {}'", keys.api_key);
    let tenant = format!("-H 'X-Tenant-ID: {}'", keys.tenant_id);
    let user = keys
        .sample
        .unwrap_or_else(|| IdentityId::generate(SystemClock.now()));
    // Another address with each start, so that the call creates someone on the second day, too.
    let login = format!("dana-{:x}", SystemClock.now().timestamp());
    let body = json!({
        "schema_id": sample::SCHEMA,
        "traits": { "email": format!("{login}@example.com"), "name": { "first": "Dana" }, "department": "support" },
    });
    [
        (
            "Who am I, and what may I do?",
            format!("curl -sS {key} {tenant} {base_url}/v1/whoami"),
        ),
        (
            "The tenant's identities, as an Ory client lists them",
            format!("curl -sS {key} {base_url}/admin/identities"),
        ),
        (
            "One more",
            format!(
                "curl -sS -X POST {key} -H 'Content-Type: application/json' -d '{body}' {base_url}/admin/identities"
            ),
        ),
        (
            "The outside accounts that are linked to one of them",
            format!("curl -sS {key} {tenant} {base_url}/v1/users/{user}/identities"),
        ),
        (
            "Refused, with a notice that says why: tenants are the operator's (with the operator key it works)",
            format!("curl -sS {key} {base_url}/v1/tenants"),
        ),
    ]
}
