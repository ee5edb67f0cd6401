//! What handlers work with.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use palisade_authz::Gate;
use palisade_outbound::Reach;
use palisade_store::Store;
use palisade_tenancy::{Admission, Clock, SystemClock};

use crate::{
    attempts::{Attempts, Provisioning},
    hashing::HashPool,
    strangers::Strangers,
    turns::Turns,
};

/// What the configuration says about this surface.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Scheme and authority that callers reach the program at, such as `https://id.example.com`, without a slash at
    /// the end. `None`: taken from each request.
    pub public_url: Option<String>,
    /// How sessions are.
    pub sessions: SessionSettings,
    /// How passwords are checked.
    pub passwords: PasswordSettings,
    /// How often strangers sign in.
    pub sign_ins: SignInSettings,
    /// How much a provisioning system may ask.
    pub scim: ScimSettings,
    /// What may be reached of where tenants say.
    pub outbound: Reach,
}

/// What the configuration says about provisioning systems, for each node.
#[derive(Clone, Copy, Debug)]
pub struct ScimSettings {
    /// How many requests of one connection are answered in a second, when they go on.
    pub requests_per_second: NonZeroU32,
    /// How many are answered at once.
    pub burst: NonZeroU32,
}

/// What the configuration says about the checking of passwords, for each node.
#[derive(Clone, Copy, Debug)]
pub struct PasswordSettings {
    /// How many attempts at one identity are let through at once, and as many again each minute.
    pub attempts_of_identity: NonZeroU32,
    /// How many attempts in one tenant are let through at once, and as many again each minute.
    pub attempts_of_tenant: NonZeroU32,
}

/// What the configuration says about people who come with a provider's token and are linked to nobody, for each node.
#[derive(Clone, Copy, Debug)]
pub struct SignInSettings {
    /// How many times one account is let through at once, and as many again each minute.
    pub of_account: NonZeroU32,
    /// How many times accounts of one provider are let through at once, and as many again each minute.
    pub of_provider: NonZeroU32,
}

/// What the configuration says about sessions.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// How long a session lasts where nothing else is asked for, and from when it is extended.
    pub lifespan: Duration,
    /// How long one can be asked to last.
    pub longest_lifespan: Duration,
    /// How long expired ones are kept.
    pub retention: Duration,
    /// The cookie that may hold a session's token.
    pub cookie: String,
}

impl Default for SessionSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            lifespan: DAY,
            longest_lifespan: DAY * 30,
            retention: DAY * 7,
            cookie: "ory_kratos_session".to_owned(),
        }
    }
}

/// Everything that handlers work with. One for the program, shared by all workers.
pub struct App {
    /// The rows.
    pub store: Store,
    /// The decisions.
    pub gate: Arc<Gate<Store>>,
    /// The admission of callers.
    pub admission: Arc<Admission<Store, SystemClock>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configuration.
    pub settings: Settings,
    pub(crate) hashing: HashPool,
    pub(crate) attempts: Attempts,
    pub(crate) strangers: Strangers,
    pub(crate) turns: Turns,
    pub(crate) provisioning: Provisioning,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        gate: Arc<Gate<Store>>,
        admission: Arc<Admission<Store, SystemClock>>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        Self {
            store,
            gate,
            admission,
            clock,
            hashing: HashPool::new(),
            attempts: Attempts::new(settings.passwords),
            strangers: Strangers::new(settings.sign_ins),
            turns: Turns::default(),
            provisioning: Provisioning::new(settings.scim),
            settings,
        }
    }
}
