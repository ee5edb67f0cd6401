//! `include_credential`: the secret parts of credentials, under an action of their own.

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

/// Identities as they are shown.
#[derive(Default)]
pub(super) struct Shown {
    /// With the secret parts that belong to what was read of them. Those that are gone meanwhile are not here.
    pub(super) identities: Vec<(Identity, Configs)>,
    /// Those that have changed meanwhile, to be read again.
    pub(super) moved: Vec<IdentityId>,
}

/// The identities with their secret parts of these types; nothing is asked or read when no type is wanted.
///
/// # Errors
/// `forbidden` with notices.
pub(super) async fn shown(
    request: &HttpRequest,
    identities: Vec<Identity>,
    kinds: &[CredentialType],
) -> Result<Shown> {
    if kinds.is_empty() || identities.is_empty() {
        let bare = |identity| (identity, Configs::default());
        return Ok(Shown {
            identities: identities.into_iter().map(bare).collect(),
            moved: Vec::new(),
        });
    }
    // On the heap: reads that show no secrets need no room for this.
    Box::pin(revealed(request, identities, kinds)).await
}

async fn revealed(
    request: &HttpRequest,
    identities: Vec<Identity>,
    kinds: &[CredentialType],
) -> Result<Shown> {
    let grant = guard::decide::<RevealCredentials>(request, Own).await?;
    let store = &call::app(request)?.store;
    let mut revealed = store.reveal_secrets(&grant, &identities, kinds).await?;
    let shown = identities.into_iter().filter_map(|identity| {
        let secrets = revealed.secrets.remove(&identity.id)?;
        let configs = credential::reveal_all(&identity, kinds, &secrets);
        Some((identity, configs))
    });
    Ok(Shown {
        identities: shown.collect(),
        moved: revealed.moved,
    })
}
