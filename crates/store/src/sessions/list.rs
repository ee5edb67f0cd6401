//! Lists sessions, the newest first: one statement a page.

use palisade_authz::{
    Authorized,
    action::{ListIdentitySessions, ListSessions},
};
use palisade_envelope::{Error, Result};
use palisade_identity::{IdentityId, SessionId, Timestamp, ids::Uuid, page::PageSize};
use palisade_tenancy::TenantId;
use serde::Serialize;

use super::{JOIN, KnownSession, columns, columns_with_identity, read};
use crate::{
    Page, PageRequest, Store,
    fault::Fault,
    page::TokenSealer,
    row::{self, Columns},
    select::Select,
};

/// The name of the lists of one identity's sessions in their tokens.
const SESSIONS_OF: &str = "sessions of";

/// What a list of sessions is narrowed to and shown with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SessionFilter {
    /// Only those that count now, or only those that don't.
    pub active: Option<bool>,
    /// Whether the identities are read with them. The same list either way.
    #[serde(skip)]
    pub with_identity: bool,
}

/// Which page of a list of one identity's sessions is asked for.
#[derive(Clone, Debug)]
pub enum Position {
    /// The one that the token of the page before names, or the first.
    Token(PageRequest),
    /// The one after so many items. It has a token for the page behind it, too.
    After {
        /// How many items it has at most.
        size: PageSize,
        /// How many items come before it.
        skip: u64,
    },
}

/// One page of one identity's sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionPage {
    /// The sessions, the newest first.
    pub page: Page<KnownSession>,
    /// How many there are on all pages.
    pub total: u64,
}

/// What narrows a list beside its filter.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Everybody,
    Identity(IdentityId),
    /// Those of the identity but this one.
    Others(IdentityId, SessionId),
}

impl Store {
    /// A page of the tenant's sessions, the newest first.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_sessions(
        &self,
        grant: &Authorized<ListSessions>,
        filter: SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<KnownSession>> {
        self.sessions_page(grant.tenant(), "sessions", Of::Everybody, filter, page)
            .await
    }

    /// A page of the sessions of the identity that is the grant's target, the newest first.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn list_identity_sessions(
        &self,
        grant: &Authorized<ListIdentitySessions>,
        filter: SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<KnownSession>> {
        let of = Of::Identity(grant.target().id);
        self.sessions_page(grant.tenant(), SESSIONS_OF, of, filter, page)
            .await
    }

    /// The same, in either way to page, and how many there are on all pages: a statement more.
    ///
    /// # Errors
    /// `invalid_page_token`; `unavailable` or `internal` when the database can't answer.
    #[tracing::instrument(name = "store.session.list", skip_all, fields(tenant.id = %grant.tenant()))]
    pub async fn count_identity_sessions(
        &self,
        grant: &Authorized<ListIdentitySessions>,
        filter: SessionFilter,
        position: &Position,
    ) -> Result<SessionPage> {
        let of = Of::Identity(grant.target().id);
        self.sessions_of(grant.tenant(), of, filter, position).await
    }

    /// A page and the number of all.
    pub(super) async fn sessions_of(
        &self,
        tenant: TenantId,
        of: Of,
        filter: SessionFilter,
        position: &Position,
    ) -> Result<SessionPage> {
        let total = self.count_sessions(tenant, of, filter).await?;
        let page = match position {
            Position::Token(page) => {
                self.sessions_page(tenant, SESSIONS_OF, of, filter, page)
                    .await?
            }
            Position::After { size, skip } => {
                let fingerprint = fingerprint(of, filter)?;
                let key = self.page_token_key().await?;
                let sealer = TokenSealer::new(key, tenant, SESSIONS_OF, &fingerprint);
                let select = self.select(tenant, of, filter);
                let limit = u64::from(size.get()) + 1;
                let bound = select.finish_at("t.issued_at DESC, t.id", limit, *skip);
                let items = self.known(tenant, bound, filter).await?;
                Page::of(items, *size, &sealer, end)
            }
        };
        Ok(SessionPage { page, total })
    }

