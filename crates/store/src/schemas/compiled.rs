//! The compiled schema, for changes of identities.

use std::{sync::Arc, time::Instant};

use palisade_envelope::{Error, Result};
use palisade_identity::schema::IdentitySchema;
use palisade_tenancy::TenantScope;

use super::document;
use crate::Store;

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
        let (tenant, cache) = (scope.tenant(), &self.inner.schemas);
        if let Some(schema) = cache.get(tenant, id) {
            return Ok(Some(schema));
        }
        let (loaded, generation) = (Instant::now(), cache.generation());
        let Some(row) = self.read_one(tenant, super::ONE, [id.into()]).await? else {
            return Ok(None);
        };
        let stored = document(&row)?;
        // It was compiled before it was stored: a fault here is not the caller's.
        let schema =
            IdentitySchema::compile(id, &stored.schema.to_value()).map_err(Error::internal)?;
        let schema = Arc::new(schema);
        cache.keep(tenant, &schema, loaded, generation);
        Ok(Some(schema))
    }
}
