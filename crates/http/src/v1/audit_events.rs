//! `GET /v1/audit-events`

use actix_web::http::Method;
use chrono::{DateTime, Utc};
use palisade_authz::action::ListAuditEvents;
use palisade_envelope::{Code, Error};
use palisade_store::{AuditEvent, AuditFilter, Decision};
use palisade_tenancy::PrincipalId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::paging;
use crate::{
    admin::identities::time,
    call::Call,
    doc::{Doc, Kind, Param},
    guard::Guarded,
    problem::Answer,
    reply::collection,
    routes::RouteTable,
};

/// One act that changed something, or was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent)]
struct EventBody {
    id: Uuid,
    at: DateTime<Utc>,
    request_id: String,
    /// The peer's address, where it was known.
    ip: Option<String>,
    actor: ActorBody,
    /// The Cedar action.
    action: String,
    resource: ResourceBody,
    #[schema(value_type = crate::words::DecisionWord)]
    decision: &'static str,
    /// The policies that determined it; none: nothing permitted.
    policies: Vec<String>,
    /// The version of the tenant's policies that was asked.
    policy_version: i64,
    /// What else there is to tell of it, such as `{"forced": true}` of a link that was removed against a rule.
    #[schema(value_type = Option<Object>, required = true)]
    details: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Who acted.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditActor)]
struct ActorBody {
    /// `ApiKey`, `Identity`, `IdentityProvider`, `ScimClient` or `Operator`.
    #[serde(rename = "type")]
    kind: String,
    id: Uuid,
    name: String,
}

/// What was acted upon.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditResource)]
struct ResourceBody {
    /// The Cedar entity type.
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

impl From<AuditEvent> for EventBody {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id.as_uuid(),
            at: event.at,
            request_id: event.request_id,
            ip: event.ip,
            actor: ActorBody {
                kind: event.actor.kind,
                id: event.actor.id.as_uuid(),
                name: event.actor.name,
            },
            action: event.action,
            resource: ResourceBody {
                kind: event.resource.kind,
                id: event.resource.id,
            },
            decision: event.decision.as_str(),
            policies: event
                .policies
                .iter()
                .map(|id| id.as_ref().to_owned())
                .collect(),
            policy_version: event.policy_version,
            details: event.details,
        }
    }
}

pub(super) fn mount(table: &mut RouteTable) {
    let doc = Doc::new(
        "listAuditEvents",
        "audit_events.list",
        "audit",
        "List audit events, the newest first",
    )
    .query(&[
        Param::new("actor", Kind::Uuid, "only acts of this key or identity"),
        Param::new(
            "action",
            Kind::Text,
            "only this action, such as `identity:delete`",
        ),
        Param::new(
            "resource",
            Kind::Text,
            "only acts on the resource with this id",
        ),
        Param::new("after", Kind::Time, "only acts after this instant"),
        Param::new("before", Kind::Time, "only acts before this instant"),
        Param::new(
            "decision",
            Kind::Word(&["allow", "deny"]),
            "only acts so decided",
        ),
    ])
    .query(&Param::PAGE_V1)
    .collects::<EventBody>()
    .refuses(&[Code::InvalidRequest, Code::InvalidPageToken]);
    table.guarded::<ListAuditEvents, _, _>(Method::GET, "/v1/audit-events", list, doc);
}

async fn list(guarded: Guarded<ListAuditEvents>, call: Call) -> Answer {
    let query = call.query(&[
        "actor",
        "action",
        "resource",
        "after",
        "before",
        "decision",
        "page_size",
        "page_token",
    ])?;
    let actor = query
        .one("actor")?
        .map(|id| PrincipalId::parse(id).ok_or_else(|| Error::field("actor", "a UUID")));
    let decision = query.one("decision")?.map(|word| {
        Decision::parse(word).ok_or_else(|| Error::field("decision", "`allow` or `deny`"))
    });
    let filter = AuditFilter {
        actor: actor.transpose()?,
        action: query.one("action")?.map(str::to_owned),
        resource: query.one("resource")?.map(str::to_owned),
        after: time(&query, "after")?,
        before: time(&query, "before")?,
        decision: decision.transpose()?,
    };
    let page = guarded
        .app
        .store
        .list_audit_events(&guarded.grant, &filter, &paging::page(&query)?)
        .await?;
    collection(
        &call.request,
        &query,
        page.items.into_iter().map(EventBody::from).collect(),
        page.next,
    )
}
