//! `GET /scim/v2/Users/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::ReadScimUser;
use palisade_envelope::{Code, Error};

use super::{
    super::{
        context::{USER, base, projection, versions},
        reply::not_modified,
    },
    body,
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn get(guarded: Guarded<ReadScimUser>, call: Call) -> Answer {
    let projection = projection(&call.request, &USER)?;
    let user = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    // Who is in a group changes with the group: the user's version does not tell.
    let known = versions(&call.request, "if-none-match")?;
    if user.groups.is_empty() && known.is_some_and(|known| known.name(user.revision)) {
        return Ok(not_modified(&call.request, user.revision));
    }
    let base = base(&call.request, &guarded.app)?;
    body::answer(StatusCode::OK, &call.request, &user, &base, &projection)
}
