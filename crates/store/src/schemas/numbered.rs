//! Schemas by the number of their page, for callers that know no other way, and tokens that stand for numbers.

use palisade_authz::{Authorized, action::ListIdentitySchemas};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::ids::Uuid;
use palisade_tenancy::TenantId;

use super::{SchemaDocument, document};
use crate::{Store, fault::Fault, page::TokenSealer, row::Columns, sql::TenantSql};

const PAGE: TenantSql = TenantSql::new(
    "SELECT id, document, created_at, updated_at, revision
     FROM identity_schemas WHERE tenant_id = $1 ORDER BY id LIMIT $2 OFFSET $3",
);
const COUNT: TenantSql =
    TenantSql::new("SELECT count(*) FROM identity_schemas WHERE tenant_id = $1");

/// Makes and reads the tokens of pages by number. They are good for this list of this tenant only.
#[derive(Debug)]
pub struct Numbering {
    key: [u8; 32],
    tenant: TenantId,
}

impl Numbering {
    fn sealer(&self) -> TokenSealer<'_> {
        TokenSealer::new(&self.key, self.tenant, "numbered_schemas", "")
    }

    /// The token of the page that begins after this many items.
    pub fn token(&self, offset: u64) -> Option<String> {
        self.sealer().seal(&Uuid::from_u128(offset.into()))
    }

    /// How many items come before the page of this token.
    ///
    /// # Errors
    /// `invalid_page_token`.
    pub fn offset(&self, token: &str) -> Result<u64> {
        u64::try_from(self.sealer().open::<Uuid>(token)?.as_u128())
            .map_err(|_| Error::new(Code::InvalidPageToken))
    }
}

impl Store {
    /// The tokens of the tenant's schemas by number.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn schema_numbering(
        &self,
        grant: &Authorized<ListIdentitySchemas>,
    ) -> Result<Numbering> {
        Ok(Numbering {
            key: *self.page_token_key().await?,
            tenant: grant.tenant(),
        })
    }

    /// `limit` of the tenant's schemas by id after the first `offset`, and how many there are.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn list_identity_schemas_by_number(
        &self,
        grant: &Authorized<ListIdentitySchemas>,
        limit: u32,
        offset: u64,
    ) -> Result<(Vec<SchemaDocument>, u64)> {
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let rows = self
            .read_all(
                grant.tenant(),
                PAGE,
                [i64::from(limit).into(), offset.into()],
            )
            .await?;
        let count = self.read_one(grant.tenant(), COUNT, []).await?;
        let total: i64 = count
            .map(|row| Columns::of(&row).get())
            .transpose()
            .map_err(Fault::from)?
            .unwrap_or_default();
        let documents = rows
            .iter()
            .map(document)
            .collect::<Result<Vec<_>, Fault>>()?;
        Ok((documents, u64::try_from(total).unwrap_or_default()))
    }
}
