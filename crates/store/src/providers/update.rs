//! Changes a provider.

use palisade_authz::{Authorized, action::UpdateIdentityProvider};
use std::collections::BTreeSet;

use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    IdentityProvider, ProviderId, ProviderType, change::unlink, etag::IfMatch,
};
use palisade_linking::Why;
use palisade_tenancy::TenantId;

use super::{IdentityProviderUpdate, ProviderSettings, alone, load_locked};
use crate::{
    Store,
    act::Act,
    audit::record::record,
    fault::Fault,
    identities::{self, update},
    job::Job,
    links::part::{Standing, release, standing},
    row::{self, Columns},
    sql::TenantSql,
    tx::TenantTx,
};

/// How many links a change of the issuer takes away at most: each is a change of a user in the same transaction.
const MOST_LINKS: usize = 1_000;

const LINKS: TenantSql = TenantSql::new(
    "SELECT id, identity_id, linked_by, external_id FROM external_identities
     WHERE tenant_id = $1 AND provider_id = $2 AND identity_id IS NOT NULL ORDER BY identity_id, id LIMIT $3",
);

// Those that wait are of the other issuer's people, too. What was rejected stays so.
const WAITING: TenantSql = TenantSql::new(
    "UPDATE external_identities SET why = $3, updated_at = $4, revision = revision + 1
     WHERE tenant_id = $1 AND provider_id = $2 AND identity_id IS NULL AND rejected_at IS NULL",
);

const UPDATE: TenantSql = TenantSql::new(
    "UPDATE identity_providers SET issuer = $3, updated_at = $4, revision = revision + 1
     WHERE tenant_id = $1 AND id = $2",
);

const TRUST: TenantSql = TenantSql::new(
    "UPDATE identity_providers SET enabled = $3, linking = $4, tokens = $5 WHERE tenant_id = $1 AND id = $2",
);

/// Writes what the provider is trusted with.
pub(super) async fn trust(
    tx: &TenantTx<'_>,
    id: ProviderId,
    settings: &ProviderSettings,
) -> Result<(), Fault> {
    let values = [
        id.as_uuid().into(),
        i16::from(settings.enabled).into(),
        row::json(&settings.linking)?,
        settings
            .tokens
            .as_ref()
            .map_or(Ok(row::maybe_text(None)), row::json)?,
    ];
    tx.execute(TRUST, values).await?;
    Ok(())
}

impl Store {
    /// Changes the provider that is the grant's target; `None` where it is not there. `expected`: only from one of
    /// these revisions.
    ///
    /// With another issuer its subjects are other people: where accounts are linked that is refused, or with `force` their
    /// links are taken away and they wait for a person.
    ///
    /// # Errors
    /// `stale_resource`; `in_use`; `conflict` where another provider takes the same tokens; `limit_reached`.
    #[tracing::instrument(name = "store.identity_provider.update", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn update_identity_provider(
        &self,
        grant: Authorized<UpdateIdentityProvider>,
        update: IdentityProviderUpdate,
        expected: Option<IfMatch>,
    ) -> Result<Option<IdentityProvider>> {
        let Some(id) = ProviderId::parse(grant.target().id()) else {
            return Ok(None);
        };
        self.write(Update {
            act: Act::of(&grant),
            id,
            update,
            expected,
        })
        .await
    }
}

struct Update {
    act: Act,
    id: ProviderId,
    update: IdentityProviderUpdate,
    expected: Option<IfMatch>,
}

impl Job for Update {
    type Output = Option<IdentityProvider>;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Option<IdentityProvider>, Fault> {
        let Some(mut provider) = load_locked(tx, self.id).await? else {
            return Ok(None);
        };
        IfMatch::check_sent(self.expected.as_ref(), Some(provider.revision))?;
        let mut act = self.act.clone();
        let IdentityProviderUpdate {
            issuer,
            settings,
            force,
        } = self.update.clone();
        let before = provider.clone();
        provider.issuer = issuer.unwrap_or(provider.issuer);
        if provider.issuer != before.issuer && provider.kind != ProviderType::Scim {
            let parted = other_issuer(tx, &act, &before, force).await?;
            if parted > 0 {
                act = act.detail("forced", true).detail("unlinked", parted);
            }
        }
        if let Some(settings) = settings {
            trust(tx, self.id, &settings).await?;
            let ProviderSettings {
                enabled,
                linking,
                tokens,
            } = settings;
            (provider.enabled, provider.linking, provider.tokens) = (enabled, linking, tokens);
        }
        provider.updated_at = tx.now();
        let values = [
            self.id.as_uuid().into(),
            row::maybe_text(provider.issuer.as_deref()),
            row::at(provider.updated_at),
        ];
        tx.execute(UPDATE, values).await?;
        provider.revision += 1;
        alone(tx, &provider).await?;
        let changed: Vec<&str> = [
            ("issuer", provider.issuer != before.issuer),
            ("enabled", provider.enabled != before.enabled),
            ("linking", provider.linking != before.linking),
            ("tokens", provider.tokens != before.tokens),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect();
        record(tx, [&act.detail("changed", changed)]).await?;
        Ok(Some(provider))
    }
}

/// Takes away the links that were made while the provider had the issuer that it has now; how many.
async fn other_issuer(
    tx: &TenantTx<'_>,
    act: &Act,
    provider: &IdentityProvider,
    force: bool,
) -> Result<usize, Fault> {
    let in_use = |message: &'static str| Fault::from(Error::with_message(Code::InUse, message));
    let id = || provider.id.as_uuid().into();
    let most = i64::try_from(MOST_LINKS + 1).unwrap_or(i64::MAX);
    let rows = tx.all(LINKS, [id(), most.into()]).await?;
    if !rows.is_empty() && !force {
        return Err(in_use(
            "accounts are linked through this provider, and with another issuer its subjects are other people; make a new provider, or with `force=true` take all of its links away",
        ));
    }
    if rows.len() > MOST_LINKS {
        return Err(in_use(
            "more than 1000 accounts are linked through this provider; make a new provider for the other issuer",
        ));
    }
    let mut links: Vec<Standing> = Vec::with_capacity(rows.len());
    let mut subjects = Vec::with_capacity(rows.len());
    for row in &rows {
        links.push(standing(row)?);
        let mut columns = Columns::of(row);
        columns.skip(3);
        subjects.push(columns.get::<String>()?);
    }
    let users: BTreeSet<_> = links.iter().map(|link| link.user).collect();
    for user in users {
        let row = tx
            .one(identities::load::BY_ID, [user.as_uuid().into()])
            .await?
            .ok_or_else(|| Error::new(Code::StaleResource))?;
        let mut identity = identities::identity(&row)?;
        let base = identity.revision;
        let mut secrets = std::collections::BTreeMap::new();
        for (link, subject) in links.iter().zip(&subjects) {
            if link.user == user {
                let without = unlink(&identity, &provider.name, provider.kind, subject, tx.now());
                identity = without.identity;
                secrets.extend(without.secrets);
            }
        }
        identity.revision = base + 1;
        let changed = palisade_identity::change::Changed { identity, secrets };
        update::write(tx, base, &changed).await?;
    }
    let values = [id(), Why::IssuerChanged.as_str().into(), row::at(tx.now())];
    tx.execute(WAITING, values).await?;
    release(tx, act, &links, Why::IssuerChanged, true).await?;
    Ok(links.len())
}
