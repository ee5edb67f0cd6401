//! SCIM beside scimmy-routers with 5,000 users, beside itself with 1,000,000, and groups of 100,000.

mod fill;
mod groups;
mod peer;

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    gateway::{Gateway, Postgres, Tenant, TestDatabase},
    load::{self, MakeRequest, Plan, Sample},
    report,
};

const CONNECTIONS: usize = 16;
const USERS: usize = 5_000;
/// Users of each tenant of the large database.
const PER_TENANT: usize = 10_000;
/// Tenants of the large database that are asked, in turns.
const ASKED: usize = 10;
/// One connection may ask as often as it can.
const SETTINGS: [(&str, &str); 2] = [
    ("PALISADE__SCIM__REQUESTS_PER_SECOND", "1000000"),
    ("PALISADE__SCIM__BURST", "1000000"),
];
const MEDIA: &str = "application/scim+json";

/// Runs it on both databases; tells whether the bars are met.
///
/// # Errors
/// When something does not start or answers with an error.
pub(crate) async fn run(
    plan: Plan,
    postgres: Option<String>,
    users: usize,
) -> anyhow::Result<bool> {
    let postgres = Postgres::take(postgres)?;
    let on_sqlite = [TestDatabase::sqlite()?, TestDatabase::sqlite()?];
    let on_postgres = [postgres.database().await?, postgres.database().await?];
    let mut met = true;
    for (name, [small, large]) in [("SQLite", on_sqlite), ("PostgreSQL", on_postgres)] {
        let gateway = Gateway::start(&small, &SETTINGS).await?;
        let connection = Connection::open(&gateway, &gateway.tenant).await?;
        let ours = Filled::with(connection, USERS).await?;
        met &= beside_peer(plan, name, &ours).await?;
        met &= beside_itself(plan, name, &ours, &large, users).await?;
        drop(ours);
        met &= groups::run(plan, name, &gateway, &small).await?;
    }
    Ok(met)
}

/// A SCIM service and what a provisioning system uses it with.
struct Connection {
    address: SocketAddr,
    bearer: String,
}

impl Connection {
    /// A new connection of the tenant.
    async fn open(gateway: &Gateway, tenant: &Tenant) -> anyhow::Result<Self> {
        let made = async |path: &str, body: &str| {
            let headers = [
                ("X-API-Key", tenant.key.as_str()),
                ("X-Tenant-ID", &tenant.id),
            ];
            load::once(
                gateway.address,
                &load::request("POST", path, &headers, body),
            )
            .await
        };
        let body = r#"{"name":"bench","type":"scim"}"#;
        let provider = text(&made("/v1/identity-providers", body).await?, "id")?;
        let path = format!("/v1/identity-providers/{provider}/keys");
        let key = made(&path, r#"{"name":"bench"}"#).await?;
        Ok(Self {
            address: gateway.address,
            bearer: format!("Bearer {}", text(&key, "secret")?),
        })
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let path = format!("/scim/v2{path}");
        load::get(&path, &[("Authorization", &self.bearer)])
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Vec<u8> {
        let headers = [
            ("Authorization", self.bearer.as_str()),
            ("Content-Type", MEDIA),
        ];
        let path = format!("/scim/v2{path}");
        load::request(method, &path, &headers, &body.to_string())
    }

    fn patch(&self, path: &str, operation: &Value) -> Vec<u8> {
        let schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
        let body = json!({"schemas": [schema], "Operations": [operation]});
        self.request("PATCH", path, &body)
    }

    fn add(&self, name: &str) -> Vec<u8> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{name}@example.com"),
            "externalId": format!("external-{name}"),
            "name": {"givenName": "Ada", "familyName": format!("Okafor {name}")},
            "displayName": format!("Ada Okafor {name}"),
            "emails": [{"value": format!("{name}@example.com"), "type": "work", "primary": true}],
            "active": true,
        });
        self.request("POST", "/Users", &body)
    }
}

/// A connection with users `user-0` and so on.
struct Filled {
    connection: Connection,
    /// Their ids.
    users: Rc<[String]>,
}

impl Filled {
    /// Makes the users one by one.
    async fn with(connection: Connection, users: usize) -> anyhow::Result<Self> {
        let requests = (0..users).map(|number| connection.add(&format!("user-{number}")));
        let answers = load::all(connection.address, CONNECTIONS, requests.collect()).await?;
        let ids: anyhow::Result<Vec<String>> =
            answers.iter().map(|answer| text(answer, "id")).collect();
        Ok(Self {
            connection,
            users: ids?.into(),
        })
    }
}

