//! Filters as conditions in SQL.
//!
//! What a filter asks of a column becomes exactly that. What it asks of something that is no column becomes a condition that
//! excludes nobody who fits, and the condition says so: the rest is then decided on the documents.

use palisade_envelope::Error;
use palisade_identity::{GroupId, IdentityId};
use palisade_scim::{
    AttributePath,
    filter::{ElementFilter, ElementTerm, Filter, Literal, Logic, Operator, Term, Test},
};
use sea_orm::Value;

use crate::{dialect::Violation, fault::Fault};

/// A condition, in which the n-th `?` stands for the n-th of `values`. It is never null.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) values: Vec<Value>,
    /// Whether it holds for those only who fit the filter.
    pub(super) exact: bool,
    /// Whether the filter asks for what the documents don't have either: then it can't be answered.
    pub(super) blind: bool,
    /// What it asks, exactly, of what the documents don't have: to be added to them where it holds.
    pub(super) apart: Vec<Apart>,
}

/// A part of a filter that only the database can decide: who is in which group.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Apart {
    /// The id that is asked for.
    pub(super) id: String,
    /// As in [`Condition`].
    pub(super) text: String,
    pub(super) values: Vec<Value>,
}

/// Users who are shown as disabled: not those that the client disabled, and then took `active` away from.
const DISABLED: &str = "(i.state = 'inactive' AND (t.names_active = 1 OR t.disabled_at IS NULL OR t.disabled_at <> i.state_changed_at))";

/// Stands for the id where a filter asks for any. No filter can ask for it: such characters are refused.
const ANY: &str = "\u{0}";

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Users,
    Groups,
}

