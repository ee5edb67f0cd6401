//! The pages of the small collections.

use palisade_authz::{IdentityTarget, NamedTarget, Own, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{ProviderType, schema::IdentitySchema};
use palisade_store::{NewApiKey, NewIdentityProvider, Page, PageRequest, ProviderSettings};
use palisade_tenancy::Role;

use crate::house::{House, page};

/// Walks a collection of `expected` items two by two; what it met, and a token from the way.
async fn walk<T>(
    list: impl AsyncFn(PageRequest) -> Result<Page<T>>,
    name: impl Fn(&T) -> String,
) -> (Vec<String>, String) {
    let (mut met, mut token, mut kept) = (Vec::new(), None, None);
    loop {
        let page = list(page(2, token)).await.expect("lists");
        assert!((1..=2).contains(&page.items.len()));
        met.extend(page.items.iter().map(&name));
        token = page.next;
        kept = kept.or(token.clone());
        if token.is_none() {
            return (met, kept.expect("more than one page"));
        }
    }
}

pub(crate) async fn every_collection_is_walked_in_order_and_takes_no_other_ones_tokens(
    house: &House,
) {
    let ada = house.ada(&house.owner).await;
    for number in 0..5 {
        let name = format!("more-{number}");
        let grant = house
            .grant::<action::CreateIdentityProvider>(&house.owner, Own)
            .await;
        let new = NewIdentityProvider {
            name: name.clone(),
            kind: ProviderType::Oidc,
            issuer: None,
            settings: ProviderSettings::default(),
        };
        let provider = house.store.create_identity_provider(grant, new).await;
        house
            .link(
                &ada_now(house, &ada).await,
                &provider.expect("creates"),
                &name,
            )
            .await
            .expect("links");
        let grant = house.grant::<action::CreateApiKey>(&house.owner, Own).await;
        let new = NewApiKey {
            name: name.clone(),
            roles: vec![Role::Viewer],
            ..NewApiKey::default()
        };
        house
            .store
            .create_api_key(grant, new)
            .await
            .expect("creates");
        let target = NamedTarget::identity_schema(name.clone());
        let grant = house
            .grant::<action::PutIdentitySchema>(&house.owner, target)
            .await;
        let document = IdentitySchema::default_document();
        house
            .store
            .put_identity_schema(grant, &document, None)
            .await
            .expect("writes");
        let text = "permit (principal, action, resource) when { false };";
        let policy = house.gate.validate(house.owner.tenant(), &name, text);
        let grant = house
            .grant::<action::PutPolicy>(&house.owner, NamedTarget::policy(name.clone()))
            .await;
        house
            .store
            .put_policy(grant, policy.expect("is valid"), None, |_| Ok(()))
            .await
            .expect("writes");
    }

    let store = &house.store;
    let (owner, twin) = (&house.owner, &house.twin);
    let providers = async |page| {
        let grant = house
            .grant::<action::ListIdentityProviders>(owner, Own)
            .await;
        store.list_identity_providers(&grant, &page).await
    };
    let keys = async |page| {
        let grant = house.grant::<action::ListApiKeys>(owner, Own).await;
        store.list_api_keys(&grant, &page).await
    };
    let schemas = async |page| {
        let grant = house.grant::<action::ListIdentitySchemas>(owner, Own).await;
        store.list_identity_schemas(&grant, &page).await
    };
    let policies = async |page| {
        let grant = house.grant::<action::ListPolicies>(owner, Own).await;
        store.list_policies(&grant, &page).await
    };
    let links_of = async |id, page| {
        let target = IdentityTarget::absent(id);
        let grant = house
            .grant::<action::ListExternalIdentities>(owner, target)
            .await;
        store.list_external_identities(&grant, &page).await
    };
    let more = || (0..5).map(|number| format!("more-{number}"));
    let first = |name: &str| {
        std::iter::once(name.to_owned())
            .chain(more())
            .collect::<Vec<_>>()
    };

    let (met, of_providers) = walk(providers, |provider| provider.name.clone()).await;
    assert_eq!(met, first("google"));
    let (met, of_keys) = walk(keys, |key| key.name.clone()).await;
    assert_eq!(met, first("owner"));
    let (met, of_schemas) = walk(schemas, |schema| schema.id.clone()).await;
    assert_eq!(met, first("default"));
    let (met, of_policies) = walk(policies, |policy| policy.name.clone()).await;
    assert_eq!(met, first("house"));
    let links = async |page| links_of(ada.id, page).await;
    let (met, of_links) = walk(links, |link| link.provider_name.clone()).await;
    assert_eq!(met, first("google"));

    let refused = |result: Result<()>| {
        assert_eq!(result.expect_err("refuses").code(), Code::InvalidPageToken);
    };
    let all = [of_providers, of_keys, of_schemas, of_policies, of_links];
    for (index, token) in all.iter().enumerate() {
        let ask = || page(2, Some(token.clone()));
        for (other, result) in [
            providers(ask()).await.map(drop),
            keys(ask()).await.map(drop),
            schemas(ask()).await.map(drop),
            policies(ask()).await.map(drop),
            links(ask()).await.map(drop),
        ]
        .into_iter()
        .enumerate()
        {
            if index == other {
                result.expect("its own");
            } else {
                refused(result);
            }
        }
    }
    // Of another identity, and of another tenant.
    let [of_providers, of_keys, of_schemas, of_policies, of_links] =
        all.map(|token| page(2, Some(token)));
    let eve = house.person("eve@example.com").await;
    refused(links_of(eve.id, of_links).await.map(drop));
    let grant = house
        .grant::<action::ListIdentityProviders>(twin, Own)
        .await;
    refused(
        store
            .list_identity_providers(&grant, &of_providers)
            .await
            .map(drop),
    );
    let grant = house.grant::<action::ListApiKeys>(twin, Own).await;
    refused(store.list_api_keys(&grant, &of_keys).await.map(drop));
    let grant = house.grant::<action::ListIdentitySchemas>(twin, Own).await;
    refused(
        store
            .list_identity_schemas(&grant, &of_schemas)
            .await
            .map(drop),
    );
    let grant = house.grant::<action::ListPolicies>(twin, Own).await;
    refused(store.list_policies(&grant, &of_policies).await.map(drop));
}

async fn ada_now(house: &House, ada: &palisade_identity::Identity) -> palisade_identity::Identity {
    house.read(&house.owner, ada.id).await.expect("is there")
}
