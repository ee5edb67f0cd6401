//! What every change of an identity shares: its schema, its password's hash, and the race with other changes.

use std::{future::Future, sync::Arc};

use actix_web::HttpRequest;
use palisade_authz::action::UpdateIdentity;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    CredentialType, Identity, IdentitySchema, Region, Secrets,
    change::{Changed, CredentialImport, IN_THE_WAY},
};
use palisade_tenancy::TenantScope;

use super::{
    body::{Configs, IdentityBody},
    imports,
};
use crate::{
    App,
    guard::{Guarded, retried},
    preconditions,
    problem::Answer,
    reply::{Reply, base_url},
};

/// The schema that the new state names.
///
/// # Errors
/// `schema_violation` where the tenant has none of this id.
pub(crate) async fn schema(
    app: &App,
    scope: &TenantScope,
    id: &str,
) -> Result<Arc<IdentitySchema>> {
    app.store
        .identity_schema(scope, id)
        .await?
        .ok_or_else(|| IdentitySchema::unknown(id))
}

/// Replaces a plain password by its hash.
///
/// # Errors
/// `internal` when there is no randomness.
pub(super) async fn hash_password(app: &App, credentials: &mut CredentialImport) -> Result<()> {
    if let Some(plain) = credentials.plain_password().cloned() {
        credentials.set_password_hash(app.hashing.argon2id(plain).await?);
    }
    Ok(())
}

/// Says of a value that is taken what Ory says of it. Other conflicts have words of their own.
pub(crate) fn taken(error: Error, words: &'static str) -> Error {
    let names_fields = error.envelope().details.contains_key("conflicts");
    if error.code() == Code::Conflict && names_fields {
        error.reworded(words)
    } else {
        error
    }
}

/// Applies a change to the identity of this request and answers with its new state.
///
/// `apply` gives the next state from the current one and the secrets of the kinds that it adds to. Where another writer was faster and the caller did not insist
/// on a revision, everything is done again.
pub(super) async fn update<F, Fut>(
    first: Guarded<UpdateIdentity>,
    request: &HttpRequest,
    adds_to: &[CredentialType],
    apply: F,
) -> Answer
where
    F: Fn(Identity, Secrets) -> Fut,
    Fut: Future<Output = Result<(Changed, Option<Region>)>>,
{
    let app = first.app.clone();
    let once = |guarded| write(guarded, request, adds_to, &apply);
    let (identity, region) = if preconditions::if_match(request)?.is_some() {
        once(first).await?
    } else {
        retried(request, first, once).await?
    };
    let body = IdentityBody::new(&identity, &base_url(request, &app.settings)?)
        .with_credentials(&identity, Configs::new())
        .with_region(region);
    Reply::ok(request).etag(identity.revision).json(&body)
}

async fn write<F, Fut>(
    guarded: Guarded<UpdateIdentity>,
    request: &HttpRequest,
    adds_to: &[CredentialType],
    apply: &F,
) -> Result<(Identity, Option<Region>)>
where
    F: Fn(Identity, Secrets) -> Fut,
    Fut: Future<Output = Result<(Changed, Option<Region>)>>,
{
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let current = loaded
        .open(&grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    let revision = current.revision;
    preconditions::check(request, revision)?;
    let links = palisade_linking::imported::plan(&current);
    // After the identity: where they are newer than it, the write is stale.
    let kept = app.store.secrets_to_update(&grant, adds_to).await?;
    let (changed, region) = apply(current, kept).await?;
    let target = || grant.target().clone();
    let imports = imports::grants(request, target, &links, &changed.identity).await?;
    let identity = app
        .store
        .update_identity(grant, revision, changed, imports)
        .await
        .map_err(|error| taken(error, IN_THE_WAY))?;
    Ok((identity, region))
}