/// Where an attribute is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    /// Text, maybe null.
    Text(&'static str),
    /// Microseconds.
    Time(&'static str),
    /// The state of a user.
    Active,
    /// The addresses of a user, in a narrow table.
    Emails,
    /// The members of a group, in tables of their own.
    Members,
    /// The groups of a user, which follow from those tables.
    Groups,
}

impl Kind {
    /// The column that holds the attribute at this path.
    pub(super) fn column(self, path: &AttributePath) -> Option<Column> {
        if path.extension().is_some() {
            return None;
        }
        let sub = path.sub_attribute().map(|sub| sub.name());
        Some(match (self, path.attribute().name(), sub) {
            (_, "id", None) => Column::Id,
            (_, "externalId", None) => Column::Text("t.external_id"),
            (_, "displayName", None) => Column::Text("t.display_name"),
            (Self::Users, "userName", None) => Column::Text("t.user_name"),
            (Self::Users, "active", None) => Column::Active,
            (Self::Users, "emails", Some("value")) => Column::Emails,
            (Self::Users, "groups", None | Some("value")) => Column::Groups,
            (Self::Users, "meta", Some("created")) => Column::Time("i.created_at"),
            (Self::Users, "meta", Some("lastModified")) => Column::Time("i.updated_at"),
            (Self::Groups, "members", None | Some("value")) => Column::Members,
            (Self::Groups, "meta", Some("created")) => Column::Time("t.created_at"),
            (Self::Groups, "meta", Some("lastModified")) => Column::Time("t.updated_at"),
            _ => return None,
        })
    }

    /// The column of the id.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Users => "t.identity_id",
            Self::Groups => "t.id",
        }
    }

    fn is_id(self, text: &str) -> Option<Value> {
        // Ids are compared letter by letter; ours are written in small ones.
        let uuid = match self {
            Self::Users => IdentityId::parse(text).map(IdentityId::as_uuid),
            Self::Groups => GroupId::parse(text).map(GroupId::as_uuid),
        }?;
        (uuid.to_string() == text).then(|| uuid.into())
    }

    /// The condition for a filter.
    pub(super) fn condition(self, filter: &Filter) -> Condition {
        match filter {
            Logic::All(parts) => joined(parts.iter().map(|part| self.condition(part)), " AND "),
            Logic::Any(parts) => joined(parts.iter().map(|part| self.condition(part)), " OR "),
            Logic::Not(part) => self.condition(part).negated(),
            Logic::Term(Term::Test { path, test }) => match self.column(path) {
                Some(column) => self.test(column, test),
                None => Condition::unknown(),
            }
            .apart(self.is_apart(path).then_some(Some(test))),
            Logic::Term(Term::Element { path, filter }) => {
                let test = match filter {
                    Logic::Term(term) => Some(&term.test),
                    _ => None,
                };
                self.element(path, filter)
                    .apart(self.is_apart(path).then_some(test))
            }
        }
    }

    /// The attribute that is in rows of its own, and in no document.
    pub(super) const fn attribute_apart(self) -> &'static str {
        match self {
            Self::Users => "groups",
            Self::Groups => "members",
        }
    }

    /// Whether the attribute is in rows of its own, and in no document.
    fn is_apart(self, path: &AttributePath) -> bool {
        path.extension().is_none() && path.attribute().name() == self.attribute_apart()
    }

    fn test(self, column: Column, test: &Test) -> Condition {
        match (column, test) {
            (Column::Id, Test::Present) => Condition::always(),
            (Column::Id, Test::Compare(Operator::Equal, Literal::Text(text))) => {
                match self.is_id(text.sent()) {
                    Some(id) => Condition::exact(format!("{} = ?", self.id()), [id]),
                    None => Condition::never(),
                }
            }
            (Column::Id, Test::Compare(Operator::NotEqual, Literal::Text(text))) => {
                match self.is_id(text.sent()) {
                    Some(id) => Condition::exact(format!("{} <> ?", self.id()), [id]),
                    None => Condition::always(),
                }
            }
            (Column::Text(column), Test::Present) => {
                Condition::exact(format!("{column} IS NOT NULL"), [])
            }
            (Column::Text(column), Test::Compare(operator, Literal::Text(text))) => {
                text_condition(column, *operator, text.compared())
            }
            (Column::Time(_), Test::Present) => Condition::always(),
            (Column::Time(column), Test::Compare(operator, Literal::Instant(time))) => {
                time_condition(column, *operator, *time)
            }
            (Column::Active, Test::Present) => {
                Condition::exact(format!("(t.names_active = 1 OR {DISABLED})"), [])
            }
            (Column::Active, Test::Compare(operator, Literal::Boolean(wanted))) => {
                let text = if *wanted {
                    "(t.names_active = 1 AND i.state = 'active')"
                } else {
                    DISABLED
                };
                let equal = Condition::exact(text.to_owned(), []);
                match operator {
                    Operator::Equal => equal,
                    Operator::NotEqual => equal.negated(),
                    _ => Condition::unknown(),
                }
            }
            (Column::Emails, Test::Present) => emails(Condition::always()),
            (Column::Emails, Test::Compare(Operator::NotEqual, _)) => Condition::unknown(),
            (Column::Emails, Test::Compare(operator, Literal::Text(text))) => {
                emails(text_condition("e.value", *operator, text.compared()))
            }
            (Column::Members, Test::Present) => members("", []),
            (Column::Groups, Test::Present) => in_a_group(),
            (
                Column::Members | Column::Groups,
                Test::Compare(Operator::Equal, Literal::Text(text)),
            ) => match (GroupId::parse(text.sent()), column) {
                (Some(id), _) if id.to_string() != text.sent() => Condition::never(),
                (Some(id), Column::Groups) => in_group(id.as_uuid().into()),
                (Some(id), _) => members(" AND {member} = ?", [id.as_uuid().into()]),
                (None, _) => Condition::never(),
            },
            _ => Condition::unknown(),
        }
    }

    /// What brackets ask for. One and the same value has to fit all of it, so a single part of it is no more than necessary.
    fn element(self, path: &AttributePath, filter: &ElementFilter) -> Condition {
        let list = match (self, path.attribute().name(), path.extension()) {
            (Self::Users, "emails", None) => Column::Emails,
            (Self::Users, "groups", None) => Column::Groups,
            (Self::Groups, "members", None) => Column::Members,
            _ => return Condition::unknown(),
        };
        match filter {
            Logic::Term(term) if is_value(term) => self.test(list, &term.test),
            Logic::All(parts) => {
                let part = parts.iter().find_map(|part| match part {
                    Logic::Term(term) if is_value(term) => Some(self.test(list, &term.test)),
                    // `emails[type eq "work"].value eq ".."`
                    Logic::All(_) => Some(self.element(path, part)).filter(|it| !it.is_true()),
                    _ => None,
                });
                let mut condition = part.unwrap_or_else(Condition::unknown);
                condition.exact = false;
                condition
            }
            _ => Condition::unknown(),
        }
    }
}

