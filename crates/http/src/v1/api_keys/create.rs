//! `POST /v1/api-keys`

use std::sync::Arc;

use palisade_authz::{Action as _, Denied, Determining, action::CreateApiKey};
use palisade_envelope::{Code, Notice};
use palisade_tenancy::Role;

use super::{KeyWithSecret, created, request};
use crate::{
    call::{Call, Media},
    doc::Doc,
    guard::Guarded,
    problem::Answer,
};

/// The notice where a key asks for more than its own.
const MORE_THAN_OWN: &str =
    "a key can give only the roles that it holds, an admin any but owner, an owner any";

pub(super) fn doc() -> Doc {
    Doc::new(
        "createApiKey",
        "api_keys.create",
        "API keys",
        "Create an API key",
    )
    .body::<request::CreateKeyBody>(Media::Json)
    .replies::<KeyWithSecret>(201)
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::BodyTooLarge,
        Code::UnsupportedMediaType,
    ])
}

pub(super) async fn create(guarded: Guarded<CreateApiKey>, mut call: Call) -> Answer {
    call.query(&[])?;
    let Guarded {
        grant, app, caller, ..
    } = guarded;
    let new = request::read(&call.body(Media::Json).await?, app.clock.now(), true)?;
    if !new
        .roles
        .iter()
        .all(|role| may_give(grant.principal().roles(), *role))
    {
        let denied = Denied {
            caller: Arc::clone(&caller),
            action: CreateApiKey::NAME,
            resource: ("Tenant".to_owned(), caller.tenant().to_string()),
            determining: Determining {
                notices: vec![Notice::new(MORE_THAN_OWN)],
                ..grant.determining().clone()
            },
            evaluation_error: false,
            context: grant.context().clone(),
        };
        call.trail().denied(CreateApiKey::NAME);
        app.store.record_denial(&denied);
        return Err(denied.error().into());
    }
    let (record, key) = app.store.create_api_key(grant, new).await?;
    created(&call.request, record, &key)
}

/// Whether the holder of these roles may give this one: what policy lets it do must not grow by a key that it makes.
fn may_give(held: &[Role], role: Role) -> bool {
    held.contains(&Role::Owner)
        || held.contains(&role)
        || (held.contains(&Role::Admin) && role != Role::Owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_a_key_that_may_do_more() {
        assert!(may_give(&[Role::Owner], Role::Owner));
        assert!(may_give(&[Role::Admin], Role::Editor));
        assert!(!may_give(&[Role::Admin], Role::Owner));
        assert!(!may_give(&[Role::Editor], Role::Admin));
        assert!(may_give(&[Role::Editor], Role::Editor));
        assert!(!may_give(&[], Role::Viewer));
    }
}
