//! What became of external identities: a row for each link, unlink, rejection and return to the queue. It outlives them.

use palisade_authz::{Authorized, action::ReadExternalIdentity};
use palisade_envelope::Result;
use palisade_identity::{IdentityId, LinkId, LinkedBy, Timestamp, ids};
use palisade_linking::{Why, manual::Happened};
use palisade_tenancy::PrincipalId;
use sea_orm::{QueryResult, Value};

use crate::{
    Actor, Page, PageRequest, Store,
    act::Act,
    fault::Fault,
    page::TokenSealer,
    row::{self, Columns},
    sql::{Bound, TenantSql},
    tx::TenantTx,
};

/// Something that became of an external identity.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkEvent {
    /// Chosen by the server; rises with time.
    pub id: ids::Uuid,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Happened,
    /// Whom it was linked to, or unlinked from.
    pub user: Option<IdentityId>,
    /// Who or what links it, or did.
    pub linked_by: LinkedBy,
    /// What stopped a link, where something did.
    pub why: Option<Why>,
    /// Whether it went against a rule because the caller said so.
    pub forced: bool,
    /// Whether it took the event before it back.
    pub undo: bool,
    /// Who did it.
    pub actor: Actor,
    /// The request.
    pub request_id: String,
}

/// What is to be noted.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) event: Happened,
    pub(crate) user: Option<IdentityId>,
    pub(crate) linked_by: LinkedBy,
    pub(crate) why: Option<Why>,
    pub(crate) forced: bool,
    pub(crate) undo: bool,
}

impl Note {
    /// This happened, and nothing more is to be said of it.
    pub(crate) const fn of(event: Happened, user: Option<IdentityId>, linked_by: LinkedBy) -> Self {
        Self {
            event,
            user,
            linked_by,
            why: None,
            forced: false,
            undo: false,
        }
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "link_id",
    "at",
    "event",
    "identity_id",
    "linked_by",
    "why",
    "forced",
    "undo",
    "actor_kind",
    "actor_id",
    "actor_name",
    "request_id",
];

/// What is to be noted of one of many links.
#[derive(Clone, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) act: &'a Act,
    pub(crate) link: LinkId,
    pub(crate) note: Note,
}

/// The statement that notes what became of a link.
pub(crate) fn noting(tx: &TenantTx<'_>, act: &Act, link: LinkId, note: &Note) -> Option<Bound> {
    tx.insertion("link_history", COLUMNS, [values(tx, act, link, note)])
}

/// Notes what became of a link, in the transaction that did it.
pub(crate) async fn note(
    tx: &TenantTx<'_>,
    act: &Act,
    link: LinkId,
    note: &Note,
) -> Result<(), Fault> {
    let row = values(tx, act, link, note);
    tx.insert("link_history", COLUMNS, [row]).await?;
    Ok(())
}

/// Notes what became of many links, in statements of many rows.
pub(crate) async fn note_many<'a>(
    tx: &TenantTx<'_>,
    events: impl Iterator<Item = Event<'a>>,
) -> Result<(), Fault> {
    let rows = events
        .map(|event| values(tx, event.act, event.link, &event.note))
        .collect();
    tx.insert_many("link_history", COLUMNS, rows, "").await?;
    Ok(())
}

fn values(tx: &TenantTx<'_>, act: &Act, link: LinkId, note: &Note) -> Vec<Value> {
    vec![
        ids::uuid_at(tx.now()).into(),
        link.as_uuid().into(),
        row::at(tx.now()),
        note.event.as_str().into(),
        Value::Uuid(note.user.map(IdentityId::as_uuid)),
        note.linked_by.as_str().into(),
        row::maybe_text(note.why.map(Why::as_str)),
        i16::from(note.forced).into(),
        i16::from(note.undo).into(),
        act.principal.kind().into(),
        act.principal.id().as_uuid().into(),
        act.principal.name().into(),
        (*act.context.request_id).into(),
    ]
}

const LIST: TenantSql = TenantSql::new(
    "SELECT id, at, event, identity_id, linked_by, why, forced, undo, actor_kind, actor_id, actor_name, request_id
     FROM link_history WHERE tenant_id = $1 AND link_id = $2 AND id > $3 ORDER BY id LIMIT $4",
);
const LATEST: TenantSql = TenantSql::new(
    "SELECT id, at, event, identity_id, linked_by, why, forced, undo, actor_kind, actor_id, actor_name, request_id
     FROM link_history WHERE tenant_id = $1 AND link_id = $2 ORDER BY id DESC LIMIT 1",
);

fn read(row: &QueryResult) -> Result<LinkEvent, Fault> {
    let mut columns = Columns::of(row);
    Ok(LinkEvent {
        id: columns.get()?,
        at: columns.time()?,
        event: columns.word(Happened::parse)?,
        user: columns.get::<Option<_>>()?.map(IdentityId::from_uuid),
        linked_by: columns.word(LinkedBy::parse)?,
        why: columns
            .get::<Option<String>>()?
            .and_then(|word| Why::parse(&word)),
        forced: columns.get::<i16>()? == 1,
        undo: columns.get::<i16>()? == 1,
        actor: Actor {
            kind: columns.get()?,
            id: PrincipalId::from_uuid(columns.get()?),
            name: columns.get()?,
        },
        request_id: columns.get()?,
    })
}

impl Store {
    /// A page of what became of the external identity that is the grant's target, the oldest first.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    pub async fn list_link_events(
        &self,
        grant: &Authorized<ReadExternalIdentity>,
        page: &PageRequest,
    ) -> Result<Page<LinkEvent>> {
        let link = grant.target().id;
        let filter = link.to_string();
        let key = self.page_token_key().await?;
        let sealer = TokenSealer::new(key, grant.tenant(), "link_history", &filter);
        let after = sealer.after(page, ids::Uuid::nil())?;
        let values = [link.as_uuid().into(), after.into(), page.limit().into()];
        let rows = self.read_all(grant.tenant(), LIST, values).await?;
        let events = rows.iter().map(read).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Page::of(events, page.size, &sealer, |event| event.id))
    }

    /// What became of an external identity last: to plan how it is taken back.
    ///
    /// # Errors
    /// `unavailable` or `internal` when the database can't answer.
    pub async fn latest_link_event(
        &self,
        grant: &Authorized<palisade_authz::action::ResolveExternalIdentity>,
    ) -> Result<Option<LinkEvent>> {
        let key = [grant.target().id.as_uuid().into()];
        let row = self.read_one(grant.tenant(), LATEST, key).await?;
        Ok(row.map(|row| read(&row)).transpose()?)
    }
}
