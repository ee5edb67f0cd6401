//! External identities: accounts at outside providers, and whom they are linked to.

pub(crate) mod account;
pub(crate) mod candidates;
mod forget;
pub(crate) mod grants;
pub(crate) mod history;
pub(crate) mod imported;
mod link;
mod list;
mod load;
pub(crate) mod part;
mod release;
pub(crate) mod resolve;
pub(crate) mod sign_in;
pub(crate) mod synced;

use palisade_identity::{ExternalIdentity, IdentityId, LinkId, LinkedBy, ProviderId, ProviderType};
use sea_orm::QueryResult;

use crate::{fault::Fault, row::Columns};

/// The columns that [`external`], and behind them those that [`account::account`] reads, in their order, of `external_identities x` and `identity_providers p`.
macro_rules! from_external {
    () => {
        "SELECT x.id, x.identity_id, x.provider_id, p.name, p.type, x.external_id, x.external_username, \
         x.external_email, x.external_display_name, x.linked_by, x.last_synced_at, x.created_at, x.updated_at, \
         x.why, x.rejected_at, x.revision, x.email_normal \
         FROM external_identities x \
         JOIN identity_providers p ON p.tenant_id = x.tenant_id AND p.id = x.provider_id "
    };
}
pub(crate) use from_external;

fn external(row: &QueryResult) -> Result<ExternalIdentity, Fault> {
    let mut columns = Columns::of(row);
    Ok(ExternalIdentity {
        id: LinkId::from_uuid(columns.get()?),
        user_id: columns.get::<Option<_>>()?.map(IdentityId::from_uuid),
        identity_provider_id: ProviderId::from_uuid(columns.get()?),
        provider_name: columns.get()?,
        provider_type: columns.word(ProviderType::parse)?,
        external_id: columns.get()?,
        external_username: columns.get()?,
        external_email: columns.get()?,
        external_display_name: columns.get()?,
        linked_by: columns.word(LinkedBy::parse)?,
        last_synced_at: columns.maybe_time()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
    })
}
