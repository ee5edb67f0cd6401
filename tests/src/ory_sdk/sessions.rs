//! Ory's Rust client, unmodified, drives every operation on sessions that it has.

use ory_kratos_client::{
    apis::{frontend_api as frontend, identity_api as api},
    models::{AuthenticatorAssuranceLevel, Session, session_authentication_method::MethodEnum},
};
use serde_json::json;

use super::{refusal::refusal, sdk};
use crate::{database::random_id, session_tokens};

fn ids(sessions: &[Session]) -> Vec<&str> {
    sessions.iter().map(|session| session.id.as_str()).collect()
}

on_both_databases! {
    async fn orys_client_lists_reads_extends_and_ends_sessions(house: House) {
        let alpha = &house.alpha;
        let sdk = sdk(&alpha.owner);
        let body = json!({
            "lifespan_seconds": 60,
            "authentication_methods": [{"method": "oidc", "provider": "corp"}],
            "device": {"ip_address": "2001:db8::1", "user_agent": "App"},
        });
        let path = format!("/v1/users/{}/sessions", alpha.ada);
        let id = alpha.owner.post(&path, body).await.expect(201).text("/id");

        let of_ada = api::list_identity_sessions(&sdk, &alpha.ada, None, None, None, None, Some(true)).await.expect("lists");
        assert_eq!(ids(&of_ada), [id.as_str(), alpha.ada_session.as_str()]);
        let numbered = api::list_identity_sessions(&sdk, &alpha.ada, Some(1), Some(1), None, None, None).await.expect("lists");
        assert_eq!(ids(&numbered), [alpha.ada_session.as_str()]);
        let all = api::list_sessions(&sdk, Some(10), None, Some(true), None).await.expect("lists");
        assert_eq!(ids(&all), [id.as_str(), alpha.ada_session.as_str()]);
        assert!(all[0].identity.is_none() && all[0].devices.is_none());

        let both = Some(vec!["identity".to_owned(), "devices".to_owned()]);
        let session = api::get_session(&sdk, &id, both).await.expect("reads");
        assert_eq!(session.active, Some(true));
        assert_eq!(session.authenticator_assurance_level, Some(AuthenticatorAssuranceLevel::Aal1));
        let methods = session.authentication_methods.as_ref().expect("methods");
        assert_eq!(methods[0].method, Some(MethodEnum::Oidc));
        assert_eq!(methods[0].provider.as_deref(), Some("corp"));
        assert_eq!(session.identity.as_ref().expect("an identity").id, alpha.ada);
        let devices = session.devices.as_ref().expect("devices");
        assert_eq!(devices[0].ip_address.as_deref(), Some("2001:db8::1"));

        let extended = api::extend_session(&sdk, &id).await.expect("extends");
        assert!(extended.expires_at > session.expires_at);
        api::disable_session(&sdk, &id).await.expect("ends");
        let ended = api::get_session(&sdk, &id, None).await.expect("reads");
        assert_eq!(ended.active, Some(false));
        api::delete_identity_sessions(&sdk, &alpha.ada).await.expect("deletes");

        let gone = api::delete_identity_sessions(&sdk, &alpha.ada).await.expect_err("there are none");
        assert_eq!(refusal(gone).0, 404);
        let gone = api::get_session(&sdk, &id, None).await.expect_err("is gone");
        assert_eq!(refusal(gone).0, 404);
        let gone = api::extend_session(&sdk, &random_id()).await.expect_err("is none");
        assert_eq!(refusal(gone).0, 404);
        let bad = api::disable_session(&sdk, "x").await.expect_err("is no id");
        assert_eq!(refusal(bad).0, 400);
        let bad = api::list_identity_sessions(&sdk, "x", None, None, None, None, None).await.expect_err("is no id");
        assert_eq!(refusal(bad).0, 400);
        let bad = api::list_sessions(&sdk, None, Some("x"), None, None).await.expect_err("is no token");
        assert_eq!(refusal(bad).0, 400);
    }

    async fn orys_client_asks_whose_session_it_has_and_ends_its_others(house: House) {
        let alpha = &house.alpha;
        // As a browser or an app: without a key.
        let sdk = ory_kratos_client::apis::configuration::Configuration {
            api_key: None,
            ..sdk(&alpha.owner)
        };
        let path = format!("/v1/users/{}/sessions", alpha.ada);
        let issued = alpha.owner.post(&path, json!({})).await.expect(201);
        let (id, token) = (issued.text("/id"), issued.text("/token"));
        let other = alpha.owner.post(&path, json!({})).await.expect(201).text("/id");

        let session = frontend::to_session(&sdk, Some(&token), None, None).await.expect("by token");
        assert_eq!(session.id, id);
        let identity = session.identity.expect("an identity");
        assert_eq!((identity.id.as_str(), identity.metadata_admin), (alpha.ada.as_str(), None));
        let cookie = format!("ory_kratos_session={token}");
        let by_cookie = frontend::to_session(&sdk, None, Some(&cookie), None).await.expect("by cookie");
        assert_eq!(by_cookie.id, id);
        let template = json!({"claims": {"email": "/identity/traits/email"}});
        alpha.owner.put("/v1/session-token-templates/app", template).await.expect(201);
        let session = frontend::to_session(&sdk, Some(&token), None, Some("app")).await.expect("with a token");
        let keys = session_tokens::keys(&house.gateway.anonymous(), &alpha.id).await;
        let tokenized = session.tokenized.expect("a token");
        let claims = session_tokens::verified(&tokenized, &keys, "").expect("is genuine");
        assert_eq!(claims["sub"], alpha.ada.as_str());
        assert_eq!(claims["email"], "ada@example.test");
        let unknown = frontend::to_session(&sdk, Some(&token), None, Some("none")).await.expect_err("is none");
        assert_eq!(refusal(unknown).0, 400);
        let refused = frontend::to_session(&sdk, None, None, None).await.expect_err("by nothing");
        assert_eq!(refusal(refused).0, 401);

        let mine = frontend::list_my_sessions(&sdk, None, None, None, None, Some(&token), None).await.expect("lists");
        assert_eq!(ids(&mine), [other.as_str(), alpha.ada_session.as_str()]);
        frontend::disable_my_session(&sdk, &other, Some(&token), None).await.expect("ends");
        let count = frontend::disable_my_other_sessions(&sdk, Some(&token), None).await.expect("ends");
        assert_eq!(count.count, Some(1));
        frontend::to_session(&sdk, Some(&token), None, None).await.expect("this one stays");
        let refused = frontend::disable_my_session(&sdk, &id, Some(&token), None).await.expect_err("not itself");
        assert_eq!(refusal(refused).0, 400);
    }
}
