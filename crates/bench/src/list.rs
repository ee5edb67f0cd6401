//! Lists and look-ups: does it matter how many identities and tenants the database holds?

use std::{fmt::Write as _, rc::Rc};

use anyhow::Context as _;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DbBackend, Statement, TransactionTrait as _,
};
use uuid::Uuid;

use crate::{
    gateway::{Gateway, Postgres, Tenant, TestDatabase},
    load::{self, MakeRequest, Plan, Sample},
    report,
};

const CONNECTIONS: usize = 8;
const PER_TENANT: u64 = 1_000;
const SMALL: u64 = 10_000;
/// Tenants that are asked, in turns, on both databases.
const ASKED: usize = 10;
const TEMPLATE: &str = "template@example.com";

/// Runs it on both databases; tells whether the bars are met.
///
/// # Errors
/// When something does not start or answers with an error.
pub(crate) async fn run(
    plan: Plan,
    postgres: Option<String>,
    identities: u64,
) -> anyhow::Result<bool> {
    let postgres = Postgres::take(postgres)?;
    let on_sqlite = one(
        plan,
        "SQLite",
        [TestDatabase::sqlite()?, TestDatabase::sqlite()?],
        identities,
    )
    .await?;
    let on_postgres = one(
        plan,
        "PostgreSQL",
        [postgres.database().await?, postgres.database().await?],
        identities,
    )
    .await?;
    Ok(on_sqlite && on_postgres)
}

async fn one(
    plan: Plan,
    name: &str,
    databases: [TestDatabase; 2],
    identities: u64,
) -> anyhow::Result<bool> {
    let [small, large] = databases;
    let (small_gateway, small_asked) = filled(&small, SMALL).await?;
    let (large_gateway, large_asked) = filled(&large, identities).await?;
    println!(
        "lists and look-ups, {CONNECTIONS} connections, {name}, {identities} identities beside {SMALL}"
    );
    let mut met = true;
    for what in [What::FirstPage, What::DeepPage, What::Identifier] {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..plan.rounds {
            for (samples, (gateway, asked)) in samples.iter_mut().zip([
                (&small_gateway, &small_asked),
                (&large_gateway, &large_asked),
            ]) {
                samples.push(measure(plan, gateway, asked, what).await?);
            }
        }
        let [few, many] = samples.map(report::median);
        report::line(&format!("{}, {SMALL}", what.name()), few);
        report::line(&format!("{}, {identities}", what.name()), many);
        met &= report::at_most(
            &format!("{}: cost, many / few", what.name()),
            few.rate / many.rate,
            1.25,
        );
    }
    Ok(met)
}

#[derive(Clone, Copy)]
enum What {
    FirstPage,
    DeepPage,
    Identifier,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::FirstPage => "first page of 50",
            Self::DeepPage => "page of 50 after 900",
            Self::Identifier => "credentials_identifier",
        }
    }
}

/// A tenant that is asked, and the token of its deep page.
struct Asked {
    tenant: Tenant,
    token: String,
}

async fn measure(
    plan: Plan,
    gateway: &Gateway,
    asked: &[Asked],
    what: What,
) -> anyhow::Result<Sample> {
    let requests: Vec<Vec<Vec<u8>>> = asked
        .iter()
        .map(|Asked { tenant, token }| match what {
            What::FirstPage => vec![tenant.get("/admin/identities?page_size=50")],
            What::DeepPage => vec![tenant.get(&format!(
                "/admin/identities?page_size=50&page_token={token}"
            ))],
            What::Identifier => (0..PER_TENANT)
                .map(|number| {
                    tenant.get(&format!(
                        "/admin/identities?credentials_identifier=user-{number}%40example.com"
                    ))
                })
                .collect(),
        })
        .collect();
    let make: MakeRequest = Rc::new(move |connection, number| {
        let turn = usize::try_from(number)
            .unwrap_or_default()
            .wrapping_mul(31)
            .wrapping_add(connection);
        requests
            .get(turn % requests.len())
            .and_then(|of_tenant| of_tenant.get((turn / ASKED) % of_tenant.len()))
            .cloned()
            .unwrap_or_default()
    });
    load::measure(gateway.address, CONNECTIONS, plan.seconds, make).await
}

