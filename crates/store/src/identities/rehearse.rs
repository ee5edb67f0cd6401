//! What a batch of an import would come to, without writing anything.

use std::{
    collections::{BTreeSet, HashSet},
    hash::{BuildHasher as _, RandomState},
};

use palisade_authz::{Authorized, action};
use palisade_envelope::{Error, Result};
use palisade_identity::IdentityId;

use super::batch::{Batch, BatchItem, Item, Plan, unique_values};
use crate::Store;

/// What the batches of a rehearsal have taken so far: a hash of each value, 8 bytes and what a set takes beside.
#[derive(Debug, Default)]
pub struct Rehearsal {
    hasher: RandomState,
    seen: HashSet<u64>,
}

impl Store {
    /// What each item would come to if the batches of the rehearsal were imported one after the other now: as
    /// [`Store::import_identities`], and nothing is written.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.identity.rehearse", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn rehearse(
        &self,
        grant: &Authorized<action::BatchIdentities>,
        create: &Authorized<action::CreateIdentity>,
        rehearsal: &mut Rehearsal,
        items: Vec<BatchItem>,
    ) -> Result<Vec<Result<IdentityId>>> {
        let mut batch = Batch::new(grant.tenant(), Some(create), items)?;
        batch.ids_from_elsewhere = true;
        let tx = self.reader(grant.scope());
        let mut plan = Plan::load(&tx, &batch).await?;
        let outcomes = batch.items().iter().map(|item| {
            let values = rehearsal.values(item);
            let taken: BTreeSet<&str> = values
                .iter()
                .filter(|(_, value)| rehearsal.seen.contains(value))
                .map(|(field, _)| field.as_str())
                .collect();
            if !taken.is_empty() {
                return Err(Error::conflict(taken));
            }
            let id = plan.add(&tx, item)?;
            rehearsal.seen.extend(values.iter().map(|(_, value)| value));
            Ok(id)
        });
        Ok(outcomes.collect())
    }
}

impl Rehearsal {
    /// What the item takes: the field of each value, and its hash.
    fn values(&self, item: &Item) -> Vec<(String, u64)> {
        let Item::Create { changed, .. } = item else {
            return Vec::new();
        };
        let id = (
            "id".to_owned(),
            self.hasher.hash_one(("id", changed.identity.id)),
        );
        unique_values(&changed.identity)
            .into_iter()
            .map(|value| (value.0.field(), self.hasher.hash_one(value)))
            .chain([id])
            .collect()
    }
}
