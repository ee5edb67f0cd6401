//! The row of a user and its narrow rows.

use std::collections::BTreeSet;

use palisade_envelope::Result;
use palisade_identity::{Email, IdentityId, LinkId};
use palisade_linking::{ProvisionedLink, manual::Happened};
use palisade_scim::{Resource, filter::fold};
use sea_orm::Value;

use super::{UserWrite, folded, label, text};
use crate::{
    act::Act,
    fault::Fault,
    links::history::{self, Note},
    row,
    scim::sql::{Connection, ConnectionSql},
    sql::Bound,
    tx::TenantTx,
};

const UPDATE: ConnectionSql = ConnectionSql::new(
    "UPDATE scim_users SET user_name = $4, external_id = $5, display_name = $6, names_active = $7, label = $8, document = $9,
        disabled_at = $10
     WHERE tenant_id = $1 AND provider_id = $2 AND identity_id = $3",
);
const RELINK: ConnectionSql = ConnectionSql::new(
    "UPDATE external_identities SET external_id = $4, external_username = $5, external_email = $6, external_display_name = $7,
        last_synced_at = $8, updated_at = $8, email_normal = $9, revision = revision + 1
     WHERE tenant_id = $1 AND provider_id = $2 AND identity_id = $3 AND linked_by = 'scim'",
);

const COLUMNS: [&str; 7] = [
    "user_name",
    "external_id",
    "display_name",
    "names_active",
    "label",
    "document",
    "disabled_at",
];

fn values(write: &UserWrite) -> Result<Vec<Value>, Fault> {
    let attributes = write.resource.attributes();
    Ok(vec![
        folded(attributes, "userName").unwrap_or_default().into(),
        row::maybe_text(text(attributes, "externalId")),
        Value::String(folded(attributes, "displayName")),
        i16::from(attributes.contains_key("active")).into(),
        label(attributes).into(),
        row::json(attributes)?,
        row::maybe_at(write.disabled_at),
    ])
}

/// The addresses, folded, each once.
fn emails(resource: &Resource) -> BTreeSet<String> {
    let emails = resource.attributes().get("emails");
    let items = emails.and_then(serde_json::Value::as_array);
    items
        .into_iter()
        .flatten()
        .filter_map(|item| item.get("value")?.as_str())
        .map(fold)
        .collect()
}

fn email_rows(
    connection: Connection<'_>,
    id: IdentityId,
    emails: impl IntoIterator<Item = String>,
) -> Option<Bound> {
    let rows = emails
        .into_iter()
        .map(|email| vec![email.into(), id.as_uuid().into()]);
    connection.insertion("scim_emails", &["value", "identity_id"], rows)
}

/// The statements that write the rows of a new user.
pub(super) fn insertions(
    connection: Connection<'_>,
    write: &UserWrite,
) -> Result<impl Iterator<Item = Bound>, Fault> {
    let id = write.changed.identity.id;
    let mut row = vec![id.as_uuid().into()];
    row.extend(values(write)?);
    let columns: Vec<&str> = ["identity_id"].into_iter().chain(COLUMNS).collect();
    let user = connection.insertion("scim_users", &columns, [row]);
    let emails = email_rows(connection, id, emails(&write.resource));
    Ok(user.into_iter().chain(emails))
}

/// The address of the link in the form that candidates are looked for by.
fn normal(link: &ProvisionedLink) -> Value {
    let email = link.email().and_then(Email::parse);
    row::maybe_text(email.as_ref().map(Email::as_str))
}

/// The statement that writes the link of a new user, and the one that notes it. A subject that is known already is a conflict, also where it is linked to
/// nobody: what became of it, a person decided or is to decide.
pub(super) fn linking(
    connection: Connection<'_>,
    tx: &TenantTx<'_>,
    act: &Act,
    link: &ProvisionedLink,
) -> impl Iterator<Item = Bound> {
    let columns = [
        "id",
        "identity_id",
        "external_id",
        "external_username",
        "external_email",
        "external_display_name",
        "linked_by",
        "email_normal",
        "last_synced_at",
        "created_at",
        "updated_at",
    ];
    let now = || row::at(tx.now());
    let id = LinkId::generate(tx.now());
    let row = vec![
        id.as_uuid().into(),
        link.user().as_uuid().into(),
        link.external_id().into(),
        link.username().into(),
        row::maybe_text(link.email()),
        row::maybe_text(link.display_name()),
        link.linked_by().as_str().into(),
        normal(link),
        now(),
        now(),
        now(),
    ];
    let linked = Note::of(Happened::Linked, Some(link.user()), link.linked_by());
    connection
        .insertion("external_identities", &columns, [row])
        .into_iter()
        .chain(history::noting(tx, act, id, &linked))
}

/// Writes the next state of the row, and what changed of the narrow ones.
pub(super) async fn update(
    connection: Connection<'_>,
    tx: &TenantTx<'_>,
    before: &Resource,
    write: &UserWrite,
) -> Result<(), Fault> {
    let (after, link) = (&write.resource, &write.link);
    let id = link.user();
    let mut bound = vec![id.as_uuid().into()];
    bound.extend(values(write)?);
    connection.execute(UPDATE, bound).await?;
    let (old, new) = (emails(before), emails(after));
    let gone: Vec<&str> = old.difference(&new).map(String::as_str).collect();
    connection.delete_emails(id.as_uuid(), &gone).await?;
    let added = new.difference(&old).cloned();
    tx.together(email_rows(connection, id, added)).await?;
    let values = [
        id.as_uuid().into(),
        link.external_id().into(),
        link.username().into(),
        row::maybe_text(link.email()),
        row::maybe_text(link.display_name()),
        row::at(tx.now()),
        normal(link),
    ];
    connection.execute(RELINK, values).await?;
    Ok(())
}
