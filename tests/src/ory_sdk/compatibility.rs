//! docs/ORY-COMPATIBILITY.md against the program's own document, and against what the clients' tests call.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Operations of Ory's document that its clients of the pinned version do not have yet.
pub(super) const NOT_IN_THE_CLIENTS: &[&str] = &["manageSessions"];

/// Headers that every operation takes alike; the page says so once.
const COMMON_HEADERS: &[&str] = &[
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Request-ID",
    "X-Tenant-ID",
];

/// An operation of the page's table.
struct Operation {
    /// As in `GET /admin/identities`.
    place: String,
    served: bool,
    /// Parameters by name and place (`path`, `query`, `header`, `body`), and whether they are served.
    parameters: BTreeMap<(String, String), bool>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The page's tables: under a heading of an operation its parameters.
///
/// `### listIdentities: yes` and below it `GET /admin/identities`; then rows such as `` | `ids` | query | better | .. | ``.
fn page() -> BTreeMap<String, Operation> {
    let text = fs::read_to_string(root().join("docs/ORY-COMPATIBILITY.md")).expect("the page");
    let mut operations = BTreeMap::new();
    let mut current: Option<(String, Operation)> = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            operations.extend(current.take());
            let (name, verdict) = heading
                .split_once(": ")
                .unwrap_or_else(|| panic!("`{heading}` says neither yes, better nor not"));
            let operation = Operation {
                place: String::new(),
                served: served(verdict),
                parameters: BTreeMap::new(),
            };
            current = Some((name.to_owned(), operation));
        } else if line.starts_with("## ") {
            operations.extend(current.take());
        } else if let Some((_, operation)) = &mut current {
            if let Some(row) = line.strip_prefix("| `") {
                let cells: Vec<&str> = row.split('|').map(str::trim).collect();
                let name = cells[0].trim_end_matches('`').to_owned();
                let key = (name, cells[1].to_owned());
                let twice = operation.parameters.insert(key, served(cells[2]));
                assert!(twice.is_none(), "twice: {line}");
            } else if operation.place.is_empty()
                && let Some(place) = line
                    .strip_prefix('`')
                    .and_then(|rest| rest.split('`').next())
            {
                operation.place = place.to_owned();
            }
        }
    }
    operations.extend(current);
    operations
}

fn served(verdict: &str) -> bool {
    match verdict.split([' ', ':', ',']).next() {
        Some("yes" | "better") => true,
        Some("not") => false,
        _ => panic!("`{verdict}` says neither yes, better nor not"),
    }
}

/// The operations that the page says are served, by Ory's names, but for health and version.
pub(super) fn served_operations() -> BTreeSet<String> {
    let served = page().into_iter().filter(|(_, operation)| operation.served);
    served.map(|(name, _)| name).collect()
}

/// Every member of a body, at any depth: `credentials.oidc.config.providers[].subject`.
fn members(document: &Value, schema: &Value, place: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        let schema = document.pointer(pointer).expect("what is referred to");
        return members(document, schema, place, found);
    }
    for choice in ["allOf", "oneOf", "anyOf"] {
        for schema in schema[choice].as_array().into_iter().flatten() {
            members(document, schema, place, found);
        }
    }
    if schema["items"].is_object() {
        members(document, &schema["items"], &format!("{place}[]"), found);
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let place = if place.is_empty() {
            name.clone()
        } else {
            format!("{place}.{name}")
        };
        members(document, schema, &place, found);
        found.insert(place);
    }
}