    async fn sessions_page(
        &self,
        tenant: TenantId,
        list: &'static str,
        of: Of,
        filter: SessionFilter,
        page: &PageRequest,
    ) -> Result<Page<KnownSession>> {
        let fingerprint = fingerprint(of, filter)?;
        let sealer = TokenSealer::new(self.page_token_key().await?, tenant, list, &fingerprint);
        let mut select = self.select(tenant, of, filter);
        if let Some(token) = &page.token {
            let (at, id) = sealer.open::<(Timestamp, Uuid)>(token)?;
            let at = row::at(at);
            // The first half is what the index is searched by.
            select.and_each(
                "t.issued_at <= ? AND (t.issued_at < ? OR t.id > ?)",
                [at.clone(), at, id.into()],
            );
        }
        let bound = select.finish("t.issued_at DESC, t.id", u64::from(page.size.get()) + 1);
        let items = self.known(tenant, bound, filter).await?;
        Ok(Page::of(items, page.size, &sealer, end))
    }

    fn select(&self, tenant: TenantId, of: Of, filter: SessionFilter) -> Select {
        let columns = if filter.with_identity {
            columns_with_identity!()
        } else {
            columns!()
        };
        let mut select = Select::joined(columns, "sessions", JOIN, tenant);
        narrow(&mut select, of, filter, self.inner.clock.now());
        select
    }

    async fn known(
        &self,
        tenant: TenantId,
        bound: crate::sql::Bound,
        filter: SessionFilter,
    ) -> Result<Vec<KnownSession>> {
        let rows = self.reader_of(tenant).all_bound(bound).await?;
        Ok(rows
            .iter()
            .map(|row| read(&mut Columns::of(row), filter.with_identity))
            .collect::<Result<Vec<_>, Fault>>()?)
    }

    async fn count_sessions(&self, tenant: TenantId, of: Of, filter: SessionFilter) -> Result<u64> {
        let mut select = Select::joined("count(*)", "sessions", JOIN, tenant);
        narrow(&mut select, of, filter, self.inner.clock.now());
        let rows = self
            .reader_of(tenant)
            .all_bound(select.finish("1", 1))
            .await?;
        let count = rows.first().map(|row| Columns::of(row).get::<i64>());
        let count = count.transpose().map_err(Fault::from)?.unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Where a page ends that has this session last.
fn end(last: &KnownSession) -> (Timestamp, Uuid) {
    (last.session.issued_at, last.session.id.as_uuid())
}

fn narrow(select: &mut Select, of: Of, filter: SessionFilter, now: Timestamp) {
    let SessionFilter {
        active,
        with_identity: _,
    } = filter;
    match of {
        Of::Everybody => {}
        Of::Identity(identity) => select.and("t.identity_id = ?", identity.as_uuid()),
        Of::Others(identity, this) => {
            select.and("t.identity_id = ?", identity.as_uuid());
            select.and("t.id <> ?", this.as_uuid());
        }
    }
    match active {
        None => {}
        // `+ 0`: in the order of the pages, not of the purge's index, whatever the database guesses.
        Some(true) => select.and(
            "t.enabled + 0 = 1 AND i.state = 'active' AND t.expires_at + 0 > ?",
            row::at(now),
        ),
        Some(false) => select.and(
            "(t.enabled = 0 OR i.state <> 'active' OR t.expires_at <= ?)",
            row::at(now),
        ),
    }
}

fn fingerprint(of: Of, filter: SessionFilter) -> Result<String> {
    let filter = serde_json::to_string(&filter).map_err(Error::internal)?;
    Ok(match of {
        Of::Everybody => filter,
        Of::Identity(identity) => format!("{identity} {filter}"),
        Of::Others(identity, this) => format!("{identity} but {this} {filter}"),
    })
}
