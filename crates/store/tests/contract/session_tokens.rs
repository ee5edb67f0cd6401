use std::{collections::BTreeSet, sync::Arc, time::Duration};

use palisade_authz::{Authorized, NamedTarget, Own, SessionTarget, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{etag::IfMatch, session::Aal};
use palisade_store::{PublicKey, RotatedSigningKey, Store};
use palisade_tenancy::{Caller, Clock as _, Invalidation, SystemClock};
use serde_json::Map;

use crate::house::{House, page, template};

impl House {
    async fn rotate(&self, overlap: u64) -> Result<RotatedSigningKey> {
        let grant = self
            .grant::<action::RotateSessionTokenKey>(&self.owner, Own)
            .await;
        self.store
            .rotate_session_token_key(grant, Duration::from_secs(overlap))
            .await
    }

    async fn keys(&self, caller: &Arc<Caller>) -> Vec<PublicKey> {
        let keys = self.store.public_session_token_keys(caller.tenant()).await;
        keys.expect("answers")
    }

    /// What somebody who has a session of the tenant may ask.
    async fn whoami(&self) -> Authorized<action::ReadOwnSession> {
        let ada = self.ada(&self.owner).await;
        let (id, token) = self.issued(&ada).await;
        let caller = self.admitted(&token).await.expect("is admitted");
        let (identity, aal) = (ada.id, Aal::Aal1);
        self.grant(&caller, SessionTarget { id, identity, aal })
            .await
    }
}

pub(crate) async fn a_template_is_written_read_listed_and_deleted(house: &House) {
    let stale = house
        .put_template(&house.owner, "app", "one", Some(IfMatch::revision(7)))
        .await;
    assert_eq!(stale.expect_err("stale").code(), Code::StaleResource);
    let (first, created) = house
        .put_template(&house.owner, "more", "one", None)
        .await
        .expect("writes");
    assert!(created && first.revision == 1);
    let (second, created) = house
        .put_template(&house.owner, "more", "two", Some(IfMatch::revision(1)))
        .await
        .expect("writes");
    assert!(!created && second.revision == 2 && second.created_at == first.created_at);
    assert_eq!(second.template, template("two"));

    let read = async |caller: &Arc<Caller>| {
        let target = NamedTarget::session_token_template("more");
        let grant = house.grant(caller, target).await;
        let read = house.store.read_session_token_template(&grant).await;
        read.expect("answers")
    };
    assert_eq!(read(&house.owner).await, Some(second));
    assert_eq!(read(&house.twin).await, None);
    let grant = house.grant(&house.owner, Own).await;
    let mut names = Vec::new();
    let mut token = None;
    loop {
        let page = page(1, token);
        let list = house
            .store
            .list_session_token_templates(&grant, &page)
            .await
            .expect("lists");
        names.extend(list.items.into_iter().map(|document| document.name));
        token = list.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(names, ["app", "more"]);

    let delete = async |expected| {
        let target = NamedTarget::session_token_template("more");
        let grant = house.grant(&house.owner, target).await;
        house
            .store
            .delete_session_token_template(grant, expected)
            .await
    };
    let stale = delete(Some(IfMatch::revision(1))).await;
    assert_eq!(stale.expect_err("stale").code(), Code::StaleResource);
    assert!(delete(Some(IfMatch::revision(2))).await.expect("deletes"));
    assert!(!delete(None).await.expect("is gone"));
    let events = house.events(&house.owner).await;
    assert_eq!(events[0].action, "session_token_template:delete");
    assert_eq!(events[0].resource.kind, "SessionTokenTemplate");
    assert_eq!(events[0].resource.id, "more");
}

pub(crate) async fn a_tenant_has_a_hundred_templates_at_most(house: &House) {
    // One is there.
    for number in 1..100 {
        house
            .put_template(&house.owner, &format!("t{number}"), "c", None)
            .await
            .expect("writes");
    }
    let error = house
        .put_template(&house.owner, "one-more", "c", None)
        .await;
    assert_eq!(error.expect_err("is full").code(), Code::LimitReached);
    house
        .put_template(&house.owner, "t1", "d", None)
        .await
        .expect("what is there is written");
}

pub(crate) async fn abuse_05_templates_and_keys_of_another_tenant_are_never_used(house: &House) {
    let grant = house.whoami().await;
    house
        .put_template(&house.owner, "ours", "ours", None)
        .await
        .expect("writes");
    // Warm for both, whichever was asked last.
    for _ in 0..3 {
        let tokens = house.store.session_tokens(&grant).await.expect("answers");
        let (app, _) = tokens.template("app").expect("is there");
        assert!(app.claims.contains_key("acme"), "the twin's says `twin`");
        assert!(tokens.template("ours").is_some() && tokens.template("twins").is_none());
        let (ours, twins) = (
            house.keys(&house.owner).await,
            house.keys(&house.twin).await,
        );
        assert_eq!((ours.len(), twins.len()), (1, 1));
        assert!(ours[0].id != twins[0].id && ours[0].x != twins[0].x);
    }
    let nobody = palisade_tenancy::TenantId::from_uuid(palisade_identity::ids::Uuid::from_u128(1));
    let none = house.store.public_session_token_keys(nobody).await;
    assert!(none.expect("answers").is_empty());
}

pub(crate) async fn a_rotated_key_signs_no_more_and_is_shown_until_its_overlap_ends(house: &House) {
    let grant = house.whoami().await;
    let kid_of = async || {
        let tokens = house.store.session_tokens(&grant).await.expect("answers");
        let (_, key) = tokens.template("app").expect("is there");
        assert!(key.sign(&Map::new()).expect("signs").len() > 100);
        format!("{key:?}")
    };
    let first = house.keys(&house.owner).await.remove(0);
    assert!(kid_of().await.contains(&first.id.to_string()));
    let rotated = house.rotate(600).await.expect("rotates");
    assert_ne!(rotated.id, first.id);
    assert_eq!(rotated.retired.len(), 1);
    assert_eq!(rotated.retired[0].id, first.id);
    let ids = async || {
        let keys = house.keys(&house.owner).await;
        keys.iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [rotated.id, first.id]);
    assert!(kid_of().await.contains(&rotated.id.to_string()));
    let without = house
        .count("session_token_keys WHERE private_key IS NULL")
        .await;
    assert_eq!(without, 1, "what is retired can't sign");

    // A shorter overlap counts for those that were retired before, and a longer one does not bring them back.
    let long = house.rotate(604_800).await.expect("rotates");
    assert_eq!(long.retired[1], rotated.retired[0]);
    let none = house.rotate(0).await.expect("rotates");
    assert!(none.retired.is_empty());
    assert_eq!(ids().await, [none.id]);
    house.rotate(0).await.expect("rotates");
    let left = house.count("session_token_keys").await;
    assert_eq!(
        left, 3,
        "rows that nobody needs go: the key, the one before it, the twin's"
    );

    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        seen.insert(house.rotate(600).await.expect("rotates").id.to_string());
    }
    assert_eq!(seen.len(), 20);
    let error = house.rotate(600).await.expect_err("too many");
    assert_eq!(error.code(), Code::LimitReached);
    assert_eq!(ids().await.len(), 21, "nothing was changed");
    house.rotate(0).await.expect("rotates");
    let event = house.events(&house.owner).await.remove(0);
    assert_eq!(event.action, "session_token_key:rotate");
    let details = serde_json::to_string(&event.details).expect("serializes");
    assert!(
        details.contains("key_id") && details.len() < 120,
        "{details}"
    );
}

pub(crate) async fn of_rotations_at_once_each_leaves_one_key_that_signs(house: &House) {
    let rotations = (0..4).map(|_| house.rotate(600));
    let done = house
        .held_up(futures_util::future::join_all(rotations))
        .await;
    let mut made = 0;
    for rotation in done {
        match rotation {
            Ok(_) => made += 1,
            Err(error) => assert_eq!(error.code(), Code::Conflict),
        }
    }
    assert!(made > 0, "none was made");
    let signing = house
        .count("session_token_keys WHERE private_key IS NOT NULL")
        .await;
    assert_eq!(signing, 2, "ours and the twin's");
}

pub(crate) async fn another_node_hears_of_a_template_that_is_gone(house: &House) {
    let other = Store::connect(&House::options(&house.url), Arc::new(SystemClock))
        .await
        .expect("opens");
    let task = other.listen(|_| {});
    let grant = house.whoami().await;
    let there = async || {
        let tokens = other.session_tokens(&grant).await.expect("answers");
        tokens.template("app").is_some()
    };
    // Warm.
    for _ in 0..3 {
        assert!(there().await);
    }
    let target = NamedTarget::session_token_template("app");
    let delete = house.grant(&house.owner, target).await;
    house
        .store
        .delete_session_token_template(delete, None)
        .await
        .expect("deletes");
    house
        .gate
        .invalidate(Invalidation::Tenant(house.owner.tenant()));
    let here = house.store.session_tokens(&grant).await.expect("answers");
    assert!(here.template("app").is_none(), "here it is known at once");
    let end = SystemClock.now() + Duration::from_secs(1);
    while there().await {
        assert!(SystemClock.now() < end, "a second later still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    task.abort();
    other.close().await;
}
