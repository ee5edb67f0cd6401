//! Operations on the members of a group, taken together to one change: whoever keeps the members does it in a few statements,
//! without having read them.

use std::collections::{BTreeMap, BTreeSet};

use palisade_envelope::Result;
use serde_json::Value;

use super::apply::{Act, Work};
use super::request::OperationKind;
use crate::error::{ScimType, mutability, refusal, too_large};
use crate::filter::{ElementFilter, Literal, Logic, Operator, Test};
use crate::limits;
use crate::resource::{Member, members};

/// What becomes of the members of a group. In this order: those of [`Self::cleared`] and [`Self::removed`] go, unless they are
/// among [`Self::added`]; then those of `added` that are not there come. Members are named by their ids and in no other way, so
/// that a change costs what it changes, whatever the size of the group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MembershipChange {
    cleared: bool,
    removed: BTreeSet<String>,
    added: BTreeMap<String, Member>,
}

impl MembershipChange {
    /// Whether it changes nothing, whoever the members are.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all members go.
    pub fn cleared(&self) -> bool {
        self.cleared
    }

    /// The ids of members that go, whether they are there or not.
    pub fn removed(&self) -> impl ExactSizeIterator<Item = &str> {
        self.removed.iter().map(String::as_str)
    }

    /// The members that are there afterwards, whether they were before or not; by id.
    pub fn added(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.added.values()
    }

    fn clear(&mut self) {
        *self = Self {
            cleared: true,
            ..Self::default()
        };
    }

    fn add(&mut self, member: Member) {
        self.removed.remove(&member.id);
        self.added.insert(member.id.clone(), member);
    }

    fn remove(&mut self, id: String) {
        self.added.remove(&id);
        if !self.cleared {
            self.removed.insert(id);
        }
    }
}

pub(super) fn act(work: &mut Work<'_>, act: Act<'_>) -> Result<()> {
    if act.path.sub_attribute().is_some() {
        return Err(mutability(
            &act.path.to_string(),
            "can't be changed; remove the member and add another",
        ));
    }
    let change = &mut work.done.membership;
    match (act.kind, act.filter, act.value) {
        (OperationKind::Remove, Some(filter), _) => {
            let Some(ids) = ids(filter) else {
                return Err(refusal(
                    ScimType::InvalidFilter,
                    "`members`: those that go are named by `value eq`, as in `members[value eq \"<id>\"]`",
                )
                .detail("path", "members"));
            };
            ids.into_iter().for_each(|id| change.remove(id));
        }
        (OperationKind::Remove, None, None) => change.clear(),
        (OperationKind::Remove, None, Some(value)) => {
            for member in members(act.at(), value)? {
                change.remove(member.id);
            }
        }
        (OperationKind::Replace, None, value) => {
            let members = members(act.at(), value.unwrap_or(&Value::Null))?;
            change.clear();
            members.into_iter().for_each(|member| change.add(member));
        }
        (OperationKind::Add, None, value) => {
            let members = members(act.at(), value.unwrap_or(&Value::Null))?;
            members.into_iter().for_each(|member| change.add(member));
        }
        // `members[value eq "x"]`: the filter names the members, whatever the value repeats.
        (OperationKind::Add | OperationKind::Replace, Some(filter), _) => {
            let Some(ids) = ids(filter) else {
                return Err(act.at().expected("members named by `value eq`"));
            };
            for id in ids {
                change.add(Member { id, kind: None });
            }
        }
    }
    let named = change.added.len() + change.removed.len();
    if named > limits::MAX_MEMBERS_NAMED {
        return Err(too_large(format!(
            "a request can name {} members",
            limits::MAX_MEMBERS_NAMED
        )));
    }
    Ok(())
}

/// The ids that a filter names, where that is all that it does: `value eq "a" or value eq "b"`.
fn ids(filter: &ElementFilter) -> Option<Vec<String>> {
    match filter {
        Logic::Any(parts) => {
            let each: Option<Vec<Vec<String>>> = parts.iter().map(ids).collect();
            Some(each?.into_iter().flatten().collect())
        }
        Logic::Term(term) => {
            let is_value = term.sub.as_ref().is_some_and(|sub| sub.name() == "value");
            match &term.test {
                Test::Compare(Operator::Equal, Literal::Text(text)) if is_value => {
                    Some(vec![text.sent().to_owned()])
                }
                _ => None,
            }
        }
        Logic::All(_) | Logic::Not(_) => None,
    }
}