fn is_value(term: &ElementTerm) -> bool {
    let is_value = term.sub.as_ref().is_some_and(|sub| sub.name() == "value");
    is_value && !matches!(term.test, Test::Compare(Operator::NotEqual, _))
}

impl Condition {
    pub(super) fn exact(text: String, values: impl IntoIterator<Item = Value>) -> Self {
        Self {
            text,
            values: values.into_iter().collect(),
            exact: true,
            blind: false,
            apart: Vec::new(),
        }
    }

    /// The same, as the condition for what documents don't have: for this test, where it is one.
    fn apart(mut self, of: Option<Option<&Test>>) -> Self {
        let Some(test) = of else {
            return self;
        };
        let id = match test {
            Some(Test::Present) => ANY,
            Some(Test::Compare(Operator::Equal, Literal::Text(text))) => text.sent(),
            _ => {
                self.blind = true;
                return self;
            }
        };
        self.blind = !self.exact;
        self.apart.push(Apart {
            id: id.to_owned(),
            text: self.text.clone(),
            values: self.values.clone(),
        });
        self
    }

    pub(super) fn always() -> Self {
        Self::exact("1 = 1".to_owned(), [])
    }

    fn never() -> Self {
        Self::exact("1 = 0".to_owned(), [])
    }

    /// Anybody may fit.
    fn unknown() -> Self {
        Self {
            exact: false,
            ..Self::always()
        }
    }

    fn is_true(&self) -> bool {
        self.text == "1 = 1"
    }

    fn negated(self) -> Self {
        if self.exact {
            Self {
                text: format!("NOT ({})", self.text),
                ..self
            }
        } else {
            // Who is excluded by more than the filter excludes, may fit its negation.
            Self {
                blind: self.blind,
                apart: self.apart,
                ..Self::unknown()
            }
        }
    }
}

fn joined(parts: impl Iterator<Item = Condition>, by: &str) -> Condition {
    let mut all = Condition::exact(String::new(), []);
    for part in parts {
        if !all.text.is_empty() {
            all.text.push_str(by);
        }
        all.text.push_str(&format!("({})", part.text));
        all.values.extend(part.values);
        all.exact &= part.exact;
        all.blind |= part.blind;
        for apart in part.apart {
            if !all.apart.contains(&apart) {
                all.apart.push(apart);
            }
        }
    }
    if all.text.is_empty() {
        return if by == " AND " {
            Condition::always()
        } else {
            Condition::never()
        };
    }
    all
}

/// Functions that both databases have, and that tell letters apart as they stand: `LIKE` does not on one of them.
fn text_condition(column: &str, operator: Operator, text: &str) -> Condition {
    let value = || Value::from(text);
    let there = format!("{column} IS NOT NULL");
    let compared =
        |sign: &str| Condition::exact(format!("({there} AND {column} {sign} ?)"), [value()]);
    match operator {
        Operator::Equal => compared("="),
        Operator::NotEqual => {
            Condition::exact(format!("({column} IS NULL OR {column} <> ?)"), [value()])
        }
        // Everything that is there begins with nothing.
        Operator::Contains | Operator::StartsWith | Operator::EndsWith if text.is_empty() => {
            Condition::exact(there, [])
        }
        Operator::Contains => Condition::exact(
            format!("({there} AND replace({column}, ?, '') <> {column})"),
            [value()],
        ),
        Operator::StartsWith => Condition::exact(
            format!("({there} AND {column} >= ? AND substr({column}, 1, length(?)) = ?)"),
            [value(), value(), value()],
        ),
        Operator::EndsWith => Condition::exact(
            format!(
                "({there} AND length({column}) >= length(?) AND substr({column}, length({column}) - length(?) + 1) = ?)"
            ),
            [value(), value(), value()],
        ),
        Operator::Greater => compared(">"),
        Operator::GreaterOrEqual => compared(">="),
        Operator::Less => compared("<"),
        Operator::LessOrEqual => compared("<="),
    }
}

