//! What the gateway is compared with: a static route, and the least that any server with a database can do.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, Result, error::ErrorInternalServerError, web};
use sea_orm::sqlx::{
    self, Row as _,
    postgres::{PgPool, PgPoolOptions, PgRow},
    sqlite::{SqlitePool, SqlitePoolOptions, SqliteRow},
};
use uuid::Uuid;

/// Which peer.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Kind {
    /// 600 bytes of JSON from memory.
    Static,
    /// One SELECT of the identity's row by primary key, its columns sent as they are.
    Select,
}

/// The columns that reading an identity takes: the same row as the gateway reads.
const SELECT: &str = "SELECT external_id, schema_id, state, state_changed_at, traits, credentials, \
     verifiable_addresses, recovery_addresses, metadata_public, metadata_admin, organization_id, created_at, \
     updated_at, revision FROM identities WHERE tenant_id = $1 AND id = $2";
const CONNECTIONS: u32 = 16;

/// Serves the peer until it is stopped.
///
/// # Errors
/// When the address or the database can't be had.
pub(crate) fn serve(kind: Kind, listen: SocketAddr, database: &str) -> anyhow::Result<()> {
    let database = database.to_owned();
    actix_web::rt::System::new().block_on(async move {
        match kind {
            Kind::Static => {
                run(listen, move |app| {
                    app.route("/", web::get().to(fixed));
                })
                .await
            }
            Kind::Select if database.starts_with("sqlite") => {
                let pool = SqlitePoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .test_before_acquire(false)
                    .connect(&database)
                    .await?;
                run(listen, move |app| {
                    app.app_data(web::Data::new(pool.clone()))
                        .route("/", web::get().to(fixed))
                        .route("/{tenant}/{id}", web::get().to(select_sqlite));
                })
                .await
            }
            Kind::Select => {
                let pool = PgPoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .test_before_acquire(false)
                    .connect(&database)
                    .await?;
                run(listen, move |app| {
                    app.app_data(web::Data::new(pool.clone()))
                        .route("/", web::get().to(fixed))
                        .route("/{tenant}/{id}", web::get().to(select_postgres));
                })
                .await
            }
        }
    })
}

async fn run(
    listen: SocketAddr,
    routes: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let server = HttpServer::new(move || App::new().configure(routes.clone())).bind(listen)?;
    Ok(server.run().await?)
}

async fn fixed() -> HttpResponse {
    static BODY: &str = concat!(
        r#"{"id":"0199d3c2-7f00-7000-8000-000000000000","padding":""#,
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        r#""}"#,
    );
    HttpResponse::Ok()
        .content_type("application/json")
        .body(BODY)
}

async fn select_sqlite(
    path: web::Path<(Uuid, Uuid)>,
    pool: web::Data<SqlitePool>,
) -> Result<HttpResponse> {
    let (tenant, id) = path.into_inner();
    let row: SqliteRow = sqlx::query(SELECT)
        .bind(tenant)
        .bind(id)
        .fetch_one(pool.get_ref())
        .await
        .map_err(ErrorInternalServerError)?;
    reply(id, |column| row.try_get(column))
}

async fn select_postgres(
    path: web::Path<(Uuid, Uuid)>,
    pool: web::Data<PgPool>,
) -> Result<HttpResponse> {
    let (tenant, id) = path.into_inner();
    let row: PgRow = sqlx::query(SELECT)
        .bind(tenant)
        .bind(id)
        .fetch_one(pool.get_ref())
        .await
        .map_err(ErrorInternalServerError)?;
    reply(id, |column| row.try_get(column))
}

fn reply(id: Uuid, column: impl Fn(&str) -> sqlx::Result<String>) -> Result<HttpResponse> {
    let get = |name| column(name).map_err(ErrorInternalServerError);
    let body = format!(
        r#"{{"id":"{id}","schema_id":"{}","state":"{}","traits":{},"credentials":{},"verifiable_addresses":{},"recovery_addresses":{}}}"#,
        get("schema_id")?,
        get("state")?,
        get("traits")?,
        get("credentials")?,
        get("verifiable_addresses")?,
        get("recovery_addresses")?,
    );
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(body))
}