/// Starts a gateway on a database with that many identities, [`PER_TENANT`] a tenant.
async fn filled(database: &TestDatabase, identities: u64) -> anyhow::Result<(Gateway, Vec<Asked>)> {
    let gateway = Gateway::start(database, &[]).await?;
    let body =
        format!(r#"{{"traits":{{"email":"{TEMPLATE}","name":{{"first":"Tem","last":"Plate"}}}}}}"#);
    load::once(
        gateway.address,
        &gateway.tenant.request("POST", "/admin/identities", &body),
    )
    .await?;
    let connection = sea_orm::Database::connect(&database.url).await?;
    let rows = Template::read(&connection).await?;

    let tenants = identities / PER_TENANT;
    let asked_every = (tenants / u64::try_from(ASKED)?).max(1);
    let mut asked = Vec::new();
    for number in 0..tenants {
        let id = if number % asked_every == 0 && asked.len() < ASKED {
            let tenant = gateway.add_tenant(&format!("asked-{number}"))?;
            let id = Uuid::parse_str(&tenant.id)?;
            asked.push(tenant);
            id
        } else {
            rows.add_tenant(&connection, &format!("tenant-{number}"))
                .await?
        };
        rows.fill(&connection, id).await?;
    }
    connection.execute_unprepared("ANALYZE").await?;
    connection.close().await?;

    let mut with_tokens = Vec::new();
    for tenant in asked {
        let token = deep_token(&gateway, &tenant).await?;
        with_tokens.push(Asked { tenant, token });
    }
    Ok((gateway, with_tokens))
}

/// The token of the page after 900 identities, by walking there.
async fn deep_token(gateway: &Gateway, tenant: &Tenant) -> anyhow::Result<String> {
    let mut path = "/admin/identities?page_size=300".to_owned();
    let mut token = String::new();
    for _ in 0..3 {
        let head = load::head(gateway.address, &tenant.get(&path)).await?;
        let link = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("link:"))
            .context("no Link header")?;
        let next = link
            .split(',')
            .find(|part| part.contains("rel=\"next\""))
            .context("no next page")?;
        token = next
            .split_once("page_token=")
            .and_then(|(_, rest)| rest.split(['&', '>']).next())
            .context("no page token")?
            .to_owned();
        path = format!("/admin/identities?page_size=300&page_token={token}");
    }
    Ok(token)
}

/// The rows of one identity, to be multiplied.
struct Template {
    backend: DbBackend,
    traits: String,
    credentials: String,
    verifiable: String,
    recovery: String,
    schema: String,
    created_at: i64,
}

impl Template {
    async fn read(connection: &DatabaseConnection) -> anyhow::Result<Self> {
        let backend = connection.get_database_backend();
        let sql = "SELECT i.traits, i.credentials, i.verifiable_addresses, i.recovery_addresses, i.created_at, s.document \
                   FROM identities i JOIN identity_schemas s ON s.tenant_id = i.tenant_id AND s.id = i.schema_id";
        let row = connection
            .query_one_raw(Statement::from_string(backend, sql))
            .await?
            .context("the template identity is not there")?;
        Ok(Self {
            backend,
            traits: row.try_get("", "traits")?,
            credentials: row.try_get("", "credentials")?,
            verifiable: row.try_get("", "verifiable_addresses")?,
            recovery: row.try_get("", "recovery_addresses")?,
            schema: row.try_get("", "document")?,
            created_at: row.try_get("", "created_at")?,
        })
    }

    fn uuid(&self, id: Uuid) -> String {
        match self.backend {
            DbBackend::Sqlite => format!("x'{}'", id.simple()),
            _ => format!("'{id}'"),
        }
    }

    async fn add_tenant(
        &self,
        connection: &DatabaseConnection,
        name: &str,
    ) -> anyhow::Result<Uuid> {
        let id = random_uuid();
        let (tenant, now, schema) = (self.uuid(id), self.created_at, quoted(&self.schema));
        connection
            .execute_unprepared(&format!(
                "INSERT INTO tenants (id, name, state, policy_version, created_at, updated_at, revision) \
                 VALUES ({tenant}, '{name}', 'active', 0, {now}, {now}, 1)"
            ))
            .await?;
        connection
            .execute_unprepared(&format!(
                "INSERT INTO identity_schemas (tenant_id, id, document, created_at, updated_at, revision) \
                 VALUES ({tenant}, 'default', {schema}, {now}, {now}, 1)"
            ))
            .await?;
        Ok(id)
    }

    async fn fill(&self, connection: &DatabaseConnection, tenant: Uuid) -> anyhow::Result<()> {
        let tenant = self.uuid(tenant);
        let (mut identities, mut identifiers, mut addresses) =
            (String::new(), String::new(), String::new());
        let now = self.created_at;
        for number in 0..PER_TENANT {
            let comma = if number == 0 { "" } else { "," };
            let email = format!("user-{number}@example.com");
            let id = self.uuid(random_uuid());
            let [traits, credentials, verifiable, recovery] = [
                &self.traits,
                &self.credentials,
                &self.verifiable,
                &self.recovery,
            ]
            .map(|text| quoted(&text.replace(TEMPLATE, &email)));
            write!(
                identities,
                "{comma}({tenant},{id},'default','active',{now},{traits},{credentials},{verifiable},{recovery},{now},{now},1)"
            )?;
            write!(
                identifiers,
                "{comma}({tenant},'password','{email}',{id}),({tenant},'code','{email}',{id})"
            )?;
            write!(
                addresses,
                "{comma}({tenant},'verifiable','email','{email}',{id}),({tenant},'recovery','email','{email}',{id})"
            )?;
        }
        let transaction = connection.begin().await?;
        for (into, values) in [
            (
                "identities (tenant_id, id, schema_id, state, state_changed_at, traits, credentials, \
                 verifiable_addresses, recovery_addresses, created_at, updated_at, revision)",
                identities,
            ),
            (
                "identity_identifiers (tenant_id, type, identifier, identity_id)",
                identifiers,
            ),
            (
                "identity_addresses (tenant_id, kind, via, value, identity_id)",
                addresses,
            ),
        ] {
            transaction
                .execute_unprepared(&format!("INSERT INTO {into} VALUES {values}"))
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn random_uuid() -> Uuid {
    #[expect(
        clippy::disallowed_methods,
        reason = "rows of a benchmark need no order of creation"
    )]
    Uuid::new_v4()
}
