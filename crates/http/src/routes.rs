//! The one table that routes, the OpenAPI document and the coverage test are made from.
//!
//! A route gets into it by [`RouteTable::guarded`] or [`RouteTable::public`] only. The first takes nothing but
//! handlers whose first argument is the [`Guarded`] of the named action; the second wants a reason.

use std::{fmt, sync::Arc};

use actix_web::{FromRequest, Handler, HttpRequest, Responder, Route, http::Method};
use palisade_authz::{Access, Action, Authorized};

use crate::{
    call::Call,
    doc::Doc,
    guard::{Guarded, Locate, Located},
    idempotency,
};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Whoever policy allows this action.
    Guarded {
        /// The Cedar action id.
        action: &'static str,
        /// Its group.
        access: Access,
        /// What callers prove who they are with.
        credential: Credential,
    },
    /// Anyone.
    Public {
        /// Why no credential is asked for.
        reason: &'static str,
    },
}

/// What a path takes as proof of who calls. One or the other: what is right for one is nothing to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An API key.
    ApiKey,
    /// The token of a session.
    Session,
    /// The key of a connection.
    Connection,
}

/// One method of one path.
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces.
    pub path: String,
    /// Who may call it.
    pub entry: Entry,
    /// What the OpenAPI document says about it.
    pub doc: Doc,
    /// The name of its span.
    pub(crate) span: String,
    /// The path, shared with every measurement.
    pub(crate) label: Arc<str>,
    mount: Box<dyn Fn() -> Route + Send + Sync>,
}

impl Operation {
    /// The framework's route.
    pub(crate) fn route(&self) -> Route {
        (self.mount)()
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Every operation of the program.
#[derive(Debug, Default)]
pub struct RouteTable {
    operations: Vec<Operation>,
}

/// The arguments of a handler that is behind the guard of `A`: the grant first, the request after it, nothing that
/// could refuse before the decision.
#[diagnostic::on_unimplemented(
    message = "this handler is not guarded by the action that the route names",
    label = "its first argument must be `Guarded<{A}>`",
    note = "mount it with `public` and a reason where it needs no decision"
)]
pub trait BehindGuard<A: Action> {
    /// The grant of the decision.
    fn grant(&self) -> &Authorized<A>;

    /// The request, where the handler takes it.
    fn call(&mut self) -> Option<&mut Call>;
}

impl<A: Located, L: Locate<A>> BehindGuard<A> for (Guarded<A, L>,) {
    fn grant(&self) -> &Authorized<A> {
        &self.0.grant
    }

    fn call(&mut self) -> Option<&mut Call> {
        None
    }
}

impl<A: Located, L: Locate<A>> BehindGuard<A> for (Guarded<A, L>, Call) {
    fn grant(&self) -> &Authorized<A> {
        &self.0.grant
    }

    fn call(&mut self) -> Option<&mut Call> {
        Some(&mut self.1)
    }
}

impl RouteTable {
    /// Mounts a handler that policy guards. Who does what is personal comes with the token of a session, who
    /// provisions with the key of a connection, everybody else with an API key. Whatever is no GET takes `Idempotency-Key`.
    pub fn guarded<A, H, Args>(
        &mut self,
        method: Method,
        path: impl Into<String>,
        handler: H,
        doc: Doc,
    ) where
        A: Action,
        H: Handler<Args> + Send + Sync,
        H::Output: Responder + 'static,
        Args: BehindGuard<A> + FromRequest + 'static,
    {
        let credential = match A::ACCESS {
            Access::Personal => Credential::Session,
            Access::Provision => Credential::Connection,
            _ => Credential::ApiKey,
        };
        let entry = Entry::Guarded {
            action: A::NAME,
            access: A::ACCESS,
            credential,
        };
        let path = path.into();
        if method != Method::GET {
            let once = move |request: HttpRequest, args: Args| {
                idempotency::once::<A, H, Args>(request, args, handler.clone())
            };
            self.add::<_, (HttpRequest, Args)>(method, path, entry, once, doc);
        } else {
            self.add(method, path, entry, handler, doc);
        }
    }

    /// Mounts a handler that anyone may call; `reason` says why that is right.
    pub fn public<H, Args>(
        &mut self,
        method: Method,
        path: impl Into<String>,
        handler: H,
        reason: &'static str,
        doc: Doc,
    ) where
        H: Handler<Args> + Send + Sync,
        H::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        self.add(method, path.into(), Entry::Public { reason }, handler, doc);
    }

    fn add<H, Args>(&mut self, method: Method, path: String, entry: Entry, handler: H, doc: Doc)
    where
        H: Handler<Args> + Send + Sync,
        H::Output: Responder + 'static,
        Args: FromRequest + 'static,
    {
        let verb = method.clone();
        let mount = Box::new(move || actix_web::web::method(verb.clone()).to(handler.clone()));
        let (span, label) = (format!("http.{}", doc.name), path.as_str().into());
        self.operations.push(Operation {
            method,
            path,
            entry,
            doc,
            span,
            label,
            mount,
        });
    }

    /// The operations in the order they were mounted.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(crate) fn into_operations(self) -> Vec<Operation> {
        self.operations
    }
}
