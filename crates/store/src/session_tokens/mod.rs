//! What turns sessions into signed tokens: the tenant's templates, and the keys that sign.
//!
//! All that a tenant has of it is one entry of a cache, so that a token is made without asking the database.

mod delete;
mod key;
mod list;
mod put;
mod rotate;

use std::{collections::HashMap, sync::Arc, time::Instant};

use palisade_authz::{Authorized, action::ReadOwnSession};
use palisade_envelope::Result;
use palisade_identity::{SessionTokenTemplate, Timestamp};
use palisade_tenancy::TenantId;
use sea_orm::QueryResult;

use crate::{Store, fault::Fault, row::Columns, sql::TenantSql, tx::TenantTx};

pub use key::{PublicKey, SigningKey, SigningKeyId};
pub use rotate::{RetiredKey, RotatedSigningKey};

/// How many templates a tenant can have.
const MOST_TEMPLATES: i64 = 100;

/// A stored template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateDocument {
    /// Unique in the tenant.
    pub name: String,
    /// What the tokens say.
    pub template: SessionTokenTemplate,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Rises by one with each change; the ETag is made from it.
    pub revision: i64,
}

fn document(row: &QueryResult) -> Result<TemplateDocument, Fault> {
    let mut columns = Columns::of(row);
    Ok(TemplateDocument {
        name: columns.get()?,
        template: columns.json()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

const ONE: TenantSql = TenantSql::new(
    "SELECT name, document, created_at, updated_at, revision
     FROM session_token_templates WHERE tenant_id = $1 AND name = $2",
);

async fn load(tx: &TenantTx<'_>, name: &str) -> Result<Option<TemplateDocument>, Fault> {
    tx.one(ONE, [name.into()])
        .await?
        .map(|row| document(&row))
        .transpose()
}

/// All that a tenant has.
#[derive(Debug, Default)]
pub struct SessionTokens {
    templates: HashMap<String, SessionTokenTemplate>,
    signing: Option<SigningKey>,
    public: Vec<PublicKey>,
}

impl SessionTokens {
    /// The template of this name, and the key that signs by it; `None` where there is no such template.
    pub fn template(&self, name: &str) -> Option<(&SessionTokenTemplate, &SigningKey)> {
        // The first template of a tenant comes with a key.
        Some((self.templates.get(name)?, self.signing.as_ref()?))
    }

    /// The public keys of all tokens that may be good at `now`, the newest first.
    pub fn public(&self, now: Timestamp) -> impl Iterator<Item = &PublicKey> {
        self.public.iter().filter(move |key| key.is_good(now))
    }
}

// Tokens of a tenant that is suspended or deleted are not to be trusted: none of its keys is shown.
const KEYS: TenantSql = TenantSql::new(
    "SELECT k.id, k.private_key, k.public_key, k.expires_at
     FROM session_token_keys k JOIN tenants t ON t.id = k.tenant_id AND t.state = 'active'
     WHERE k.tenant_id = $1 ORDER BY k.id DESC",
);

const TEMPLATES: TenantSql =
    TenantSql::new("SELECT name, document FROM session_token_templates WHERE tenant_id = $1");

impl Store {
    /// What the tenant of a session makes tokens with.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn session_tokens(
        &self,
        grant: &Authorized<ReadOwnSession>,
    ) -> Result<Arc<SessionTokens>> {
        self.session_tokens_of(grant.tenant()).await
    }

    /// The public keys of a tenant's tokens: whoever is shown one has to have them, and they are all that is shown. None for
    /// a tenant that is not active, or an id that names nothing.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn public_session_token_keys(&self, tenant: TenantId) -> Result<Vec<PublicKey>> {
        let now = self.inner.clock.now();
        let tokens = self.session_tokens_of(tenant).await?;
        Ok(tokens.public(now).cloned().collect())
    }

    async fn session_tokens_of(&self, tenant: TenantId) -> Result<Arc<SessionTokens>> {
        let cache = &self.inner.session_tokens;
        if let Some(known) = cache.get(tenant, "") {
            return Ok(known);
        }
        let loaded = (Instant::now(), cache.generation());
        let mut tokens = SessionTokens::default();
        for row in self.read_all(tenant, KEYS, []).await? {
            let (public, signing) = key::read(&row)?;
            tokens.public.push(public);
            tokens.signing = tokens.signing.or(signing);
        }
        // Without a key there is no template, and there may be no such tenant: that is not kept.
        if tokens.public.is_empty() {
            return Ok(Arc::default());
        }
        for row in self.read_all(tenant, TEMPLATES, []).await? {
            let mut columns = Columns::of(&row);
            let name = columns.get().map_err(Fault::from)?;
            tokens.templates.insert(name, columns.json()?);
        }
        let tokens = Arc::new(tokens);
        cache.keep(tenant, "", &tokens, loaded);
        Ok(tokens)
    }
}
