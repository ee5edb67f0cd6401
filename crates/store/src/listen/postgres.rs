//! PostgreSQL sends notifications at commit.

use std::{str::FromStr as _, time::Duration};

use palisade_tenancy::{Invalidation, TenantId};
use sea_orm::sqlx::{
    self, Executor as _,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgListener},
};

use crate::{Store, dialect};

/// What PostgreSQL shows as the connection's `application_name`.
const APPLICATION: &str = "palisade listener";
/// How long without a notification until the connection is asked whether it is still there: a network that
/// swallows packets says nothing.
const SILENCE: Duration = Duration::from_millis(400);
/// How long that question, or a new connection, may take.
const ANSWER: Duration = Duration::from_millis(300);
/// The longest pause between attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

pub(crate) async fn listen(store: &Store) {
    let mut pause = Duration::from_millis(20);
    loop {
        match connect(&store.inner.options.url).await {
            Ok(mut listener) => {
                pause = Duration::from_millis(20);
                // Whatever was said while nobody listened is lost: everything may have changed.
                store.hear_changed(Invalidation::Everything);
                store.hear_live(true);
                let cause = hear(store, &mut listener).await;
                store.hear_live(false);
                store.hear_changed(Invalidation::Everything);
                tracing::warn!(%cause, "the connection that hears of changes was lost");
            }
            Err(cause) => {
                tracing::warn!(%cause, "no connection to hear of changes");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn connect(url: &str) -> Result<PgListener, sqlx::Error> {
    let connecting = async {
        // Named, so that an operator can tell it from the connections that statements come through.
        let options = PgConnectOptions::from_str(url)?.application_name(APPLICATION);
        let pool = PoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        // A lost connection must be seen here, not mended silently: notifications were missed.
        listener.eager_reconnect(false);
        listener.listen(dialect::CHANNEL).await?;
        Ok(listener)
    };
    // A first connection may need name resolution and TLS.
    tokio::time::timeout(Duration::from_secs(2), connecting)
        .await
        .map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// Hears until the connection is lost; why.
async fn hear(store: &Store, listener: &mut PgListener) -> sqlx::Error {
    loop {
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                let what = TenantId::parse(notification.payload())
                    .map_or(Invalidation::Everything, Invalidation::Tenant);
                store.hear_changed(what);
            }
            Ok(Ok(None)) => return sqlx::Error::WorkerCrashed,
            Ok(Err(error)) => return error,
            Err(_silence) => match tokio::time::timeout(ANSWER, listener.execute("SELECT 1")).await
            {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error,
                Err(_) => return sqlx::Error::PoolTimedOut,
            },
        }
    }
}
