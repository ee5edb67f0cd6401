//! How much there can be of providers, links and accounts that wait, and what becomes of those that are there already.

use std::collections::BTreeSet;

use palisade_authz::{NamedTarget, Own, action};
use palisade_envelope::{Code, Result};
use palisade_identity::IdentityProvider;
use palisade_linking::Decision;
use palisade_store::{AccountFilter, BatchItem, IdentityProviderUpdate, ProviderSettings};
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::json;

use crate::{
    house::{House, page},
    sign_ins::{Issuer, says},
};

impl House {
    async fn change_provider(
        &self,
        provider: &IdentityProvider,
        update: IdentityProviderUpdate,
    ) -> Result<Option<IdentityProvider>> {
        let on = NamedTarget::identity_provider(provider.id);
        let grant = self
            .grant::<action::UpdateIdentityProvider>(&self.owner, on)
            .await;
        let store = &self.store;
        store.update_identity_provider(grant, update, None).await
    }

    /// Somebody comes, and waits for a person.
    async fn waits(&self, issuer: &Issuer, subject: &str) -> Result<Decision> {
        let token = issuer.token(subject, json!({}));
        let stranger = issuer.stranger(self, &token).await;
        self.sign_in(&stranger, &self.state(&stranger).await).await
    }
}

fn issuer(url: &str) -> IdentityProviderUpdate {
    IdentityProviderUpdate {
        issuer: Some(Some(url.to_owned())),
        ..IdentityProviderUpdate::default()
    }
}

pub(crate) async fn a_tenant_has_a_hundred_providers_with_tokens_at_most(house: &House) {
    let mut made = Vec::new();
    for number in 0..100 {
        let (name, audience) = (format!("p{number}"), format!("api-{number}"));
        made.push(house.make_provider(&name, &audience).await.expect("fits"));
    }
    let before = house.dump(house.owner.tenant()).await;
    let refused = house.make_provider("more", "more").await;
    assert_eq!(
        refused.expect_err("are too many").code(),
        Code::LimitReached
    );
    assert_eq!(house.dump(house.owner.tenant()).await, before);
    // Those that are there can still be changed, and one that takes no tokens any more makes room.
    let change = |tokens| IdentityProviderUpdate {
        settings: Some(ProviderSettings {
            tokens,
            ..ProviderSettings::default()
        }),
        ..IdentityProviderUpdate::default()
    };
    let tokens = made[0].tokens.clone();
    let changed = house.change_provider(&made[0], change(tokens)).await;
    changed.expect("changes");
    let changed = house.change_provider(&made[0], change(None)).await;
    changed.expect("changes");
    let more = house.make_provider("more", "more").await;
    more.expect("there is room");
    let back = house.change_provider(&made[0], change(made[0].tokens.clone()));
    assert_eq!(
        back.await.expect_err("there was").code(),
        Code::LimitReached
    );
}

pub(crate) async fn abuse_58_ten_thousand_accounts_of_a_provider_wait_at_most(house: &House) {
    let issuer = Issuer::new();
    let provider = house.make_provider("login", "api").await.expect("creates");
    let other = house.make_provider("other", "web").await.expect("creates");
    house.waits(&issuer, "first").await.expect("waits");
    let id = match house.raw.get_database_backend() {
        DbBackend::Postgres => "gen_random_uuid()",
        _ => "randomblob(16)",
    };
    // As many as had come, but for one, in one statement.
    let text = format!(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9998)
         INSERT INTO external_identities (tenant_id, id, provider_id, external_id, linked_by, why, created_at, updated_at)
         SELECT x.tenant_id, {id}, x.provider_id, 'sub-' || n, x.linked_by, x.why, x.created_at, x.updated_at
         FROM external_identities x CROSS JOIN numbers WHERE x.external_id = 'first'"
    );
    house.raw.execute_unprepared(&text).await.expect("inserts");
    house
        .waits(&issuer, "last")
        .await
        .expect("is the last to fit");
    let of = format!(
        "external_identities WHERE identity_id IS NULL AND provider_id = {}",
        house.uuid(provider.id.as_uuid())
    );
    assert_eq!(house.count(&of).await, 10_000);
    let refused = house.waits(&issuer, "late").await;
    assert_eq!(refused.expect_err("are too many").code(), Code::NotLinked);
    assert_eq!(house.count(&of).await, 10_000);
    // Who waits already still does, those who are linked by themselves come in, and other providers have their own.
    house
        .waits(&issuer, "first")
        .await
        .expect("waits as before");
    let carol = house.with_verified("carol@example.com").await;
    let token = issuer.token("carol", says("carol@example.com"));
    let stranger = issuer.stranger(house, &token).await;
    let linked = house
        .sign_in(&stranger, &house.state(&stranger).await)
        .await;
    assert!(matches!(linked, Ok(Decision::Link(plan)) if plan.user() == carol.id));
    assert_ne!(other.id, provider.id);
    let elsewhere = issuer.token("late", json!({"aud": "web"}));
    let stranger = issuer.stranger(house, &elsewhere).await;
    let waits = house
        .sign_in(&stranger, &house.state(&stranger).await)
        .await;
    assert!(matches!(waits, Ok(Decision::Review(_))), "{waits:?}");
}

