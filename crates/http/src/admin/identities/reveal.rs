//! `include_credential`: the secret parts of credentials, under an action of their own.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use palisade_authz::{Own, action::RevealCredentials};
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{CredentialType, Identity, IdentityId, credential};

use super::body::Configs;
use crate::{call, guard, query::Query};

/// The parameter, as the document shows it.
pub(super) const INCLUDE: crate::doc::Param = crate::doc::Param::new(
    "include_credential",
    crate::doc::Kind::Words(&[
        "password",
        "oidc",
        "saml",
        "totp",
        "lookup_secret",
        "webauthn",
        "code",
        "passkey",
        "link_recovery",
        "code_recovery",
        "deviceauthn",
    ]),
    "credential types whose `config` to show; needs the action `credential:reveal`",
);

/// The types that the query names.
///
/// # Errors
/// `invalid_request` for a word that names none.
pub(super) fn wanted(query: &Query) -> Result<Vec<CredentialType>> {
    let mut kinds = Vec::new();
    for word in query
        .all("include_credential")
        .filter(|word| !word.is_empty())
    {
        let kind = CredentialType::parse(word).ok_or_else(|| {
            Error::with_message(
                Code::InvalidRequest,
                format!("Invalid value `{word}` for parameter `include_credential`."),
            )
            .detail("field", "include_credential")
        })?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// The secret parts of these types, for each identity; nothing is asked or read when no type is wanted.
///
/// # Errors
/// `forbidden` with notices.
pub(super) async fn configs(
    request: &HttpRequest,
    identities: &[Identity],
    kinds: &[CredentialType],
) -> Result<BTreeMap<IdentityId, Configs>> {
    if kinds.is_empty() {
        return Ok(BTreeMap::new());
    }
    // On the heap: reads that show no secrets need no room for this.
    Box::pin(revealed(request, identities, kinds)).await
}

async fn revealed(
    request: &HttpRequest,
    identities: &[Identity],
    kinds: &[CredentialType],
) -> Result<BTreeMap<IdentityId, Configs>> {
    let grant = guard::decide::<RevealCredentials>(request, Own).await?;
    let ids: Vec<IdentityId> = identities.iter().map(|identity| identity.id).collect();
    let mut secrets = call::app(request)?
        .store
        .reveal_secrets(&grant, &ids, kinds)
        .await?;
    let configs = identities.iter().map(|identity| {
        let secrets = secrets.remove(&identity.id).unwrap_or_default();
        let configs = credential::reveal_all(identity, kinds, &secrets);
        (identity.id, configs)
    });
    Ok(configs.collect())
}
