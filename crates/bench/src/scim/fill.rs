//! Many users fast: one is made through the service, and its rows are multiplied.

use std::{fmt::Write as _, rc::Rc};

use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait as _};
use uuid::Uuid;

use super::{Connection, text};
use crate::{
    gateway::{Tenant, TestDatabase},
    load,
};

const TEMPLATE: &str = "template-of-users";

/// A table that has rows of a user, the column of the user's id, and the column of an id of the row's own.
struct Rows {
    table: &'static str,
    user: &'static str,
    own: Option<&'static str>,
}

/// In the order of their foreign keys.
const TABLES: [Rows; 6] = [
    Rows::of("identities", "id", None),
    Rows::of("identity_identifiers", "identity_id", None),
    Rows::of("identity_addresses", "identity_id", None),
    Rows::of("external_identities", "identity_id", Some("id")),
    Rows::of("scim_users", "identity_id", None),
    Rows::of("scim_emails", "identity_id", None),
];

impl Rows {
    const fn of(table: &'static str, user: &'static str, own: Option<&'static str>) -> Self {
        Self { table, user, own }
    }
}

/// Makes `user-0` to `user-<users - 1>` as copies of one that is made through the service; their ids. The template stays.
pub(super) async fn multiply(
    database: &TestDatabase,
    connection: &Connection,
    tenant: &Tenant,
    users: usize,
) -> anyhow::Result<Rc<[String]>> {
    let template = load::once(connection.address, &connection.add(TEMPLATE)).await?;
    let template = Uuid::parse_str(&text(&template, "id")?)?;
    let server = sea_orm::Database::connect(&database.url).await?;
    let transaction = server.begin().await?;
    let backend = transaction.get_database_backend();
    let made: Vec<(Uuid, Uuid)> = (0..users).map(|_| (random(), random())).collect();
    transaction
        .execute_unprepared(
            "CREATE TEMPORARY TABLE made (user_id uuid, row_id uuid, id_text text, name text)",
        )
        .await?;
    for (part, chunk) in made.chunks(1_000).enumerate() {
        let mut values = String::new();
        for (place, (user, row)) in chunk.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let (user_id, row_id) = (literal(backend, *user), literal(backend, *row));
            let number = part * 1_000 + place;
            write!(
                values,
                "{comma}({user_id},{row_id},'{user}','user-{number}')"
            )?;
        }
        transaction
            .execute_unprepared(&format!("INSERT INTO made VALUES {values}"))
            .await?;
    }
    let tenant = Uuid::parse_str(&tenant.id)?;
    for rows in &TABLES {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (name, is_text) in columns(&transaction, rows.table).await? {
            values.push(if name == rows.user {
                "made.user_id".to_owned()
            } else if rows.own == Some(name.as_str()) {
                "made.row_id".to_owned()
            } else if is_text {
                format!("replace(replace(t.{name}, '{TEMPLATE}', made.name), '{template}', made.id_text)")
            } else {
                format!("t.{name}")
            });
            names.push(name);
        }
        let (table, names, values) = (rows.table, names.join(", "), values.join(", "));
        let tenant = literal(backend, tenant);
        let (user, id) = (rows.user, literal(backend, template));
        transaction
            .execute_unprepared(&format!(
                "INSERT INTO {table} ({names}) SELECT {values} FROM {table} t CROSS JOIN made \
                 WHERE t.tenant_id = {tenant} AND t.{user} = {id}"
            ))
            .await?;
    }
    transaction.execute_unprepared("DROP TABLE made").await?;
    transaction.commit().await?;
    server.close().await?;
    Ok(made.iter().map(|(user, _)| user.to_string()).collect())
}

/// Has the database look at what it holds, as it does by itself in time.
pub(super) async fn analyze(database: &TestDatabase) -> anyhow::Result<()> {
    let server = sea_orm::Database::connect(&database.url).await?;
    server.execute_unprepared("ANALYZE").await?;
    server.close().await?;
    Ok(())
}

/// The columns of a table, and whether each is text.
async fn columns(
    database: &impl ConnectionTrait,
    table: &str,
) -> anyhow::Result<Vec<(String, bool)>> {
    let backend = database.get_database_backend();
    let text = match backend {
        DbBackend::Sqlite => format!("SELECT name, lower(type) FROM pragma_table_info('{table}')"),
        _ => format!(
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}'"
        ),
    };
    let rows = database
        .query_all_raw(Statement::from_string(backend, text))
        .await?;
    rows.iter()
        .map(|row| {
            let kind: String = row.try_get_by_index(1)?;
            Ok((row.try_get_by_index(0)?, kind.starts_with("text")))
        })
        .collect()
}

pub(super) fn literal(backend: DbBackend, id: Uuid) -> String {
    match backend {
        DbBackend::Sqlite => format!("x'{}'", id.simple()),
        _ => format!("'{id}'::uuid"),
    }
}

fn random() -> Uuid {
    #[expect(
        clippy::disallowed_methods,
        reason = "rows of a benchmark need no order of creation"
    )]
    Uuid::new_v4()
}