/// Ory's operations that the program serves, by name: their place and parameters, as the document has them.
fn document() -> BTreeMap<String, (String, BTreeSet<(String, String)>)> {
    let text = fs::read_to_string(root().join("docs/openapi.json")).expect("the document");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        // `/iam` has the same operations as `/admin`, and `/admin/health` those of `/health`.
        let orys = ["/admin/", "/schemas", "/sessions", "/health/", "/version"];
        let twice = ["/admin/health", "/admin/version"];
        if !orys.iter().any(|start| path.starts_with(start))
            || twice.iter().any(|start| path.starts_with(start))
        {
            continue;
        }
        for method in ["get", "post", "put", "patch", "delete"] {
            let operation = &item[method];
            if !operation.is_object() {
                continue;
            }
            let mut parameters = BTreeSet::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let text = |name: &str| parameter[name].as_str().expect("a text").to_owned();
                if !COMMON_HEADERS.contains(&text("name").as_str()) {
                    parameters.insert((text("name"), text("in")));
                }
            }
            for scheme in operation["security"].as_array().into_iter().flatten() {
                for name in scheme.as_object().expect("a scheme").keys() {
                    match name.as_str() {
                        "sessionToken" => {
                            parameters.insert(("X-Session-Token".into(), "header".into()))
                        }
                        "sessionCookie" => parameters.insert(("Cookie".into(), "header".into())),
                        _ => false,
                    };
                }
            }
            let mut body = BTreeSet::new();
            for media in operation["requestBody"]["content"]
                .as_object()
                .into_iter()
                .flat_map(|all| all.values())
            {
                members(&document, &media["schema"], "", &mut body);
            }
            parameters.extend(body.into_iter().map(|name| (name, "body".to_owned())));
            let name = operation["operationId"]
                .as_str()
                .expect("a name")
                .to_owned();
            operations.insert(
                name,
                (format!("{} {path}", method.to_uppercase()), parameters),
            );
        }
    }
    operations
}

/// The name under which a parameter stands in the page: an item of a batch is a create, and credentials are the same on
/// PUT as on create. `None`: it is another operation's, which the page says.
fn standing(operation: &str, name: &str) -> (String, String) {
    let create = "createIdentity".to_owned();
    if let Some(member) = name.strip_prefix("identities[].create.") {
        return (create, member.to_owned());
    }
    if operation == "updateIdentity" && name.starts_with("credentials.") {
        return (create, name.to_owned());
    }
    (operation.to_owned(), name.to_owned())
}

#[test]
fn the_page_has_every_operation_and_parameter_that_is_served_and_serves_what_it_says() {
    let (page, document) = (page(), document());
    let mut wrong = Vec::new();
    for (name, (place, parameters)) in &document {
        let Some(operation) = page.get(name) else {
            wrong.push(format!("the page lacks {name}, {place}"));
            continue;
        };
        if &operation.place != place || !operation.served {
            wrong.push(format!(
                "{name} is served at {place}; the page says {}",
                operation.place
            ));
        }
        for (parameter, kind) in parameters {
            let (operation, parameter) = standing(name, parameter);
            let row = page[&operation]
                .parameters
                .get(&(parameter.clone(), kind.clone()));
            if row != Some(&true) {
                wrong.push(format!(
                    "{operation} lacks a row `{parameter}` | {kind} with yes or better: {row:?}"
                ));
            }
        }
    }
    for (name, operation) in &page {
        let served = document.get(name);
        if operation.served != served.is_some() {
            wrong.push(format!("{name}: the page says {}", operation.served));
        }
        for ((parameter, kind), yes) in &operation.parameters {
            let there =
                served.is_some_and(|(_, known)| known.contains(&(parameter.clone(), kind.clone())));
            if *yes != there {
                wrong.push(format!(
                    "{name} `{parameter}` | {kind}: the page says {yes}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn orys_rust_client_is_driven_through_every_operation_that_the_page_says_is_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ory_sdk");
    let sources: String = ["mod.rs", "refusal.rs", "sessions.rs"]
        .iter()
        .map(|name| fs::read_to_string(folder.join(name)).expect("a source"))
        .collect();
    let snake = |name: &str| {
        let name = name.replace("ID", "Id");
        let mut snake = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() {
                snake.push('_');
            }
            snake.extend(letter.to_lowercase());
        }
        snake
    };
    let left: Vec<_> = served_operations()
        .into_iter()
        .filter(|name| !NOT_IN_THE_CLIENTS.contains(&name.as_str()))
        .filter(|name| !sources.contains(&format!("::{}(", snake(name))))
        .collect();
    assert!(
        left.is_empty(),
        "operations that no test of the client calls: {left:?}"
    );
}
