//! The narrow rows of an identity: identifiers and addresses, which are unique in the tenant.

use std::collections::BTreeSet;

use palisade_identity::{Credentials, Identity, RecoveryAddress, VerifiableAddress};
use sea_orm::Value;

use crate::{
    fault::Fault,
    sql::{Bound, TenantSql},
    tx::TenantTx,
};

/// Type and identifier.
pub(super) type Identifier = (&'static str, String);
/// Kind, channel and value.
pub(super) type Address = (&'static str, &'static str, String);

const DELETE_IDENTIFIER: TenantSql = TenantSql::new(
    "DELETE FROM identity_identifiers WHERE tenant_id = $1 AND identity_id = $2 AND type = $3 AND identifier = $4",
);
const DELETE_ADDRESS: TenantSql = TenantSql::new(
    "DELETE FROM identity_addresses
     WHERE tenant_id = $1 AND identity_id = $2 AND kind = $3 AND via = $4 AND value = $5",
);

pub(super) fn identifiers(credentials: &Credentials) -> BTreeSet<Identifier> {
    credentials
        .values()
        .flat_map(|credential| {
            let kind = credential.kind.as_str();
            credential
                .identifiers
                .iter()
                .map(move |identifier| (kind, identifier.clone()))
        })
        .collect()
}

pub(super) fn addresses(
    verifiable: &[VerifiableAddress],
    recovery: &[RecoveryAddress],
) -> BTreeSet<Address> {
    let verifiable = verifiable
        .iter()
        .map(|address| ("verifiable", address.via.as_str(), address.value.clone()));
    let recovery = recovery
        .iter()
        .map(|address| ("recovery", address.via.as_str(), address.value.clone()));
    verifiable.chain(recovery).collect()
}

/// The statements that write the narrow rows of a new identity.
pub(super) fn insertions(tx: &TenantTx<'_>, identity: &Identity) -> impl Iterator<Item = Bound> {
    let identifiers = identifiers(&identity.credentials).into_iter().collect();
    let addresses = addresses(&identity.verifiable_addresses, &identity.recovery_addresses);
    [
        insert_identifiers(tx, identity, identifiers),
        insert_addresses(tx, identity, addresses.into_iter().collect()),
    ]
    .into_iter()
    .flatten()
}

/// Writes the difference between the narrow rows of the old state and the new.
pub(super) async fn update(
    tx: &TenantTx<'_>,
    before: &Identity,
    after: &Identity,
) -> Result<(), Fault> {
    let id: Value = after.id.as_uuid().into();
    let (gone, new) = difference(
        &identifiers(&before.credentials),
        &identifiers(&after.credentials),
    );
    for (kind, identifier) in gone {
        tx.execute(
            DELETE_IDENTIFIER,
            [id.clone(), kind.into(), identifier.into()],
        )
        .await?;
    }
    tx.together(insert_identifiers(tx, after, new)).await?;
    let (gone, new) = difference(
        &addresses(&before.verifiable_addresses, &before.recovery_addresses),
        &addresses(&after.verifiable_addresses, &after.recovery_addresses),
    );
    for (kind, via, value) in gone {
        tx.execute(
            DELETE_ADDRESS,
            [id.clone(), kind.into(), via.into(), value.into()],
        )
        .await?;
    }
    tx.together(insert_addresses(tx, after, new)).await
}

/// What is only in the old set, and what is only in the new.
fn difference<T: Ord + Clone>(old: &BTreeSet<T>, new: &BTreeSet<T>) -> (Vec<T>, Vec<T>) {
    (
        old.difference(new).cloned().collect(),
        new.difference(old).cloned().collect(),
    )
}

fn insert_identifiers(
    tx: &TenantTx<'_>,
    identity: &Identity,
    rows: Vec<Identifier>,
) -> Option<Bound> {
    let id: Value = identity.id.as_uuid().into();
    let rows = rows
        .into_iter()
        .map(|(kind, identifier)| vec![kind.into(), identifier.into(), id.clone()]);
    let columns = ["type", "identifier", "identity_id"];
    tx.insertion("identity_identifiers", &columns, rows)
}

fn insert_addresses(tx: &TenantTx<'_>, identity: &Identity, rows: Vec<Address>) -> Option<Bound> {
    let id: Value = identity.id.as_uuid().into();
    let rows = rows
        .into_iter()
        .map(|(kind, via, value)| vec![kind.into(), via.into(), value.into(), id.clone()]);
    let columns = ["kind", "via", "value", "identity_id"];
    tx.insertion("identity_addresses", &columns, rows)
}
