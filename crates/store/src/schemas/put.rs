//! Writes a schema.

use palisade_authz::{
    Authorized,
    action::{CreateIdentitySchema, PutIdentitySchema},
};
use palisade_envelope::{Error, Result};
use palisade_identity::{RawJson, etag::IfMatch, schema::IdentitySchema};
use palisade_tenancy::TenantId;
use serde_json::Value;

use super::{SchemaDocument, load};
use crate::{
    Store, act::Act, audit::record::record, fault::Fault, job::Job, row, sql::TenantSql,
    tx::TenantTx,
};

const PUT: TenantSql = TenantSql::new(
    "INSERT INTO identity_schemas (tenant_id, id, document, created_at, updated_at, revision)
     VALUES ($1, $2, $3, $4, $4, 1)
     ON CONFLICT (tenant_id, id) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at,
        revision = identity_schemas.revision + 1",
);

impl Store {
    /// Writes the schema that is the grant's target, after it was compiled; what is stored now, and whether it is
    /// new. `expected`: only over one of these revisions.
    ///
    /// # Errors
    /// `invalid_document` when it does not compile, `stale_resource`.
    #[tracing::instrument(name = "store.identity_schema.put", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn put_identity_schema(
        &self,
        grant: Authorized<PutIdentitySchema>,
        document: &Value,
        expected: Option<IfMatch>,
    ) -> Result<(SchemaDocument, bool)> {
        let id = grant.target().id().to_owned();
        IdentitySchema::compile(&id, document)?;
        let document = RawJson::from_value(document);
        self.write(Put {
            act: Act::of(&grant),
            id,
            document,
            expected,
            only_new: false,
        })
        .await
    }

    /// Whether the schema that is the grant's target has one of these revisions now, before work is spent on a new text
    /// of it. The write looks again.
    ///
    /// # Errors
    /// `stale_resource`.
    pub async fn check_identity_schema(
        &self,
        grant: &Authorized<PutIdentitySchema>,
        expected: &IfMatch,
    ) -> Result<()> {
        let row = self
            .read_one(grant.tenant(), super::ONE, [grant.target().id().into()])
            .await?;
        let current = row.map(|row| super::document(&row)).transpose()?;
        IfMatch::check_sent(Some(expected), current.map(|schema| schema.revision))
    }

    /// Writes a schema that is new: the one that the second grant is about.
    ///
    /// # Errors
    /// `invalid_document` when it does not compile, `conflict` when there is one of this id.
    #[tracing::instrument(name = "store.identity_schema.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_identity_schema(
        &self,
        grant: Authorized<CreateIdentitySchema>,
        put: Authorized<PutIdentitySchema>,
        document: &Value,
    ) -> Result<SchemaDocument> {
        if put.tenant() != grant.tenant() {
            return Err(Error::internal("two grants of different tenants"));
        }
        let id = put.target().id().to_owned();
        IdentitySchema::compile(&id, document)?;
        let (document, _) = self
            .write(Put {
                act: Act::of(&grant).on("IdentitySchema", &id),
                id,
                document: RawJson::from_value(document),
                expected: None,
                only_new: true,
            })
            .await?;
        Ok(document)
    }
}

/// Writes a first schema of a tenant that is being made.
pub(crate) async fn insert(tx: &TenantTx<'_>, id: &str, document: &Value) -> Result<(), Fault> {
    tx.execute(
        PUT,
        [id.into(), document.to_string().into(), row::at(tx.now())],
    )
    .await?;
    Ok(())
}

struct Put {
    act: Act,
    id: String,
    document: RawJson,
    expected: Option<IfMatch>,
    only_new: bool,
}

impl Job for Put {
    type Output = (SchemaDocument, bool);

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn changes(&self) -> Option<TenantId> {
        Some(self.act.tenant)
    }

    async fn run(&self, tx: &TenantTx<'_>) -> Result<(SchemaDocument, bool), Fault> {
        tx.execute(
            PUT,
            [
                self.id.as_str().into(),
                self.document.as_str().into(),
                row::at(tx.now()),
            ],
        )
        .await?;
        // Read after the write: the row is locked now, and its revision is ours.
        let written = load(tx, &self.id)
            .await?
            .ok_or_else(|| Error::internal("the schema was not written"))?;
        let before = (written.revision > 1).then_some(written.revision - 1);
        if self.only_new && before.is_some() {
            return Err(Error::conflict(["id"]).into());
        }
        IfMatch::check_sent(self.expected.as_ref(), before)?;
        record(tx, [&self.act]).await?;
        Ok((written, before.is_none()))
    }
}
