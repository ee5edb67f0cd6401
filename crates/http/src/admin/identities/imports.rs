//! Links that come with imported credentials: actions of their own, which only a change that makes some asks for.

use std::collections::BTreeSet;

use actix_web::HttpRequest;
use palisade_authz::IdentityTarget;
use palisade_envelope::Result;
use palisade_identity::Identity;
use palisade_linking::{
    ImportedLink,
    imported::{plan, without},
};
use palisade_store::{ImportGrants, Named, Refusals, link_grants};

use crate::{call, guard::Asking};

/// The grants for the links that `next` has and `before` does not, and for the providers that they name and the
/// tenant does not have; nothing is asked or read where there are no such links.
///
/// # Errors
/// `forbidden` with notices.
pub(super) async fn grants(
    request: &HttpRequest,
    target: impl Fn() -> IdentityTarget,
    before: &[ImportedLink],
    next: &Identity,
) -> Result<Option<ImportGrants>> {
    let added = without(&plan(next), before);
    if added.is_empty() {
        return Ok(None);
    }
    let names: BTreeSet<&str> = added.iter().map(ImportedLink::provider_name).collect();
    let store = &call::app(request)?.store;
    let refusals = Refusals::default();
    let asking = Asking {
        request,
        refusals: &refusals,
    };
    let grants = link_grants(&asking, target(), async |link| {
        let known = store.known_identity_providers(link.scope(), &names).await?;
        Ok(Named {
            all: known.len() == names.len(),
            let_in: known.values().any(|lets_in| *lets_in),
        })
    })
    .await;
    refusals.record(store);
    Ok(Some(grants?))
}
