//! Identity providers of tenants.

mod create;
mod delete;
mod list;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentityProvider, LinkingRules, ProviderId, ProviderType, TokenRules};
use palisade_tenancy::TenantScope;
use sea_orm::QueryResult;

use crate::{Store, fault::Fault, row::Columns, select::Select, sql::TenantSql, tx::TenantTx};

pub(crate) use create::insertion;

/// What is asked for when a provider is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentityProvider {
    /// Unique in the tenant.
    pub name: String,
    /// What protocol it speaks.
    pub kind: ProviderType,
    /// The issuer URL (oidc) or entity id (saml).
    pub issuer: Option<String>,
    /// What it is trusted with.
    pub settings: ProviderSettings,
}

/// What a provider is trusted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Whether anything comes through it.
    pub enabled: bool,
    /// By which rules its accounts are linked.
    pub linking: LinkingRules,
    /// By which rules its tokens are taken; `None`: they are not.
    pub tokens: Option<TokenRules>,
}

impl Default for ProviderSettings {
    /// It is enabled, links nobody, and its tokens are not taken.
    fn default() -> Self {
        Self {
            enabled: true,
            linking: LinkingRules::default(),
            tokens: None,
        }
    }
}

/// What is changed of a provider; `None` is kept. Name and type can't change: credentials are named after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityProviderUpdate {
    /// `Some(None)` clears it.
    pub issuer: Option<Option<String>>,
    /// All of what it is trusted with.
    pub settings: Option<ProviderSettings>,
    /// Whether a change of the issuer may take links away.
    pub force: bool,
    /// Whether the accounts that are linked already are those of its first issuer.
    pub keep_links: bool,
}

/// The columns that [`read`] reads, in its order; with the table's name and a dot before each where given.
macro_rules! provider_columns {
    () => {
        "id, name, type, issuer, enabled, linking, tokens, created_at, updated_at, revision"
    };
    ($of:literal) => {
        concat!(
            $of,
            "id, ",
            $of,
            "name, ",
            $of,
            "type, ",
            $of,
            "issuer, ",
            $of,
            "enabled, ",
            $of,
            "linking, ",
            $of,
            "tokens, ",
            $of,
            "created_at, ",
            $of,
            "updated_at, ",
            $of,
            "revision"
        )
    };
}
pub(crate) use provider_columns;

fn provider(row: &QueryResult) -> Result<IdentityProvider, Fault> {
    read(&mut Columns::of(row))
}

/// The provider that the next columns of a row are.
pub(crate) fn read(columns: &mut Columns<'_>) -> Result<IdentityProvider, Fault> {
    Ok(IdentityProvider {
        id: ProviderId::from_uuid(columns.get()?),
        name: columns.get()?,
        kind: columns.word(ProviderType::parse)?,
        issuer: columns.get()?,
        enabled: columns.get::<i16>()? != 0,
        linking: columns.maybe_json()?.unwrap_or_default(),
        tokens: columns.maybe_json()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        revision: columns.get()?,
    })
}

const ONE: TenantSql = TenantSql::new(concat!(
    "SELECT ",
    provider_columns!(),
    " FROM identity_providers WHERE tenant_id = $1 AND id = $2"
));

pub(crate) async fn load(
    tx: &TenantTx<'_>,
    id: ProviderId,
) -> Result<Option<IdentityProvider>, Fault> {
    tx.one(ONE, [id.as_uuid().into()])
        .await?
        .map(|row| provider(&row))
        .transpose()
}

// Changes nothing, but keeps the row from others until the end of the transaction.
const LOCK: TenantSql = TenantSql::new(
    "UPDATE identity_providers SET revision = revision WHERE tenant_id = $1 AND id = $2",
);

/// Keeps the provider's row from others until the end of the transaction.
pub(crate) async fn hold(tx: &TenantTx<'_>, id: ProviderId) -> Result<(), Fault> {
    tx.execute(LOCK, [id.as_uuid().into()]).await?;
    Ok(())
}

