//! `palisade quickstart`: from nothing to a served tenant with identities, and calls to paste.

mod calls;
mod keys;
mod sample;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use palisade_authz::{Own, action::CreateTenant};
use serde_json::json;

use crate::{
    Failure,
    cli::Operator,
    config::{Config, DatabaseUrl},
    listener, node,
    node::Node,
    output,
    serve::serve,
    telemetry::Telemetry,
};
use keys::Keys;

/// The tenant that the quickstart makes.
const TENANT: &str = "demo";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder of the database and the keys
    #[arg(long, value_name = "DIR", default_value = "palisade-data")]
    data: PathBuf,
    /// The address and port to listen on [default: `server.listen`, 127.0.0.1:4434]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<std::net::SocketAddr>,
    /// Print one JSON object with base URL, tenant and keys instead of the tour
    #[arg(long)]
    json: bool,
}

/// What was there before, for the words at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// Nothing.
    Nothing,
    /// The tenant and keys for it.
    Everything,
    /// The tenant, but no keys that work.
    NoKeys,
}

/// Prepares the data, prints how to call it, serves.
pub(crate) async fn run(arguments: Arguments, mut settings: Config) -> Result<(), Failure> {
    let address = match arguments.listen {
        Some(address) => address,
        None => settings.server.listen()?,
    };
    // First of all: a second quickstart must not touch the data of one that runs.
    let socket = listener::bind(address, "`--listen <addr:port>`")?;
    let data = folder(&arguments.data)?;
    // A replica of another database would show what is in that.
    settings.database.replica_url = DatabaseUrl::new("");
    settings.database.url =
        DatabaseUrl::new(format!("sqlite://{}", url_path(&data.join("palisade.db"))?));
    let telemetry = Telemetry::start(&settings)?;
    let store = node::connect(&settings.database).await?;
    store.migrate_up().await?;
    let node = Node::start(store, Some(&settings.issuers))?;
    let (keys, found) = prepare(&node, &data).await?;

    serve(&settings, node, socket, telemetry, |base_url| {
        if arguments.json {
            return output::answer_json(&json!({
                "base_url": base_url,
                "tenant_id": keys.tenant_id,
                "api_key": keys.api_key,
                "operator_key": keys.operator_key,
            }));
        }
        output::answer(calls::tour(base_url, &keys, found, &data))
    })
    .await
}

/// The tenant with its keys and its sample identities, made where they are missing.
async fn prepare(node: &Node, data: &Path) -> Result<(Keys, Found), Failure> {
    let operator = Operator::on(node.store.clone())?;
    let known = operator.tenant_by_name(TENANT).await?;
    let (tenant, mut found) = match known {
        Some(tenant) => (tenant, Found::Everything),
        None => {
            let grant = operator.may::<CreateTenant>(Own).await?;
            (
                operator
                    .store
                    .create_tenant(grant, TENANT, Some("Quickstart"))
                    .await?
                    .id,
                Found::Nothing,
            )
        }
    };
    let kept = Keys::read(data)?.filter(|keys| keys.tenant_id == tenant);
    let mut keys = match kept {
        Some(keys) if keys.work(node).await? => keys,
        kept => {
            if found == Found::Everything {
                found = Found::NoKeys;
            }
            // Where the file is gone from beside a database that has the tenant, the samples were made long ago:
            // whoever deleted one must not get it back.
            let seeded = kept.map_or(found != Found::Nothing, |keys| keys.seeded);
            let keys = Keys::create(&operator, tenant, seeded).await?;
            keys.write(data)?;
            keys
        }
    };
    if !keys.seeded {
        sample::seed(node, &keys).await?;
        keys.seeded = true;
        keys.write(data)?;
    }
    keys.sample = sample::user(node, &keys).await?;
    Ok((keys, found))
}

/// The folder, made where it is missing, as an absolute path.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let explain = |error: std::io::Error| {
        Failure::new(format!(
            "the folder `{}` can't be used: {error}; choose another with `--data <dir>`",
            path.display()
        ))
    };
    fs::create_dir_all(path).map_err(explain)?;
    path.canonicalize().map_err(explain)
}

/// A path as it stands in a URL.
fn url_path(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().ok_or_else(|| {
        Failure::new("the data folder's path is not UTF-8; choose another with `--data <dir>`")
    })?;
    Ok(text
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23"))
}
