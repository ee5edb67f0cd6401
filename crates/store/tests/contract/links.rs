use std::sync::Arc;

use palisade_authz::{IdentityTarget, NamedTarget, Own, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{
    CredentialType, ExternalIdentity, Identity, IdentityId, IdentityProvider, LinkedBy,
    ProviderType, change, etag::IfMatch,
};
use palisade_linking::manual::{LinkRequest, plan_link, plan_unlink};
use palisade_store::{
    Account, IdentityProviderUpdate, ImportGrants, NewIdentityProvider, ProviderSettings,
};
use palisade_tenancy::{Caller, Clock, SystemClock};
use serde_json::json;

use crate::{
    house::{House, page},
    identities::conflicts,
};

impl House {
    pub(crate) async fn providers(&self, caller: &Arc<Caller>) -> Vec<IdentityProvider> {
        let grant = self
            .grant::<action::ListIdentityProviders>(caller, Own)
            .await;
        self.store
            .list_identity_providers(&grant, &page(500, None))
            .await
            .expect("lists")
            .items
    }

    pub(crate) async fn links(&self, id: IdentityId) -> Vec<ExternalIdentity> {
        let grant = self
            .grant::<action::ListExternalIdentities>(&self.owner, IdentityTarget::absent(id))
            .await;
        self.store
            .list_external_identities(&grant, &page(500, None))
            .await
            .expect("lists")
            .items
    }

    pub(crate) async fn link(
        &self,
        to: &Identity,
        provider: &IdentityProvider,
        subject: &str,
    ) -> Result<ExternalIdentity> {
        let target = IdentityTarget::absent(to.id);
        let grant = self
            .grant::<action::LinkExternalIdentity>(&self.owner, target)
            .await;
        let already = self
            .store
            .external_identity_of(&grant, provider.id, subject)
            .await?;
        let request = LinkRequest {
            user: to.id,
            external_id: subject.to_owned(),
            external_username: Some("eve".to_owned()),
            external_email: None,
            external_display_name: None,
        };
        let plan = plan_link(provider, request, already.as_ref().map(Account::known))?;
        let changed = change::link(
            to,
            &provider.name,
            provider.kind,
            subject,
            SystemClock.now(),
        )?;
        self.store
            .link_external_identity(grant, to.revision, plan, changed)
            .await
    }

    async fn unlink(&self, from: IdentityId, link: &ExternalIdentity) -> Result<bool> {
        self.unlink_from(from, link, 2, false).await
    }

    async fn unlink_from(
        &self,
        from: IdentityId,
        link: &ExternalIdentity,
        ways: usize,
        force: bool,
    ) -> Result<bool> {
        let sealed = self
            .store
            .load_external_identity(self.owner.scope(), from, link.id)
            .await?;
        let grant = self
            .grant::<action::UnlinkExternalIdentity>(&self.owner, sealed.target())
            .await;
        let link = sealed.open(&grant).expect("is there");
        let identity = self
            .store
            .identity_to_unlink(&grant)
            .await?
            .expect("is there");
        let plan = plan_unlink(&link, ways, force)?;
        let now = SystemClock.now();
        let changed = change::unlink(
            &identity,
            &link.provider_name,
            link.provider_type,
            &link.external_id,
            now,
        );
        let kept = self
            .store
            .release_external_identity(grant, plan, changed)
            .await?;
        Ok(kept.is_some())
    }
}

pub(crate) async fn a_link_and_a_credential_are_one_fact(house: &House) {
    let eve = house.person("eve@example.com").await;
    let google = house.providers(&house.owner).await.remove(0);
    let link = house.link(&eve, &google, "sub-1").await.expect("links");
    assert_eq!(
        (link.user_id, link.linked_by),
        (Some(eve.id), LinkedBy::Manual)
    );
    assert_eq!(
        (
            link.provider_name.as_str(),
            link.external_username.as_deref()
        ),
        ("google", Some("eve"))
    );
    assert_eq!(house.links(eve.id).await, std::slice::from_ref(&link));
    let linked = house.read(&house.owner, eve.id).await.expect("is there");
    assert_eq!(
        linked.credentials[&CredentialType::Oidc].identifiers,
        ["google:sub-1"]
    );
    assert!(house.unlink(eve.id, &link).await.expect("unlinks"));
    assert!(house.links(eve.id).await.is_empty());
    let unlinked = house.read(&house.owner, eve.id).await.expect("is there");
    assert!(!unlinked.credentials.contains_key(&CredentialType::Oidc));
    // Whoever takes the credential away takes the link away.
    house
        .link(&unlinked, &google, "sub-2")
        .await
        .expect("links again");
    let linked = house.read(&house.owner, eve.id).await.expect("is there");
    let without = crate::identities::next(&linked, |identity| {
        identity.credentials.remove(&CredentialType::Oidc);
    });
    house
        .update(eve.id, linked.revision, without)
        .await
        .expect("changes");
    assert!(house.links(eve.id).await.is_empty());
}

pub(crate) async fn an_imported_credential_makes_link_and_provider(house: &House) {
    let account = json!({"config": {"providers": [{"provider": "github", "subject": "s:1"}]}});
    let body = json!({"traits": {"email": "eve@example.com"}, "credentials": {"oidc": account}});
    let eve = house.create(&house.owner, body).await.expect("creates");
    let links = house.links(eve.id).await;
    assert_eq!(
        (
            links.len(),
            links[0].provider_name.as_str(),
            links[0].external_id.as_str()
        ),
        (1, "github", "s:1")
    );
    assert_eq!(links[0].provider_type, ProviderType::Oidc);
    let names: Vec<_> = house
        .providers(&house.owner)
        .await
        .into_iter()
        .map(|provider| provider.name)
        .collect();
    assert!(names.contains(&"github".to_owned()));
}

pub(crate) async fn an_import_makes_only_what_is_granted(house: &House) {
    let before = house.dump(house.owner.tenant()).await;
    let body = |accounts: serde_json::Value| {
        json!({"traits": {"email": "eve@example.com"},
            "credentials": {"oidc": {"config": {"providers": accounts}}}})
    };
    let accounts = json!([
        {"provider": "google", "subject": "1"},
        {"provider": "github", "subject": "2"},
        {"provider": "gitlab", "subject": "3"},
    ]);
    let changed = house.changed(&house.owner, body(accounts)).await;
    let create = async |imports| {
        let grant = house.grant(&house.owner, Own).await;
        let store = &house.store;
        store.create_identity(grant, changed.clone(), imports).await
    };
    let all = async || {
        let imports = house.imports(&house.owner, &changed).await;
        imports.expect("it has links")
    };
    let refused = create(None).await.expect_err("without the link's grant");
    assert_eq!(refused.code(), Code::Forbidden);
    let without = ImportGrants {
        provider: None,
        ..all().await
    };
    let refused = create(Some(without)).await;
    let refused = refused.expect_err("without the provider's grant");
    assert_eq!(refused.code(), Code::Conflict);
    for caller in [&house.owner, &house.twin] {
        let elsewhere = IdentityTarget {
            id: if Arc::ptr_eq(caller, &house.twin) {
                changed.identity.id
            } else {
                house.ada(&house.owner).await.id
            },
            ..IdentityTarget::of(&changed.identity)
        };
        let of_another = ImportGrants {
            link: house.grant(caller, elsewhere).await,
            provider: None,
        };
        let refused = create(Some(of_another)).await.expect_err("of another");
        assert_eq!(refused.code(), Code::Internal);
    }
    assert_eq!(house.dump(house.owner.tenant()).await, before);

    let eve = create(Some(all().await)).await.expect("creates");
    assert_eq!(house.links(eve.id).await.len(), 3);
    let events = house.events(&house.owner).await;
    let of = |action: &str| {
        let made = events.iter().filter(|event| event.action == action);
        made.map(|event| event.resource.id.clone())
            .collect::<Vec<_>>()
    };
    let me = eve.id.to_string();
    let links = of("external_identity:link");
    assert_eq!(links.iter().filter(|id| **id == me).count(), 3);
    for provider in house.providers(&house.owner).await {
        let made = of("identity_provider:create");
        assert!(made.contains(&provider.id.to_string()), "{provider:?}");
    }

    // A change needs the grants for new links only.
    let renamed = crate::identities::next(&eve, |identity| {
        identity.external_id = Some("emp-7".to_owned());
    });
    let update = async |base, changed| {
        let target = IdentityTarget::absent(eve.id);
        let grant = house.grant(&house.owner, target).await;
        house
            .store
            .update_identity(grant, base, changed, None)
            .await
    };
    let eve = update(eve.revision, renamed).await.expect("adds no link");
    let more = crate::identities::next(&eve, |identity| {
        let oidc = identity.credentials.get_mut(&CredentialType::Oidc);
        oidc.expect("has accounts")
            .identifiers
            .push("google:4".to_owned());
    });
    let refused = update(eve.revision, more.clone()).await;
    let refused = refused.expect_err("adds a link");
    assert_eq!(refused.code(), Code::Forbidden);
    assert_eq!(house.links(eve.id).await.len(), 3);
    house
        .update(eve.id, eve.revision, more)
        .await
        .expect("with grants");
    assert_eq!(house.links(eve.id).await.len(), 4);
}

pub(crate) async fn an_account_that_is_linked_already_is_refused(house: &House) {
    let eve = house.person("eve@example.com").await;
    let google = house.providers(&house.owner).await.remove(0);
    let error = house
        .link(&eve, &google, "ada@example.com")
        .await
        .expect_err("is linked to Ada");
    assert_eq!(error.code(), Code::AlreadyLinked);
    let zoe = house.person("zoe@example.com").await;
    let (one, other) = tokio::join!(
        house.link(&eve, &google, "race"),
        house.link(&zoe, &google, "race")
    );
    let lost = if one.is_ok() { other } else { one };
    let error = lost.expect_err("one of them loses");
    assert!(
        matches!(error.code(), Code::AlreadyLinked | Code::Conflict),
        "{error}"
    );
    assert_eq!(
        house
            .count("external_identities WHERE external_id = 'race'")
            .await,
        1
    );
}

pub(crate) async fn a_forced_unlink_says_so_in_its_audit_event(house: &House) {
    let eve = house.person("eve@example.com").await;
    let google = house.providers(&house.owner).await.remove(0);
    let event = async |link: &ExternalIdentity| {
        let events = house.events(&house.owner).await;
        let of_link = events.into_iter().find(|event| {
            event.action == "external_identity:unlink" && event.resource.id == link.id.to_string()
        });
        of_link.expect("is audited").details
    };
    let link = house.link(&eve, &google, "sub-1").await.expect("links");
    // Where it takes no force, that it was offered is not told.
    let unlinked = house.unlink_from(eve.id, &link, 2, true).await;
    assert!(unlinked.expect("unlinks"));
    let told = event(&link).await.expect("tells whose");
    assert_eq!(
        serde_json::Value::Object(told),
        json!({"user_id": eve.id.to_string()})
    );
    let eve = house.read(&house.owner, eve.id).await.expect("is there");
    let link = house.link(&eve, &google, "sub-2").await.expect("links");
    let unlinked = house.unlink_from(eve.id, &link, 1, true).await;
    assert!(unlinked.expect("unlinks"));
    assert_eq!(
        serde_json::Value::Object(event(&link).await.expect("tells more")),
        json!({"forced": true, "user_id": eve.id.to_string()})
    );
}

fn issued_by(issuer: Option<Option<String>>) -> IdentityProviderUpdate {
    IdentityProviderUpdate {
        issuer,
        ..IdentityProviderUpdate::default()
    }
}

pub(crate) async fn concurrent_changes_of_a_provider_are_all_done(house: &House) {
    let new = NewIdentityProvider {
        name: "okta".into(),
        kind: ProviderType::Oidc,
        issuer: None,
        settings: ProviderSettings::default(),
    };
    let grant = house
        .grant::<action::CreateIdentityProvider>(&house.owner, Own)
        .await;
    let okta = house.store.create_identity_provider(grant, new).await;
    let okta = okta.expect("creates");
    let changes = (0..8).map(async |number| {
        let target = NamedTarget::identity_provider(okta.id);
        let grant = house
            .grant::<action::UpdateIdentityProvider>(&house.owner, target)
            .await;
        let issuer = Some(Some(format!("https://{number}.example")));
        house
            .store
            .update_identity_provider(grant, issued_by(issuer), None)
            .await
    });
    for answer in futures_util::future::join_all(changes).await {
        answer.expect("nobody insisted on a revision");
    }
    let okta = house.providers(&house.owner).await.remove(1);
    assert_eq!((okta.name.as_str(), okta.revision), ("okta", 9));
}

pub(crate) async fn deleting_an_identity_deletes_what_belongs_to_it(house: &House) {
    let ada = house.ada(&house.owner).await;
    assert_eq!(house.links(ada.id).await.len(), 1);
    assert!(house.delete(ada.id).await.expect("deletes"));
    for table in [
        "identity_identifiers",
        "identity_addresses",
        "identity_secrets",
    ] {
        // Both tenants hold the same; Bob of this one and the twin's two are left.
        let of_each = format!("(SELECT DISTINCT tenant_id, identity_id FROM {table}) AS left_over");
        assert_eq!(house.count(&of_each).await, 3, "{table}");
    }
    assert!(house.links(ada.id).await.is_empty());
}

pub(crate) async fn a_provider_that_is_in_use_stays(house: &House) {
    let google = house.providers(&house.owner).await.remove(0);
    let target = || NamedTarget::identity_provider(google.id);
    let grant = house
        .grant::<action::DeleteIdentityProvider>(&house.owner, target())
        .await;
    let error = house
        .store
        .delete_identity_provider(grant, None)
        .await
        .expect_err("is in use");
    assert_eq!(error.code(), Code::InUse);
    let new = || NewIdentityProvider {
        name: "okta".into(),
        kind: ProviderType::Saml,
        issuer: None,
        settings: ProviderSettings::default(),
    };
    let grant = house
        .grant::<action::CreateIdentityProvider>(&house.owner, Own)
        .await;
    let okta = house
        .store
        .create_identity_provider(grant, new())
        .await
        .expect("creates");
    let grant = house
        .grant::<action::CreateIdentityProvider>(&house.owner, Own)
        .await;
    let error = house
        .store
        .create_identity_provider(grant, new())
        .await
        .expect_err("not twice");
    assert_eq!(conflicts(&error), ["name"]);
    let target = || NamedTarget::identity_provider(okta.id);
    let issuer = Some(Some("https://okta.example".to_owned()));
    let grant = house
        .grant::<action::UpdateIdentityProvider>(&house.owner, target())
        .await;
    let updated = house
        .store
        .update_identity_provider(grant, issued_by(issuer), Some(IfMatch::revision(1)))
        .await;
    assert_eq!(updated.expect("updates").expect("is there").revision, 2);
    let grant = house
        .grant::<action::DeleteIdentityProvider>(&house.owner, target())
        .await;
    let error = house
        .store
        .delete_identity_provider(grant, Some(IfMatch::revision(1)))
        .await
        .expect_err("is stale");
    assert_eq!(error.code(), Code::StaleResource);
    let grant = house
        .grant::<action::DeleteIdentityProvider>(&house.owner, target())
        .await;
    assert!(
        house
            .store
            .delete_identity_provider(grant, None)
            .await
            .expect("deletes")
    );
}
