//! `PATCH /scim/v2/Users/{id}`

use actix_web::http::StatusCode;
use palisade_authz::action::UpdateScimUser;
use palisade_scim::patch::{PatchRequest, apply};

use super::{
    super::context::{self, USER, base, projection},
    body,
    change::{Next, update},
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn patch(guarded: Guarded<UpdateScimUser>, mut call: Call) -> Answer {
    let projection = projection(&call.request, &USER)?;
    let base = base(&call.request, &guarded.app)?;
    let request = PatchRequest::parse(&context::body(&mut call).await?)?;
    let user = update(guarded, &call, |current| {
        let patched = apply(&request, &USER, current)?;
        Ok(Next {
            resource: patched.resource,
            password: patched.password,
        })
    })
    .await?;
    body::answer(StatusCode::OK, &call.request, &user, &base, &projection)
}
