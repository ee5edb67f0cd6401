//! The admission of a request: from the credential's headers to a [`Caller`], or a refusal.
//!
//! The order is fixed and nothing of the tenant's is looked up before it is through:
//! 401 without a good credential; then `X-Tenant-ID`: 400 where it is missing, malformed or sent twice, 403
//! where it names another tenant; then 403 where the tenant is suspended.
//!
//! Where API keys are taken, so are the tokens of issuers that the tenant has registered (`issuer/`).
//!
//! A surface takes API keys, session tokens or keys of connections, never two of them: a token is no credential where keys are asked for, nor the
//! other way round, and whoever sends one of each is refused.

use std::{net::IpAddr, sync::Arc};

use palisade_envelope::{Code, Error, Result};
use palisade_identity::State;

use crate::{
    ApiKey, CachedDirectory, Caller, Clock, ConnectionKey, Directory, IdentityCredential,
    Principal, SessionToken, TenantId, TenantState, issuer,
    issuer::{AccountState, Stranger, Tokens},
};

/// Whether a surface insists on `X-Tenant-ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantHeader {
    /// `/v1`: it must be there.
    Required,
    /// The Ory dialect, the operator's routes: it may be missing; where it is sent it must agree.
    Optional,
}

/// What a request claims about its caller. Header values as received, each occurrence one entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct Claims<'a> {
    /// `X-API-Key`, every occurrence.
    pub api_key: &'a [&'a [u8]],
    /// `Authorization`, every occurrence.
    pub authorization: &'a [&'a [u8]],
    /// `X-Session-Token`, every occurrence.
    pub session_token: &'a [&'a [u8]],
    /// The cookie that holds a session token, every occurrence.
    pub session_cookie: &'a [&'a [u8]],
    /// `X-Tenant-ID`, every occurrence.
    pub tenant: &'a [&'a [u8]],
    /// The address of the peer, for keys that are bound to networks.
    pub peer: Option<IpAddr>,
}

impl Claims<'_> {
    /// The token of an issuer that is presented; nothing is known of it yet.
    pub(crate) fn token(&self) -> Option<&str> {
        let ([], [authorization], []) = (self.api_key, self.authorization, self.session_token)
        else {
            return None;
        };
        let token = bearer(authorization)?;
        issuer::looks_like_one(token)
            .then(|| std::str::from_utf8(token).ok())
            .flatten()
    }

    /// The API key that is presented; nothing is known of it yet.
    pub(crate) fn key(&self) -> Option<ApiKey> {
        // A browser sends its cookies wherever it goes; they are looked at where sessions are asked for only.
        let presented = match (self.api_key, self.authorization, self.session_token) {
            ([key], [], []) => *key,
            ([], [authorization], []) => bearer(authorization)?,
            // Two credentials at once: which one counts must not depend on who reads the headers.
            _ => return None,
        };
        std::str::from_utf8(presented).ok().and_then(ApiKey::parse)
    }
}

/// Who came.
#[derive(Debug)]
pub enum Arrival {
    /// A caller.
    Caller(Arc<Caller>),
    /// Somebody with a good token of an issuer whom nobody here is linked to.
    Stranger(Box<Stranger>),
}

/// After how long what a provider says of an account is written down again, where it says the same.
const SYNC_PERIOD: chrono::TimeDelta = chrono::TimeDelta::hours(1);

/// Admits requests: the directory, and the clock that keys expire by.
pub struct Admission<D, C> {
    directory: Arc<CachedDirectory<D>>,
    clock: C,
    tokens: Option<Tokens>,
}

impl<D: Directory, C: Clock> Admission<D, C> {
    /// An admission that looks keys up in `directory`.
    pub const fn new(directory: Arc<CachedDirectory<D>>, clock: C) -> Self {
        Self {
            directory,
            clock,
            tokens: None,
        }
    }

    /// The same, which takes the tokens of issuers as well.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The directory that it looks into.
    pub const fn directory(&self) -> &Arc<CachedDirectory<D>> {
        &self.directory
    }

    /// Verifies the credential and that every other claim of a tenant agrees with it.
    ///
    /// # Errors
    /// `unauthenticated`, `tenant_required`, `invalid_tenant_id`, `tenant_mismatch`, `tenant_suspended`, in this
    /// order; `not_linked` for a token whose account is linked to nobody; `unavailable` when the database can't answer.
    pub async fn admit(&self, claims: Claims<'_>, header: TenantHeader) -> Result<Arc<Caller>> {
        match self.arrive(claims, header).await? {
            Arrival::Caller(caller) => Ok(caller),
            Arrival::Stranger(_) => Err(Error::new(Code::NotLinked)),
        }
    }

