//! Ory's clients, unmodified, drive every operation that they have on identities, sessions and schemas: the one for
//! Rust here, the one for Node.js in [`npm`].

mod compatibility;
mod npm;
mod refusal;
mod sessions;

use ory_kratos_client::{
    apis::{
        configuration::{ApiKey, Configuration},
        identity_api as api, metadata_api as metadata,
    },
    models::{
        CreateIdentityBody, Identity, IdentityPatch, IdentityWithCredentials,
        IdentityWithCredentialsOidc, IdentityWithCredentialsOidcConfig,
        IdentityWithCredentialsOidcConfigProvider, IdentityWithCredentialsPassword,
        IdentityWithCredentialsPasswordConfig, JsonPatch, PatchIdentitiesBody, UpdateIdentityBody,
        create_identity_body, update_identity_body,
    },
};
use serde_json::{Value, json};

use crate::{client::Caller, database::random_id};
use refusal::refusal;

/// The SDK with the caller's key as `Authorization: Bearer`.
fn sdk(caller: &Caller) -> Configuration {
    Configuration {
        base_path: caller.base().to_owned(),
        api_key: Some(ApiKey {
            prefix: Some("Bearer".to_owned()),
            key: caller.key().to_owned(),
        }),
        ..Configuration::new()
    }
}

/// The SDK with the caller's key in every request: to Ory schemas are public, so that the SDK sends no key of its
/// own there.
fn sdk_with_header(caller: &Caller) -> Configuration {
    let key = caller.key().parse().expect("a key is fit for a header");
    let headers = std::iter::once((
        ory_reqwest::header::HeaderName::from_static("x-api-key"),
        key,
    ));
    let client = ory_reqwest::Client::builder().default_headers(headers.collect());
    Configuration {
        base_path: caller.base().to_owned(),
        client: client.build().expect("a client"),
        ..Configuration::new()
    }
}

fn traits(email: &str) -> Value {
    json!({"email": email, "name": {"first": "Eve", "last": "Example"}})
}

async fn list(
    sdk: &Configuration,
    ids: Option<Vec<String>>,
    identifier: Option<&str>,
    with: Option<Vec<String>>,
) -> Vec<Identity> {
    api::list_identities(
        sdk, None, None, None, None, None, ids, identifier, None, with, None,
    )
    .await
    .expect("lists")
}

