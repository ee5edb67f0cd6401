//! `DELETE /admin/identities/{id}/credentials/{type}`

use actix_web::HttpRequest;
use palisade_authz::action::{DeleteCredential, UnlinkExternalIdentity};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{
    CredentialType,
    change::{CredentialRemoval, remove_credential},
    credential::ways_to_sign_in,
};
use palisade_linking::manual::plan_unlink;

use crate::{
    call::Call,
    doc::{Doc, Kind, Param},
    guard::{self, Guarded, retried},
    preconditions,
    problem::Answer,
    reply::no_content,
};

pub(super) fn doc() -> Doc {
    Doc::new(
        "deleteIdentityCredentials",
        "identities.delete_credential",
        "identity",
        "Delete a credential for a specific identity",
    )
    .query(&[
        Param::new(
            "identifier",
            Kind::Text,
            "for `oidc` and `saml`: the account, as `provider:subject`",
        ),
        Param::new(
            "force",
            Kind::Flag,
            "also the last way to sign in, and links that a SCIM client manages",
        ),
    ])
    .empty()
    .refuses(&[
        Code::InvalidRequest,
        Code::LastFirstFactor,
        Code::NotFound,
        Code::ManagedByScim,
        Code::Conflict,
        Code::StaleResource,
    ])
}

pub(super) async fn delete_credential(guarded: Guarded<DeleteCredential>, call: Call) -> Answer {
    let query = call.query(&[])?;
    let (kind, identifier) = (call.path("type")?, query.first("identifier"));
    let removal = CredentialRemoval {
        kind: &kind,
        identifier,
        force: query.flag("force")?,
    };
    removal.check()?;
    let once = |guarded| once(guarded, &call.request, removal);
    if preconditions::if_match(&call.request)?.is_some() {
        once(guarded).await?;
    } else {
        retried(&call.request, guarded, once).await?;
    }
    no_content(&call.request)
}

async fn once(
    guarded: Guarded<DeleteCredential>,
    request: &HttpRequest,
    removal: CredentialRemoval<'_>,
) -> Result<()> {
    let Guarded {
        grant, loaded, app, ..
    } = guarded;
    let current = loaded
        .open(&grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    preconditions::check(request, current.revision)?;
    let kind = CredentialType::parse(removal.kind);
    // After the identity: where it is newer, the write is stale.
    let kept = match kind {
        Some(kind) => app.store.secret_to_remove(&grant, kind).await?,
        None => None,
    };
    let changed = remove_credential(&current, removal, kept.as_ref(), app.clock.now())?;
    let account = removal
        .identifier
        .filter(|_| matches!(kind, Some(CredentialType::Oidc | CredentialType::Saml)))
        .and_then(|identifier| identifier.split_once(':'));
    let unlink = match account {
        None => None,
        Some((provider, subject)) => {
            // The link is the other view of the account, and its removal an action of its own.
            let link = app
                .store
                .load_credentials_link(&grant, provider, subject)
                .await?
                .ok_or_else(|| Error::new(Code::StaleResource))?;
            let unlink = guard::decide::<UnlinkExternalIdentity>(request, link.target()).await?;
            let link = link
                .open(&unlink)
                .ok_or_else(|| Error::new(Code::NotFound))?;
            // Ory's rule on the last way to sign in has been looked at by now; what is left is who manages the link.
            let ways = ways_to_sign_in(&current);
            let plan = plan_unlink(&link, ways, removal.force)?;
            Some((unlink, plan))
        }
    };
    app.store.delete_credential(grant, changed, unlink).await
}
