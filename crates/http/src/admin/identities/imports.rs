//! Links that come with imported credentials: actions of their own, which only a change that makes some asks for.

use std::collections::BTreeSet;

use actix_web::HttpRequest;
use palisade_authz::{
    IdentityTarget, Own,
    action::{CreateIdentityProvider, CreateSession, LinkExternalIdentity},
};
use palisade_envelope::Result;
use palisade_identity::Identity;
use palisade_linking::{
    ImportedLink,
    imported::{plan, without},
};
use palisade_store::ImportGrants;

use crate::{call, guard};

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
    let link = guard::decide::<LinkExternalIdentity>(request, target()).await?;
    let names: BTreeSet<&str> = added.iter().map(ImportedLink::provider_name).collect();
    let store = &call::app(request)?.store;
    let known = store.known_identity_providers(link.scope(), &names).await?;
    if known.values().any(|lets_in| *lets_in) {
        // Whoever has such an account is the identity to all that ask.
        guard::decide::<CreateSession>(request, target()).await?;
    }
    let provider = if known.len() == names.len() {
        None
    } else {
        Some(guard::decide::<CreateIdentityProvider>(request, Own).await?)
    };
    Ok(Some(ImportGrants { link, provider }))
}
