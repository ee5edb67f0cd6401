//! From a token to whom it speaks of.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    ProviderId, Timestamp,
    change::MAX_IDENTIFIER,
    provider::{Assertion, ClaimNames, RoleRule, has_claims},
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    IssuerRecord, Profile,
    jws::Unverified,
    keys::{Fetch, KeyTimes, Keys},
};
use crate::{Caller, Role, TenantId};

/// Verifies tokens. One for the whole program.
pub struct Tokens {
    keys: Keys,
    /// Tokens that were verified, by tenant, provider and revision: what is changed of a provider, its tokens are asked anew.
    verified: Cache<Key, Arc<Verified>>,
    /// What those were answered who were not let in though their tokens are good, by what was known of the account then.
    turned_away: Cache<(Key, Case), Code>,
}

/// A token by its hash: of a tenant, a provider, and a revision of that.
type Key = (TenantId, ProviderId, i64, [u8; 32]);

/// What was known when somebody was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Case {
    /// The claims are not those that the rules require, whoever it is.
    Claims,
    /// Nothing is known of the account, or it is at this revision.
    Account(Option<i64>),
}

/// How long an answer stands for the next: whoever tries again and again with one token costs one look-up each time.
const TURNED_AWAY: Duration = Duration::from_secs(5);

/// What a token says, without all the claims.
#[derive(Debug)]
pub(crate) struct Verified {
    key: Key,
    pub(crate) subject: String,
    pub(crate) roles: Arc<[Role]>,
    pub(crate) profile: Profile,
    ends: Timestamp,
}

/// Somebody with a good token whom nobody here is linked to.
#[derive(Debug)]
pub struct Stranger {
    /// The provider, as who signs them in.
    pub caller: Arc<Caller>,
    /// The provider.
    pub provider: ProviderId,
    /// What the token says.
    pub assertion: Assertion,
    /// By what an answer is kept.
    pub(crate) key: (Key, Case),
}

impl Tokens {
    /// Verifies with keys that come by `fetch`. The signature of a token is not checked again for `kept`.
    pub fn new(fetch: Arc<dyn Fetch>, times: KeyTimes, kept: Duration) -> Self {
        let verified = Cache::builder()
            .max_capacity(50_000)
            .time_to_live(kept)
            .build();
        let turned_away = Cache::builder()
            .max_capacity(50_000)
            .time_to_live(TURNED_AWAY)
            .build();
        Self {
            keys: Keys::new(fetch, times),
            verified,
            turned_away,
        }
    }

    /// Whoever comes with this token again is answered the same for a while, as long as nothing changes of provider and
    /// account.
    pub(crate) fn turn_away(&self, stranger: &Stranger, code: Code) {
        self.turned_away.insert(stranger.key, code);
    }

    /// What whoever came with this token was answered a moment ago, and by what the next answer is kept. `account`: the
    /// revision of the account, where it is known.
    ///
    /// # Errors
    /// That answer.
    pub(crate) fn stranger(
        &self,
        verified: &Verified,
        account: Option<i64>,
    ) -> Result<(Key, Case)> {
        let key = (verified.key, Case::Account(account));
        match self.turned_away.get(&key) {
            Some(code) => Err(Error::new(code)),
            None => Ok(key),
        }
    }

