//! `DELETE /scim/v2/Users/{id}`

use palisade_authz::action::DeleteScimUser;
use palisade_envelope::{Code, Error};

use super::super::context::versions;
use crate::{call::Call, guard::Guarded, problem::Answer, reply::no_content};

pub(super) async fn delete(guarded: Guarded<DeleteScimUser>, call: Call) -> Answer {
    let expected = versions(&call.request, "if-match")?;
    if guarded
        .app
        .store
        .delete_scim_user(guarded.grant, expected)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
