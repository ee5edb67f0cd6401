//! Takes links away and keeps the external identities, so that what was linked is not linked again by itself.

use std::collections::BTreeSet;

use palisade_identity::{IdentityId, LinkId, LinkedBy, ProviderType};
use palisade_linking::{Why, manual::Happened};
use sea_orm::Value;

use super::history::{Event, Note, note_many};
use crate::{
    act::Act,
    fault::Fault,
    row::{self, Columns},
    scim::leave_groups,
    select::Select,
    sql::TenantSql,
    tx::TenantTx,
};

/// How many links or users one statement names.
pub(crate) const CHUNK: usize = 256;

const RELEASE: TenantSql = TenantSql::new(
    "UPDATE external_identities SET identity_id = NULL, rejected_at = NULL, why = $2, updated_at = $3,
        revision = revision + 1
     WHERE tenant_id = $1 AND id IN ({list})",
);

// Nothing is kept of somebody who was deleted but which account it was.
const STRIP: TenantSql = TenantSql::new(
    "UPDATE external_identities SET identity_id = NULL, rejected_at = NULL, why = $2, updated_at = $3,
        revision = revision + 1, external_username = NULL, external_email = NULL, external_display_name = NULL,
        email_normal = NULL
     WHERE tenant_id = $1 AND id IN ({list})",
);

/// A link that is there.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) link: LinkId,
    pub(crate) user: IdentityId,
    pub(crate) linked_by: LinkedBy,
}

/// The accounts of those who are to be deleted wait in the queue afterwards, without what was said of them: else a token
/// that is still good would make the same person anew. The accounts of provisioning systems go with the user, and so does what
/// the systems keep of them.
pub(crate) async fn before_deletion(
    tx: &TenantTx<'_>,
    act: &Act,
    users: &BTreeSet<IdentityId>,
) -> Result<(), Fault> {
    let users: Vec<Value> = users.iter().map(|user| user.as_uuid().into()).collect();
    let join = "JOIN identity_providers p ON p.tenant_id = t.tenant_id AND p.id = t.provider_id";
    for users in users.chunks(CHUNK) {
        let columns = "t.id, t.identity_id, t.linked_by, p.type";
        let mut select = Select::joined(columns, "external_identities", join, tx.tenant());
        select.and_in("t.identity_id", users.iter().cloned());
        let rows = tx
            .all_bound(select.finish("t.id", i64::MAX.unsigned_abs()))
            .await?;
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        for row in &rows {
            let mut columns = Columns::of(row);
            columns.skip(3);
            match columns.word(ProviderType::parse)? {
                ProviderType::Scim => gone.push(standing(row)?),
                ProviderType::Oidc | ProviderType::Saml => kept.push(standing(row)?),
            }
        }
        part(tx, act, &kept, STRIP, Why::Returned, false).await?;
        deprovision(tx, act, &gone).await?;
    }
    Ok(())
}

/// The links of provisioning systems to users who are to be deleted go with them.
async fn deprovision(tx: &TenantTx<'_>, act: &Act, links: &[Standing]) -> Result<(), Fault> {
    let provisioned: BTreeSet<IdentityId> = links
        .iter()
        .filter(|link| link.linked_by == LinkedBy::Scim)
        .map(|link| link.user)
        .collect();
    if !provisioned.is_empty() {
        leave_groups(tx, provisioned).await?;
    }
    let events = links.iter().map(|one| Event {
        act,
        link: one.link,
        note: Note::of(Happened::Forgotten, Some(one.user), one.linked_by),
    });
    note_many(tx, events).await
}

/// Takes these links away; their external identities wait in the queue. What becomes of the identities is the caller's.
pub(crate) async fn release(
    tx: &TenantTx<'_>,
    act: &Act,
    links: &[Standing],
    why: Why,
    forced: bool,
) -> Result<(), Fault> {
    part(tx, act, links, RELEASE, why, forced).await
}

/// The link of a row of id, identity and how it came to be.
pub(crate) fn standing(row: &sea_orm::QueryResult) -> Result<Standing, Fault> {
    let mut columns = Columns::of(row);
    Ok(Standing {
        link: LinkId::from_uuid(columns.get()?),
        user: IdentityId::from_uuid(columns.get()?),
        linked_by: columns.word(LinkedBy::parse)?,
    })
}

async fn part(
    tx: &TenantTx<'_>,
    act: &Act,
    links: &[Standing],
    statement: TenantSql,
    why: Why,
    forced: bool,
) -> Result<(), Fault> {
    for some in links.chunks(CHUNK) {
        let ids = some.iter().map(|one| one.link.as_uuid().into());
        tx.execute_listed(statement, [why.as_str().into(), row::at(tx.now())], ids)
            .await?;
    }
    let events = links.iter().map(|one| Event {
        act,
        link: one.link,
        note: Note {
            why: Some(why),
            forced,
            ..Note::of(Happened::Unlinked, Some(one.user), one.linked_by)
        },
    });
    note_many(tx, events).await
}
