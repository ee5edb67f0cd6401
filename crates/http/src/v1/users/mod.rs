//! `/v1/users`: identities in the native dialect, their external identities and their sessions.

mod body;
mod get;
mod identities;
mod link;
mod list;
mod sessions;
mod unlink;
mod verify_password;

use actix_web::http::Method;
use palisade_authz::action;

use crate::routes::RouteTable;

pub(super) fn mount(table: &mut RouteTable) {
    let links = "/v1/users/{id}/identities";
    table.guarded::<action::ListIdentities, _, _>(
        Method::GET,
        "/v1/users",
        list::list,
        list::doc(),
    );
    table.guarded::<action::ReadIdentity, _, _>(
        Method::GET,
        "/v1/users/{id}",
        get::get,
        get::doc(),
    );
    table.guarded::<action::VerifyPassword, _, _>(
        Method::POST,
        "/v1/users/{id}/verify-password",
        verify_password::verify_password,
        verify_password::doc(),
    );
    table.guarded::<action::ListExternalIdentities, _, _>(
        Method::GET,
        links,
        identities::identities,
        identities::doc(),
    );
    table.guarded::<action::LinkExternalIdentity, _, _>(
        Method::POST,
        links,
        link::link,
        link::doc(),
    );
    table.guarded::<action::UnlinkExternalIdentity, _, _>(
        Method::DELETE,
        format!("{links}/{{link_id}}"),
        unlink::unlink,
        unlink::doc(),
    );
    sessions::mount(table);
}
