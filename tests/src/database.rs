//! The databases that the program is tested on.

use std::path::Path;

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Db {
    /// A file of its own.
    Sqlite,
    /// A new database in the cluster of `PALISADE_TEST_POSTGRES`.
    Postgres,
}

impl Db {
    /// The URL of a new, empty database. `dir` is where a file goes.
    pub(crate) async fn fresh(self, dir: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite://{}/palisade.db", dir.display()),
            Self::Postgres => {
                let cluster = cluster();
                let name = format!("palisade_{:016x}", random());
                connect(&cluster)
                    .await
                    .execute_unprepared(&format!("CREATE DATABASE {name}"))
                    .await
                    .expect("a superuser can create a database");
                let (server, _) = cluster
                    .rsplit_once('/')
                    .expect("a postgres:// URL ends with a database");
                format!("{server}/{name}")
            }
        }
    }
}

/// A connection beside the program's, to do to it what no caller can.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    Database::connect(url)
        .await
        .expect("the test database can be reached")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the tests learn where PostgreSQL is"
)]
fn cluster() -> String {
    std::env::var("PALISADE_TEST_POSTGRES")
        .expect("run tests/run, or tests/postgres start DIR and export PALISADE_TEST_POSTGRES")
}

/// A number that no other test has.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::hash::RandomState::new().build_hasher().finish()
}

/// The id of nothing.
pub(crate) fn random_id() -> String {
    uuid::Builder::from_bytes((u128::from(random()) << 64 | u128::from(random())).to_be_bytes())
        .with_version(uuid::Version::SortRand)
        .with_variant(uuid::Variant::RFC4122)
        .into_uuid()
        .to_string()
}

/// Makes two tests of each case, `<case>::on_sqlite` and `<case>::on_postgres`. A case takes a
/// [`Db`] or, by its name, a [`House`](crate::house::House) in the gateway that all cases of that database share.
macro_rules! on_both_databases {
    ($($(#[doc = $doc:literal])* async fn $case:ident($house:ident: House $(,)?) $body:block)+) => {
        $(
            $(#[doc = $doc])*
            async fn $case(db: $crate::database::Db) {
                let $house = $crate::house::House::open(db).await;
                $body
                $house.finish().await;
            }

            mod $case {
                #[tokio::test]
                async fn on_sqlite() {
                    super::$case($crate::database::Db::Sqlite).await;
                }

                #[tokio::test]
                async fn on_postgres() {
                    super::$case($crate::database::Db::Postgres).await;
                }
            }
        )+
    };
    ($($(#[doc = $doc:literal])* async fn $case:ident($db:ident: Db $(,)?) $body:block)+) => {
        $(
            $(#[doc = $doc])*
            async fn $case($db: $crate::database::Db) $body

            mod $case {
                #[tokio::test]
                async fn on_sqlite() {
                    super::$case($crate::database::Db::Sqlite).await;
                }

                #[tokio::test]
                async fn on_postgres() {
                    super::$case($crate::database::Db::Postgres).await;
                }
            }
        )+
    };
}
