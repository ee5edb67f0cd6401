//! `/v1/api-keys`: the tenant's keys.

mod body;
mod create;
mod get;
mod list;
pub(super) mod request;
mod revoke;
mod rotate;

use std::sync::Arc;

use actix_web::http::Method;
use palisade_authz::{Action, Authorized, Denied, Determining, action};
use palisade_envelope::Error;
use palisade_tenancy::Caller;

pub(super) use body::{KeyWithSecret, created};

use crate::{App, call::Call, routes::RouteTable};

pub(super) fn mount(table: &mut RouteTable) {
    let all = "/v1/api-keys";
    table.guarded::<action::ListApiKeys, _, _>(Method::GET, all, list::list, list::doc());
    table.guarded::<action::CreateApiKey, _, _>(Method::POST, all, create::create, create::doc());
    let one = "/v1/api-keys/{id}";
    table.guarded::<action::ReadApiKey, _, _>(Method::GET, one, get::get, get::doc());
    table.guarded::<action::RevokeApiKey, _, _>(Method::DELETE, one, revoke::revoke, revoke::doc());
    table.guarded::<action::RotateApiKey, _, _>(
        Method::POST,
        "/v1/api-keys/{id}/rotate",
        rotate::rotate,
        rotate::doc(),
    );
}

/// Records a refusal that came after policy's permit, for the roles that the key has, and gives the error back.
fn refused<A: Action>(
    call: &Call,
    app: &App,
    caller: &Arc<Caller>,
    grant: &Authorized<A>,
    (kind, id): (&str, String),
    error: Error,
) -> Error {
    let determining = Determining {
        notices: error.envelope().notices.clone(),
        ..grant.determining().clone()
    };
    call.trail().denied(A::NAME);
    app.store.record_denial(&Denied {
        caller: Arc::clone(caller),
        action: A::NAME,
        resource: (kind.to_owned(), id),
        determining,
        evaluation_error: false,
        context: grant.context().clone(),
    });
    error
}
