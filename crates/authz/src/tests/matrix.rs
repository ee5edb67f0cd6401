//! `policies/matrix.txt`: who may do what, as the platform's policies alone have it.

use std::fmt::Write as _;

use palisade_tenancy::{Principal, Role, TenantId, TenantState};

use super::{api_key, elsewhere, engine, home, identity, operator, provider, scim_client, token};
use crate::{action, compiled::Compiled, engine::Question};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/matrix.txt");
const FRESH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/policy-matrix.txt"
);

fn answer(principal: &Principal, position: usize, foreign: bool) -> &'static str {
    let engine = engine();
    let tenant = if matches!(principal, Principal::Operator { .. }) {
        TenantId::PLATFORM
    } else {
        home()
    };
    let compiled = Compiled::new(&engine.platform, tenant, &crate::StoredPolicies::default())
        .expect("compiles");
    let target = if foreign { elsewhere() } else { tenant };
    let resource = engine
        .ordinary_resource(position, target)
        .expect("there is one");
    let question = Question {
        principal,
        tenant_state: TenantState::Active,
        action: position,
        resource: &resource,
        foreign: foreign.then(elsewhere),
        ip: None,
    };
    let verdict = engine.ask(&compiled, question).expect("can be asked");
    assert!(!verdict.evaluation_error);
    if verdict.allowed { "allow" } else { "-" }
}

#[test]
fn the_committed_matrix_is_what_the_policies_say() {
    let mut columns: Vec<(&str, Principal)> = Role::OF_TENANTS
        .iter()
        .map(|role| (role.as_str(), api_key(1, &[*role])))
        .collect();
    columns.push(("(no role)", api_key(1, &[])));
    columns.push(("identity", identity(0)));
    columns.push(("token", token(&[])));
    columns.push(("token+view", token(&[Role::Viewer])));
    columns.push(("provider", provider(true)));
    columns.push(("operator", operator()));
    columns.push(("scim", scim_client(Role::OF_CONNECTIONS)));

    let mut text = String::from(
        "# Who may do what by the platform's policies alone. Written by a test of palisade-authz, which fails\n\
         # when this file differs and leaves the new one at target/policy-matrix.txt.\n\
         # `own`: the resource belongs to the caller's tenant (the operator's: the platform's, which the records\n\
         # of all tenants belong to). `other`: it belongs to another tenant. `identity`: one with the token of a session;\n\
         # sessions are its own. `token`: one with the token of an issuer, without roles and with that of a viewer. `provider`:\n\
         # the identity provider itself; the providers are it. `scim`: a key of a connection with all scopes.\n",
    );
    write!(text, "{:<30}{:<7}", "action", "tenant").expect("to memory");
    for (name, _) in &columns {
        write!(text, "{name:<11}").expect("to memory");
    }
    for (position, (name, _)) in action::ALL.iter().enumerate() {
        for foreign in [false, true] {
            let whose = if foreign { "other" } else { "own" };
            write!(text, "\n{name:<30}{whose:<7}").expect("to memory");
            for (_, principal) in &columns {
                let answer = match principal {
                    // One entity has one tenant: it can't be the provider of another.
                    Principal::IdentityProvider { .. } if foreign => {
                        answer(&provider(false), position, foreign)
                    }
                    principal => answer(principal, position, foreign),
                };
                assert!(
                    !(foreign && answer == "allow"),
                    "{name} on another tenant's resource is allowed"
                );
                write!(text, "{answer:<11}").expect("to memory");
            }
        }
    }
    let text: String = text
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    if committed != text {
        std::fs::write(FRESH, &text).expect("target/ can be written");
        let changed: Vec<&str> = text
            .lines()
            .filter(|line| !committed.lines().any(|old| old == *line))
            .collect();
        panic!(
            "policies/matrix.txt differs from target/policy-matrix.txt in:\n{}",
            changed.join("\n")
        );
    }
}
