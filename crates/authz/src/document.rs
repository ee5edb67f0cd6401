//! From Cedar text to policies with ids.

use std::sync::Arc;

use cedar_policy::{Policy, PolicyId, PolicySet};

use crate::{complexity, finding::Finding};

/// Whose policies they are: the first part of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// `platform/<@id>`.
    Platform,
    /// `tenant/<document>` or `tenant/<document>/<@id or place>`.
    Tenant,
}

/// One policy of a document.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The policy under its id.
    pub(crate) policy: Policy,
    /// Its text.
    pub(crate) text: String,
    /// Where that starts in the document, in bytes.
    pub(crate) start: usize,
}

/// Reads a document of one or more policies. `name` is the document's. Needs [`complexity::with_room`].
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn parse(
    namespace: Namespace,
    name: &str,
    text: &str,
) -> Result<Vec<Parsed>, Vec<Finding>> {
    complexity::check(text).map_err(|finding| vec![*finding])?;
    // Only to split the document: it numbers the policies, and each gets its id below.
    let set: PolicySet =
        std::str::FromStr::from_str(text).map_err(|errors| Finding::of_parse(&errors, text))?;
    if let Some(template) = set.templates().next() {
        let start = text.find(&template.to_string()).unwrap_or(0);
        let message =
            "templates are not supported: the policy has a slot (`?principal` or `?resource`)";
        return Err(vec![
            Finding::at(text, start, message).hint("name the principal or resource in the policy"),
        ]);
    }
    let mut policies: Vec<(usize, &Policy)> = set
        .policies()
        .map(|policy| (place(policy.id()), policy))
        .collect();
    policies.sort_by_key(|(place, _)| *place);
    if policies.is_empty() {
        return Err(vec![Finding::at(
            text,
            0,
            "the document contains no policy",
        )]);
    }

    let mut parsed: Vec<Parsed> = Vec::with_capacity(policies.len());
    let (mut findings, mut end) = (Vec::new(), 0);
    let alone = policies.len() == 1;
    for (place, policy) in policies {
        let source = policy.to_string();
        let start = text
            .get(end..)
            .and_then(|rest| rest.find(&source))
            .map_or(end, |at| end + at);
        end = start + source.len();
        let label = policy.annotation("id");
        if let Some(label) = label
            && !is_label(label)
        {
            let message = format!("the policy id `{}` is not usable", label.escape_debug());
            findings.push(Finding::at(text, start, message).hint(
                "an @id is 1 to 63 characters of `a-z A-Z 0-9 . _ -`, the first a letter or digit",
            ));
            continue;
        }
        let id = match (namespace, label) {
            (Namespace::Platform, Some(label)) => format!("platform/{label}"),
            (Namespace::Platform, None) => format!("platform/{name}"),
            (Namespace::Tenant, _) if alone => format!("tenant/{name}"),
            (Namespace::Tenant, Some(label)) => format!("tenant/{name}/{label}"),
            (Namespace::Tenant, None) => format!("tenant/{name}/{place}"),
        };
        if parsed
            .iter()
            .any(|other| AsRef::<str>::as_ref(other.policy.id()) == id)
        {
            let message = format!("the document has two policies of the id `{id}`");
            findings
                .push(Finding::at(text, start, message).hint("give each policy an @id of its own"));
            continue;
        }
        parsed.push(Parsed {
            policy: policy.new_id(PolicyId::new(id)),
            text: source,
            start,
        });
    }
    if findings.is_empty() {
        Ok(parsed)
    } else {
        Err(findings)
    }
}

/// The place in the document that Cedar numbered the policy by.
fn place(id: &PolicyId) -> usize {
    AsRef::<str>::as_ref(id)
        .trim_start_matches("policy")
        .parse()
        .unwrap_or(usize::MAX)
}

/// Whether this can stand in a policy id.
pub(crate) fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// The id of a policy as text that can be shared.
pub(crate) fn shared_id(policy: &Policy) -> Arc<str> {
    AsRef::<str>::as_ref(policy.id()).into()
}
