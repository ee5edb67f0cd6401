//! `GET /v1/whoami`: who am I, which tenant, which roles, what may I do.

use actix_web::http::Method;
use palisade_authz::action::ReadSelf;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    call::Call, doc::Doc, guard::Guarded, problem::Answer, reply::Reply, routes::RouteTable,
};

/// The caller, as the gateway sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = WhoAmI)]
struct WhoAmI<'a> {
    /// The tenant of the credential.
    tenant_id: Uuid,
    principal: PrincipalBody<'a>,
    /// The roles that the credential holds.
    roles: Vec<&'static str>,
    /// The actions that policy allows on something ordinary: no attributes, one's own tenant.
    actions: Vec<&'static str>,
}

/// Who calls.
#[derive(Serialize, ToSchema)]
#[schema(as = Principal)]
struct PrincipalBody<'a> {
    /// `ApiKey`, `Identity` or `Operator`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The key's or the identity's id.
    id: Uuid,
    /// The key's name, or whose token the identity came with.
    name: &'a str,
}

pub(super) fn mount(table: &mut RouteTable) {
    let doc = Doc::new(
        "whoAmI",
        "whoami.get",
        "whoami",
        "Who am I, and what may I do",
    )
    .replies::<WhoAmI<'_>>(200);
    table.guarded::<ReadSelf, _, _>(Method::GET, "/v1/whoami", whoami, doc);
}

async fn whoami(guarded: Guarded<ReadSelf>, call: Call) -> Answer {
    call.query(&[])?;
    let principal = guarded.caller.principal();
    let actions = guarded
        .app
        .gate
        .allowed_actions(&guarded.caller, guarded.grant.context())
        .await?;
    Reply::ok(&call.request).json(&WhoAmI {
        tenant_id: guarded.caller.tenant().as_uuid(),
        principal: PrincipalBody {
            kind: principal.kind(),
            id: principal.id().as_uuid(),
            name: principal.name(),
        },
        roles: principal.roles().iter().map(|role| role.as_str()).collect(),
        actions,
    })
}
