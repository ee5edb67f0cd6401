//! Creates a user.

use std::collections::BTreeSet;

use palisade_authz::{Authorized, ConnectionTarget, action::CreateScimUser};
use palisade_envelope::{Error, Result};
use palisade_identity::normalize;
use palisade_tenancy::TenantId;

use super::{ScimUser, UserWrite, index, text, with_state};
use crate::{
    Store,
    act::Act,
    audit::record,
    fault::Fault,
    identities::{self, explain},
    job::Job,
    scim::{
        search::{conflict, conflict_in},
        sql::Connection,
    },
    sql::Bound,
    tx::TenantTx,
};

impl Store {
    /// Writes a new identity, the user that it is to the connection, its link and the audit row, in one transaction.
    ///
    /// # Errors
    /// `conflict`, naming every field whose value is taken.
    #[tracing::instrument(name = "store.scim_user.create", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn create_scim_user(
        &self,
        grant: Authorized<CreateScimUser>,
        write: UserWrite,
    ) -> Result<ScimUser> {
        let act = Act::of(&grant)
            .on("Identity", write.changed.identity.id)
            .detail("connection_id", grant.target().id().to_string());
        let connection = *grant.target();
        // Put together by the request's own thread: on SQLite all writes wait for the one that writes.
        let statements = statements(&self.reader_of(act.tenant), connection, &act, &write)?;
        self.write(Create {
            act,
            write,
            statements,
        })
        .await
    }
}

fn statements(
    tx: &TenantTx<'_>,
    connection: ConnectionTarget,
    act: &Act,
    write: &UserWrite,
) -> Result<Vec<Bound>, Fault> {
    let rows = Connection::new(tx, connection);
    let statements = identities::insertions(tx, &write.changed)?
        .chain(index::insertions(rows, write)?)
        .chain(index::linking(rows, tx, act, &write.link))
        .chain(record::statement(tx, [act])?);
    Ok(tx.joined(statements))
}

struct Create {
    act: Act,
    write: UserWrite,
    statements: Vec<Bound>,
}

impl Job for Create {
    type Output = ScimUser;

    fn tenant(&self) -> TenantId {
        self.act.tenant
    }

    fn prepared(&self) -> &[Bound] {
        &self.statements
    }

    async fn run(&self, _: &TenantTx<'_>) -> Result<ScimUser, Fault> {
        let identity = &self.write.changed.identity;
        Ok(ScimUser {
            id: identity.id,
            resource: with_state(
                self.write.resource.attributes().clone(),
                identity.state,
                self.write.disabled_at.is_some(),
            ),
            created_at: identity.created_at,
            updated_at: identity.updated_at,
            revision: identity.revision,
            groups: Vec::new(),
        })
    }

    async fn explain(&self, tx: &TenantTx<'_>, fault: Fault) -> Error {
        taken(tx, &self.write, fault).await
    }
}

/// Which attribute is in the way, in the client's words.
pub(super) async fn taken(tx: &TenantTx<'_>, write: &UserWrite, fault: Fault) -> Error {
    if let Some(error) = conflict(&fault) {
        return error;
    }
    let error = explain(tx, &write.changed.identity, fault).await;
    match attributes(&error, write) {
        Some(attributes) => conflict_in(attributes),
        None => error,
    }
}

/// The attributes whose values the identity has where others have the same: what the identity calls its fields, a client can't know.
fn attributes(error: &Error, write: &UserWrite) -> Option<BTreeSet<&'static str>> {
    let conflicts = error.envelope().details.get("conflicts")?.as_array()?;
    let identity = &write.changed.identity;
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for field in conflicts
        .iter()
        .filter_map(|conflict| conflict.get("field")?.as_str())
    {
        let kind = field.strip_prefix("credentials.");
        match kind.and_then(|field| field.strip_suffix(".identifiers")) {
            Some(kind) => taken.extend(
                identity
                    .credentials
                    .values()
                    .filter(|credential| credential.kind.as_str() == kind)
                    .flat_map(|credential| credential.identifiers.iter().map(String::as_str)),
            ),
            None => {
                let verifiable = identity.verifiable_addresses.iter();
                taken.extend(verifiable.map(|address| address.value.as_str()));
                let recovery = identity.recovery_addresses.iter();
                taken.extend(recovery.map(|address| address.value.as_str()));
            }
        }
    }
    let sent = write.resource.attributes();
    let of_list = |name: &str| -> Vec<&str> {
        let items = sent.get(name).and_then(serde_json::Value::as_array);
        items
            .into_iter()
            .flatten()
            .filter_map(|item| item.get("value")?.as_str())
            .collect()
    };
    let candidates = [
        ("userName", text(sent, "userName").into_iter().collect()),
        ("emails.value", of_list("emails")),
        ("phoneNumbers.value", of_list("phoneNumbers")),
    ];
    let found: BTreeSet<&'static str> = candidates
        .into_iter()
        .filter(|(_, values): &(_, Vec<&str>)| {
            values
                .iter()
                .any(|value| taken.contains(normalize::identifier(value).as_str()))
        })
        .map(|(name, _)| name)
        .collect();
    (!found.is_empty()).then_some(found)
}