/// The provider as it stays until this transaction ends.
pub(crate) async fn load_locked(
    tx: &TenantTx<'_>,
    id: ProviderId,
) -> Result<Option<IdentityProvider>, Fault> {
    tx.execute(LOCK, [id.as_uuid().into()]).await?;
    load(tx, id).await
}

/// How many providers of one tenant take tokens at most: the issuers of all of them are fetched from.
const MOST_ISSUERS: usize = 100;

const ISSUERS: TenantSql = TenantSql::new(
    "SELECT issuer, tokens FROM identity_providers WHERE tenant_id = $1 AND id <> $2 AND tokens IS NOT NULL",
);

/// Checks that no other provider takes the tokens that this one takes: whose rules count for them would hang on which of them
/// is enabled.
async fn alone(tx: &TenantTx<'_>, provider: &IdentityProvider) -> Result<(), Fault> {
    let Some(tokens) = &provider.tokens else {
        return Ok(());
    };
    let rows = tx.all(ISSUERS, [provider.id.as_uuid().into()]).await?;
    if rows.len() >= MOST_ISSUERS {
        let message = format!("a tenant has at most {MOST_ISSUERS} providers with `tokens`");
        return Err(Error::with_message(Code::LimitReached, message).into());
    }
    for row in &rows {
        let mut columns = Columns::of(row);
        let issuer: Option<String> = columns.get()?;
        let others: Option<TokenRules> = columns.maybe_json()?;
        let same = issuer == provider.issuer
            && others.is_some_and(|others| {
                let mut audiences = others.audiences.iter();
                audiences.any(|audience| tokens.audiences.contains(audience))
            });
        if same {
            return Err(Error::conflict(["tokens.audiences"]).into());
        }
    }
    Ok(())
}

/// How many names one statement asks for. One identity's credentials name 1,000 at most, a batch of them more.
const MOST_NAMED: usize = 1_000;

/// Those of these names that the tenant has, with id and type, in one statement for every [`MOST_NAMED`].
pub(crate) async fn named(
    tx: &TenantTx<'_>,
    names: &BTreeSet<&str>,
) -> Result<BTreeMap<String, (ProviderId, ProviderType)>, Fault> {
    let mut found = BTreeMap::new();
    let names: Vec<&str> = names.iter().copied().collect();
    for names in names.chunks(MOST_NAMED) {
        let mut select = Select::new("t.name, t.id, t.type", "identity_providers", tx.tenant());
        select.and_in("t.name", names.iter().map(|name| (*name).into()));
        for row in tx
            .all_bound(select.finish("t.id", MOST_NAMED as u64))
            .await?
        {
            let mut columns = Columns::of(&row);
            let name = columns.get()?;
            let id = ProviderId::from_uuid(columns.get()?);
            found.insert(name, (id, columns.word(ProviderType::parse)?));
        }
    }
    Ok(found)
}

impl Store {
    /// Those of these names that the tenant has a provider of, and whether its tokens are credentials: to know what an import
    /// needs to be allowed.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn known_identity_providers(
        &self,
        scope: &TenantScope,
        names: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, bool>> {
        let tx = self.reader(scope);
        let mut found = BTreeMap::new();
        let names: Vec<&str> = names.iter().copied().collect();
        for names in names.chunks(MOST_NAMED) {
            let columns = "t.name, CASE WHEN t.tokens IS NULL THEN 0 ELSE 1 END";
            let mut select = Select::new(columns, "identity_providers", tx.tenant());
            select.and_in("t.name", names.iter().map(|name| (*name).into()));
            let bound = select.finish("t.id", MOST_NAMED as u64);
            for row in tx.all_bound(bound).await? {
                let mut columns = Columns::of(&row);
                let name = columns.get().map_err(Fault::from)?;
                let lets_in: i32 = columns.get().map_err(Fault::from)?;
                found.insert(name, lets_in == 1);
            }
        }
        Ok(found)
    }
}
