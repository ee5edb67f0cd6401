//! Creates and deletes many identities in one transaction, in statements of many rows each.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use palisade_authz::{Authorized, action};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{Identity, IdentityId, change::Changed, ids::Uuid};
use palisade_tenancy::TenantId;
use sea_orm::Value;

use super::{WRITTEN, index, values};
use crate::{
    Store,
    act::Act,
    audit::record::record_many,
    fault::Fault,
    imports::ImportStep,
    job::Job,
    links::{
        imported::{Accounts, ImportGrants},
        part::before_deletion,
    },
    row::Columns,
    select::Select,
    sql::{Bound, TenantSql},
    tx::TenantTx,
};

/// How often a batch is done again after others took what it was about to take.
const TRIES: u32 = 8;

/// One item of a batch, with what allows it.
#[derive(Debug)]
pub enum BatchItem {
    /// A new identity. `imports`: for the links that its credentials name.
    Create {
        /// Its first state.
        changed: Box<Changed>,
        /// As in [`Store::create_identity`].
        imports: Option<ImportGrants>,
    },
    /// The end of the identity that is the grant's target.
    Delete(Authorized<action::DeleteIdentity>),
}

impl Store {
    /// Does all items that can be done, in one transaction with an audit row each, and tells of each item in its
    /// place what it was done to, or why not: `conflict`, naming the fields, for a value that another identity or an
    /// earlier item has; `not_found` for a deletion of what is not there. Items see what those before them did.
    ///
    /// # Errors
    /// `forbidden` where a creation comes without a grant for it; `conflict` when others kept writing the same;
    /// `unavailable` or `internal` when the database can't answer. Then nothing was done.
    #[tracing::instrument(name = "store.identity.batch", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn batch_identities(
        &self,
        grant: Authorized<action::BatchIdentities>,
        create: Option<Authorized<action::CreateIdentity>>,
        items: Vec<BatchItem>,
    ) -> Result<Vec<Result<IdentityId>>> {
        self.write_batch(Batch::new(grant.tenant(), create.as_ref(), items)?)
            .await
    }

    /// As [`Store::batch_identities`], for a batch of an import: it is done where `step` says that it stands in the
    /// import, and at no other time, and moves the import on in the same transaction. An id that another identity has is
    /// a `conflict`, too.
    ///
    /// # Errors
    /// As [`Store::batch_identities`]; `stale_resource` where the import is not at this place.
    #[tracing::instrument(name = "store.identity.import", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn import_identities(
        &self,
        grant: Authorized<action::BatchIdentities>,
        create: Authorized<action::CreateIdentity>,
        items: Vec<BatchItem>,
        step: ImportStep,
    ) -> Result<Vec<Result<IdentityId>>> {
        let batch = Batch::new(grant.tenant(), Some(&create), items)?;
        let (before, after) = (step.rows_before, step.rows_before + step.rows);
        let outcomes = self
            .write_batch(Batch {
                ids_from_elsewhere: true,
                step: Some(step),
                ..batch
            })
            .await?;
        self.look_at_import(before, after).await;
        Ok(outcomes)
    }

    async fn write_batch(&self, batch: Batch) -> Result<Vec<Result<IdentityId>>> {
        let batch = Arc::new(batch);
        for attempt in 1..TRIES {
            match self.write(Write(Arc::clone(&batch))).await {
                // Others were faster with a value of ours: the next look sees it.
                Err(error) if error.code() == Code::Conflict => {
                    tokio::time::sleep(Duration::from_millis(3 * u64::from(attempt))).await;
                }
                done => return done,
            }
        }
        self.write(Write(batch)).await
    }
}

pub(super) struct Batch {
    tenant: TenantId,
    items: Vec<Item>,
    /// Whether ids may come from elsewhere, so that they are looked up, too.
    pub(super) ids_from_elsewhere: bool,
    step: Option<ImportStep>,
}

pub(super) enum Item {
    Create {
        act: Act,
        changed: Box<Changed>,
        imports: Option<Box<ImportGrants>>,
    },
    Delete {
        act: Act,
        id: IdentityId,
    },
}