#[derive(Clone, Copy)]
enum What {
    Get,
    UserName,
    ExternalId,
    Page,
    Patch,
    Post,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET by id",
            Self::UserName => "filter userName eq",
            Self::ExternalId => "filter externalId eq",
            Self::Page => "page of 100 at 4,000",
            Self::Patch => "PATCH active",
            Self::Post => "POST",
        }
    }

    /// How many times the peer it is at least.
    const fn bar(self) -> f64 {
        match self {
            Self::Get | Self::UserName | Self::ExternalId => 4.0,
            Self::Page => 30.0,
            Self::Patch | Self::Post => 1.5,
        }
    }

    /// Its requests: the n-th of a connection.
    fn requests(self, of: &Filled) -> MakeRequest {
        let users = Rc::clone(&of.users);
        let connection = Connection {
            address: of.connection.address,
            bearer: of.connection.bearer.clone(),
        };
        Rc::new(move |client, number| {
            let turn = usize::try_from(number).unwrap_or_default();
            let place = (turn / 2).wrapping_add(client * 331) % users.len();
            let id = users.get(place).map_or("", String::as_str);
            match self {
                Self::Get => connection.get(&format!("/Users/{id}")),
                Self::UserName => connection.get(&format!(
                    "/Users?filter=userName%20eq%20%22user-{place}%40example.com%22"
                )),
                Self::ExternalId => connection.get(&format!(
                    "/Users?filter=externalId%20eq%20%22external-user-{place}%22"
                )),
                Self::Page => connection.get("/Users?startIndex=4001&count=100"),
                Self::Patch => {
                    let value = !turn.is_multiple_of(2);
                    let operation = json!({"op": "replace", "path": "active", "value": value});
                    connection.patch(&format!("/Users/{id}"), &operation)
                }
                Self::Post => {
                    static NEXT: AtomicU64 = AtomicU64::new(0);
                    let next = NEXT.fetch_add(1, Ordering::Relaxed);
                    connection.add(&format!("new-{next}"))
                }
            }
        })
    }
}

async fn beside_peer(plan: Plan, name: &str, ours: &Filled) -> anyhow::Result<bool> {
    let peer = peer::start().await?;
    let connection = Connection {
        address: peer.address,
        bearer: "Bearer bench".to_owned(),
    };
    let theirs = Filled::with(connection, USERS).await?;
    println!(
        "SCIM, {CONNECTIONS} connections, {USERS} users, {name} beside scimmy-routers in memory"
    );
    let mut met = true;
    // What adds users comes last.
    for what in [
        What::Get,
        What::UserName,
        What::ExternalId,
        What::Page,
        What::Patch,
        What::Post,
    ] {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..plan.rounds {
            for (samples, filled) in samples.iter_mut().zip([ours, &theirs]) {
                let address = filled.connection.address;
                let make = what.requests(filled);
                samples.push(load::measure(address, CONNECTIONS, plan.seconds, make).await?);
            }
        }
        let [ours, theirs] = samples.map(report::median);
        report::line(&format!("{}, Palisade", what.name()), ours);
        report::line(&format!("{}, peer", what.name()), theirs);
        met &= report::at_least(
            &format!("{}: times the peer", what.name()),
            ours.rate / theirs.rate,
            what.bar(),
        );
    }
    Ok(met)
}

async fn beside_itself(
    plan: Plan,
    name: &str,
    few: &Filled,
    database: &TestDatabase,
    users: usize,
) -> anyhow::Result<bool> {
    let gateway = Gateway::start(database, &SETTINGS).await?;
    let tenants = users / PER_TENANT;
    let mut many = Vec::new();
    for number in 0..tenants {
        let tenant = gateway.add_tenant(&format!("tenant-{number}"))?;
        let connection = Connection::open(&gateway, &tenant).await?;
        let users = fill::multiply(database, &connection, &tenant, PER_TENANT).await?;
        many.push(Filled { connection, users });
    }
    fill::analyze(database).await?;
    many.truncate(ASKED);
    println!(
        "SCIM, {CONNECTIONS} connections, {users} users in {tenants} tenants beside {USERS}, {name}"
    );
    let mut met = true;
    for what in [What::UserName, What::ExternalId, What::Page] {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..plan.rounds {
            for (samples, filled) in samples
                .iter_mut()
                .zip([std::slice::from_ref(few), many.as_slice()])
            {
                samples.push(in_turns(plan, what, filled).await?);
            }
        }
        let [few, many] = samples.map(report::median);
        report::line(&format!("{}, {USERS}", what.name()), few);
        report::line(&format!("{}, {users}", what.name()), many);
        met &= report::at_most(
            &format!("{}: cost, many / few", what.name()),
            few.rate / many.rate,
            1.5,
        );
    }
    Ok(met)
}

/// Asks the tenants of one gateway in turns.
async fn in_turns(plan: Plan, what: What, tenants: &[Filled]) -> anyhow::Result<Sample> {
    let of_tenants: Vec<MakeRequest> = tenants.iter().map(|filled| what.requests(filled)).collect();
    let first = tenants.first().context("no tenant is asked")?;
    let make: MakeRequest = Rc::new(move |client, number| {
        let turn = usize::try_from(number).unwrap_or_default();
        of_tenants
            .get(turn.wrapping_add(client) % of_tenants.len())
            .map(|make| make(client, number))
            .unwrap_or_default()
    });
    load::measure(first.connection.address, CONNECTIONS, plan.seconds, make).await
}

fn text(answer: &[u8], name: &str) -> anyhow::Result<String> {
    let value: Value = serde_json::from_slice(answer)?;
    let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
    text.with_context(|| format!("no `{name}` in an answer"))
}
