//! Which roles a caller may give to a new key, and whose keys it may revoke. Policy decides on the act before the
//! roles are known; this is asked after.

use palisade_envelope::{Code, Error, Notice, Result};
use palisade_tenancy::{Principal, Role};

/// Whether the caller may create a key with these roles: nobody hands out more than they have, so that an admin
/// can't make itself an owner's key. The operator may hand out all roles that a tenant's key can hold.
///
/// # Errors
/// `forbidden` with a notice that names the role.
pub fn may_hand_out(principal: &Principal, roles: &[Role]) -> Result<()> {
    within(principal, roles, "created")
}

/// Whether the caller may revoke a key with these roles: the same rule, so that an admin can't take the owners' keys
/// away from them.
///
/// # Errors
/// `forbidden` with a notice that names the role.
pub fn may_take_back(principal: &Principal, roles: &[Role]) -> Result<()> {
    within(principal, roles, "revoked")
}

/// Whether the caller may rotate a key with these roles: the old one is taken back and its like handed out.
///
/// # Errors
/// `forbidden` with a notice that names the role.
pub fn may_rotate(principal: &Principal, roles: &[Role]) -> Result<()> {
    within(principal, roles, "rotated")
}

fn within(principal: &Principal, roles: &[Role], done: &str) -> Result<()> {
    let beyond = roles.iter().find(|role| !covers(principal, **role));
    beyond.map_or(Ok(()), |role| {
        let notice = format!(
            "a key with the role `{}` can only be {done} by a key whose roles include all that it may do",
            role.as_str()
        );
        Err(Error::new(Code::Forbidden).notices(vec![Notice::new(&notice)]))
    })
}

fn covers(principal: &Principal, given: Role) -> bool {
    if !Role::OF_TENANTS.contains(&given) {
        return false;
    }
    if matches!(principal, Principal::Operator { .. }) {
        return true;
    }
    principal.roles().iter().any(|held| match held {
        Role::Owner => true,
        Role::Admin => given != Role::Owner,
        Role::Editor => matches!(given, Role::Editor | Role::Viewer),
        Role::Auditor => matches!(given, Role::Auditor | Role::Viewer),
        Role::Viewer => given == Role::Viewer,
        Role::Operator
        | Role::UsersRead
        | Role::UsersWrite
        | Role::GroupsRead
        | Role::GroupsWrite => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{api_key, operator};

    #[test]
    fn nobody_hands_out_more_than_they_have() {
        for (held, handed_out) in [
            (Role::Owner, Role::OF_TENANTS),
            (
                Role::Admin,
                &[Role::Admin, Role::Editor, Role::Viewer, Role::Auditor],
            ),
            (Role::Editor, &[Role::Editor, Role::Viewer]),
            (Role::Auditor, &[Role::Viewer, Role::Auditor]),
            (Role::Viewer, &[Role::Viewer]),
            (Role::Operator, &[]),
        ] {
            for given in Role::OF_TENANTS {
                let answer = may_hand_out(&api_key(1, &[held]), &[Role::Viewer, *given]);
                let allowed = handed_out.contains(given) && handed_out.contains(&Role::Viewer);
                assert_eq!(answer.is_ok(), allowed, "{held:?} gives {given:?}");
            }
        }
        let error =
            may_hand_out(&api_key(1, &[Role::Admin]), &[Role::Owner]).expect_err("an escalation");
        assert!(error.envelope().notices[0].as_str().contains("`owner`"));
    }

    /// What a role may do, it must be able to do with each role that it hands out.
    #[test]
    fn a_role_covers_what_the_platforms_policies_give_the_roles_it_hands_out() {
        let matrix = include_str!("../../../policies/matrix.txt");
        let rows: Vec<Vec<&str>> = matrix
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().collect())
            .collect();
        let column = |role: Role| {
            rows[0]
                .iter()
                .position(|name| *name == role.as_str())
                .expect("a column")
        };
        for held in Role::OF_TENANTS {
            for given in Role::OF_TENANTS {
                if may_hand_out(&api_key(1, &[*held]), &[*given]).is_ok() {
                    for row in &rows[1..] {
                        let (held, given) = (row[column(*held)], row[column(*given)]);
                        assert!(given != "allow" || held == "allow", "{row:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_operator_hands_out_tenant_roles_and_nobody_the_operators() {
        may_hand_out(&operator(), Role::OF_TENANTS).expect("the first keys of a tenant");
        may_hand_out(&operator(), &[Role::Operator]).expect_err("not of a tenant's key");
        may_hand_out(&api_key(1, &[Role::Owner]), &[Role::Operator])
            .expect_err("not of a tenant's key");
    }
}
