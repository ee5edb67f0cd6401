//! Issuers' keys, fetched when a token needs them, and kept.
//!
//! An issuer is asked when its keys are no longer fresh, or when a token names a key that is not among them; never twice
//! within a pause, however many tokens ask, and by one request at a time. While it does not answer, the keys that are there
//! are taken until they are too old; then its tokens can't be verified, which is 503.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use moka::sync::Cache;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{ProviderId, json, provider::TokenAlgorithm};
use serde_json::Value;

use super::jwks::{KeySet, MOST_BYTES};
use crate::TenantId;

/// The way to where issuers are. It reaches nothing that it must not.
pub trait Fetch: Send + Sync + 'static {
    /// The body of the answer to a GET of this URL, `most` bytes at most, or what went wrong, for the log.
    fn get<'a>(
        &'a self,
        url: &'a str,
        most: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;
}

/// How long keys are believed.
#[derive(Clone, Copy, Debug)]
pub struct KeyTimes {
    /// They are taken without asking again.
    pub fresh: Duration,
    /// They are taken while the issuer does not answer.
    pub longest: Duration,
    /// The issuer is not asked again.
    pub pause: Duration,
}

/// Issuers' keys. Every key of the cache contains the tenant.
pub(super) struct Keys {
    fetch: Arc<dyn Fetch>,
    times: KeyTimes,
    slots: Cache<(TenantId, ProviderId, Arc<str>), Arc<Slot>>,
}

#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    /// Held while the issuer is asked.
    asking: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Clone, Default)]
struct State {
    keys: Option<(Arc<KeySet>, Instant)>,
    /// When it was last asked: when that began, and then when it ended.
    asked: Option<Instant>,
    /// How often it was asked to the end.
    answers: u64,
    /// The last time there was no answer.
    fails: bool,
}

impl State {
    fn younger_than(&self, age: Duration) -> Option<Arc<KeySet>> {
        let (keys, fetched) = self.keys.as_ref()?;
        (fetched.elapsed() < age).then(|| Arc::clone(keys))
    }
}

impl Slot {
    fn state(&self) -> State {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Keys {
    pub(super) fn new(fetch: Arc<dyn Fetch>, times: KeyTimes) -> Self {
        let slots = Cache::builder()
            .max_capacity(10_000)
            .time_to_idle(times.longest)
            .build();
        Self {
            fetch,
            times,
            slots,
        }
    }

    /// The issuer's keys, with that of this name if the issuer has it.
    ///
    /// # Errors
    /// `unavailable` where the issuer does not answer and no keys are there that are young enough.
    pub(super) async fn of(
        &self,
        tenant: TenantId,
        provider: ProviderId,
        issuer: &str,
        kid: Option<&str>,
        algorithm: TokenAlgorithm,
    ) -> Result<Arc<KeySet>> {
        let slot = self
            .slots
            .get_with((tenant, provider, issuer.into()), Arc::default);
        let has = |keys: &Arc<KeySet>| keys.fitting(kid, algorithm).is_some();
        let before = slot.state();
        if let Some(keys) = before.younger_than(self.times.fresh).filter(has) {
            return Ok(keys);
        }
        let good = before.younger_than(self.times.longest).filter(has);
        let asking = Arc::clone(&slot.asking);
        let guard = match &good {
            // Somebody is asking already, and what is there will do.
            Some(keys) => match asking.try_lock_owned() {
                Ok(guard) => guard,
                Err(_) => return Ok(Arc::clone(keys)),
            },
            None => asking.lock_owned().await,
        };
        let state = slot.state();
        if let Some(keys) = state.younger_than(self.times.fresh).filter(has) {
            return Ok(keys);
        }
        // Whoever asked while this waited has asked for this, too.
        let paused = state.answers != before.answers
            || state
                .asked
                .is_some_and(|asked| asked.elapsed() < self.times.pause);
        if !paused {
            slot.set(|state| state.asked = Some(Instant::now()));
            let fetching = Fetching {
                fetch: Arc::clone(&self.fetch),
                slot: Arc::clone(&slot),
                tenant,
                provider,
                issuer: issuer.to_owned(),
            };
            // In a task of its own: it goes on when whoever caused it goes away.
            let task = tokio::spawn(fetching.run(guard));
            match good {
                // An issuer that is down is not waited for by those who can do without.
                Some(keys) if state.fails => return Ok(keys),
                _ => drop(task.await),
            }
        }
        slot.state()
            .younger_than(self.times.longest)
            .ok_or_else(|| {
                Error::with_message(
                    Code::Unavailable,
                    "the keys of the token's issuer can't be had at the moment; try again",
                )
            })
    }
}

/// How much of what went wrong is logged: it may be a text of the issuer's, of whatever length.
const LONGEST_CAUSE: usize = 200;

/// An issuer that is being asked.
struct Fetching {
    fetch: Arc<dyn Fetch>,
    slot: Arc<Slot>,
    tenant: TenantId,
    provider: ProviderId,
    issuer: String,
}

impl Fetching {
    async fn run(self, guard: tokio::sync::OwnedMutexGuard<()>) {
        let answer = self.ask(&self.issuer).await;
        if let Err(cause) = &answer {
            let cause: String = cause.chars().take(LONGEST_CAUSE).collect();
            tracing::warn!(tenant.id = %self.tenant, provider.id = %self.provider, cause, "the keys of an issuer could not be fetched");
        }
        // The pause begins when it has answered: one that takes longer than the pause is not asked all the time.
        let now = Instant::now();
        self.slot.set(|state| {
            state.asked = Some(now);
            state.answers += 1;
            state.fails = answer.is_err();
            if let Ok(keys) = answer {
                state.keys = Some((Arc::new(keys), now));
            }
        });
        drop(guard);
    }

    async fn ask(&self, issuer: &str) -> Result<KeySet, String> {
        // OpenID Connect Discovery 1.0 section 4.
        let place = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let document = self.fetch.get(&place, MOST_BYTES).await?;
        let document = json::parse(&document).map_err(|_| "its configuration is no JSON")?;
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        // Section 4.3: else whoever hosts many issuers could pass one off as another.
        if text("issuer") != Some(issuer) {
            return Err("its configuration is of another issuer".to_owned());
        }
        let keys = text("jwks_uri").ok_or("its configuration has no `jwks_uri`")?;
        let keys = self.fetch.get(keys, MOST_BYTES).await?;
        Ok(KeySet::parse(&keys)?)
    }
}
