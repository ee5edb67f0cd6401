//! What Palisade asks of a tenant's policy beyond Cedar's validation, and hints beyond Cedar's.

use cedar_policy::{EntityUid, Policy, ResourceConstraint, ValidationError};
use palisade_envelope::Notice;
use palisade_tenancy::{Role, TenantId};
use serde_json::{Value, json};

use crate::{Access, Finding, action, document::Parsed, platform::Platform};

/// What is wrong with one policy of the document `text`.
pub(crate) fn check(
    platform: &Platform,
    tenant: TenantId,
    text: &str,
    parsed: &Parsed,
) -> Vec<Finding> {
    let policy = &parsed.policy;
    let notice = policy.annotation("notice").and_then(wrong_notice);
    let mut findings: Vec<Finding> = notice
        .map(|message| Finding::at(text, parsed.start, message).of(policy.id()))
        .into_iter()
        .collect();
    if asks_for_groups_of_resource(policy) {
        let message = "a policy can ask which groups the principal is in, not the resource";
        let hint = "say `principal in Palisade::Group::\"..\"`";
        findings.push(
            Finding::at(text, parsed.start, message)
                .of(policy.id())
                .hint(hint),
        );
    }
    for literal in policy.entity_literals() {
        if let Some((message, hint)) = wrong_entity(platform, tenant, &literal) {
            let place = parsed.start + place_of(&parsed.text, &literal);
            findings.push(Finding {
                hint,
                ..Finding::at(text, place, message).of(policy.id())
            });
        }
    }
    findings
}

/// An error of Cedar's validator, with the nearest action where one is unknown: Cedar compares whole names, in
/// which a mistyped id drowns.
pub(crate) fn of_validation(error: &ValidationError, text: &str) -> Finding {
    let finding = Finding::of_diagnostic(error, text).of(error.policy_id());
    match error {
        ValidationError::UnrecognizedActionId(_) => {
            let id = finding.message.split('"').nth(1).unwrap_or_default();
            let known = action::ALL
                .iter()
                .filter(|(_, access)| *access != Access::Operate)
                .map(|(name, _)| *name);
            let groups = [
                Access::Read,
                Access::Write,
                Access::Manage,
                Access::Provision,
            ]
            .map(Access::group);
            let hint = nearest(id, known.chain(groups))
                .map(|name| format!("did you mean `Palisade::Action::\"{name}\"`?"));
            Finding { hint, ..finding }
        }
        ValidationError::EntityDerefLevelViolation(_) => finding
            .hint("read attributes of `principal`, `resource` and `context` only, one step deep"),
        _ => finding,
    }
}

/// Whether it asks for the groups of the resource: they are not looked up, so that the answer would always be no.
fn asks_for_groups_of_resource(policy: &Policy) -> bool {
    let is_group = |uid: &EntityUid| uid.type_name().to_string() == GROUP;
    match policy.resource_constraint() {
        ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) if is_group(&uid) => true,
        _ => policy
            .to_json()
            .is_ok_and(|json| json.get("conditions").is_some_and(holds_resource_in_group)),
    }
}

const GROUP: &str = "Palisade::Group";

/// The same of an expression in Cedar's JSON form.
fn holds_resource_in_group(expression: &Value) -> bool {
    let of_resource = |parts: &Value| {
        parts.get("left") == Some(&json!({ "Var": "resource" }))
            && ["right", "in"]
                .iter()
                .any(|side| parts.get(side).is_some_and(names_group))
    };
    match expression {
        Value::Array(parts) => parts.iter().any(holds_resource_in_group),
        Value::Object(members) => members.iter().any(|(name, value)| {
            (matches!(name.as_str(), "in" | "is") && of_resource(value))
                || holds_resource_in_group(value)
        }),
        _ => false,
    }
}

fn names_group(expression: &Value) -> bool {
    match expression {
        Value::Array(parts) => parts.iter().any(names_group),
        Value::Object(members) => {
            members.get("type").and_then(Value::as_str) == Some(GROUP)
                || members.values().any(names_group)
        }
        _ => false,
    }
}

fn wrong_notice(notice: &str) -> Option<String> {
    if notice.trim().is_empty() {
        Some("the notice is empty".to_owned())
    } else if notice.chars().count() > Notice::MAX_CHARS {
        Some(format!(
            "the notice is longer than {} characters",
            Notice::MAX_CHARS
        ))
    } else if notice.chars().any(char::is_control) {
        Some("the notice has control characters; it is one line of plain text".to_owned())
    } else {
        None
    }
}

/// Why a tenant's policy may not name this entity, if so, and what may have been meant.
fn wrong_entity(
    platform: &Platform,
    tenant: TenantId,
    literal: &EntityUid,
) -> Option<(String, Option<String>)> {
    let id = literal.id().unescaped();
    match literal.type_name().to_string().as_str() {
        "Palisade::Tenant" if id != tenant.to_string() => Some((
            format!("the policy names another tenant: `{}`", id.escape_debug()),
            Some(format!(
                "a policy speaks of its own tenant only: `Palisade::Tenant::\"{tenant}\"`"
            )),
        )),
        "Palisade::Operator" => Some((
            "the policy names an operator, on whom a tenant has no say".to_owned(),
            None,
        )),
        "Palisade::Role" if Role::parse(id).is_none() => {
            let names = Role::OF_TENANTS.iter().map(|role| role.as_str());
            let hint = match nearest(id, names.clone()) {
                Some(name) => format!("did you mean `Palisade::Role::\"{name}\"`?"),
                None => format!(
                    "the roles are {}",
                    names
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            };
            Some((
                format!("unrecognized role `{}`", id.escape_debug()),
                Some(hint),
            ))
        }
        "Palisade::Action" if platform.is_operators(literal) => Some((
            format!("the action `{id}` is the operator's, on which a tenant has no say"),
            None,
        )),
        _ => None,
    }
}

/// Where in the policy's text the entity is named, as well as can be told without Cedar's parser: ids may be
/// spelled with escapes, and then it is the start.
fn place_of(text: &str, literal: &EntityUid) -> usize {
    let id = format!("\"{}\"", literal.id().unescaped());
    let Some(at) = text.find(&id) else { return 0 };
    let before = text.get(..at).unwrap_or_default();
    before
        .rfind(|c: char| !(c.is_alphanumeric() || c == ':' || c == '_'))
        .map_or(0, |end| end + 1)
}

/// The known name that is nearest to this one, unless all are far.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.chars().count().div_ceil(2))
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_nothing_is_forced() {
        assert_eq!(
            nearest("identity:raed", action::ALL.iter().map(|(name, _)| *name)),
            Some("identity:read")
        );
        assert_eq!(nearest("ownr", ["owner", "admin"]), Some("owner"));
        assert_eq!(nearest("zzzzzzzzzzzz", ["owner", "admin"]), None);
    }
}
