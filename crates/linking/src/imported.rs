//! Links that come with imported oidc and saml credentials: the two are one fact in two views.

use palisade_identity::{CredentialType, Identity, LinkedBy, ProviderType};

/// An account at a provider that an identity's credentials name. Made by [`plan`] only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportedLink {
    provider_name: String,
    external_id: String,
    provider_type: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Oidc,
    Saml,
}

impl ImportedLink {
    /// The provider's name; where the tenant has none of it, one without issuer is to be made.
    pub fn provider_name(&self) -> &str {
        &self.provider_name
    }

    /// What kind of provider it is: oidc or saml.
    pub const fn provider_type(&self) -> ProviderType {
        match self.provider_type {
            Kind::Oidc => ProviderType::Oidc,
            Kind::Saml => ProviderType::Saml,
        }
    }

    /// The subject at the provider.
    pub fn external_id(&self) -> &str {
        &self.external_id
    }

    /// How the link comes to be: whoever imports credentials links by hand.
    pub const fn linked_by(&self) -> LinkedBy {
        LinkedBy::Manual
    }
}

/// The links that the identity's oidc and saml credentials ask for: all of them, sorted. The store makes those that
/// are not there.
pub fn plan(identity: &Identity) -> Vec<ImportedLink> {
    let mut links: Vec<ImportedLink> = [
        (CredentialType::Oidc, Kind::Oidc),
        (CredentialType::Saml, Kind::Saml),
    ]
    .into_iter()
    .filter_map(|(credential, kind)| Some((identity.credentials.get(&credential)?, kind)))
    .flat_map(|(credential, kind)| {
        credential
            .identifiers
            .iter()
            .map(move |identifier| (identifier, kind))
    })
    // Provider names hold no colon; subjects may.
    .filter_map(|(identifier, kind)| {
        identifier
            .split_once(':')
            .map(|(name, subject)| (name, subject, kind))
    })
    .map(|(name, subject, kind)| ImportedLink {
        provider_name: name.to_owned(),
        external_id: subject.to_owned(),
        provider_type: kind,
    })
    .collect();
    links.sort();
    links
}

/// Those of `links` that are not among `others`.
pub fn without(links: &[ImportedLink], others: &[ImportedLink]) -> Vec<ImportedLink> {
    links
        .iter()
        .filter(|link| !others.contains(link))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