on_both_databases! {
    async fn orys_client_creates_reads_changes_and_deletes_an_identity(house: House) {
        let sdk = sdk(&house.alpha.owner);

        let mut body = CreateIdentityBody::new("default".to_owned(), traits("Eve@Example.test"));
        body.external_id = Some("eve-1".to_owned());
        body.state = Some(create_identity_body::StateEnum::Active);
        body.metadata_public = Some(Some(json!({"plan": "gold"})));
        let created = api::create_identity(&sdk, Some(body))
            .await
            .expect("creates");
        assert_eq!(created.schema_id, "default");
        assert_eq!(
            created.traits.as_ref().expect("traits")["email"],
            "Eve@Example.test"
        );
        assert_eq!(created.metadata_public, Some(Some(json!({"plan": "gold"}))));
        assert_eq!(
            created.verifiable_addresses.as_ref().expect("an address")[0].value,
            "eve@example.test"
        );

        let read = api::get_identity(&sdk, &created.id, None)
            .await
            .expect("reads");
        assert_eq!(
            (&read.id, &read.traits, &read.updated_at),
            (&created.id, &created.traits, &created.updated_at)
        );
        let by_external_id = api::get_identity_by_external_id(&sdk, "eve-1", None)
            .await
            .expect("reads");
        assert_eq!(by_external_id.id, created.id);

        let mut update = UpdateIdentityBody::new(
            "default".to_owned(),
            update_identity_body::StateEnum::Inactive,
            traits("eve2@example.test"),
        );
        update.external_id = Some("eve-2".to_owned());
        let updated = api::update_identity(&sdk, &created.id, Some(update))
            .await
            .expect("updates");
        assert_eq!(updated.external_id.as_deref(), Some("eve-2"));
        assert_eq!(
            updated.metadata_public.flatten(),
            None,
            "absent metadata is cleared, as at Ory"
        );
        assert_ne!(updated.state_changed_at, created.state_changed_at);

        let mut operation = JsonPatch::new("replace".to_owned(), "/traits/name/first".to_owned());
        operation.value = Some(Some(json!("Eva")));
        let patched = api::patch_identity(&sdk, &created.id, Some(vec![operation]))
            .await
            .expect("patches");
        assert_eq!(patched.traits.expect("traits")["name"]["first"], "Eva");

        api::delete_identity(&sdk, &created.id)
            .await
            .expect("deletes");
        let gone = api::get_identity(&sdk, &created.id, None)
            .await
            .expect_err("is gone");
        assert_eq!(refusal(gone).0, 404);
        let gone = api::delete_identity(&sdk, &created.id)
            .await
            .expect_err("is gone");
        assert_eq!(refusal(gone).0, 404);
    }

    async fn orys_client_lists_with_pages_ids_and_identifiers(house: House) {
        let alpha = &house.alpha;
        let sdk = sdk(&alpha.owner);
        let mut expected = vec![alpha.ada.clone(), alpha.bob.clone()];
        for number in 0..5 {
            let body = CreateIdentityBody::new(
                "default".to_owned(),
                traits(&format!("n{number}@example.test")),
            );
            expected.push(
                api::create_identity(&sdk, Some(body))
                    .await
                    .expect("creates")
                    .id,
            );
        }
        expected.sort();

        // The client leaves the `Link` header to its user; a plain request reads it.
        let (mut found, mut token) = (Vec::new(), None::<String>);
        loop {
            let page = api::list_identities(
                &sdk,
                None,
                None,
                Some(2),
                token.as_deref(),
                None,
                None,
                None,
                None,
                None,
                None,
            )
            .await
            .expect("lists");
            assert!(page.len() <= 2);
            found.extend(page.into_iter().map(|identity| identity.id));
            let path = match &token {
                Some(token) => format!("/admin/identities?page_size=2&page_token={token}"),
                None => "/admin/identities?page_size=2".to_owned(),
            };
            let link = alpha
                .owner
                .get(&path)
                .await
                .expect(200)
                .header("link")
                .to_owned();
            token = crate::isolation::next_token(&link);
            if token.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "each once, in the order of their ids");

        let some = vec![alpha.bob.clone(), random_id(), alpha.ada.clone()];
        let mut named: Vec<_> = list(&sdk, Some(some), None, None)
            .await
            .into_iter()
            .map(|identity| identity.id)
            .collect();
        named.sort();
        let mut both = vec![alpha.ada.clone(), alpha.bob.clone()];
        both.sort();
        assert_eq!(named, both);

        let found = list(&sdk, None, Some("ADA@example.test"), None).await;
        assert_eq!(
            found
                .iter()
                .map(|identity| &identity.id)
                .collect::<Vec<_>>(),
            [&alpha.ada]
        );
        assert!(
            found[0].credentials.is_some(),
            "a look-up by identifier shows credentials"
        );
        assert!(
            list(&sdk, None, Some("nobody@example.test"), None)
                .await
                .is_empty()
        );
    }

    async fn orys_client_imports_credentials_and_reads_their_configuration_when_it_may(
        house: House,
    ) {
        let sdk = sdk(&house.alpha.owner);
        let password = IdentityWithCredentialsPasswordConfig {
            password: Some("correct horse battery".to_owned()),
            ..IdentityWithCredentialsPasswordConfig::new()
        };
        let provider =
            IdentityWithCredentialsOidcConfigProvider::new("corp".to_owned(), "sub-eve".to_owned());
        let mut body = CreateIdentityBody::new("default".to_owned(), traits("eve@example.test"));
        body.credentials = Some(Box::new(IdentityWithCredentials {
            password: Some(Box::new(IdentityWithCredentialsPassword {
                config: Some(Box::new(password)),
            })),
            oidc: Some(Box::new(IdentityWithCredentialsOidc {
                config: Some(Box::new(IdentityWithCredentialsOidcConfig {
                    providers: Some(vec![provider]),
                })),
            })),
            saml: None,
        }));
        let created = api::create_identity(&sdk, Some(body))
            .await
            .expect("creates");
        let credentials = created.credentials.expect("credentials");
        assert!(
            credentials
                .values()
                .all(|credential| credential.config.is_none()),
            "a write shows no configuration"
        );
        assert_eq!(
            credentials["oidc"].identifiers.as_deref(),
            Some(&["corp:sub-eve".to_owned()][..])
        );

        let links = house
            .alpha
            .owner
            .all(&format!("/v1/users/{}/identities", created.id))
            .await;
        assert_eq!(
            links.len(),
            1,
            "an oidc credential and a link are one fact: {links:?}"
        );
        assert_eq!(links[0]["external_id"], "sub-eve");
        assert_eq!(
            links[0]["identity_provider_id"],
            house.alpha.provider.as_str()
        );

        let both = Some(vec!["password".to_owned(), "oidc".to_owned()]);
        let read = api::get_identity(&sdk, &created.id, both.clone())
            .await
            .expect("an owner may");
        let credentials = read.credentials.expect("credentials");
        let hash = credentials["password"]
            .config
            .as_ref()
            .expect("a configuration")["hashed_password"]
            .clone();
        assert!(
            hash.as_str().expect("a hash").starts_with("$argon2id$"),
            "{hash}"
        );
        let providers = &credentials["oidc"]
            .config
            .as_ref()
            .expect("a configuration")["providers"];
        assert_eq!(
            (&providers[0]["provider"], &providers[0]["subject"]),
            (&json!("corp"), &json!("sub-eve"))
        );
        let listed = list(&sdk, Some(vec![created.id.clone()]), None, both.clone()).await;
        let listed = listed[0].credentials.as_ref().expect("credentials");
        assert_eq!(
            listed["password"].config.as_ref().expect("a configuration")["hashed_password"],
            hash
        );

        let editor = self::sdk(&house.alpha.caller("editor").await);
        let (status, error) = refusal(
            api::get_identity(&editor, &created.id, both)
                .await
                .expect_err("an editor may not"),
        );
        assert_eq!(status, 403, "{error:?}");
        api::get_identity(&editor, &created.id, None)
            .await
            .expect("without configuration an editor may");
    }

    async fn orys_client_reads_the_tenants_schemas(house: House) {
        let sdk = sdk_with_header(&house.alpha.owner);
        let schemas = api::list_identity_schemas(&sdk, None, None, None, None)
            .await
            .expect("lists");
        let mut ids: Vec<_> = schemas.iter().map(|schema| schema.id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["customer", "default"]);
        let schema = api::get_identity_schema(&sdk, "customer")
            .await
            .expect("reads");
        assert_eq!(schema, crate::house::customer_schema());

        let identity = api::get_identity(&sdk, &house.alpha.ada, None)
            .await
            .expect("reads");
        let (_, encoded) = identity.schema_url.rsplit_once('/').expect("a URL");
        let by_url = api::get_identity_schema(&sdk, encoded)
            .await
            .expect("the last part of `schema_url` is an id too");
        assert!(by_url["properties"]["traits"].is_object());

        let missing = api::get_identity_schema(&sdk, "nothing")
            .await
            .expect_err("there is none");
        assert_eq!(refusal(missing).0, 404);
    }

    async fn orys_client_lists_with_every_filter_and_both_ways_of_paging(house: House) {
        let alpha = &house.alpha;
        let sdk = sdk(&alpha.owner);
        let organization = random_id();
        let mut body = CreateIdentityBody::new("default".to_owned(), traits("eve@example.test"));
        body.organization_id = Some(Some(organization.clone()));
        let eve = api::create_identity(&sdk, Some(body)).await.expect("creates");
        let found = async |per_page, page, consistency: Option<&str>, similar: Option<&str>, organization: Option<&str>| {
            let list = api::list_identities(
                &sdk, per_page, page, None, None, consistency, None, None, similar, None, organization,
            );
            let list = list.await.expect("lists");
            list.into_iter().map(|identity| identity.id).collect::<Vec<_>>()
        };
        assert_eq!(found(None, None, None, Some("ev"), None).await, [eve.id.as_str()]);
        assert_eq!(found(None, None, None, None, Some(&organization)).await, [eve.id.as_str()]);
        assert_eq!(found(None, None, None, Some("ev"), Some(&organization)).await, [eve.id.as_str()]);
        assert_eq!(found(None, None, Some("eventual"), None, None).await.len(), 3);
        let mut pages = found(Some(2), Some(0), None, None, None).await;
        assert_eq!(pages.len(), 2);
        pages.extend(found(Some(2), Some(1), None, None, None).await);
        let mut everybody = vec![alpha.ada.clone(), alpha.bob.clone(), eve.id.clone()];
        everybody.sort();
        assert_eq!(pages, everybody);
        let both = api::list_identities(
            &sdk, None, None, None, None, None, Some(vec![eve.id]), Some("eve@example.test"), None, None, None,
        );
        let (status, error) = refusal(both.await.expect_err("two ways to name identities"));
        assert_eq!(status, 400, "{error:?}");
    }

    async fn orys_client_creates_many_identities_at_once(house: House) {
        let sdk = sdk(&house.alpha.owner);
        let item = |email: &str, patch_id: &str| IdentityPatch {
            create: Some(Box::new(CreateIdentityBody::new("default".to_owned(), traits(email)))),
            patch_id: Some(patch_id.to_owned()),
        };
        let (one, two, three) = (random_id(), random_id(), random_id());
        let body = PatchIdentitiesBody {
            identities: Some(vec![
                item("one@example.test", &one),
                item("ada@example.test", &two),
                item("three@example.test", &three),
            ]),
        };
        let answer = api::batch_patch_identities(&sdk, Some(body)).await.expect("answers");
        let answers = answer.identities.expect("answers");
        let made: Vec<_> = answers.iter().map(|answer| answer.identity.is_some()).collect();
        assert_eq!(made, [true, false, true]);
        let named: Vec<_> = answers.iter().map(|answer| answer.patch_id.clone().expect("as sent")).collect();
        assert_eq!(named, [one, two, three]);
        let error = answers[1].error.as_ref().expect("an error").as_ref().expect("an error");
        assert_eq!(error["code"], 409);
        let id = answers[0].identity.as_ref().expect("an id");
        let read = api::get_identity(&sdk, id, None).await.expect("is there");
        assert_eq!(read.traits.expect("traits")["email"], "one@example.test");
    }

    async fn orys_client_removes_credentials_and_parses_why_not(house: House) {
        let sdk = sdk(&house.alpha.owner);
        let ada = &house.alpha.ada;
        let remove = async |kind: &str, identifier: Option<&str>| {
            api::delete_identity_credentials(&sdk, ada, kind, identifier).await
        };
        let (status, error) = refusal(remove("totp", None).await.expect_err("is refused"));
        assert_eq!(
            (status, error.error.reason.as_deref()),
            (404, Some("You tried to remove a totp but this user have no totp set up."))
        );
        let (status, error) = refusal(remove("oidc", None).await.expect_err("is refused"));
        assert_eq!(
            (status, error.error.reason.as_deref()),
            (400, Some("You cannot remove the last first factor credential."))
        );
        let body = json!({
            "traits": {"email": "ada@example.test"},
            "credentials": {"password": {"config": {"password": "correct horse"}}},
        });
        let path = format!("/admin/identities/{ada}");
        house.alpha.owner.put(&path, body).await.expect(200);
        remove("oidc", Some("corp:sub-ada")).await.expect("is removed");
        let read = api::get_identity(&sdk, ada, None).await.expect("reads");
        assert!(!read.credentials.expect("credentials").contains_key("oidc"));
    }

    async fn orys_client_asks_for_health_and_version(house: House) {
        let sdk = Configuration {
            base_path: house.alpha.owner.base().to_owned(),
            ..Configuration::new()
        };
        assert_eq!(metadata::is_alive(&sdk).await.expect("answers").status, "ok");
        metadata::is_ready(&sdk).await.expect("answers");
        assert!(!metadata::get_version(&sdk).await.expect("answers").version.is_empty());
    }
}
