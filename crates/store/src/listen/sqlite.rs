//! SQLite sends nothing: a counter is asked for what other processes changed.

use std::time::Duration;

use palisade_tenancy::{Invalidation, TenantId};
use sea_orm::{ConnectionTrait as _, Statement};

use crate::{Store, fault::Fault};

/// How often the counter is asked.
const PERIOD: Duration = Duration::from_millis(200);

pub(crate) async fn poll(store: &Store) {
    let mut seen = None;
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match (changed_since(store, seen).await, seen) {
            (Ok((counter, _)), None) => {
                seen = Some(counter);
                store.hear_changed(Invalidation::Everything);
                store.hear_live(true);
            }
            (Ok((counter, tenants)), Some(_)) => {
                seen = Some(counter);
                for tenant in tenants {
                    store.hear_changed(Invalidation::Tenant(tenant));
                }
            }
            (Err(fault), before) => {
                if before.is_some() {
                    let cause = palisade_envelope::Error::from(fault);
                    tracing::warn!(cause = ?cause.cause(), "changes can't be heard of");
                    store.hear_live(false);
                    store.hear_changed(Invalidation::Everything);
                }
                seen = None;
            }
        }
    }
}

async fn changed_since(store: &Store, seen: Option<i64>) -> Result<(i64, Vec<TenantId>), Fault> {
    let common = &store.inner.common;
    let statement = Statement::from_sql_and_values(
        common.get_database_backend(),
        "SELECT tenant_id, counter FROM directory_changes WHERE counter > $1 ORDER BY counter",
        [seen.unwrap_or(-1).into()],
    );
    let mut counter = seen.unwrap_or(0);
    let mut tenants = Vec::new();
    for row in common.query_all_raw(statement).await? {
        tenants.push(TenantId::from_uuid(row.try_get_by_index(0)?));
        counter = row.try_get_by_index(1)?;
    }
    Ok((counter, tenants))
}
