//! The middleware of one path: which operation this is, its span, and the admission of the caller.

use std::{rc::Rc, sync::Arc};

use actix_web::{
    HttpRequest,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use palisade_envelope::{Code, Error};
use palisade_tenancy::{
    Arrival, Caller,
    admit::TenantHeader,
    middleware::{admit_connection_request, admit_request, admit_session_request},
};
use tracing::Instrument as _;

use crate::{
    App,
    dialect::Dialect,
    observe,
    problem::{Answer, Problem},
    routes::{Credential, Entry, Operation},
    sign_in,
    trail::Trail,
};

/// What callers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// An API key.
    ApiKey(TenantHeader),
    /// The token of a session.
    Session,
    /// The key of a connection.
    Connection,
}

/// The operations of one path.
#[derive(Debug)]
pub(crate) struct Station {
    pub(crate) path: String,
    pub(crate) operations: Vec<Arc<Operation>>,
    /// `None`: anyone may call.
    ask: Option<Ask>,
    allow: String,
}

impl Station {
    /// The station of these operations, all of one path.
    pub(crate) fn new(path: String, operations: Vec<Arc<Operation>>) -> Self {
        // Operations of one path that ask for different things would leave each caller out somewhere; where one is
        // guarded, all of them are.
        let ask = operations
            .iter()
            .find_map(|operation| match operation.entry {
                Entry::Guarded { credential, .. } => Some(match credential {
                    Credential::ApiKey => Ask::ApiKey(tenant_header(&path)),
                    Credential::Session => Ask::Session,
                    Credential::Connection => Ask::Connection,
                }),
                Entry::Public { .. } => None,
            });
        let allow = operations
            .iter()
            .map(|operation| operation.method.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        Self {
            path,
            operations,
            ask,
            allow,
        }
    }

    /// What the router takes for this path. SCIM clients end paths with a slash as they like.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let mut patterns = vec![self.path.clone()];
        if Dialect::of(&self.path) == Dialect::Scim {
            patterns.push(format!("{}/", self.path));
        }
        patterns
    }

    /// Answers a method that the path does not know.
    pub(crate) fn not_allowed(&self) -> Answer {
        Err(Problem::method_not_allowed(self.allow.clone()))
    }

    /// Lets a request of this path through.
    pub(crate) async fn pass<B: MessageBody + 'static>(
        self: Arc<Self>,
        app: Arc<App>,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
        let trail = Trail::of(request.request());
        let Some(operation) = self
            .operations
            .iter()
            .find(|operation| operation.method == request.method())
        else {
            return self.admit(&app, &trail, request, next).await;
        };
        let span = observe::open(&request, operation, &trail);
        // Each is set once: a request passes one station.
        let _ = trail.operation.set(Arc::clone(operation));
        let _ = trail.span.set(span.clone());
        self.admit(&app, &trail, request, next)
            .instrument(span)
            .await
    }

    async fn admit<B: MessageBody + 'static>(
        &self,
        app: &App,
        trail: &Rc<Trail>,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
        let admitted = match self.ask {
            None => None,
            Some(Ask::ApiKey(header)) => Some(arrive(app, header, &request).await),
            Some(Ask::Session) => {
                let cookie = &app.settings.sessions.cookie;
                Some(admit_session_request(&app.admission, cookie, &request).await)
            }
            Some(Ask::Connection) => Some(admit_connection_request(&app.admission, &request).await),
        };
        if let Some(admitted) = admitted {
            match admitted {
                Ok(caller) => {
                    let counted = app.provisioning.count(&caller);
                    let _ = trail.caller.set(caller);
                    if let Err(error) = counted {
                        return Ok(request.error_response(Problem::from(error)));
                    }
                }
                Err(error) => return Ok(request.error_response(Problem::from(error))),
            }
        }
        match unreadable(request.uri().path()) {
            Some(error) => Ok(request.error_response(Problem::from(error))),
            None => Ok(next.call(request).await?.map_into_boxed_body()),
        }
    }
}

/// Admits a request. Whoever comes with a good token for the first time is linked by the rules of the provider, or is told
/// what stands in the way.
async fn arrive(
    app: &App,
    header: TenantHeader,
    request: &ServiceRequest,
) -> Result<Arc<Caller>, Error> {
    let stranger = match admit_request(&app.admission, header, request).await? {
        Arrival::Caller(caller) => return Ok(caller),
        Arrival::Stranger(stranger) => stranger,
    };
    app.strangers.count(&stranger)?;
    sign_in::first(app, request.request(), &stranger).await?;
    match admit_request(&app.admission, header, request).await? {
        Arrival::Caller(caller) => Ok(caller),
        // Unlinked again in between.
        Arrival::Stranger(_) => Err(Error::new(Code::NotLinked)),
    }
}

/// What is wrong with the path as it was sent. The router decodes it, and takes bytes that are no text for the
/// replacement character: another resource's name.
fn unreadable(path: &str) -> Option<Error> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
    decoded.err().map(|_| {
        Error::with_message(
            Code::InvalidRequest,
            "the path is not UTF-8 when it is percent-decoded",
        )
        .detail("field", "path")
    })
}

/// `/v1` insists on the header, except for the operator's routes.
fn tenant_header(path: &str) -> TenantHeader {
    let operators = path == "/v1/tenants" || path.starts_with("/v1/tenants/");
    if path.starts_with("/v1/") && !operators {
        TenantHeader::Required
    } else {
        TenantHeader::Optional
    }
}

/// Answers a path that nothing is mounted at, with or without a credential: that there is nothing is public.
pub(crate) async fn nothing_here(_: HttpRequest) -> Answer {
    Err(Problem::from(Error::with_message(
        Code::NotFound,
        "there is nothing at this path",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_text() {
        assert!(unreadable("/admin/identities/by/external/%C3%BC%2F").is_none());
        let code = unreadable("/admin/identities/by/external/%ff").map(|error| error.code());
        assert_eq!(code, Some(Code::InvalidRequest));
    }

    #[test]
    fn only_the_tenants_own_native_routes_insist_on_the_tenant_header() {
        assert_eq!(tenant_header("/v1/users/{id}"), TenantHeader::Required);
        assert_eq!(tenant_header("/v1/tenants"), TenantHeader::Optional);
        assert_eq!(
            tenant_header("/v1/tenants/{id}/suspend"),
            TenantHeader::Optional
        );
        assert_eq!(tenant_header("/admin/identities"), TenantHeader::Optional);
    }
}
