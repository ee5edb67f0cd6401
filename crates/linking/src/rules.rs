//! Whether an e-mail address is enough, and for whom.

use std::collections::BTreeSet;

use palisade_identity::{
    Email, IdentityId,
    provider::{LinkingRules, MatchBy},
};

use crate::{Candidate, Held, Why};

/// The e-mail address that the provider is believed.
///
/// # Errors
/// Why it is not.
pub(crate) fn believed(
    rules: &LinkingRules,
    email: Option<&str>,
    verified: bool,
) -> Result<Email, Why> {
    let email = email.ok_or(Why::NoEmail)?;
    let email = Email::parse(email)
        .filter(Email::is_plain)
        .ok_or(Why::EmailMalformed)?;
    if !verified {
        return Err(Why::EmailNotVerified);
    }
    if rules
        .trusted_email_domains
        .iter()
        .any(|domain| domain == email.domain())
    {
        Ok(email)
    } else {
        Err(Why::DomainNotTrusted)
    }
}

/// The one identity that the address speaks for; `None` where nobody has it.
///
/// # Errors
/// Why none can be chosen among those who have it.
pub(crate) fn chosen(
    rules: &LinkingRules,
    candidates: &[Candidate],
) -> Result<Option<IdentityId>, Why> {
    if !rules.match_by.contains(&MatchBy::Email) {
        // Who is here is not asked, so whoever has the address must not be joined by another.
        return if candidates.is_empty() {
            Ok(None)
        } else {
            Err(Why::SeveralCandidates)
        };
    }
    let users: BTreeSet<IdentityId> = candidates.iter().map(|candidate| candidate.user).collect();
    if users.len() > 1 {
        return Err(Why::SeveralCandidates);
    }
    let Some(first) = candidates.first() else {
        return Ok(None);
    };
    if candidates.iter().any(|candidate| !candidate.active) {
        return Err(Why::IdentityInactive);
    }
    if candidates.iter().any(|candidate| candidate.other_subject) {
        return Err(Why::OtherSubject);
    }
    if candidates
        .iter()
        .any(|candidate| candidate.held == Held::Verified)
    {
        Ok(Some(first.user))
    } else {
        Err(Why::AddressNotVerified)
    }
}
