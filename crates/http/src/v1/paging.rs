//! `page_size` and `page_token` on `/v1`.

use palisade_envelope::Result;
use palisade_identity::page::PageSize;
use palisade_store::PageRequest;

use crate::query::Query;

/// The query parameters of a collection that has no others.
pub(super) const PARAMETERS: &[&str] = &["page_size", "page_token"];

/// The page that the query asks for.
///
/// # Errors
/// `invalid_request` for a size that is out of range, or for either parameter sent twice.
pub(super) fn page(query: &Query) -> Result<PageRequest> {
    Ok(PageRequest {
        size: PageSize::v1(query.one("page_size")?)?,
        token: query.one("page_token")?.map(str::to_owned),
    })
}