    /// The one of these issuers whose token this claims to be, and what the token says where it is.
    ///
    /// # Errors
    /// `unauthenticated`; `not_linked` where it does not have the claims that the provider's rules require; `unavailable`
    /// where the issuer's keys can't be had.
    pub(crate) async fn verify<'a>(
        &self,
        tenant: TenantId,
        issuers: &'a [IssuerRecord],
        token: &str,
        now: Timestamp,
    ) -> Result<(&'a IssuerRecord, Arc<Verified>)> {
        let parsed = Unverified::parse(token).ok_or_else(refused)?;
        let issuer = claimed(issuers, &parsed)?;
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let key = (tenant, issuer.provider, issuer.revision, hash);
        if let Some(verified) = self.verified.get(&key) {
            if verified.ends > now {
                return Ok((issuer, verified));
            }
            self.verified.invalidate(&key);
        }
        if let Some(code) = self.turned_away.get(&(key, Case::Claims)) {
            return Err(Error::new(code));
        }
        let (claims, ends) = self.check(tenant, issuer, parsed, now).await?;
        // At every token, not only when an account is linked: whoever leaves the organisation keeps the subject.
        if !has_claims(&issuer.required_claims, &claims) {
            self.turned_away
                .insert((key, Case::Claims), Code::NotLinked);
            return Err(Error::new(Code::NotLinked));
        }
        let said = assertion(&issuer.tokens.claims, claims).ok_or_else(refused)?;
        let verified = Arc::new(Verified {
            key,
            roles: roles(&issuer.tokens.roles, &said.claims),
            profile: Profile {
                username: said.username,
                email: said.email,
                display_name: said.display_name,
            },
            subject: said.subject,
            ends: Timestamp::from_timestamp(ends, 0).ok_or_else(refused)?,
        });
        self.verified.insert(key, Arc::clone(&verified));
        Ok((issuer, verified))
    }

    /// Everything that the token says, looked at anew.
    ///
    /// # Errors
    /// As [`Tokens::verify`].
    pub(crate) async fn assertion(
        &self,
        tenant: TenantId,
        issuers: &[IssuerRecord],
        token: &str,
        now: Timestamp,
    ) -> Result<Assertion> {
        let parsed = Unverified::parse(token).ok_or_else(refused)?;
        let issuer = claimed(issuers, &parsed)?;
        let (claims, _) = self.check(tenant, issuer, parsed, now).await?;
        assertion(&issuer.tokens.claims, claims).ok_or_else(refused)
    }

    async fn check(
        &self,
        tenant: TenantId,
        issuer: &IssuerRecord,
        parsed: Unverified<'_>,
        now: Timestamp,
    ) -> Result<(Map<String, Value>, i64)> {
        // What the rules do not take is not worth a fetch.
        if !parsed.fits(&issuer.tokens) {
            return Err(refused());
        }
        let (kid, algorithm) = (parsed.kid(), parsed.algorithm());
        let keys = self
            .keys
            .of(tenant, issuer.provider, &issuer.issuer, kid, algorithm)
            .await?;
        let key = keys.fitting(kid, algorithm).ok_or_else(refused)?;
        parsed
            .verify(key, &issuer.issuer, &issuer.tokens, now)
            .ok_or_else(refused)
    }
}

fn refused() -> Error {
    Error::new(Code::Unauthenticated)
}

/// The issuer that the token claims to be of: by `iss` and `aud`, as the tenant registered them.
fn claimed<'a>(issuers: &'a [IssuerRecord], parsed: &Unverified<'_>) -> Result<&'a IssuerRecord> {
    issuers
        .iter()
        .find(|issuer| parsed.is_of(&issuer.issuer, &issuer.tokens.audiences))
        .ok_or_else(refused)
}

/// What the claims say, by the names that the provider's rules give them. `None` without a subject.
fn assertion(names: &ClaimNames, claims: Map<String, Value>) -> Option<Assertion> {
    // What could not be kept is as if it had not been said; who could not be kept is nobody.
    let text = |name: &str| {
        let text = claims.get(name).and_then(Value::as_str)?;
        let fits = (1..=MAX_IDENTIFIER).contains(&text.chars().count())
            && !text.chars().any(char::is_control);
        fits.then(|| text.to_owned())
    };
    Some(Assertion {
        subject: text("sub")?,
        email: text(&names.email),
        // The JSON value `true`, not a text that says so.
        email_verified: names
            .verified()
            .is_some_and(|name| claims.get(name) == Some(&Value::Bool(true))),
        username: text(&names.username),
        display_name: text(&names.display_name),
        claims,
    })
}

/// The roles that the claims give, sorted, each once.
fn roles(rules: &[RoleRule], claims: &Map<String, Value>) -> Arc<[Role]> {
    let has = |rule: &&RoleRule| match claims.get(&rule.claim) {
        Some(Value::Array(several)) => several.iter().any(|one| *one == rule.value),
        Some(one) => *one == rule.value,
        None => false,
    };
    let mut roles: Vec<Role> = rules
        .iter()
        .filter(has)
        .filter_map(|rule| Role::parse(&rule.role))
        .filter(|role| Role::OF_TENANTS.contains(role))
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles.into()
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}