fn time_condition(
    column: &str,
    operator: Operator,
    time: palisade_identity::Timestamp,
) -> Condition {
    let micros = time.timestamp_micros();
    // What is kept has no parts of a microsecond.
    let between = !time.timestamp_subsec_nanos().is_multiple_of(1_000);
    let sign = match (operator, between) {
        (Operator::Equal, true) => return Condition::never(),
        (Operator::NotEqual, true) => return Condition::always(),
        (Operator::Equal, false) => "=",
        (Operator::NotEqual, false) => "<>",
        (Operator::Greater, _) | (Operator::GreaterOrEqual, true) => ">",
        (Operator::GreaterOrEqual, false) => ">=",
        (Operator::Less, false) => "<",
        (Operator::LessOrEqual, _) | (Operator::Less, true) => "<=",
        (Operator::Contains | Operator::StartsWith | Operator::EndsWith, _) => {
            return Condition::unknown();
        }
    };
    Condition::exact(format!("{column} {sign} ?"), [micros.into()])
}

/// Users one of whose addresses fits.
fn emails(of: Condition) -> Condition {
    Condition::exact(
        format!(
            "t.identity_id IN (SELECT e.identity_id FROM scim_emails e
                WHERE e.tenant_id = $1 AND e.provider_id = $2 AND {})",
            of.text
        ),
        of.values,
    )
}

/// Groups that have such a member, user or group.
fn members<const N: usize>(which: &str, values: [Value; N]) -> Condition {
    let text = format!(
        "(t.id IN (SELECT m.group_id FROM scim_group_users m
            WHERE m.tenant_id = $1 AND m.provider_id = $2{})
          OR t.id IN (SELECT m.group_id FROM scim_group_groups m
            WHERE m.tenant_id = $1 AND m.provider_id = $2{}))",
        which.replace("{member}", "m.identity_id"),
        which.replace("{member}", "m.child_id"),
    );
    Condition::exact(text, values.clone().into_iter().chain(values))
}

/// Users who are in a group.
fn in_a_group() -> Condition {
    let text = "t.identity_id IN (SELECT m.identity_id FROM scim_group_users m WHERE m.tenant_id = $1 AND m.provider_id = $2)";
    Condition::exact(text.to_owned(), [])
}

/// Users who are in this group, by others as well.
fn in_group(group: Value) -> Condition {
    let text = "t.identity_id IN (SELECT m.identity_id FROM scim_group_users m
            WHERE m.tenant_id = $1 AND m.provider_id = $2 AND m.group_id IN (
                WITH RECURSIVE down (id) AS (
                    SELECT g.id FROM scim_groups g WHERE g.tenant_id = $1 AND g.provider_id = $2 AND g.id = ?
                    UNION
                    SELECT n.child_id FROM down JOIN scim_group_groups n
                        ON n.tenant_id = $1 AND n.provider_id = $2 AND n.group_id = down.id
                ) SELECT id FROM down))";
    Condition::exact(text.to_owned(), [group])
}

/// The error for a taken value of a user or a group, in the client's words; `None` for another fault.
pub(super) fn conflict(fault: &Fault) -> Option<Error> {
    let Some(Violation::Unique(constraint)) = fault.violation() else {
        return None;
    };
    let attribute = match constraint.as_str() {
        "scim_users_user_name_unique" => "userName",
        "scim_users_external_id_unique"
        | "scim_groups_external_id_unique"
        | "external_identities_subject_unique" => "externalId",
        "scim_groups_name_unique" => "displayName",
        _ => return None,
    };
    Some(conflict_in([attribute]))
}

