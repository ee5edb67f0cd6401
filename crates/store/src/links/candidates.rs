//! Who has an e-mail address, in whatever way: for decisions on links. In statements of a number that does not depend on
//! how many addresses there are.

use std::collections::{BTreeMap, BTreeSet};

use palisade_identity::{IdentityId, ProviderId, State, VerifiableAddress, Via};
use palisade_linking::{Candidate, Held};
use sea_orm::Value;

use crate::{fault::Fault, row::Columns, select::Select, tx::TenantTx};

/// How many rows of one kind are looked at for one address: some more than it takes to know that there are several.
const MOST_EACH: u64 = 8;

/// The types of credentials whose identifiers can be an e-mail address.
const TYPES: [&str; 6] = [
    "password",
    "code",
    "webauthn",
    "passkey",
    "totp",
    "lookup_secret",
];

/// Somebody who has one of the addresses.
#[derive(Debug)]
struct Holder {
    user: IdentityId,
    state: State,
    held: Held,
}

/// Who has which of the addresses that were asked for.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    by_email: BTreeMap<String, Vec<Holder>>,
    /// The revisions of the identities when they were found.
    pub(crate) revisions: BTreeMap<IdentityId, i64>,
    linked: BTreeSet<(IdentityId, ProviderId)>,
}

impl Holders {
    /// The candidates for an account at this provider with this e-mail address: each identity once for each way in which
    /// it has it.
    pub(crate) fn of(&self, email: &str, provider: ProviderId) -> Vec<Candidate> {
        let holders = self.by_email.get(email).into_iter().flatten();
        let candidates = holders.map(|holder| {
            let other = self.linked.contains(&(holder.user, provider));
            Candidate::new(holder.user, holder.held, holder.state, other)
        });
        let once: BTreeSet<Candidate> = candidates.collect();
        once.into_iter().collect()
    }
}

/// Looks for all who have one of these addresses, which are in normal form, and which of them are linked at these providers.
pub(crate) async fn holders(
    tx: &TenantTx<'_>,
    emails: &BTreeSet<&str>,
    providers: &BTreeSet<ProviderId>,
) -> Result<Holders, Fault> {
    let mut holders = Holders::default();
    if emails.is_empty() {
        return Ok(holders);
    }
    let limit = emails.len() as u64 * MOST_EACH;
    let values = || emails.iter().map(|email| Value::from(*email));

    let join = "JOIN identities i ON i.tenant_id = t.tenant_id AND i.id = t.identity_id";
    let columns = "t.value, t.kind, i.id, i.revision, i.state, i.verifiable_addresses";
    let mut select = Select::joined(columns, "identity_addresses", join, tx.tenant());
    select.and_text("t.kind IN ('verifiable', 'recovery') AND t.via = 'email'");
    select.and_in("t.value", values());
    for row in tx.all_bound(select.finish("t.value, i.id", limit)).await? {
        let mut columns = Columns::of(&row);
        let (email, kind): (String, String) = (columns.get()?, columns.get()?);
        let user = IdentityId::from_uuid(columns.get()?);
        holders.revisions.insert(user, columns.get()?);
        let state = columns.word(State::parse)?;
        let addresses: Vec<VerifiableAddress> = columns.json()?;
        let verified = addresses
            .iter()
            .any(|address| address.via == Via::Email && address.value == email && address.verified);
        let held = match (kind.as_str(), verified) {
            ("verifiable", true) => Held::Verified,
            ("verifiable", false) => Held::Unverified,
            _ => Held::Named,
        };
        let holder = Holder { user, state, held };
        holders.by_email.entry(email).or_default().push(holder);
    }

    let columns = "t.identifier, i.id, i.revision, i.state";
    let mut select = Select::joined(columns, "identity_identifiers", join, tx.tenant());
    select.and_in("t.type", TYPES.map(Value::from));
    select.and_in("t.identifier", values());
    for row in tx
        .all_bound(select.finish("t.identifier, i.id", limit))
        .await?
    {
        let mut columns = Columns::of(&row);
        let email: String = columns.get()?;
        let user = IdentityId::from_uuid(columns.get()?);
        holders.revisions.insert(user, columns.get()?);
        let state = columns.word(State::parse)?;
        let held = Held::Named;
        let holder = Holder { user, state, held };
        holders.by_email.entry(email).or_default().push(holder);
    }

    let found: Vec<Value> = (holders.revisions.keys())
        .map(|user| user.as_uuid().into())
        .collect();
    if !found.is_empty() {
        let columns = "DISTINCT t.identity_id, t.provider_id";
        let mut select = Select::new(columns, "external_identities", tx.tenant());
        let most = (found.len() * providers.len()) as u64;
        select.and_in("t.identity_id", found);
        let of = providers.iter().map(|provider| provider.as_uuid().into());
        select.and_in("t.provider_id", of);
        let bound = select.finish("t.identity_id, t.provider_id", most);
        for row in tx.all_bound(bound).await? {
            let mut columns = Columns::of(&row);
            let user = IdentityId::from_uuid(columns.get()?);
            holders
                .linked
                .insert((user, ProviderId::from_uuid(columns.get()?)));
        }
    }
    Ok(holders)
}