impl Batch {
    pub(super) fn new(
        tenant: TenantId,
        create: Option<&Authorized<action::CreateIdentity>>,
        items: Vec<BatchItem>,
    ) -> Result<Self> {
        let items = items
            .into_iter()
            .map(|item| match item {
                BatchItem::Create { changed, imports } => {
                    let create = create
                        .filter(|grant| grant.tenant() == tenant)
                        .ok_or_else(|| Error::new(Code::Forbidden))?;
                    if let Some(imports) = &imports {
                        imports.check(tenant, changed.identity.id)?;
                    }
                    Ok(Item::Create {
                        act: Act::of(create).on("Identity", changed.identity.id),
                        changed,
                        imports: imports.map(Box::new),
                    })
                }
                BatchItem::Delete(grant) if grant.tenant() == tenant => Ok(Item::Delete {
                    act: Act::of(&grant),
                    id: grant.target().id,
                }),
                BatchItem::Delete(_) => Err(Error::new(Code::Forbidden)),
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            tenant,
            items,
            ids_from_elsewhere: false,
            step: None,
        })
    }

    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    fn creations(&self) -> impl Iterator<Item = &Identity> {
        self.items.iter().filter_map(|item| match item {
            Item::Create { changed, .. } => Some(&changed.identity),
            Item::Delete { .. } => None,
        })
    }
}

struct Write(Arc<Batch>);

impl Job for Write {
    type Output = Vec<Result<IdentityId>>;

    fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        self.0.items.iter().find_map(|item| match item {
            Item::Create { imports, .. } => imports.as_deref().and_then(ImportGrants::changes),
            Item::Delete { .. } => None,
        })
    }

    fn weight(&self) -> usize {
        self.0.items.len().max(1)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<Self::Output, Fault> {
        if let Some(step) = &self.0.step {
            step.claim(tx).await?;
        }
        let mut plan = Plan::load(tx, &self.0).await?;
        let outcomes: Vec<_> = self.0.items.iter().map(|item| plan.add(tx, item)).collect();
        let done = self.0.items.iter().zip(&outcomes);
        let done: Vec<&Item> = done
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(item, _)| item)
            .collect();
        plan.delete(tx, &done).await?;
        insert(tx, &done).await?;
        let made = plan.accounts.write(tx).await?;
        let acts = done.iter().map(|item| match item {
            Item::Create { act, .. } | Item::Delete { act, .. } => act,
        });
        record_many(tx, acts.chain(&made)).await?;
        if let Some(step) = &self.0.step {
            step.done(tx, &outcomes).await?;
        }
        Ok(outcomes)
    }
}

/// A value that one identity of a tenant has at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Space {
    ExternalId,
    Identifier(&'static str),
    Address(&'static str, &'static str),
}

impl Space {
    /// The field of an identity that the value stands in.
    pub(super) fn field(&self) -> String {
        match self {
            Self::ExternalId => "external_id".to_owned(),
            Self::Identifier(kind) => format!("credentials.{kind}.identifiers"),
            Self::Address(kind, _) => format!("{kind}_addresses"),
        }
    }

    /// Each of these values of this space with who has it.
    fn holders(&self, tenant: TenantId, values: Vec<Value>) -> Bound {
        match self {
            Self::ExternalId => {
                Select::each("t.id", "identities", "external_id", tenant, [], values)
            }
            Self::Identifier(kind) => {
                let given = [("t.type = ?", (*kind).into())];
                let (found, table) = ("t.identity_id", "identity_identifiers");
                Select::each(found, table, "identifier", tenant, given, values)
            }
            Self::Address(kind, via) => {
                let given = [("t.kind = ?", (*kind).into()), ("t.via = ?", (*via).into())];
                let (found, table) = ("t.identity_id", "identity_addresses");
                Select::each(found, table, "value", tenant, given, values)
            }
        }
    }
}

