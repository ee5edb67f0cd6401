//! What becomes known of a request on its way in, for its headers, its log line and its metrics on the way out.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    sync::Arc,
};

use actix_web::{HttpMessage as _, HttpRequest};
use palisade_authz::{Determining, RequestContext};
use palisade_envelope::Notice;
use palisade_tenancy::Caller;

use crate::routes::Operation;

/// Left in the request's extensions by the door; each station writes down what it learns.
#[derive(Default)]
pub(crate) struct Trail {
    pub(crate) request_id: Arc<str>,
    pub(crate) operation: OnceCell<Arc<Operation>>,
    pub(crate) span: OnceCell<tracing::Span>,
    pub(crate) caller: OnceCell<Arc<Caller>>,
    pub(crate) action: Cell<Option<&'static str>>,
    pub(crate) decision: Cell<Option<&'static str>>,
    pub(crate) notices: RefCell<Vec<Notice>>,
}

impl Trail {
    pub(crate) fn new(request_id: Arc<str>) -> Self {
        Self {
            request_id,
            ..Self::default()
        }
    }

    /// The trail of this request; an empty one where the door was not passed, as only a test does.
    pub(crate) fn of(request: &HttpRequest) -> Rc<Self> {
        request
            .extensions()
            .get::<Rc<Self>>()
            .cloned()
            .unwrap_or_default()
    }

    /// Writes down a permit.
    pub(crate) fn allowed(&self, action: &'static str, determining: &Determining) {
        self.decided(action, "allow");
        let mut notices = self.notices.borrow_mut();
        // One request may be decided on a thousand times; each notice is for its caller once.
        for notice in &determining.notices {
            if !notices.contains(notice) {
                notices.push(notice.clone());
            }
        }
    }

    /// Writes down a refusal, which stands whatever else was permitted.
    pub(crate) fn denied(&self, action: &'static str) {
        self.action.set(Some(action));
        self.decision.set(Some("deny"));
    }

    fn decided(&self, action: &'static str, decision: &'static str) {
        // The route's own decision is the first; further ones within a handler do not replace it.
        if self.decision.get().is_none() {
            self.action.set(Some(action));
            self.decision.set(Some(decision));
        }
    }

    /// What decisions and audit rows need to know of the request.
    pub(crate) fn context(&self, request: &HttpRequest) -> RequestContext {
        RequestContext {
            request_id: Arc::clone(&self.request_id),
            ip: request.peer_addr().map(|address| address.ip()),
        }
    }
}
