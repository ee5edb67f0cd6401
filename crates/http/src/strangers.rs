//! How often people who are nobody here yet may come with a provider's token: in this node, for each account and for each
//! provider. Whoever is linked is not counted.

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use palisade_envelope::Result;
use palisade_identity::ProviderId;
use palisade_tenancy::{TenantId, issuer::Stranger};
use sha2::{Digest as _, Sha256};

use crate::{SignInSettings, attempts::take};

/// An account by the hash of its subject, at a provider of a tenant.
type Account = (TenantId, ProviderId, [u8; 32]);

/// The first sign-ins of late. One for the program; other nodes have their own.
pub(crate) struct Strangers {
    accounts: DefaultKeyedRateLimiter<Account>,
    providers: DefaultKeyedRateLimiter<(TenantId, ProviderId)>,
}

impl Strangers {
    pub(crate) fn new(settings: SignInSettings) -> Self {
        Self {
            accounts: RateLimiter::keyed(Quota::per_minute(settings.of_account)),
            providers: RateLimiter::keyed(Quota::per_minute(settings.of_provider)),
        }
    }

    /// Counts one who comes, before the rules of the provider are asked.
    ///
    /// # Errors
    /// `rate_limited` with `details.retry_after_seconds`, for the account before the provider: whoever comes with ever new
    /// tokens of one account takes nothing from the others.
    pub(crate) fn count(&self, stranger: &Stranger) -> Result<()> {
        let subject = Sha256::digest(stranger.assertion.subject.as_bytes()).into();
        self.one(stranger.caller.tenant(), stranger.provider, subject)
    }

    fn one(&self, tenant: TenantId, provider: ProviderId, subject: [u8; 32]) -> Result<()> {
        take(&self.accounts, &(tenant, provider, subject), "account")?;
        take(&self.providers, &(tenant, provider), "provider")
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use palisade_envelope::Code;
    use palisade_identity::ids::Uuid;

    use super::*;

    fn strangers(of_account: u32, of_provider: u32) -> Strangers {
        let number = |number| NonZeroU32::new(number).expect("not zero");
        Strangers::new(SignInSettings {
            of_account: number(of_account),
            of_provider: number(of_provider),
        })
    }

    fn tenant(number: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number))
    }

    fn provider(number: u128) -> ProviderId {
        ProviderId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn abuse_58_whoever_comes_with_ever_new_tokens_of_one_account_takes_nothing_from_others() {
        let strangers = strangers(5, 10);
        for _ in 0..5 {
            strangers
                .one(tenant(1), provider(1), [1; 32])
                .expect("is free");
        }
        for _ in 0..100 {
            let error = strangers
                .one(tenant(1), provider(1), [1; 32])
                .expect_err("is limited");
            assert_eq!(error.code(), Code::RateLimited);
            assert_eq!(error.envelope().details["scope"], "account");
        }
        for other in 2..7 {
            strangers
                .one(tenant(1), provider(1), [other; 32])
                .expect("is free");
        }
        // Another provider of that name's subject is another account.
        strangers
            .one(tenant(1), provider(2), [1; 32])
            .expect("is free");
    }

    #[test]
    fn abuse_58_many_accounts_of_one_provider_are_limited_and_other_tenants_are_not() {
        let strangers = strangers(5, 10);
        let refused =
            (0..20).find_map(|number| strangers.one(tenant(1), provider(1), [number; 32]).err());
        let error = refused.expect("is limited");
        assert_eq!(error.envelope().details["scope"], "provider");
        let wait = error.envelope().details["retry_after_seconds"]
            .as_u64()
            .expect("seconds");
        assert!((1..=7).contains(&wait), "{wait}");
        strangers
            .one(tenant(2), provider(1), [0; 32])
            .expect("is free");
    }
}
