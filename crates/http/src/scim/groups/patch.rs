//! `PATCH /scim/v2/Groups/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::UpdateScimGroup;
use palisade_scim::{
    limits,
    patch::{PatchRequest, apply},
};
use palisade_store::{GroupNext, Membership};

use super::{
    super::context::{self, GROUP, base, projection, versions},
    body,
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn patch(guarded: Guarded<UpdateScimGroup>, mut call: Call) -> Answer {
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let projection = projection(&call.request, &GROUP)?;
    let base = base(&call.request, &app)?;
    let expected = versions(&call.request, "if-match")?;
    let request = PatchRequest::parse(&context::body(&mut call).await?)?;
    let connection = grant.target().connection;
    let settings = app
        .store
        .connection_settings(grant.scope(), connection)
        .await?;
    let unique = settings.unique_group_names;
    let mut group = app
        .store
        .update_scim_group(grant, expected, unique, move |current| {
            let patched = apply(&request, &GROUP, current)?;
            body::check(&patched.resource)?;
            Ok(GroupNext {
                membership: Membership::from(&patched.membership),
                resource: patched.resource,
            })
        })
        .await?;
    // To answer with all members of a large group would cost more than the change.
    let large = usize::try_from(group.size).unwrap_or(usize::MAX) > limits::MAX_MEMBERS_ANSWERED;
    let wanted = projection.wants("members", &GROUP);
    if large && wanted && !projection.names_attributes() {
        return body::answer(
            StatusCode::NO_CONTENT,
            &call.request,
            &group,
            &base,
            &projection,
        );
    }
    if wanted {
        group.members = app
            .store
            .members_of_scim_group(caller.scope(), connection, group.id)
            .await?;
    }
    body::answer(StatusCode::OK, &call.request, &group, &base, &projection)
}
