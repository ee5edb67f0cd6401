//! `PUT /scim/v2/Groups/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::UpdateScimGroup;
use palisade_scim::resource::Incoming;
use palisade_store::{GroupNext, Membership};

use super::{
    super::context::{self, GROUP, base, projection, versions},
    body,
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn replace(guarded: Guarded<UpdateScimGroup>, mut call: Call) -> Answer {
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let projection = projection(&call.request, &GROUP)?;
    let base = base(&call.request, &app)?;
    let expected = versions(&call.request, "if-match")?;
    let sent = context::body(&mut call).await?;
    let connection = grant.target().connection;
    let settings = app
        .store
        .connection_settings(grant.scope(), connection)
        .await?;
    let unique = settings.unique_group_names;
    let mut group = app
        .store
        .update_scim_group(grant, expected, unique, move |current| {
            let Incoming {
                resource, members, ..
            } = Incoming::replace(&sent, &GROUP, current)?;
            body::check(&resource)?;
            Ok(GroupNext {
                resource,
                membership: Membership::only(&members),
            })
        })
        .await?;
    if projection.wants("members", &GROUP) {
        group.members = app
            .store
            .members_of_scim_group(caller.scope(), connection, group.id)
            .await?;
    }
    body::answer(StatusCode::OK, &call.request, &group, &base, &projection)
}