pub(super) fn unique_values(identity: &Identity) -> Vec<(Space, String)> {
    let external_id = identity.external_id.iter();
    let identifiers = index::identifiers(&identity.credentials).into_iter();
    let addresses =
        index::addresses(&identity.verifiable_addresses, &identity.recovery_addresses).into_iter();
    external_id
        .map(|id| (Space::ExternalId, id.clone()))
        .chain(identifiers.map(|(kind, value)| (Space::Identifier(kind), value)))
        .chain(addresses.map(|(kind, via, value)| (Space::Address(kind, via), value)))
        .collect()
}

/// What is taken and what is there, as the items leave it one after the other.
pub(super) struct Plan {
    holders: HashMap<(Space, String), IdentityId>,
    /// Of the ids that come from elsewhere those that another identity has.
    taken: HashSet<IdentityId>,
    there: HashSet<IdentityId>,
    gone: HashSet<IdentityId>,
    accounts: Accounts,
}

impl Plan {
    pub(super) async fn load(tx: &TenantTx<'_>, batch: &Batch) -> Result<Self, Fault> {
        let mut asked: BTreeMap<Space, BTreeSet<String>> = BTreeMap::new();
        for (space, value) in batch.creations().flat_map(unique_values) {
            asked.entry(space).or_default().insert(value);
        }
        let mut holders = HashMap::new();
        for (space, values) in asked {
            for chunk in chunks(values) {
                for row in tx.all_bound(space.holders(tx.tenant(), chunk)).await? {
                    let mut columns = Columns::of(&row);
                    let value = columns.get()?;
                    if let Some(holder) = columns.get::<Option<Uuid>>()? {
                        holders.insert((space.clone(), value), IdentityId::from_uuid(holder));
                    }
                }
            }
        }
        let deleted = batch.items.iter().filter_map(|item| match item {
            Item::Delete { id, .. } => Some(id.as_uuid()),
            Item::Create { .. } => None,
        });
        let there = known(tx, deleted.collect()).await?;
        let taken = if batch.ids_from_elsewhere {
            let ids = batch.creations().map(|identity| identity.id.as_uuid());
            known(tx, ids.collect()).await?
        } else {
            HashSet::new()
        };
        Ok(Self {
            holders,
            taken,
            there,
            gone: HashSet::new(),
            accounts: Accounts::load(tx, batch.creations()).await?,
        })
    }

    /// Takes the item in, or says why it can't be done.
    pub(super) fn add(&mut self, tx: &TenantTx<'_>, item: &Item) -> Result<IdentityId> {
        match item {
            Item::Delete { id, .. } => {
                if !self.there.remove(id) {
                    return Err(Error::new(Code::NotFound));
                }
                self.gone.insert(*id);
                Ok(*id)
            }
            Item::Create {
                changed, imports, ..
            } => {
                let identity = &changed.identity;
                let values = unique_values(identity);
                let mut taken: BTreeSet<String> = values
                    .iter()
                    .filter(|value| {
                        self.holders
                            .get(*value)
                            .is_some_and(|holder| !self.gone.contains(holder))
                    })
                    .map(|(space, _)| space.field())
                    .collect();
                if self.taken.contains(&identity.id) {
                    taken.insert("id".to_owned());
                }
                if !taken.is_empty() {
                    return Err(Error::conflict(taken.iter().map(String::as_str)));
                }
                self.accounts.add(tx, identity, imports.as_deref())?;
                let values = values.into_iter().map(|value| (value, identity.id));
                self.holders.extend(values);
                self.taken.insert(identity.id);
                Ok(identity.id)
            }
        }
    }

    /// Deletes what is to go. It frees its values, so it goes first.
    async fn delete(&self, tx: &TenantTx<'_>, done: &[&Item]) -> Result<(), Fault> {
        let deletion = done.iter().find_map(|item| match item {
            Item::Delete { act, .. } => Some(act),
            Item::Create { .. } => None,
        });
        let Some(act) = deletion else { return Ok(()) };
        let gone: BTreeSet<IdentityId> = self.gone.iter().copied().collect();
        let locked: Vec<Value> = gone.iter().map(|id| id.as_uuid().into()).collect();
        for some in locked.chunks(LARGEST) {
            tx.all_locked_listed(LOCK, some.iter().cloned()).await?;
        }
        before_deletion(tx, act, &gone).await?;
        let ids: BTreeSet<_> = self.gone.iter().map(|id| id.as_uuid()).collect();
        let mut deleted = 0;
        for chunk in chunks(ids) {
            // The rows that belong to them go by their foreign keys.
            deleted += tx.delete_in("identities", "id", chunk).await?;
        }
        if deleted == self.gone.len() as u64 {
            Ok(())
        } else {
            Err(Error::new(Code::Conflict).into())
        }
    }
}

