//! Links that are credentials: whoever has the account at the provider is the identity to all that ask.

use actix_web::HttpRequest;
use palisade_authz::{IdentityTarget, action::CreateSession};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::ProviderId;

use crate::{call, guard};

/// Asks for what it takes to let somebody be this identity, where tokens of the provider are credentials: the same as for
/// a session of it.
///
/// # Errors
/// `forbidden` with notices.
pub(crate) async fn may_let_in(
    request: &HttpRequest,
    provider: ProviderId,
    identity: impl FnOnce() -> IdentityTarget,
) -> Result<()> {
    let caller = palisade_tenancy::middleware::caller(request)
        .ok_or_else(|| Error::new(Code::Unauthenticated))?;
    let store = &call::app(request)?.store;
    let provider = store.identity_provider(caller.scope(), provider).await?;
    match provider.and_then(|provider| provider.tokens) {
        None => Ok(()),
        Some(_) => guard::decide::<CreateSession>(request, identity())
            .await
            .map(drop),
    }
}
