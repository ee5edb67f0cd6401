//! What a tenant may store.

use std::sync::Arc;

use cedar_policy::{PolicySet, ValidationMode};
use palisade_envelope::{Code, Error, Result};
use palisade_tenancy::TenantId;

use crate::{
    Finding, StoredPolicy,
    complexity::with_room,
    document::{self, Namespace},
    platform::{MAX_DEREFERENCE, Platform},
    rules,
};

/// A document that passed [`crate::Gate::validate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidPolicy {
    name: String,
    text: Arc<str>,
    policies: Vec<Arc<str>>,
    warnings: Vec<Finding>,
}

impl ValidPolicy {
    /// The most bytes that a document may have.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// The most policies that a tenant may have, in all documents together.
    pub const MAX_POLICIES: usize = 1_000;

    /// The name to store it under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Cedar text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The ids of its policies, as decisions will name them.
    pub fn policies(&self) -> &[Arc<str>] {
        &self.policies
    }

    /// What is not wrong but hardly meant, such as a policy that can never apply.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// As it is stored.
    pub fn to_stored(&self) -> StoredPolicy {
        StoredPolicy {
            name: self.name.clone(),
            text: Arc::clone(&self.text),
        }
    }
}

pub(crate) fn document(
    platform: &Platform,
    tenant: TenantId,
    name: &str,
    text: &str,
) -> Result<ValidPolicy> {
    if !is_name(name) {
        return Err(Error::field(
            "name",
            "1 to 63 characters of `a-z 0-9 . _ -`, the first of them a letter or a digit",
        ));
    }
    if text.len() > ValidPolicy::MAX_BYTES {
        let message = format!(
            "the document has {} bytes; {} are allowed",
            text.len(),
            ValidPolicy::MAX_BYTES
        );
        return Err(refusal(&[
            Finding::at(text, 0, message).hint("split it into several documents")
        ]));
    }
    with_room(|| read(platform, tenant, name, text))?
}

fn read(platform: &Platform, tenant: TenantId, name: &str, text: &str) -> Result<ValidPolicy> {
    let parsed =
        document::parse(Namespace::Tenant, name, text).map_err(|findings| refusal(&findings))?;
    let mut findings: Vec<Finding> = parsed
        .iter()
        .flat_map(|policy| rules::check(platform, tenant, text, policy))
        .collect();

    let set = PolicySet::from_policies(parsed.iter().map(|policy| policy.policy.clone()))
        .map_err(Error::internal)?;
    let result =
        platform
            .validator
            .validate_with_level(&set, ValidationMode::Strict, MAX_DEREFERENCE);
    findings.extend(
        result
            .validation_errors()
            .map(|error| rules::of_validation(error, text)),
    );
    if !findings.is_empty() {
        findings
            .sort_by(|a, b| (a.line, a.column, &a.message).cmp(&(b.line, b.column, &b.message)));
        findings.dedup();
        return Err(refusal(&findings));
    }
    let warnings = result
        .validation_warnings()
        .map(|warning| Finding::of_diagnostic(warning, text).of(warning.policy_id()))
        .collect();
    Ok(ValidPolicy {
        name: name.to_owned(),
        text: text.into(),
        policies: parsed
            .iter()
            .map(|policy| document::shared_id(&policy.policy))
            .collect(),
        warnings,
    })
}

fn refusal(findings: &[Finding]) -> Error {
    let message = match findings {
        [only] => format!(
            "the policy is not valid: line {}, column {}: {}",
            only.line, only.column, only.message
        ),
        _ => format!("the policy is not valid: {} errors", findings.len()),
    };
    let details = serde_json::to_value(findings).unwrap_or_default();
    Error::with_message(Code::InvalidPolicy, message).detail("errors", details)
}

fn is_name(name: &str) -> bool {
    document::is_label(name) && !name.contains(|c: char| c.is_ascii_uppercase())
}
