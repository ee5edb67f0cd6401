//! `PUT /scim/v2/Users/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::UpdateScimUser;
use palisade_scim::{patch::PasswordChange, resource::Incoming};

use super::{
    super::context::{self, USER, base, projection},
    body,
    change::{Next, update},
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn replace(guarded: Guarded<UpdateScimUser>, mut call: Call) -> Answer {
    let projection = projection(&call.request, &USER)?;
    let base = base(&call.request, &guarded.app)?;
    let sent = context::body(&mut call).await?;
    let user = update(guarded, &call, |current| {
        let Incoming {
            resource, password, ..
        } = Incoming::replace(&sent, &USER, current)?;
        Ok(Next {
            resource,
            password: password.map_or(PasswordChange::Kept, PasswordChange::Set),
        })
    })
    .await?;
    body::answer(StatusCode::OK, &call.request, &user, &base, &projection)
}