    /// As [`Admission::admit`], and tells who it is that has a good token and is nobody here yet.
    ///
    /// # Errors
    /// As [`Admission::admit`]. A token of an issuer names no tenant: without `X-Tenant-ID` it is answered `tenant_required`
    /// before anything of it is verified.
    pub async fn arrive(&self, claims: Claims<'_>, header: TenantHeader) -> Result<Arrival> {
        if let (Some(tokens), Some(token)) = (&self.tokens, claims.token()) {
            return self.arrive_by_token(tokens, token, claims.tenant).await;
        }
        let caller = self.verify(&claims).await?;
        agrees(claims.tenant, header, caller.tenant())?;
        if caller.tenant_state() == TenantState::Suspended {
            return Err(Error::new(Code::TenantSuspended));
        }
        Ok(Arrival::Caller(caller))
    }

    /// Somebody who came with a good token was not let in: the same token is answered the same for a moment, unless
    /// something changes.
    pub fn turn_away(&self, stranger: &Stranger, answer: &Error) {
        if let Some(tokens) = &self.tokens {
            tokens.turn_away(stranger, answer);
        }
    }

    async fn arrive_by_token(
        &self,
        tokens: &Tokens,
        token: &str,
        sent: &[&[u8]],
    ) -> Result<Arrival> {
        let refused = || Error::new(Code::Unauthenticated);
        let tenant = named(sent)?.ok_or_else(|| Error::new(Code::TenantRequired))?;
        let found = self.directory.issuers(tenant).await?.ok_or_else(refused)?;
        let of = &found.of;
        let now = self.clock.now();
        let (issuer, verified) = tokens.verify(tenant, &of.issuers, token, now).await?;
        match of.tenant_state {
            TenantState::Active => {}
            TenantState::Suspended => return Err(Error::new(Code::TenantSuspended)),
            TenantState::Deleted => return Err(refused()),
        }
        let directory = self.directory.inner();
        let account = directory
            .account(tenant, issuer.provider, &verified.subject)
            .await?;
        let revision = match &account {
            AccountState::Linked(_) | AccountState::Unknown => None,
            AccountState::Unlinked(revision) => Some(*revision),
        };
        let AccountState::Linked(account) = account else {
            let key = tokens.stranger(&verified, revision)?;
            let assertion = tokens.assertion(tenant, &of.issuers, token, now).await?;
            let principal = Principal::IdentityProvider {
                id: issuer.provider,
                name: issuer.name.as_str().into(),
            };
            return Ok(Arrival::Stranger(Box::new(Stranger {
                caller: Arc::new(Caller::new(tenant, principal, of.tenant_state)),
                provider: issuer.provider,
                revision: issuer.revision,
                assertion,
                key,
            })));
        };
        if account.state != State::Active {
            return Err(refused());
        }
        let aged = account
            .last_synced_at
            .is_none_or(|synced| now - synced >= SYNC_PERIOD);
        if aged || verified.profile.has_news_for(&account.profile) {
            directory.synced(tenant, account.link, &verified.profile);
        }
        let principal = Principal::Identity {
            id: account.identity,
            name: format!("token of {}", issuer.name).into(),
            credential: IdentityCredential::Token,
            roles: Arc::clone(&verified.roles),
            groups: account.groups,
            schema_id: account.schema_id.into(),
            state: account.state,
        };
        let caller = Caller::new(tenant, principal, of.tenant_state);
        Ok(Arrival::Caller(Arc::new(caller)))
    }

    /// Verifies the token of a session, and that `X-Tenant-ID` agrees with it where it is sent. The caller is the
    /// session's identity; the session itself comes along. One look-up, at every request: there is no cache that a
    /// session could outlive its end in.
    ///
    /// # Errors
    /// `session_inactive` where there is no token, more than one credential, or a token that is not of an active
    /// session of an active identity in an active tenant; `invalid_tenant_id`, `tenant_mismatch`; `unavailable` when
    /// the database can't answer.
    pub async fn admit_session(&self, claims: Claims<'_>) -> Result<(Arc<Caller>, D::Presented)> {
        // Which kind of credential it is shows in its form; that it is no token is no news to who sent it.
        let bearers = claims
            .authorization
            .iter()
            .filter_map(|value| bearer(value));
        let key_sent = !claims.api_key.is_empty()
            || bearers
                .chain(claims.session_token.iter().copied())
                .any(ApiKey::resembles);
        let refused = || {
            let error = Error::new(Code::SessionInactive);
            if key_sent {
                error.reworded(
                    "the token of a session is wanted here, and nothing beside it; this request has an API key",
                )
            } else {
                error
            }
        };
        let presented = match (
            claims.api_key,
            claims.session_token,
            claims.authorization,
            claims.session_cookie,
        ) {
            ([], [token], [], []) | ([], [], [], [token]) => *token,
            ([], [], [authorization], []) => bearer(authorization).ok_or_else(refused)?,
            // Two credentials at once: which one counts must not depend on who reads the headers.
            _ => return Err(refused()),
        };
        let token = std::str::from_utf8(presented)
            .ok()
            .and_then(SessionToken::parse)
            .ok_or_else(refused)?;
        let record = self
            .directory
            .inner()
            .session(token.tenant(), token.id())
            .await?
            .ok_or_else(refused)?;
        if !token.matches(&record.secret_sha256)
            || !record.enabled
            || record.expires_at <= self.clock.now()
            || record.identity_state != State::Active
            || record.tenant_state != TenantState::Active
        {
            return Err(refused());
        }
        agrees(claims.tenant, TenantHeader::Optional, token.tenant())?;
        let principal = Principal::Identity {
            id: record.identity,
            name: format!("session {}", token.id()).into(),
            credential: IdentityCredential::Session,
            roles: Arc::from([]),
            groups: record.groups,
            schema_id: record.schema_id.into(),
            state: record.identity_state,
        };
        let caller = Caller::new(token.tenant(), principal, record.tenant_state);
        Ok((Arc::new(caller), record.presented))
    }

