//! Lists audit events, the newest first.

use palisade_authz::{Authorized, action::ListAuditEvents};
use palisade_envelope::{Error, Result};
use palisade_identity::ids::Uuid;
use palisade_tenancy::PrincipalId;
use sea_orm::QueryResult;

use super::{Actor, AuditEvent, AuditEventId, AuditFilter, AuditedResource, Decision};
use crate::{
    Page, PageRequest, Store,
    fault::Fault,
    page::TokenSealer,
    row::{self, Columns},
    select::Select,
};

const COLUMNS: &str = "t.id, t.at, t.request_id, t.ip, t.actor_kind, t.actor_id, t.actor_name, t.action, \
     t.resource_kind, t.resource_id, t.decision, t.policies, t.policy_version, t.details";

impl Store {
    /// A page of the tenant's audit events, the newest first.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_audit_events(
        &self,
        grant: &Authorized<ListAuditEvents>,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEvent>> {
        let fingerprint = serde_json::to_string(filter).map_err(Error::internal)?;
        let sealer = TokenSealer::new(
            self.page_token_key().await?,
            grant.tenant(),
            "audit_events",
            &fingerprint,
        );
        let mut select = Select::new(COLUMNS, "audit_events", grant.tenant());
        let AuditFilter {
            actor,
            action,
            resource,
            after,
            before,
            decision,
        } = filter;
        if let Some(actor) = actor {
            select.and("t.actor_id = ?", actor.as_uuid());
        }
        if let Some(action) = action {
            select.and("t.action = ?", action.as_str());
        }
        if let Some(resource) = resource {
            select.and("t.resource_id = ?", resource.as_str());
        }
        if let Some(after) = after {
            select.and("t.at > ?", row::at(*after));
        }
        if let Some(before) = before {
            select.and("t.at < ?", row::at(*before));
        }
        if let Some(decision) = decision {
            select.and("t.decision = ?", decision.as_str());
        }
        if let Some(token) = &page.token {
            select.and("t.id < ?", sealer.open::<Uuid>(token)?);
        }
        let bound = select.finish("t.id DESC", u64::from(page.size.get()) + 1);
        let rows = self.reader(grant.scope()).all_bound(bound).await?;
        let events = rows.iter().map(event).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(events, page.size, &sealer, |event| {
            event.id.as_uuid()
        }))
    }
}

fn event(row: &QueryResult) -> Result<AuditEvent, Fault> {
    let mut columns = Columns::of(row);
    Ok(AuditEvent {
        id: AuditEventId::from_uuid(columns.get()?),
        at: columns.time()?,
        request_id: columns.get()?,
        ip: columns.get()?,
        actor: Actor {
            kind: columns.get()?,
            id: PrincipalId::from_uuid(columns.get()?),
            name: columns.get()?,
        },
        action: columns.get()?,
        resource: AuditedResource {
            kind: columns.get()?,
            id: columns.get()?,
        },
        decision: columns.word(Decision::parse)?,
        policies: columns.json()?,
        policy_version: columns.get()?,
        details: columns
            .get::<Option<String>>()?
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(Error::internal)?,
    })
}
