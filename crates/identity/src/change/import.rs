//! A new identity that was one elsewhere: what it was created from, and what was then.

use std::collections::{BTreeMap, BTreeSet};

use palisade_envelope::{Error, Result};
use serde_json::json;

use super::{Changed, CreateIdentity, MAX_IDENTIFIER, create::create, credentials::entry};
use crate::{
    CredentialType, IdentityId, IdentitySchema, RawJson, Secret, State, Timestamp,
    VerifiableAddress, Via, normalize,
};

/// An identity of another system or another tenant. Made by [`crate::decode::imported`].
#[derive(Debug, Default)]
pub struct ImportIdentity {
    /// Its id there, where that is a UUID.
    pub id: Option<IdentityId>,
    /// What it is created from here.
    pub create: CreateIdentity,
    /// When things happened there.
    pub seen: Seen,
    /// What is known of its credentials beside their secret parts.
    pub facts: BTreeMap<CredentialType, CredentialFacts>,
}

/// What happened to an identity before it came here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// When it was made; `None`: now.
    pub created_at: Option<Timestamp>,
    /// When it last changed; `None`: now.
    pub updated_at: Option<Timestamp>,
    /// When its state last changed; `None`: when it was made, or where it is inactive, when it last changed.
    pub state_changed_at: Option<Timestamp>,
    /// Its verifiable addresses.
    pub verifiable: Vec<SeenAddress>,
    /// Its recovery addresses.
    pub recovery: Vec<SeenAddress>,
    /// Whether all of its e-mail addresses are verified; `None`: as each says.
    pub verified_email: Option<bool>,
    /// The same of its phone numbers.
    pub verified_sms: Option<bool>,
}

/// When an address was first seen and last changed.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenAddress {
    /// The channel.
    pub via: Via,
    /// The address; normalised before it is compared.
    pub value: String,
    /// When it was first seen.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// What is known of a credential beside its secret part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CredentialFacts {
    /// They count where the traits name none: an identifier outlives the trait that it came from.
    pub identifiers: Vec<String>,
    /// Of the configuration's form.
    pub version: Option<i64>,
    /// When it was first set up.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// Where codes are sent that the identifiers ask for.
    pub code_addresses: Vec<(Via, String)>,
}

/// The first state of an identity that comes from elsewhere. As [`create`], and everything is as old as it says; what it
/// does not say is new at `now`.
///
/// # Errors
/// As [`create`].
pub fn import(
    input: ImportIdentity,
    schema: &IdentitySchema,
    id: IdentityId,
    now: Timestamp,
) -> Result<Changed> {
    let ImportIdentity {
        id: _,
        create: input,
        seen,
        facts,
    } = input;
    let mut changed = create(input, schema, id, now)?;
    outlived(&mut changed, &facts, now)?;
    let identity = &mut changed.identity;
    identity.created_at = seen.created_at.unwrap_or(now);
    identity.updated_at = seen.updated_at.unwrap_or(now);
    identity.state_changed_at = seen.state_changed_at.unwrap_or(match identity.state {
        State::Active => identity.created_at,
        State::Inactive => identity.updated_at,
    });
    for (kind, credential) in &mut identity.credentials {
        let Some(fact) = facts.get(kind) else {
            continue;
        };
        credential.version = fact.version.unwrap_or(credential.version);
        credential.created_at = fact.created_at.unwrap_or(now);
        credential.updated_at = fact.updated_at.unwrap_or(now);
    }
    for address in &mut identity.verifiable_addresses {
        let all = match address.via {
            Via::Email => seen.verified_email,
            Via::Sms => seen.verified_sms,
        };
        if let Some(verified) = all {
            verify(address, verified, seen.created_at.unwrap_or(now));
        }
        if let Some(known) = find(&seen.verifiable, address.via, &address.value) {
            address.created_at = known.created_at.unwrap_or(now);
            address.updated_at = known.updated_at.unwrap_or(now);
        }
    }
    for address in &mut identity.recovery_addresses {
        if let Some(known) = find(&seen.recovery, address.via, &address.value) {
            address.created_at = known.created_at.unwrap_or(now);
            address.updated_at = known.updated_at.unwrap_or(now);
        }
    }
    Ok(changed)
}

fn find<'a>(seen: &'a [SeenAddress], via: Via, value: &str) -> Option<&'a SeenAddress> {
    seen.iter().find(|known| {
        known.via == via && (known.value == value || normalize::identifier(&known.value) == value)
    })
}

fn verify(address: &mut VerifiableAddress, verified: bool, at: Timestamp) {
    address.verified = verified;
    address.verified_at = verified.then(|| address.verified_at.unwrap_or(at));
    (if verified { "completed" } else { "pending" }).clone_into(&mut address.status);
}

/// Identifiers that outlived the traits they came from, as [`super::replace`] leaves them.
fn outlived(
    changed: &mut Changed,
    facts: &BTreeMap<CredentialType, CredentialFacts>,
    now: Timestamp,
) -> Result<()> {
    for kind in [
        CredentialType::Password,
        CredentialType::Webauthn,
        CredentialType::Code,
    ] {
        let Some(fact) = facts.get(&kind).filter(|fact| !fact.identifiers.is_empty()) else {
            continue;
        };
        let credentials = &mut changed.identity.credentials;
        let named = credentials.get(&kind).map(|known| &known.identifiers);
        if named.is_some_and(|identifiers| !identifiers.is_empty()) {
            continue;
        }
        let path = format!("credentials.{}.identifiers", kind.as_str());
        let identifiers = fact
            .identifiers
            .iter()
            .map(|text| {
                let identifier = normalize::identifier(text);
                let length = identifier.chars().count();
                let fits = (1..=MAX_IDENTIFIER).contains(&length)
                    && !identifier.chars().any(char::is_control);
                fits.then_some(identifier).ok_or_else(|| {
                    let expected = format!(
                        "texts of 1 to {MAX_IDENTIFIER} characters, none of them a control character"
                    );
                    Error::field(path.as_str(), expected)
                })
            })
            .collect::<Result<BTreeSet<_>>>()?;
        if kind == CredentialType::Code {
            let addresses: Vec<_> = fact
                .code_addresses
                .iter()
                .map(|(via, address)| json!({ "channel": via.as_str(), "address": address }))
                .collect();
            if addresses.is_empty() {
                // Nobody would know where to send codes.
                continue;
            }
            let config = RawJson::from_value(&json!({ "addresses": addresses }));
            changed.secrets.insert(kind, Some(Secret::new(config)));
        }
        let credential = entry(credentials, kind, now);
        credential.identifiers = identifiers.into_iter().collect();
        credential.usable |= kind == CredentialType::Code;
    }
    Ok(())
}