// Nobody links anything to them until they are gone. In the order in which everybody takes them.
const LOCK: TenantSql =
    TenantSql::new("SELECT id FROM identities WHERE tenant_id = $1 AND id IN ({list}) ORDER BY id");

/// Which of these ids the tenant has an identity of.
async fn known(tx: &TenantTx<'_>, ids: BTreeSet<Uuid>) -> Result<HashSet<IdentityId>, Fault> {
    let mut known = HashSet::new();
    for chunk in chunks(ids) {
        let ids = Select::each("t.id", "identities", "id", tx.tenant(), [], chunk);
        for row in tx.all_bound(ids).await? {
            let mut columns = Columns::of(&row);
            let _asked: Uuid = columns.get()?;
            known.extend(columns.get::<Option<Uuid>>()?.map(IdentityId::from_uuid));
        }
    }
    Ok(known)
}

/// The most values of one look-up.
const LARGEST: usize = 512;

/// The values in lists of a few sizes, filled up with the last of them: each size is one statement text.
pub(crate) fn chunks<T: Into<Value>>(values: BTreeSet<T>) -> Vec<Vec<Value>> {
    let values: Vec<Value> = values.into_iter().map(Into::into).collect();
    values
        .chunks(LARGEST)
        .map(|chunk| {
            let size = [8, 64, LARGEST]
                .into_iter()
                .find(|size| chunk.len() <= *size)
                .unwrap_or(LARGEST);
            let mut chunk = chunk.to_vec();
            if let Some(last) = chunk.last().cloned() {
                chunk.resize(size, last);
            }
            chunk
        })
        .collect()
}

/// Writes the rows of the new identities, table by table.
async fn insert(tx: &TenantTx<'_>, items: &[&Item]) -> Result<(), Fault> {
    let (mut rows, mut identifiers) = (Vec::new(), Vec::new());
    let (mut addresses, mut secrets) = (Vec::new(), Vec::new());
    for item in items {
        let Item::Create { changed, .. } = item else {
            continue;
        };
        let identity = &changed.identity;
        let id: Value = identity.id.as_uuid().into();
        let mut row = vec![id.clone()];
        row.extend(values(identity)?);
        rows.push(row);
        for (kind, identifier) in index::identifiers(&identity.credentials) {
            identifiers.push(vec![kind.into(), identifier.into(), id.clone()]);
        }
        let of = index::addresses(&identity.verifiable_addresses, &identity.recovery_addresses);
        for (kind, via, value) in of {
            addresses.push(vec![kind.into(), via.into(), value.into(), id.clone()]);
        }
        for (kind, secret) in &changed.secrets {
            if let Some(secret) = secret {
                let config = secret.reveal().as_str().into();
                secrets.push(vec![id.clone(), kind.as_str().into(), config]);
            }
        }
    }
    let columns: Vec<&str> = std::iter::once("id")
        .chain(WRITTEN.iter().copied())
        .collect();
    let tables: [(&str, &[&str], _); 4] = [
        ("identities", &columns, rows),
        (
            "identity_identifiers",
            &["type", "identifier", "identity_id"],
            identifiers,
        ),
        (
            "identity_addresses",
            &["kind", "via", "value", "identity_id"],
            addresses,
        ),
        (
            "identity_secrets",
            &["identity_id", "type", "config"],
            secrets,
        ),
    ];
    for (table, columns, rows) in tables {
        tx.insert_many(table, columns, rows, "").await?;
    }
    Ok(())
}
