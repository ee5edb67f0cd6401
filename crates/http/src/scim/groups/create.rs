//! `POST /scim/v2/Groups`

use actix_web::http::StatusCode;
use palisade_authz::action::CreateScimGroup;
use palisade_scim::resource::Incoming;
use palisade_store::{GroupNext, Membership};

use super::{
    super::context::{self, GROUP, base, projection},
    body,
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn create(guarded: Guarded<CreateScimGroup>, mut call: Call) -> Answer {
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let projection = projection(&call.request, &GROUP)?;
    let base = base(&call.request, &app)?;
    let sent = context::body(&mut call).await?;
    let Incoming {
        resource, members, ..
    } = Incoming::create(&sent, &GROUP)?;
    body::check(&resource)?;
    let connection = *grant.target();
    let settings = app
        .store
        .connection_settings(grant.scope(), connection)
        .await?;
    let next = GroupNext {
        resource,
        membership: Membership::only(&members),
    };
    let mut group = app
        .store
        .create_scim_group(grant, next, settings.unique_group_names)
        .await?;
    if !members.is_empty() && projection.wants("members", &GROUP) {
        group.members = app
            .store
            .members_of_scim_group(caller.scope(), connection, group.id)
            .await?;
    }
    body::answer(
        StatusCode::CREATED,
        &call.request,
        &group,
        &base,
        &projection,
    )
}
