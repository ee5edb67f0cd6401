//! Writes audit rows.

use sea_orm::Value;

use super::{AuditEventId, Decision};
use crate::{act::Act, fault::Fault, row, sql::Bound, tx::TenantTx};

const COLUMNS: &[&str] = &[
    "id",
    "at",
    "request_id",
    "ip",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "resource_kind",
    "resource_id",
    "decision",
    "policies",
    "policy_version",
    "details",
];

/// Writes the rows of these acts of one tenant in one statement.
pub(crate) async fn record<'a>(
    tx: &TenantTx<'_>,
    acts: impl IntoIterator<Item = &'a Act>,
) -> Result<(), Fault> {
    tx.together(statement(tx, acts)?).await
}

/// The statement that does so, to go together with others.
pub(crate) fn statement<'a>(
    tx: &TenantTx<'_>,
    acts: impl IntoIterator<Item = &'a Act>,
) -> Result<Option<Bound>, Fault> {
    let rows = acts
        .into_iter()
        .map(|act| values(tx, act))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(tx.insertion("audit_events", COLUMNS, rows))
}

/// Writes the rows of many acts of one tenant, in statements of a few sizes.
pub(crate) async fn record_many<'a>(
    tx: &TenantTx<'_>,
    acts: impl IntoIterator<Item = &'a Act>,
) -> Result<(), Fault> {
    let rows = acts
        .into_iter()
        .map(|act| values(tx, act))
        .collect::<Result<Vec<_>, _>>()?;
    tx.insert_many("audit_events", COLUMNS, rows, "").await?;
    Ok(())
}

fn values(tx: &TenantTx<'_>, act: &Act) -> Result<Vec<Value>, Fault> {
    let Act {
        tenant: _,
        principal,
        action,
        resource,
        allowed,
        determining,
        context,
        details,
    } = act;
    let decision = if *allowed {
        Decision::Allow
    } else {
        Decision::Deny
    };
    Ok(vec![
        AuditEventId::generate(tx.now()).as_uuid().into(),
        row::at(tx.now()),
        context.request_id.as_ref().into(),
        Value::String(context.ip.map(|ip| ip.to_string())),
        principal.kind().into(),
        principal.id().as_uuid().into(),
        principal.name().into(),
        (*action).into(),
        resource.0.as_str().into(),
        resource.1.as_str().into(),
        decision.as_str().into(),
        row::json(
            &determining
                .policies
                .iter()
                .map(AsRef::as_ref)
                .collect::<Vec<&str>>(),
        )?,
        determining.version.into(),
        if details.is_empty() {
            row::maybe_text(None)
        } else {
            row::json(details)?
        },
    ])
}
