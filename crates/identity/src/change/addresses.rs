//! Addresses follow the traits: those that the traits name are there, others are not.

use std::collections::{BTreeMap, BTreeSet};

use super::AddressImport;
use crate::{RecoveryAddress, Timestamp, VerifiableAddress, Via, ids::AddressId, normalize};

/// The verifiable addresses that the traits name (`named`, normalised). One that was there or is imported keeps or
/// takes its state; an import wins.
pub(super) fn verifiable(
    current: &[VerifiableAddress],
    imported: &[AddressImport],
    named: &BTreeSet<(Via, String)>,
    now: Timestamp,
) -> Vec<VerifiableAddress> {
    let imports = by_address(imported);
    named
        .iter()
        .map(|address| {
            let (via, value) = address;
            let known = current
                .iter()
                .find(|known| known.via == *via && known.value == *value);
            let import = imports.get(address).copied();
            match (known, import) {
                (Some(known), None) => known.clone(),
                (Some(known), Some(import)) => brought_up_to(known, import, now),
                (None, import) => new(*via, value, import, now),
            }
        })
        .collect()
}

/// The recovery addresses that the traits name (`named`, normalised); an import wins, as with verifiable ones.
pub(super) fn recovery(
    current: &[RecoveryAddress],
    imported: &[AddressImport],
    named: &BTreeSet<(Via, String)>,
    now: Timestamp,
) -> Vec<RecoveryAddress> {
    let imports = by_address(imported);
    named
        .iter()
        .map(|address| {
            let (via, value) = address;
            let known = current
                .iter()
                .find(|known| known.via == *via && known.value == *value);
            let mut next = known.cloned().unwrap_or_else(|| RecoveryAddress {
                id: AddressId::generate(now),
                value: value.clone(),
                via: *via,
                break_glass_for_organization: None,
                created_at: now,
                updated_at: now,
            });
            if let Some(import) = imports.get(address)
                && next.break_glass_for_organization != import.break_glass_for_organization
            {
                next.break_glass_for_organization = import.break_glass_for_organization;
                next.updated_at = now;
            }
            next
        })
        .collect()
}

/// The imported addresses by what they are in normal form; of two the first counts.
fn by_address(imported: &[AddressImport]) -> BTreeMap<(Via, String), &AddressImport> {
    let mut imports = BTreeMap::new();
    for import in imported {
        imports
            .entry((import.via, normalize::identifier(&import.value)))
            .or_insert(import);
    }
    imports
}

fn brought_up_to(
    known: &VerifiableAddress,
    import: &AddressImport,
    now: Timestamp,
) -> VerifiableAddress {
    let mut next = VerifiableAddress {
        verified: import.verified,
        status: status(import),
        verified_at: verified_at(import, known.verified_at, now),
        ..known.clone()
    };
    if next != *known {
        next.updated_at = now;
    }
    next
}

fn new(via: Via, value: &str, import: Option<&AddressImport>, now: Timestamp) -> VerifiableAddress {
    VerifiableAddress {
        id: AddressId::generate(now),
        value: value.to_owned(),
        verified: import.is_some_and(|import| import.verified),
        via,
        status: import.map_or_else(|| "pending".to_owned(), status),
        verified_at: import.and_then(|import| verified_at(import, None, now)),
        created_at: now,
        updated_at: now,
    }
}

fn status(import: &AddressImport) -> String {
    let derived = if import.verified {
        "completed"
    } else {
        "pending"
    };
    import.status.as_deref().unwrap_or(derived).to_owned()
}

/// Only what is verified was verified at some time.
fn verified_at(
    import: &AddressImport,
    known: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    import
        .verified
        .then(|| import.verified_at.or(known).unwrap_or(now))
}
