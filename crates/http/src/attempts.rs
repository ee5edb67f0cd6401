//! How often passwords may be checked, for each identity and for each tenant, and how much each provisioning system may ask: in this
//! node.

use std::{hash::Hash, time::Duration};

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
pub(crate) struct Provisioning(DefaultKeyedRateLimiter<(TenantId, ProviderId)>);

impl Provisioning {
    pub(crate) fn new(settings: ScimSettings) -> Self {
        let quota = Quota::per_second(settings.requests_per_second).allow_burst(settings.burst);
        Self(RateLimiter::keyed(quota))
    }

    /// Counts a request of this caller, if it is a provisioning system. A request is counted for its connection, with whichever key
    /// and from wherever it comes.
    ///
    /// # Errors
    /// `rate_limited` with `details.retry_after_seconds`.
    pub(crate) fn count(&self, caller: &Caller) -> Result<()> {
        match caller.principal() {
            Principal::ScimClient { connection, .. } => {
                take(&self.0, &(caller.tenant(), *connection), "connection")
            }
            _ => Ok(()),
        }
    }
}

fn take<K: Hash + Eq + Clone>(
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