/// The error for taken values of these attributes.
pub(super) fn conflict_in(attributes: impl IntoIterator<Item = &'static str>) -> Error {
    let attributes: Vec<&str> = attributes.into_iter().collect();
    let named: Vec<String> = attributes.iter().map(|name| format!("`{name}`")).collect();
    Error::conflict(attributes.iter().copied()).reworded(format!(
        "the value of {} is taken by another resource",
        named.join(" and ")
    ))
}

#[cfg(test)]
mod tests {
    use palisade_scim::{ResourceType, filter};

    use super::*;

    fn users(text: &str) -> Condition {
        let filter = filter::parse(text, &ResourceType::user()).expect(text);
        Kind::Users.condition(&filter)
    }

    #[test]
    fn filters_on_columns_are_exact_and_bind_their_values() {
        let found = users("userName eq \"Ada\" and not (externalId pr)");
        assert_eq!(
            found.text,
            "((t.user_name IS NOT NULL AND t.user_name = ?)) AND (NOT (t.external_id IS NOT NULL))"
        );
        assert_eq!(found.values, [Value::from("ada")]);
        assert!(found.exact);
        for text in [
            "id eq \"x\"",
            "active eq false",
            "emails.value sw \"a\"",
            "emails[value eq \"a\"]",
            "meta.created gt \"2026-01-31T12:00:00Z\"",
            "displayName co \"x\" or externalId ew \"y\"",
        ] {
            assert!(users(text).exact, "{text}");
        }
    }

    #[test]
    fn what_is_no_column_excludes_nobody_who_may_fit() {
        for text in [
            "title eq \"x\"",
            "not (title eq \"x\")",
            "userName eq \"a\" or title pr",
        ] {
            let found = users(text);
            assert!(!found.exact, "{text}");
        }
        let found = users("emails[type eq \"work\" and value eq \"A@x\"] and title pr");
        assert!(
            !found.exact && found.values == [Value::from("a@x")],
            "{found:?}"
        );
        let entra = users("emails[type eq \"work\"].value eq \"A@x\"");
        assert!(
            !entra.exact && entra.values == [Value::from("a@x")],
            "{entra:?}"
        );
        assert!(users("not (emails[type eq \"work\" and value eq \"a\"])").is_true());
    }

    #[test]
    fn what_no_document_has_is_remembered_wherever_it_stands() {
        let id = "0190f3c0-0000-7000-8000-00000000000a";
        for text in [
            format!("groups eq \"{id}\" and title eq \"x\""),
            format!("title eq \"x\" or not (groups.value eq \"{id}\")"),
            format!("not (title pr and groups[value eq \"{id}\"])"),
            format!("(groups eq \"{id}\" or title pr) and groups eq \"{id}\""),
        ] {
            let found = users(&text);
            assert!(!found.exact && !found.blind, "{text}: {found:?}");
            let ids: Vec<&str> = found.apart.iter().map(|apart| apart.id.as_str()).collect();
            assert_eq!(ids, [id], "{text}");
        }
        assert_eq!(users("groups pr or title pr").apart[0].id, ANY);
        for text in [
            "groups.display eq \"x\"",
            "groups ne \"x\"",
            "groups[type eq \"direct\"]",
            "groups[value eq \"x\" and type eq \"direct\"]",
            "not (groups.display pr) or title pr",
        ] {
            assert!(users(text).blind, "{text}");
        }
    }

    #[test]
    fn no_text_of_a_client_stands_in_a_condition() {
        for text in [
            "userName eq \"x' OR 1=1 --\"",
            "emails.value co \"x' OR 1=1 --\"",
            "externalId sw \"x' OR 1=1 --\" or title eq \"x' OR 1=1 --\"",
            "id eq \"x' OR 1=1 --\"",
        ] {
            assert!(!users(text).text.contains("OR 1=1"), "{text}");
        }
    }

    #[test]
    fn an_id_is_compared_letter_by_letter() {
        let id = "0190f3c0-0000-7000-8000-00000000000a";
        assert_eq!(users(&format!("id eq \"{id}\"")).values.len(), 1);
        let upper = id.to_uppercase();
        assert_eq!(users(&format!("id eq \"{upper}\"")), Condition::never());
    }
}