    /// Verifies the key of a connection, which comes as `Authorization: Bearer` and in no other way, and that `X-Tenant-ID`
    /// agrees with it where it is sent.
    ///
    /// # Errors
    /// `unauthenticated`, `invalid_tenant_id`, `tenant_mismatch`, `tenant_suspended`, in this order; `unavailable` when the
    /// database can't answer.
    pub async fn admit_connection(&self, claims: Claims<'_>) -> Result<Arc<Caller>> {
        let refused = || {
            Error::new(Code::Unauthenticated)
                .reworded("the key of a connection is wanted here, as `Authorization: Bearer`")
        };
        let presented = match (claims.api_key, claims.authorization, claims.session_token) {
            ([], [authorization], []) => bearer(authorization).ok_or_else(refused)?,
            _ => return Err(refused()),
        };
        let key = std::str::from_utf8(presented)
            .ok()
            .and_then(ConnectionKey::parse)
            .ok_or_else(refused)?;
        let entry = self
            .directory
            .connection_key(key.tenant(), key.id())
            .await?
            .ok_or_else(refused)?;
        let record = &entry.record;
        let now = self.clock.now();
        let past = |end: Option<palisade_identity::Timestamp>| end.is_some_and(|end| end <= now);
        if !key.matches(&record.secret_sha256)
            || past(record.expires_at)
            || past(record.revoked_at)
            || record.tenant_state == TenantState::Deleted
        {
            return Err(refused());
        }
        self.directory
            .inner()
            .connection_key_used(record.tenant, record.id);
        agrees(claims.tenant, TenantHeader::Optional, record.tenant)?;
        if record.tenant_state == TenantState::Suspended {
            return Err(Error::new(Code::TenantSuspended));
        }
        Ok(Arc::clone(&entry.caller))
    }

    async fn verify(&self, claims: &Claims<'_>) -> Result<Arc<Caller>> {
        let refused = || Error::new(Code::Unauthenticated);
        let key = claims.key().ok_or_else(refused)?;
        let entry = self
            .directory
            .key(key.tenant(), key.id())
            .await?
            .ok_or_else(refused)?;
        let record = &entry.record;
        let now = self.clock.now();
        let past = |end: Option<palisade_identity::Timestamp>| end.is_some_and(|end| end <= now);
        if !key.matches(&record.secret_sha256)
            || past(record.expires_at)
            || past(record.revoked_at)
            || record.tenant_state == TenantState::Deleted
        {
            return Err(refused());
        }
        let from_allowed_network = record.allowed_cidrs.is_empty()
            || claims
                .peer
                .is_some_and(|peer| record.allowed_cidrs.iter().any(|cidr| cidr.contains(&peer)));
        if !from_allowed_network {
            return Err(refused());
        }
        self.directory.inner().used(record.tenant, record.id);
        Ok(Arc::clone(&entry.caller))
    }
}

/// Checks the `X-Tenant-ID`s that were sent against the credential's tenant.
fn agrees(sent: &[&[u8]], header: TenantHeader, tenant: TenantId) -> Result<()> {
    match (named(sent)?, header) {
        (None, TenantHeader::Optional) => Ok(()),
        (None, TenantHeader::Required) => Err(Error::new(Code::TenantRequired)),
        (Some(named), _) if named == tenant => Ok(()),
        (Some(_), _) => Err(Error::new(Code::TenantMismatch)),
    }
}

/// The tenant that `X-Tenant-ID` names; `None` where it was not sent.
fn named(sent: &[&[u8]]) -> Result<Option<TenantId>> {
    let invalid = || Error::new(Code::InvalidTenantId);
    match sent {
        [] => Ok(None),
        [one] => {
            let named = std::str::from_utf8(one).ok().and_then(TenantId::parse);
            named.map(Some).ok_or_else(invalid)
        }
        _ => Err(invalid()),
    }
}

/// The token of `Authorization: Bearer <token>`; the scheme's case does not matter (RFC 9110 section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

#[cfg(test)]
mod tests;
