//! Groups: does it matter how many members there are, and does each of many concurrent changes stay?

use std::rc::Rc;

use anyhow::{Context as _, ensure};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Connection, fill, text};
use crate::{
    gateway::{Gateway, TestDatabase},
    load::{self, MakeRequest, Plan},
    report,
};

/// As many as a group can have.
const MEMBERS: usize = 100_000;
const FEW: usize = 10;
const AT_ONCE: usize = 50;

/// Measures changes of one member of a group of 100,000 beside one of 10; tells whether the bar is met.
pub(super) async fn run(
    plan: Plan,
    name: &str,
    gateway: &Gateway,
    database: &TestDatabase,
) -> anyhow::Result<bool> {
    let tenant = gateway.add_tenant("groups")?;
    let connection = Connection::open(gateway, &tenant).await?;
    let users = fill::multiply(database, &connection, &tenant, MEMBERS).await?;
    let first = users.get(..FEW).context("enough users")?;
    let few = add_group(&connection, "few", first).await?;
    let many = add_group(&connection, "many", &[]).await?;
    put_in(database, &tenant.id, &many, &users).await?;
    fill::analyze(database).await?;
    println!("SCIM groups, {MEMBERS} members beside {FEW}, {name}");
    let connection = Rc::new(connection);
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..plan.rounds {
        for (samples, group) in samples.iter_mut().zip([&few, &many]) {
            let make = changes(&connection, group, first);
            samples.push(load::measure(connection.address, 1, plan.seconds, make).await?);
        }
    }
    let [in_few, in_many] = samples.map(report::median);
    report::line(&format!("a member added or removed, {FEW}"), in_few);
    report::line(&format!("a member added or removed, {MEMBERS}"), in_many);
    let met = report::at_most("cost, many / few", in_few.rate / in_many.rate, 1.5);
    concurrent(&connection, &many, &users).await?;
    println!("  {AT_ONCE} members removed and added at once: each is there");
    Ok(met)
}

async fn add_group(
    connection: &Connection,
    name: &str,
    members: &[String],
) -> anyhow::Result<String> {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": name,
        "members": members,
    });
    let group = connection.request("POST", "/Groups", &body);
    text(&load::once(connection.address, &group).await?, "id")
}

/// Removes a member in each turn, and adds it in the next.
fn changes(connection: &Rc<Connection>, group: &str, members: &[String]) -> MakeRequest {
    let path = format!("/Groups/{group}");
    let (connection, members) = (Rc::clone(connection), members.to_vec());
    Rc::new(move |_, number| {
        let turn = usize::try_from(number).unwrap_or_default();
        let place = (turn / 2) % members.len();
        let id = members.get(place).map_or("", String::as_str);
        let operation = if turn.is_multiple_of(2) {
            removed(id)
        } else {
            added(id)
        };
        connection.patch(&path, &operation)
    })
}

fn removed(id: &str) -> Value {
    json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")})
}

fn added(id: &str) -> Value {
    json!({"op": "add", "path": "members", "value": [{"value": id}]})
}

/// Fails unless each of many that are added at once is there.
async fn concurrent(
    connection: &Rc<Connection>,
    group: &str,
    members: &[String],
) -> anyhow::Result<()> {
    let members = members.get(..AT_ONCE).context("enough users")?;
    let path = format!("/Groups/{group}");
    for (change, expected) in [(removed as fn(&str) -> Value, 0), (added, AT_ONCE)] {
        let requests = members
            .iter()
            .map(|id| connection.patch(&path, &change(id)));
        load::all(connection.address, AT_ONCE, requests.collect()).await?;
        let mut there = 0;
        for id in members {
            let asked = connection.get(&format!(
                "/Groups?attributes=id&filter=id%20eq%20%22{group}%22%20and%20members%20eq%20%22{id}%22"
            ));
            let found = load::once(connection.address, &asked).await?;
            let found: Value = serde_json::from_slice(&found)?;
            there += found
                .get("totalResults")
                .and_then(Value::as_u64)
                .unwrap_or(0);
        }
        ensure!(
            usize::try_from(there)? == expected,
            "{there} of {AT_ONCE} that were changed at once are there"
        );
    }
    Ok(())
}

/// Makes them members.
async fn put_in(
    database: &TestDatabase,
    tenant: &str,
    group: &str,
    members: &[String],
) -> anyhow::Result<()> {
    let server = sea_orm::Database::connect(&database.url).await?;
    let backend = server.get_database_backend();
    let id = |text: &str| anyhow::Ok(fill::literal(backend, Uuid::parse_str(text)?));
    let (tenant, group) = (id(tenant)?, id(group)?);
    for chunk in members.chunks(1_000) {
        let ids: anyhow::Result<Vec<String>> = chunk.iter().map(|member| id(member)).collect();
        let ids = ids?.join(", ");
        server
            .execute_unprepared(&format!(
                "INSERT INTO scim_group_users (tenant_id, provider_id, group_id, identity_id) \
                 SELECT tenant_id, provider_id, {group}, identity_id FROM scim_users \
                 WHERE tenant_id = {tenant} AND identity_id IN ({ids})"
            ))
            .await?;
    }
    server
        .execute_unprepared(&format!(
            "UPDATE scim_groups SET members = {MEMBERS} WHERE tenant_id = {tenant} AND id = {group}"
        ))
        .await?;
    server.close().await?;
    Ok(())
}
