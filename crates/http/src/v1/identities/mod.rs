//! `/v1/identities`: external identities by themselves; above all those that wait for a person to decide on them.

mod body;
mod create;
mod forget;
mod get;
mod history;
mod link;
mod list;
mod reject;
mod undo;
mod unlink;

use actix_web::http::Method;
use palisade_authz::action;
use palisade_envelope::{Code, Error, Result};
use palisade_store::Account;

use palisade_authz::action::ResolveExternalIdentity;
use std::future::Future;

use crate::{
    call::Call,
    guard::{Guarded, retried},
    preconditions,
    routes::RouteTable,
};

pub(super) fn mount(table: &mut RouteTable) {
    let all = "/v1/identities";
    let one = "/v1/identities/{id}";
    let at = |verb: &str| format!("{one}/{verb}");
    table.guarded::<action::ListAllExternalIdentities, _, _>(
        Method::GET,
        all,
        list::list,
        list::doc(),
    );
    table.guarded::<action::ReadExternalIdentity, _, _>(Method::GET, one, get::get, get::doc());
    table.guarded::<action::ReadExternalIdentity, _, _>(
        Method::GET,
        at("history"),
        history::history,
        history::doc(),
    );
    table.guarded::<ResolveExternalIdentity, _, _>(
        Method::DELETE,
        one,
        forget::forget,
        forget::doc(),
    );
    table.guarded::<ResolveExternalIdentity, _, _>(
        Method::POST,
        at("link"),
        link::link,
        link::doc(),
    );
    table.guarded::<ResolveExternalIdentity, _, _>(
        Method::POST,
        at("create"),
        create::create,
        create::doc(),
    );
    table.guarded::<ResolveExternalIdentity, _, _>(
        Method::POST,
        at("reject"),
        reject::reject,
        reject::doc(),
    );
    table.guarded::<ResolveExternalIdentity, _, _>(
        Method::POST,
        at("undo"),
        undo::undo,
        undo::doc(),
    );
    table.guarded::<ResolveExternalIdentity, _, _>(
        Method::POST,
        at("unlink"),
        unlink::unlink,
        unlink::doc(),
    );
}

/// The external identity that was loaded, if it is what the caller saw.
fn opened(call: &Call, account: Option<Account>) -> Result<Account> {
    let account = account.ok_or_else(|| Error::new(Code::NotFound))?;
    preconditions::check(&call.request, account.revision)?;
    Ok(account)
}

/// Does a write; again where another writer was faster, unless the caller insists on what it saw.
async fn written<F, Fut>(
    call: &Call,
    guarded: Guarded<ResolveExternalIdentity>,
    once: F,
) -> Result<Account>
where
    F: Fn(Guarded<ResolveExternalIdentity>) -> Fut,
    Fut: Future<Output = Result<Account>>,
{
    match preconditions::if_match(&call.request)? {
        Some(_) => once(guarded).await,
        None => retried(&call.request, guarded, once).await,
    }
}