pub(crate) async fn a_thousand_links_go_with_an_issuer_at_most(house: &House) {
    let provider = house.make_provider("login", "api").await.expect("creates");
    let mut linked = Vec::new();
    for number in 0..1_001 {
        let account = json!({"config": {"providers": [{"provider": "login", "subject": format!("sub-{number}")}]}});
        let body = json!({"traits": {"email": format!("p{number}@example.com")}, "credentials": {"oidc": account}});
        linked.push(house.changed(&house.owner, body).await);
    }
    let last = linked.last().expect("is there").identity.id;
    for some in linked.chunks(500) {
        let mut items = Vec::new();
        for changed in some {
            let imports = house.imports(&house.owner, changed).await;
            items.push(BatchItem::Create {
                changed: Box::new(changed.clone()),
                imports,
            });
        }
        let batch = house
            .grant::<action::BatchIdentities>(&house.owner, Own)
            .await;
        let create = house
            .grant::<action::CreateIdentity>(&house.owner, Own)
            .await;
        let outcomes = house
            .store
            .batch_identities(batch, Some(create), items)
            .await;
        assert!(outcomes.expect("writes").iter().all(Result::is_ok));
    }
    let forced = || IdentityProviderUpdate {
        force: true,
        ..issuer("https://other.example")
    };
    let refused = house.change_provider(&provider, forced()).await;
    assert_eq!(refused.expect_err("are too many").code(), Code::InUse);
    let of = format!(
        "external_identities WHERE identity_id IS NOT NULL AND provider_id = {}",
        house.uuid(provider.id.as_uuid())
    );
    assert_eq!(house.count(&of).await, 1_001);
    assert!(house.delete(last).await.expect("deletes"));
    let changed = house.change_provider(&provider, forced()).await;
    changed.expect("changes").expect("is there");
    assert_eq!(house.count(&of).await, 0);
    let why = of.replace(
        "identity_id IS NOT NULL",
        "identity_id IS NULL AND why = 'issuer_changed'",
    );
    assert_eq!(house.count(&why).await, 1_001, "and the one that waited");
}

pub(crate) async fn a_provider_that_an_import_made_keeps_its_links_with_its_first_issuer(
    house: &House,
) {
    let google = house.providers(&house.owner).await.remove(0);
    assert_eq!(google.issuer, None, "the house was furnished by imports");
    let linked = house.accounts(&house.owner, Some(true)).await;
    let refused = house
        .change_provider(&google, issuer("https://id.example"))
        .await;
    assert_eq!(
        refused.expect_err("accounts are linked").code(),
        Code::InUse
    );
    let keep = |url: &str| IdentityProviderUpdate {
        keep_links: true,
        ..issuer(url)
    };
    let changed = house
        .change_provider(&google, keep("https://id.example"))
        .await;
    let changed = changed.expect("changes").expect("is there");
    assert_eq!(changed.issuer.as_deref(), Some("https://id.example"));
    assert_eq!(house.accounts(&house.owner, Some(true)).await, linked);
    let events = house.events(&house.owner).await;
    let event = events
        .iter()
        .find(|event| event.action == "identity_provider:update");
    let details = event.expect("is written").details.as_ref();
    assert_eq!(details.expect("has details")["links_kept"], true);
    // The first one only: another issuer has other people.
    let other = house
        .change_provider(&google, keep("https://other.example"))
        .await;
    assert_eq!(other.expect_err("accounts are linked").code(), Code::InUse);
    let none = IdentityProviderUpdate {
        issuer: Some(None),
        keep_links: true,
        ..IdentityProviderUpdate::default()
    };
    let none = house.change_provider(&google, none).await;
    assert_eq!(none.expect_err("accounts are linked").code(), Code::InUse);
}

pub(crate) async fn abuse_47_a_walk_of_the_queue_meets_every_account_once_while_others_come_and_go(
    house: &House,
) {
    let issuer = Issuer::new();
    house.make_provider("login", "api").await.expect("creates");
    let mut expected = BTreeSet::new();
    for number in 0..12 {
        let subject = format!("sub-{number:02}");
        house.waits(&issuer, &subject).await.expect("waits");
        expected.insert(subject);
    }
    let (mut met, mut token) = (Vec::new(), None);
    for step in 0.. {
        assert!(step < 20);
        let grant = house
            .grant::<action::ListAllExternalIdentities>(&house.owner, Own)
            .await;
        let filter = AccountFilter {
            linked: Some(false),
            ..AccountFilter::default()
        };
        let request = page(3, token);
        let some = house.store.list_accounts(&grant, &filter, &request).await;
        let some = some.expect("lists");
        assert!(some.items.len() <= 3);
        if step == 1 {
            // The last of this page, which the token names, is linked; one that is still to come, too; others wait by now.
            let ahead = house.accounts(&house.owner, Some(false)).await;
            let ahead = ahead.last().expect("is there").clone();
            let gone = some.items.last().expect("is there").clone();
            for (account, email) in [(&gone, "eve@example.com"), (&ahead, "fay@example.com")] {
                let user = house.person(email).await;
                house.resolve(account, &user).await.expect("links");
                expected.remove(&account.external.external_id);
            }
            house.waits(&issuer, "late").await.expect("waits");
            expected.insert("late".to_owned());
        }
        met.extend(some.items.into_iter().map(|one| one.external.external_id));
        token = some.next;
        if token.is_none() {
            break;
        }
    }
    let once: BTreeSet<String> = met.iter().cloned().collect();
    assert_eq!(once.len(), met.len(), "nobody is met twice");
    assert!(
        expected.is_subset(&once),
        "whoever waited throughout is met: {met:?}"
    );
}
