//! The compiled schema, for changes of identities.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

use palisade_envelope::{Error, Result};
use palisade_identity::schema::IdentitySchema;
use palisade_tenancy::TenantScope;

use sea_orm::QueryResult;

use super::document;
use crate::{Store, select::Select};

/// How many ids one statement asks for.
const MOST_NAMED: usize = 500;

const COLUMNS: &str = "t.id, t.document, t.created_at, t.updated_at, t.revision";

/// The schema of a row. It was compiled before it was stored: a fault here is not the caller's.
fn compiled(row: &QueryResult) -> Result<Arc<IdentitySchema>> {
    let stored = document(row)?;
    let schema = IdentitySchema::compile(&stored.id, &stored.schema.to_value());
    schema.map(Arc::new).map_err(Error::internal)
}

impl Store {
    /// The tenant's schema of this id, compiled; `None` where there is none.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn identity_schema(
        &self,
        scope: &TenantScope,
        id: &str,
    ) -> Result<Option<Arc<IdentitySchema>>> {
        // PostgreSQL takes no such text: nothing is named so.
        if id.contains('\0') {
            return Ok(None);
        }
        let (tenant, cache) = (scope.tenant(), &self.inner.schemas);
        if let Some(schema) = cache.get(tenant, id) {
            return Ok(Some(schema));
        }
        let (loaded, generation) = (Instant::now(), cache.generation());
        let Some(row) = self.read_one(tenant, super::ONE, [id.into()]).await? else {
            return Ok(None);
        };
        let schema = compiled(&row)?;
        cache.keep(tenant, id, &schema, (loaded, generation));
        Ok(Some(schema))
    }

    /// Those of these schemas that the tenant has, compiled, by their ids: one statement for every [`MOST_NAMED`] that
    /// are not known here already.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn identity_schemas(
        &self,
        scope: &TenantScope,
        ids: &BTreeSet<&str>,
    ) -> Result<HashMap<String, Arc<IdentitySchema>>> {
        let (tenant, cache) = (scope.tenant(), &self.inner.schemas);
        let mut found = HashMap::new();
        let mut unknown = Vec::new();
        for id in ids.iter().filter(|id| !id.contains('\0')) {
            match cache.get(tenant, id) {
                Some(schema) => drop(found.insert((*id).to_owned(), schema)),
                None => unknown.push(*id),
            }
        }
        for ids in unknown.chunks(MOST_NAMED) {
            let (loaded, generation) = (Instant::now(), cache.generation());
            let mut select = Select::new(COLUMNS, "identity_schemas", tenant);
            select.and_in("t.id", ids.iter().map(|id| (*id).into()));
            let bound = select.finish("t.id", MOST_NAMED as u64);
            for row in self.reader(scope).all_bound(bound).await? {
                let schema = compiled(&row)?;
                cache.keep(tenant, schema.id(), &schema, (loaded, generation));
                found.insert(schema.id().to_owned(), schema);
            }
        }
        Ok(found)
    }
}
