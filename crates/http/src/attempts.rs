//! How often passwords may be checked, for each identity and for each tenant, and how much each provisioning system may ask: in this
//! node.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentityId, ProviderId};
use palisade_tenancy::{Caller, Principal, TenantId};

use crate::{PasswordSettings, ScimSettings};

/// How many keys are remembered before those that are as good as new are forgotten.
const MOST_KEYS: usize = 100_000;

/// The attempts of late. One for the program; other nodes have their own.
pub(crate) struct Attempts {
    identities: DefaultKeyedRateLimiter<(TenantId, IdentityId)>,
    tenants: DefaultKeyedRateLimiter<TenantId>,
}

impl Attempts {
    pub(crate) fn new(settings: PasswordSettings) -> Self {
        Self {
            identities: RateLimiter::keyed(Quota::per_minute(settings.attempts_of_identity)),
            tenants: RateLimiter::keyed(Quota::per_minute(settings.attempts_of_tenant)),
        }
    }

    /// Counts one attempt, right or wrong.
    ///
    /// # Errors
    /// `rate_limited` with `details.retry_after_seconds`, for the identity before the tenant: whoever tries one identity
    /// over and over takes nothing from the others.
    pub(crate) fn count(&self, tenant: TenantId, identity: IdentityId) -> Result<()> {
        take(&self.identities, &(tenant, identity), "identity")?;
        take(&self.tenants, &tenant, "tenant")
    }
}

/// The requests of provisioning systems of late, by connection. One for the program; other nodes have their own.
pub(crate) struct Provisioning {
    requests: DefaultKeyedRateLimiter<(TenantId, ProviderId)>,
    /// The bulk requests that are being done.
    bulk: Mutex<HashMap<(TenantId, ProviderId), usize>>,
}

/// How many bulk requests of a connection are done at a time.
const MOST_BULK: usize = 2;

/// The place of a bulk request, until it is dropped.
pub(crate) struct BulkPlace<'a> {
    of: &'a Provisioning,
    connection: (TenantId, ProviderId),
}

impl Drop for BulkPlace<'_> {
    fn drop(&mut self) {
        let mut bulk = self.of.bulk.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = bulk.get_mut(&self.connection) {
            *number -= 1;
            if *number == 0 {
                bulk.remove(&self.connection);
            }
        }
    }
}

/// Whose requests a caller's are, if it is a provisioning system.
fn connection(caller: &Caller) -> Option<(TenantId, ProviderId)> {
    match caller.principal() {
        Principal::ScimClient { connection, .. } => Some((caller.tenant(), *connection)),
        _ => None,
    }
}

impl Provisioning {
    pub(crate) fn new(settings: ScimSettings) -> Self {
        let quota = Quota::per_second(settings.requests_per_second).allow_burst(settings.burst);
        Self {
            requests: RateLimiter::keyed(quota),
            bulk: Mutex::default(),
        }
    }

    /// Counts a request of this caller, if it is a provisioning system. A request is counted for its connection, with whichever key
    /// and from wherever it comes.
    ///
    /// # Errors
    /// `rate_limited` with `details.retry_after_seconds`.
    pub(crate) fn count(&self, caller: &Caller) -> Result<()> {
        match connection(caller) {
            Some(connection) => take(&self.requests, &connection, "connection"),
            None => Ok(()),
        }
    }

    /// Waits until another request of this caller would be answered, and counts it: for the operations of one that is many.
    pub(crate) async fn wait(&self, caller: &Caller) {
        if let Some(connection) = connection(caller) {
            self.wait_of(connection).await;
        }
    }

    async fn wait_of(&self, connection: (TenantId, ProviderId)) {
        while let Err(until) = self.requests.check_key(&connection) {
            let wait = until.wait_time_from(DefaultClock::default().now());
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }

    /// A place for a bulk request of this caller.
    ///
    /// # Errors
    /// `rate_limited` while its connection has as many under way as are done at a time.
    pub(crate) fn bulk(&self, caller: &Caller) -> Result<Option<BulkPlace<'_>>> {
        connection(caller)
            .map(|connection| self.bulk_of(connection))
            .transpose()
    }

