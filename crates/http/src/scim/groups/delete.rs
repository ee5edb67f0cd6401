//! `DELETE /scim/v2/Groups/{id}`

use palisade_authz::action::DeleteScimGroup;
use palisade_envelope::{Code, Error};

use super::super::context::versions;
use crate::{call::Call, guard::Guarded, problem::Answer, reply::no_content};

pub(super) async fn delete(guarded: Guarded<DeleteScimGroup>, call: Call) -> Answer {
    let expected = versions(&call.request, "if-match")?;
    if guarded
        .app
        .store
        .delete_scim_group(guarded.grant, expected)
        .await?
    {
        no_content(&call.request)
    } else {
        Err(Error::new(Code::NotFound).into())
    }
}
