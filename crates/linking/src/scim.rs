//! Links that a provisioning system makes: it says who is to be here, and what it calls them.

use palisade_envelope::Result;
use palisade_identity::{
    IdentityProvider, LinkedBy,
    provider::{LinkingMode, OnConflict},
};
use serde_json::Value;

use crate::{
    Candidate, CreatePlan, Decision, Known, Refusal, ReviewPlan,
    auto::shown,
    decision::Account,
    manual,
    rules::{believed, chosen},
};

/// What a provisioning system says of somebody that it wants to be here.
#[derive(Clone, Debug, PartialEq)]
pub struct Provision {
    /// What it calls them: its `externalId`, or the resource's id where it sent none. With the provider it is the key.
    pub external_id: String,
    /// `userName`.
    pub username: Option<String>,
    /// The primary e-mail address, as it was sent.
    pub email: Option<String>,
    /// `displayName`.
    pub display_name: Option<String>,
    /// The schema of the identity to make.
    pub schema_id: String,
    /// The traits of the identity to make: a JSON object.
    pub traits: Value,
}

/// Decides what becomes of a `POST` of a user. `known` is what is known of the external id at this provider,
/// `candidates` are all identities of the tenant that have the e-mail address, or the user name, in normal form.
///
/// Who is new is created; that is what such a system is for. Somebody who is here already is adopted where the rules are
/// sure of it; [`Decision::Known`], [`Decision::Review`] and [`Decision::Refuse`] are 409 to the system. A plan to link
/// says nothing of identifiers: they stay as they are in the request that adopts.
///
/// # Errors
/// `invalid_request` for an external id that is empty, too long or has control characters.
pub fn plan(
    provider: &IdentityProvider,
    provision: &Provision,
    known: Option<Known<'_>>,
    candidates: &[Candidate],
) -> Result<Decision> {
    manual::check_external_id(provider, &provision.external_id)?;
    if let Some(user) = known.and_then(|known| known.account.user_id) {
        return Ok(Decision::Known(user));
    }
    if known.is_some_and(|known| known.rejected) {
        return Ok(Decision::Refuse(Refusal::Rejected));
    }
    let rules = &provider.linking;
    if !provider.enabled {
        return Ok(Decision::Refuse(Refusal::LinkingOff));
    }
    let account = Account {
        existing: known.map(|known| known.account.id),
        provider: provider.id,
        provider_name: provider.name.clone(),
        provider_type: provider.kind,
        external_id: provision.external_id.clone(),
        username: shown(provision.username.as_deref()),
        email: shown(provision.email.as_deref()),
        display_name: shown(provision.display_name.as_deref()),
        linked_by: LinkedBy::Scim,
    };
    if candidates.is_empty() {
        return Ok(Decision::Create(CreatePlan {
            account,
            schema_id: provision.schema_id.clone(),
            traits: provision.traits.clone(),
            // Provisioning verifies nothing.
            email: None,
        }));
    }
    let unsure = |account, why| match (rules.mode, rules.on_conflict) {
        (LinkingMode::Off, _) | (_, OnConflict::Refuse) => Decision::Refuse(Refusal::Unsure(why)),
        (_, OnConflict::Review) => Decision::Review(ReviewPlan { account, why }),
    };
    if rules.mode != LinkingMode::Auto {
        return Ok(unsure(account, crate::Why::ReviewMode));
    }
    // Whoever provisions a domain says whose its addresses are: what it sends stands for verified.
    let one =
        believed(rules, provision.email.as_deref(), true).and_then(|_| chosen(rules, candidates));
    Ok(match one {
        Ok(Some(user)) => Decision::Link(account.to(user)),
        Ok(None) => unsure(account, crate::Why::NobodyFound),
        Err(why) => unsure(account, why),
    })
}

#[cfg(test)]
mod tests;
