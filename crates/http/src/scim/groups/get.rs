//! `GET /scim/v2/Groups/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::ReadScimGroup;
use palisade_envelope::{Code, Error};

use super::{
    super::{
        context::{GROUP, base, projection, versions},
        reply::not_modified,
    },
    body,
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn get(guarded: Guarded<ReadScimGroup>, call: Call) -> Answer {
    let projection = projection(&call.request, &GROUP)?;
    let mut group = guarded
        .loaded
        .open(&guarded.grant)
        .ok_or_else(|| Error::new(Code::NotFound))?;
    if versions(&call.request, "if-none-match")?.is_some_and(|known| known.name(group.revision)) {
        return Ok(not_modified(&call.request, group.revision));
    }
    if projection.wants("members", &GROUP) {
        let connection = guarded.grant.target().connection;
        group.members = guarded
            .app
            .store
            .members_of_scim_group(guarded.grant.scope(), connection, group.id)
            .await?;
    }
    let base = base(&call.request, &guarded.app)?;
    body::answer(StatusCode::OK, &call.request, &group, &base, &projection)
}
