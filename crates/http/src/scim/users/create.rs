//! `POST /scim/v2/Users`

use actix_web::http::StatusCode;
use palisade_authz::action::CreateScimUser;
use palisade_scim::resource::Incoming;

use super::{
    super::context::{self, USER, base, projection},
    body,
    change::Rules,
};
use crate::{call::Call, guard::Guarded, problem::Answer};

pub(super) async fn create(guarded: Guarded<CreateScimUser>, mut call: Call) -> Answer {
    let Guarded { grant, app, .. } = guarded;
    let projection = projection(&call.request, &USER)?;
    let base = base(&call.request, &app)?;
    let sent = context::body(&mut call).await?;
    let Incoming {
        resource, password, ..
    } = Incoming::create(&sent, &USER)?;
    let rules = Rules::load(&app, grant.scope(), *grant.target()).await?;
    let write = rules
        .create(&app, grant.scope(), resource, password)
        .await?;
    let user = app.store.create_scim_user(grant, write).await?;
    body::answer(
        StatusCode::CREATED,
        &call.request,
        &user,
        &base,
        &projection,
    )
}
