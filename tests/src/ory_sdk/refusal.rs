//! What the SDK makes of an error reply.

use ory_kratos_client::{
    apis::{
        Error, ResponseContent, configuration::Configuration, frontend_api as frontend,
        identity_api as api,
    },
    models::{
        CreateIdentityBody, ErrorGeneric, JsonPatch, UpdateIdentityBody, update_identity_body,
    },
};
use serde_json::{Value, json};

use super::{sdk, traits};
use crate::database::random_id;

/// What an error reply of the SDK says: the status, and the body as the SDK has parsed it.
pub(super) fn refusal<T: Parsed + std::fmt::Debug>(error: Error<T>) -> (u16, ErrorGeneric) {
    let Error::ResponseError(reply) = error else {
        panic!("no reply: {error:?}")
    };
    let ResponseContent {
        status,
        entity,
        content,
    } = reply;
    let generic = entity
        .and_then(T::generic)
        .unwrap_or_else(|| panic!("not an ErrorGeneric: {content}"));
    assert_eq!(
        generic.error.code,
        Some(i64::from(status.as_u16())),
        "{content}"
    );
    assert!(!generic.error.message.is_empty(), "{content}");
    (status.as_u16(), generic)
}

/// The SDK's error types, which have no trait in common.
pub(super) trait Parsed {
    /// The error, where the SDK could parse it.
    fn generic(self) -> Option<ErrorGeneric>;
}

macro_rules! parsed {
    ($($room:ident::$error:ident: $($status:ident)|+;)+) => {$(
        impl Parsed for $room::$error {
            fn generic(self) -> Option<ErrorGeneric> {
                match self {
                    $(Self::$status(error) => Some(error),)+
                    Self::UnknownValue(_) => None,
                }
            }
        }
    )+};
}

parsed! {
    api::CreateIdentityError: Status400 | Status409 | DefaultResponse;
    api::GetIdentityError: Status404 | DefaultResponse;
    api::GetIdentityByExternalIdError: Status404 | DefaultResponse;
    api::ListIdentitiesError: DefaultResponse;
    api::UpdateIdentityError: Status400 | Status404 | Status409 | DefaultResponse;
    api::PatchIdentityError: Status400 | Status404 | Status409 | DefaultResponse;
    api::DeleteIdentityError: Status404 | DefaultResponse;
    api::DeleteIdentityCredentialsError: Status404 | DefaultResponse;
    api::GetIdentitySchemaError: Status404 | DefaultResponse;
    api::ListIdentitySessionsError: Status400 | Status404 | DefaultResponse;
    api::DeleteIdentitySessionsError: Status400 | Status401 | Status404 | DefaultResponse;
    api::GetSessionError: Status400 | DefaultResponse;
    api::ExtendSessionError: Status400 | Status404 | DefaultResponse;
    api::DisableSessionError: Status400 | Status401 | DefaultResponse;
    api::ListSessionsError: Status400 | DefaultResponse;
    frontend::ToSessionError: Status401 | Status403 | DefaultResponse;
    frontend::DisableMySessionError: Status400 | Status401 | DefaultResponse;
}

on_both_databases! {
    async fn orys_client_parses_every_refusal(house: House) {
        let sdk = sdk(&house.alpha.owner);
        let create = async |schema: &str, traits: Value| {
            let error = api::create_identity(
                &sdk,
                Some(CreateIdentityBody::new(schema.to_owned(), traits)),
            )
            .await;
            refusal(error.expect_err("is refused"))
        };

        let (status, error) = create("default", json!({"email": 7})).await;
        assert_eq!(status, 400);
        let reason = error.error.reason.expect("a reason");
        assert!(
            reason.contains("traits.email"),
            "the reason names the place: {reason}"
        );
        let (status, error) = create("nothing", traits("x@example.test")).await;
        assert_eq!(status, 400);
        assert!(
            error.error.reason.expect("a reason").contains("nothing"),
            "the reason names the schema"
        );
        let (status, error) = create("default", traits("ADA@example.test")).await;
        assert_eq!(status, 409);
        let told = format!("{error:?}");
        assert!(
            !told.contains(&house.alpha.ada),
            "the other holder is not named: {told}"
        );

        let absent = random_id();
        let error = api::get_identity_by_external_id(&sdk, "nobody", None)
            .await
            .expect_err("there is none");
        assert_eq!(refusal(error).0, 404);
        let body = UpdateIdentityBody::new(
            "default".to_owned(),
            update_identity_body::StateEnum::Active,
            traits("x@example.test"),
        );
        let error = api::update_identity(&sdk, &absent, Some(body))
            .await
            .expect_err("there is none");
        assert_eq!(refusal(error).0, 404);
        let error = api::patch_identity(&sdk, &absent, Some(Vec::new()))
            .await
            .expect_err("there is none");
        assert_eq!(refusal(error).0, 404);
        let id = JsonPatch {
            value: Some(Some(json!(absent))),
            ..JsonPatch::new("replace".to_owned(), "/id".to_owned())
        };
        let error = api::patch_identity(&sdk, &house.alpha.ada, Some(vec![id]))
            .await
            .expect_err("an id stays");
        assert_eq!(refusal(error).0, 400);
        let error = api::get_identity(&sdk, "not-a-uuid", None)
            .await
            .expect_err("there is none");
        assert_eq!(refusal(error).0, 404);

        let nobody = Configuration {
            api_key: None,
            ..sdk.clone()
        };
        let error = api::get_identity(&nobody, &house.alpha.ada, None)
            .await
            .expect_err("nobody may");
        assert_eq!(refusal(error).0, 401);
        let viewer = super::sdk(&house.alpha.caller("viewer").await);
        let error = api::delete_identity(&viewer, &house.alpha.ada)
            .await
            .expect_err("a viewer only looks");
        assert_eq!(refusal(error).0, 403);
        let error = api::list_identities(
            &nobody, None, None, None, None, None, None, None, None, None, None,
        )
        .await;
        assert_eq!(refusal(error.expect_err("nobody may")).0, 401);
    }
}
