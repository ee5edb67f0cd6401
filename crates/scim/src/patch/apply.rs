//! The operations of a PATCH, one after the other, on a copy: all of them or none.

use palisade_envelope::Result;
use serde_json::Value;

use super::budget::Budget;
use super::membership::MembershipChange;
use super::request::{OperationKind, PatchOperation, PatchRequest};
use super::{elements, membership, merge, single, values};
use crate::error::{ScimType, invalid_value, mutability, refusal};
use crate::filter::ElementFilter;
use crate::path::{AttributePath, PatchPath};
use crate::resource::{Password, Resource};
use crate::schema::{Mutability, ResourceType};
use crate::value::At;

/// What a PATCH makes of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// The next state.
    pub resource: Resource,
    /// Whether it differs from the state before. Where it does not, and password and members stay too, there is no new version.
    pub changed: bool,
    /// What becomes of the members, where the resource is a group.
    pub membership: MembershipChange,
    /// What becomes of the password.
    pub password: PasswordChange,
    /// Keys of values without a path that nothing was done with, because no schema has them: for the log of exchanges.
    pub ignored: Vec<String>,
}

/// What becomes of a password.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum PasswordChange {
    /// It stays.
    #[default]
    Kept,
    /// It becomes this one.
    Set(Password),
    /// There is none any more.
    Removed,
}

/// Does the operations.
///
/// # Errors
/// `invalidPath`, `noTarget`, `mutability`, `invalidValue`, `invalidSyntax` as the RFC has them, with the operation's number;
/// 413 where the operations would cost or write too much.
pub fn apply(request: &PatchRequest, of: &ResourceType, current: &Resource) -> Result<Patched> {
    let mut work = Work {
        of,
        budget: Budget::new(),
        done: Patched {
            resource: current.clone(),
            changed: false,
            membership: MembershipChange::default(),
            password: PasswordChange::Kept,
            ignored: Vec::new(),
        },
    };
    for (index, operation) in request.operations.iter().enumerate() {
        work.operation(operation)
            .map_err(|error| error.detail("operation", index))?;
    }
    let mut done = work.done;
    done.resource.check_required(of)?;
    done.resource.check_immutable(current, of)?;
    done.changed = done.resource != *current;
    Ok(done)
}

/// The state between the operations.
pub(super) struct Work<'a> {
    pub(super) of: &'a ResourceType,
    pub(super) budget: Budget,
    pub(super) done: Patched,
}

/// What is done at a path.
#[derive(Clone, Copy)]
pub(super) struct Act<'a> {
    pub(super) kind: OperationKind,
    pub(super) path: &'a AttributePath,
    pub(super) filter: Option<&'a ElementFilter>,
    pub(super) value: Option<&'a Value>,
}

impl<'a> Act<'a> {
    pub(super) fn at(&self) -> At<'a> {
        At {
            extension: self.path.extension(),
            attribute: self.path.attribute(),
            sub: self.path.sub_attribute(),
        }
    }

    /// The same place without the sub-attribute.
    pub(super) fn at_attribute(&self) -> At<'a> {
        At {
            sub: None,
            ..self.at()
        }
    }
}

impl Work<'_> {
    fn operation(&mut self, operation: &PatchOperation) -> Result<()> {
        let PatchOperation { kind, path, value } = operation;
        let value = value.as_ref();
        let Some(text) = path else {
            return match (kind, value) {
                (OperationKind::Remove, _) => Err(refusal(
                    ScimType::NoTarget,
                    "`remove` needs a `path` that says what to remove",
                )),
                (_, Some(Value::Object(members))) => merge::whole(self, *kind, members),
                _ => Err(invalid_value(
                    "value",
                    "an object, since there is no `path`",
                )),
            };
        };
        match PatchPath::parse(text, self.of)? {
            PatchPath::Extension(schema) => merge::extension(self, *kind, &schema, value),
            PatchPath::Attribute { path, filter } => {
                if path.attribute().name() == "schemas" {
                    // It follows from what the resource has values of.
                    return Ok(());
                }
                if path.attribute().is_read_only() || path.target().is_read_only() {
                    return Err(mutability(text, "is written by the service only"));
                }
                if *kind != OperationKind::Remove && value.is_none() {
                    return Err(invalid_value(text, "a `value`"));
                }
                self.act(Act {
                    kind: *kind,
                    path: &path,
                    filter: filter.as_ref(),
                    value,
                })
            }
        }
    }

    /// Does something at a path that clients may write at.
    pub(super) fn act(&mut self, act: Act<'_>) -> Result<()> {
        let attribute = act.path.attribute();
        if attribute.who_writes() == Mutability::WriteOnly {
            return self.password(act);
        }
        if attribute.is_membership() {
            return membership::act(self, act);
        }
        match (attribute.is_multi_valued(), act.filter) {
            (true, Some(filter)) => elements::act(self, act, filter),
            (true, None) => values::act(self, act),
            (false, _) => single::act(self, act),
        }
    }

    fn password(&mut self, act: Act<'_>) -> Result<()> {
        if act.kind == OperationKind::Remove {
            self.done.password = PasswordChange::Removed;
            return Ok(());
        }
        // Clients send nulls for what they do not know: that takes no password away.
        let sent = act.value.unwrap_or(&Value::Null);
        if let Some(Value::String(password)) = crate::value::whole(act.at(), sent)? {
            self.done.password = PasswordChange::Set(Password::new(password));
        }
        Ok(())
    }
}
