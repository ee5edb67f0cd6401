//! Tokens of OpenID Connect issuers as credentials.
//!
//! A token counts for one tenant: the one that `X-Tenant-ID` names, by the issuers and audiences that this tenant has
//! registered. `docs/adr/0013-tokens-of-issuers.md` tells why, and what is refused.

mod jwks;
mod jws;
mod keys;
mod tokens;

use std::{collections::BTreeMap, sync::Arc};

use hmac::{Hmac, KeyInit as _, Mac as _};
use palisade_identity::{GroupId, IdentityId, LinkId, ProviderId, State, Timestamp, TokenRules};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::TenantState;

pub use keys::{Fetch, KeyTimes};
pub use tokens::{Stranger, Tokens};

pub(crate) use jws::looks_like_one;

/// A secret for `purpose` that only who has the token has: tokens are stored nowhere, and nobody but the issuer can sign another
/// one like it.
pub(crate) fn derive(token: &str, purpose: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
    mac.update(purpose);
    Some(Zeroizing::new(mac.finalize().into_bytes().into()))
}

/// What is stored of a tenant's issuers, and the state of the tenant, as one look-up returns them.
#[derive(Clone, Debug)]
pub struct TenantIssuers {
    /// The state of the tenant.
    pub tenant_state: TenantState,
    /// The providers whose tokens are taken while they are enabled.
    pub issuers: Vec<IssuerRecord>,
}

/// What is stored of a provider whose tokens are taken.
#[derive(Clone, Debug)]
pub struct IssuerRecord {
    /// The provider.
    pub provider: ProviderId,
    /// Its name.
    pub name: String,
    /// Whether anything comes through it now.
    pub enabled: bool,
    /// The issuer's URL, as tokens have it in `iss`.
    pub issuer: String,
    /// By which rules its tokens are taken.
    pub tokens: TokenRules,
    /// Claims that a token must have, each with the values that it may have.
    pub required_claims: BTreeMap<String, Vec<String>>,
    /// Rises by one with each change of the provider.
    pub revision: i64,
}

/// What is known of an account.
#[derive(Clone, Debug)]
pub enum AccountState {
    /// Nothing.
    Unknown,
    /// It is linked to nobody; its revision, which rises with each change.
    Unlinked(i64),
    /// It is linked.
    Linked(AccountRecord),
}

/// What is stored of an account that is linked, and of whom it is linked to, as one look-up returns them.
#[derive(Clone, Debug)]
pub struct AccountRecord {
    /// The external identity.
    pub link: LinkId,
    /// Whom it is linked to.
    pub identity: IdentityId,
    /// The schema of that identity.
    pub schema_id: String,
    /// The state of that identity.
    pub state: State,
    /// The groups that that identity is in, by other groups as well, sorted, each once.
    pub groups: Arc<[GroupId]>,
    /// What the provider last said.
    pub profile: Profile,
    /// When it last said so.
    pub last_synced_at: Option<Timestamp>,
}

/// What a provider says of an account beside who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The user name.
    pub username: Option<String>,
    /// The e-mail address. Never a key.
    pub email: Option<String>,
    /// The name for people.
    pub display_name: Option<String>,
}

impl Profile {
    /// Whether it says something that `known` does not. What it is silent about is no news.
    pub(crate) fn has_news_for(&self, known: &Self) -> bool {
        let news = |said: &Option<String>, known: &Option<String>| said.is_some() && said != known;
        news(&self.username, &known.username)
            || news(&self.email, &known.email)
            || news(&self.display_name, &known.display_name)
    }
}

#[cfg(test)]
mod tests;