    fn bulk_of(&self, connection: (TenantId, ProviderId)) -> Result<BulkPlace<'_>> {
        let mut bulk = self.bulk.lock().unwrap_or_else(PoisonError::into_inner);
        let number = bulk.entry(connection).or_default();
        if *number >= MOST_BULK {
            return Err(limited(Duration::from_secs(1), "bulk"));
        }
        *number += 1;
        Ok(BulkPlace {
            of: self,
            connection,
        })
    }
}

/// Takes one of what is free for this key.
///
/// # Errors
/// `rate_limited` with `details.retry_after_seconds`, and `scope`.
pub(crate) fn take<K: Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
    scope: &'static str,
) -> Result<()> {
    if limiter.len() > MOST_KEYS {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        limited(wait, scope)
    })
}

fn limited(wait: Duration, scope: &'static str) -> Error {
    // Whole seconds, so that who waits as told gets through.
    let seconds = wait.as_secs() + 1;
    Error::new(Code::RateLimited)
        .detail("retry_after_seconds", seconds)
        .detail("scope", scope)
}

#[cfg(test)]
mod tests {
    use palisade_identity::ids::Uuid;

    use super::*;

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    fn identity(number: u128) -> IdentityId {
        IdentityId::from_uuid(Uuid::from_u128(number))
    }

    fn attempts(of_identity: u32, of_tenant: u32) -> Attempts {
        let number = |number| std::num::NonZeroU32::new(number).expect("not zero");
        Attempts::new(PasswordSettings {
            attempts_of_identity: number(of_identity),
            attempts_of_tenant: number(of_tenant),
        })
    }

    #[tokio::test]
    async fn abuse_58_operations_of_bulk_requests_wait_for_what_a_connection_is_answered() {
        let number = |number| std::num::NonZeroU32::new(number).expect("not zero");
        let provisioning = Provisioning::new(ScimSettings {
            requests_per_second: number(50),
            burst: number(5),
        });
        let connection = |number| ProviderId::from_uuid(Uuid::from_u128(number));
        let (mine, other) = ((tenant(1), connection(1)), (tenant(1), connection(2)));
        let start = std::time::Instant::now();
        for _ in 0..5 {
            provisioning.wait_of(mine).await;
        }
        take(&provisioning.requests, &mine, "connection").expect_err("is used up");
        take(&provisioning.requests, &other, "connection").expect("is free");
        for _ in 0..10 {
            provisioning.wait_of(mine).await;
        }
        assert!(
            start.elapsed() >= Duration::from_millis(150),
            "fifty a second"
        );
        let places = [provisioning.bulk_of(mine), provisioning.bulk_of(mine)];
        assert!(places.iter().all(Result::is_ok));
        let error = provisioning.bulk_of(mine).err().expect("two at a time");
        assert_eq!(error.code(), Code::RateLimited);
        assert!(provisioning.bulk_of(other).is_ok());
        drop(places);
        assert!(provisioning.bulk_of(mine).is_ok());
    }

    #[test]
    fn an_identity_has_ten_attempts_and_others_have_their_own() {
        let attempts = attempts(10, 1_000);
        for _ in 0..10 {
            attempts.count(tenant(1), identity(1)).expect("is free");
        }
        let error = attempts
            .count(tenant(1), identity(1))
            .expect_err("is limited");
        assert_eq!(error.code(), Code::RateLimited);
        let wait = error.envelope().details["retry_after_seconds"]
            .as_u64()
            .expect("seconds");
        assert!((1..=7).contains(&wait), "{wait}");
        attempts.count(tenant(1), identity(2)).expect("is free");
        attempts.count(tenant(2), identity(1)).expect("is free");
    }

    #[test]
    fn abuse_58_a_tenant_that_tries_many_identities_is_limited_and_others_are_not() {
        let attempts = attempts(10, 100);
        let mut refused = None;
        for number in 0..2_000 {
            if let Err(error) = attempts.count(tenant(1), identity(number)) {
                refused = Some(error);
                break;
            }
        }
        let error = refused.expect("is limited");
        assert_eq!(error.envelope().details["scope"], "tenant");
        attempts.count(tenant(2), identity(1)).expect("is free");
    }
}
