//! Links that a sign-in makes by itself: somebody came with a provider's token.

use palisade_envelope::{Error, Result};
use palisade_identity::{
    IdentityProvider, LinkedBy, ProviderType,
    change::MAX_IDENTIFIER,
    provider::{LinkingMode, LinkingRules, OnConflict},
};
use serde_json::{Map, Value};

pub use palisade_identity::provider::Assertion;

use crate::{
    Candidate, CreatePlan, Decision, Known, Refusal, ReviewPlan, Why,
    decision::Account,
    rules::{believed, chosen},
};

/// Decides. `known` is what is known of the subject, `candidates` are all identities of the tenant that have the e-mail
/// address in its normal form, in whatever way.
///
/// # Errors
/// `unauthenticated` for a subject that could not be kept: empty, too long, with control characters.
pub fn plan(
    provider: &IdentityProvider,
    assertion: &Assertion,
    known: Option<Known<'_>>,
    candidates: &[Candidate],
) -> Result<Decision> {
    if let Some(user) = known.and_then(|known| known.account.user_id) {
        return Ok(Decision::Known(user));
    }
    if known.is_some_and(|known| known.rejected) {
        return Ok(Decision::Refuse(Refusal::Rejected));
    }
    let rules = &provider.linking;
    if rules.mode == LinkingMode::Off || !provider.enabled || provider.kind == ProviderType::Scim {
        return Ok(Decision::Refuse(Refusal::LinkingOff));
    }
    if !rules.admit(&assertion.claims) {
        return Ok(Decision::Refuse(Refusal::ClaimMismatch));
    }
    if !is_subject(provider, &assertion.subject) {
        return Err(Error::new(palisade_envelope::Code::Unauthenticated));
    }
    let account = Account {
        existing: known.map(|known| known.account.id),
        provider: provider.id,
        provider_name: provider.name.clone(),
        provider_type: provider.kind,
        external_id: assertion.subject.clone(),
        username: shown(assertion.username.as_deref()),
        email: shown(assertion.email.as_deref()),
        display_name: shown(assertion.display_name.as_deref()),
        linked_by: LinkedBy::Auto,
    };
    // What an admin took away does not come back by itself.
    let returned = known.and_then(|known| known.returned);
    if rules.mode == LinkingMode::Review {
        let why = returned.unwrap_or(Why::ReviewMode);
        return Ok(Decision::Review(ReviewPlan { account, why }));
    }
    let unsure = |account, why| match rules.on_conflict {
        OnConflict::Review => Decision::Review(ReviewPlan { account, why }),
        OnConflict::Refuse => Decision::Refuse(Refusal::Unsure(why)),
    };
    if let Some(why) = returned {
        return Ok(unsure(account, why));
    }
    let email = match believed(rules, assertion.email.as_deref(), assertion.email_verified) {
        Ok(email) => email,
        Err(why) => return Ok(unsure(account, why)),
    };
    Ok(match chosen(rules, candidates) {
        Ok(Some(user)) => Decision::Link(account.to(user)),
        Ok(None) if rules.create_missing => Decision::Create(CreatePlan {
            account,
            schema_id: rules.create.schema_id.clone(),
            traits: traits(rules, &assertion.claims),
            email: Some(email.as_str().to_owned()),
        }),
        Ok(None) => unsure(account, Why::NobodyFound),
        Err(why) => unsure(account, why),
    })
}

/// Whether the subject can be kept: for oidc and saml together with the provider's name, as `provider:subject`.
fn is_subject(provider: &IdentityProvider, subject: &str) -> bool {
    let length = subject.chars().count();
    length > 0
        && length + provider.name.chars().count() < MAX_IDENTIFIER
        && !subject.chars().any(char::is_control)
}

/// A text to show: nothing where it could not be kept.
fn shown(text: Option<&str>) -> Option<String> {
    text.filter(|text| {
        !text.is_empty()
            && text.chars().count() <= MAX_IDENTIFIER
            && !text.chars().any(char::is_control)
    })
    .map(str::to_owned)
}

/// The traits of a new identity: texts, numbers and booleans of the claims, each at its JSON Pointer.
fn traits(rules: &LinkingRules, claims: &Map<String, Value>) -> Value {
    let mut traits = Map::new();
    for (pointer, claim) in &rules.create.traits {
        let Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) =
            claims.get(claim)
        else {
            continue;
        };
        let mut parts = pointer.split('/').skip(1).map(unescaped).peekable();
        let mut place = &mut traits;
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                place.insert(part, value.clone());
                break;
            }
            let next = place
                .entry(part)
                .or_insert_with(|| Value::Object(Map::new()));
            match next {
                Value::Object(next) => place = next,
                _ => break,
            }
        }
    }
    Value::Object(traits)
}

/// A part of a JSON Pointer (RFC 6901 section 4).
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests;
