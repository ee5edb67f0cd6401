//! `/health/alive`, `/health/ready`, `/version`

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait as _;
use serde_json::json;

use crate::{
    database::{Db, connect},
    gateway::Gateway,
};

on_both_databases! {
    async fn health_alive_ready_and_version_answer_anybody_with_and_without_admin(house: House) {
        let nobody = house.gateway.anonymous();
        for mount in ["", "/admin"] {
            for what in ["alive", "ready"] {
                let reply = nobody.get(&format!("{mount}/health/{what}")).await.expect(200);
                assert_eq!(reply.json(), json!({"status": "ok"}));
            }
            let version = nobody.get(&format!("{mount}/version")).await.expect(200).json();
            assert!(version["version"].as_str().is_some_and(|text| !text.is_empty()), "{version}");
        }
    }
}

on_both_databases! {
    async fn health_ready_is_503_with_errors_while_the_database_does_not_serve(db: Db) {
        let gateway = Gateway::own(db, &[]).await;
        let nobody = gateway.anonymous();
        nobody.get("/health/ready").await.expect(200);
        stop(db, gateway.database()).await;
        let start = Instant::now();
        let reply = loop {
            let reply = nobody.get("/health/ready").await;
            if reply.status != 200 {
                break reply;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "is still ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        for reply in [reply, nobody.get("/admin/health/ready").await] {
            let body = reply.expect(503).json();
            let errors = body["errors"].as_object().expect("errors");
            assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
            assert!(errors["database"].as_str().is_some_and(|text| !text.is_empty() && !text.contains("palisade_")), "{body}");
        }
        nobody.get("/health/alive").await.expect(200);
    }
}

/// Takes the database away from the program: PostgreSQL lets nobody in, the file of SQLite loses what tells its shape.
async fn stop(db: Db, url: &str) {
    match db {
        Db::Postgres => {
            let (server, name) = url.rsplit_once('/').expect("a URL with a database");
            let admin = connect(&format!("{server}/postgres")).await;
            for text in [
                format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"),
                format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                ),
            ] {
                admin
                    .execute_unprepared(&text)
                    .await
                    .expect("a superuser may");
            }
        }
        Db::Sqlite => {
            let text = "DROP TABLE seaql_migrations";
            connect(url)
                .await
                .execute_unprepared(text)
                .await
                .expect("is dropped");
        }
    }
}
