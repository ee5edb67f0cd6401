//! What a new text of a schema would do to the identities that have it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use palisade_authz::{Authorized, action::PutIdentitySchema};
use palisade_envelope::{Error, Result};
use palisade_identity::{IdentityId, IdentitySchema, ids::Uuid};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Store, fault::Fault, row::Columns, select::Select};

/// How many identities are held in memory at a time.
const CHUNK: u64 = 500;

/// How far a check goes.
#[derive(Clone, Copy, Debug)]
pub struct ImpactBudget {
    /// How many identities are looked at at most.
    pub identities: u64,
    /// How long it takes at most.
    pub time: Duration,
    /// How many of those that would not fit are named at most.
    pub sample: usize,
}

impl Default for ImpactBudget {
    fn default() -> Self {
        Self {
            identities: 1_000_000,
            time: Duration::from_secs(25),
            sample: 20,
        }
    }
}

/// What a new text of a schema would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SchemaImpact {
    /// How many identities of the schema were looked at.
    pub checked: u64,
    /// How many of them would no longer fit.
    pub failing: u64,
    /// Whether all were looked at.
    pub complete: bool,
    /// Some of those that would not fit.
    pub sample: Vec<Misfit>,
}

impl SchemaImpact {
    /// Whether every identity of the schema is known to fit.
    pub const fn is_none(&self) -> bool {
        self.failing == 0 && self.complete
    }
}

/// An identity that would not fit. No value of its traits is in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Misfit {
    /// The identity.
    pub id: IdentityId,
    /// What is wrong with its traits: a list of `field` and `expected`.
    pub errors: Value,
}

impl Store {
    /// Checks the identities of the schema that is the grant's target against a new text of it, a few hundred at a
    /// time and each of those in a statement of its own: neither memory nor a transaction is held for long. What
    /// changes meanwhile may or may not be seen.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.identity_schema.impact", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn schema_impact(
        &self,
        grant: &Authorized<PutIdentitySchema>,
        schema: &Arc<IdentitySchema>,
        budget: ImpactBudget,
    ) -> Result<SchemaImpact> {
        let began = Instant::now();
        let mut impact = SchemaImpact::default();
        let mut after = Uuid::nil();
        while impact.checked < budget.identities && began.elapsed() < budget.time {
            let wanted = CHUNK.min(budget.identities - impact.checked);
            let mut select = Select::new("t.id, t.traits", "identities", grant.tenant());
            select.and("t.schema_id = ?", grant.target().id());
            select.and("t.id > ?", after);
            let rows = self
                .reader(grant.scope())
                .all_bound(select.finish("t.id", wanted))
                .await?;
            let mut identities = Vec::with_capacity(rows.len());
            for row in &rows {
                let mut columns = Columns::of(row);
                let id: Uuid = columns.get().map_err(Fault::from)?;
                let traits: String = columns.get().map_err(Fault::from)?;
                identities.push((IdentityId::from_uuid(id), traits));
                after = id;
            }
            let found = identities.len() as u64;
            let schema = Arc::clone(schema);
            let misfits = tokio::task::spawn_blocking(move || misfits(&schema, &identities))
                .await
                .map_err(Error::internal)??;
            impact.checked += found;
            impact.failing += misfits.len() as u64;
            let room = budget.sample.saturating_sub(impact.sample.len());
            impact.sample.extend(misfits.into_iter().take(room));
            if found < wanted {
                impact.complete = true;
                return Ok(impact);
            }
        }
        Ok(impact)
    }
}

fn misfits(schema: &IdentitySchema, identities: &[(IdentityId, String)]) -> Result<Vec<Misfit>> {
    let mut misfits = Vec::new();
    for (id, traits) in identities {
        let mut traits: Value = serde_json::from_str(traits).map_err(Error::internal)?;
        if let Err(error) = schema.check(&mut traits) {
            let details = &error.envelope().details;
            let errors = details.get("errors").cloned().unwrap_or_else(
                || json!([{ "field": details.get("field"), "expected": details.get("expected") }]),
            );
            misfits.push(Misfit { id: *id, errors });
        }
    }
    Ok(misfits)
}
