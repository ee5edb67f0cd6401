//! The grants for links that come with imported credentials: actions of their own, which only those ask for that make
//! some.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use palisade_authz::{
    Action, Authorized, IdentityTarget, Own,
    action::{CreateIdentityProvider, CreateSession, LinkExternalIdentity},
};
use palisade_envelope::Result;
use palisade_identity::change::Changed;
use palisade_linking::{ImportedLink, imported::plan};
use palisade_tenancy::TenantScope;

use crate::{ImportGrants, Store};

/// Asks the gate for a caller, and notes refusals for the audit trail.
pub trait Decides {
    /// The grant for `A` on the target.
    ///
    /// # Errors
    /// `forbidden` with notices; `unavailable` or `internal` when the policies can't be had.
    fn decide<A: Action>(&self, target: A::Target) -> impl Future<Output = Result<Authorized<A>>>;
}

/// The providers that the credentials of some new identities name and the tenant has: asked for once.
#[derive(Debug)]
pub struct KnownProviders(BTreeMap<String, bool>);

impl KnownProviders {
    /// Those that these changes name.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn of<'a>(
        store: &Store,
        scope: &TenantScope,
        changes: impl IntoIterator<Item = &'a Changed>,
    ) -> Result<Self> {
        let links: Vec<ImportedLink> = changes
            .into_iter()
            .flat_map(|changed| plan(&changed.identity))
            .collect();
        if links.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let names: BTreeSet<&str> = links.iter().map(ImportedLink::provider_name).collect();
        Ok(Self(store.known_identity_providers(scope, &names).await?))
    }

    /// The grants for the links of a new identity, and for the providers that they name and the tenant does not have;
    /// nothing is asked where there are no links.
    ///
    /// # Errors
    /// As [`Decides::decide`].
    pub async fn grants(
        &self,
        caller: &impl Decides,
        changed: &Changed,
    ) -> Result<Option<ImportGrants>> {
        let links = plan(&changed.identity);
        if links.is_empty() {
            return Ok(None);
        }
        let target = IdentityTarget::of(&changed.identity);
        let known = |link: &ImportedLink| self.0.get(link.provider_name()).copied();
        let named = Named {
            all: links.iter().all(|link| known(link).is_some()),
            let_in: links.iter().any(|link| known(link) == Some(true)),
        };
        let grants = link_grants(caller, target, async |_| Ok(named)).await?;
        Ok(Some(grants))
    }
}

/// What is known of the providers that links name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Whether the tenant has all of them.
    pub all: bool,
    /// Whether the tokens of one of them are credentials: whoever has such an account is the identity to all that ask.
    pub let_in: bool,
}

/// The grants for making links of an identity. `known` tells, once the first grant is there, of the providers that they
/// name: where one is missing, making providers is a second decision; where one lets its accounts in, so is letting somebody
/// be the identity, as for a session of it.
///
/// # Errors
/// As [`Decides::decide`], and those of `known`.
pub async fn link_grants(
    caller: &impl Decides,
    target: IdentityTarget,
    known: impl AsyncFnOnce(&Authorized<LinkExternalIdentity>) -> Result<Named>,
) -> Result<ImportGrants> {
    let link = caller
        .decide::<LinkExternalIdentity>(target.clone())
        .await?;
    let named = known(&link).await?;
    if named.let_in {
        caller.decide::<CreateSession>(target).await?;
    }
    let provider = if named.all {
        None
    } else {
        Some(caller.decide::<CreateIdentityProvider>(Own).await?)
    };
    Ok(ImportGrants { link, provider })
}
