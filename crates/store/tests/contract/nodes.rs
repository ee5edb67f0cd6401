use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use palisade_authz::{NamedTarget, action};
use palisade_store::{Heard, Store};
use palisade_tenancy::{Invalidation, SystemClock};

use crate::house::House;

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<Heard>>>);

impl Ear {
    fn listen(&self, store: &Store) -> tokio::task::JoinHandle<()> {
        let heard = Arc::clone(&self.0);
        store.listen(move |what| heard.lock().expect("a lock").push(what))
    }

    fn heard(&self, what: Heard) -> bool {
        self.0.lock().expect("a lock").contains(&what)
    }

    async fn hears(&self, what: Heard) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            if self.heard(what) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

pub(crate) async fn a_change_is_heard_by_this_node_at_once_and_by_another_within_a_second(
    house: &House,
) {
    let other = Store::connect(&House::options(&house.url), Arc::new(SystemClock))
        .await
        .expect("opens");
    let (here, there) = (Ear::default(), Ear::default());
    let tasks = [here.listen(&house.store), there.listen(&other)];
    assert!(here.hears(Heard::Live(true)).await && there.hears(Heard::Live(true)).await);
    assert!(
        there.heard(Heard::Changed(Invalidation::Everything)),
        "what was before is unknown"
    );
    let grant = house
        .grant::<action::RevokeApiKey>(&house.owner, NamedTarget::api_key(house.key.id()))
        .await;
    house.store.revoke_api_key(grant).await.expect("revokes");
    let changed = Heard::Changed(Invalidation::Tenant(house.owner.tenant()));
    assert!(here.heard(changed), "before the caller is answered");
    assert!(there.hears(changed).await);
    let twins = Heard::Changed(Invalidation::Tenant(house.twin.tenant()));
    assert!(!here.heard(twins) && !there.heard(twins));
    for task in tasks {
        task.abort();
    }
    other.close().await;
}

pub(crate) async fn two_nodes_migrate_at_once(house: &House) {
    let other = Store::connect(&House::options(&house.url), Arc::new(SystemClock))
        .await
        .expect("opens");
    let (one, two) = tokio::join!(house.store.migrate_up(), other.migrate_up());
    assert!(one.expect("migrates").is_empty() && two.expect("migrates").is_empty());
    assert!(
        other
            .migration_status()
            .await
            .expect("answers")
            .iter()
            .all(|(_, applied)| *applied)
    );
    other.close().await;
}

pub(crate) async fn work_and_word_go_on_after_every_connection_was_cut(house: &House) {
    let other = Store::connect(&House::options(&house.url), Arc::new(SystemClock))
        .await
        .expect("opens");
    let there = Ear::default();
    let task = there.listen(&other);
    assert!(there.hears(Heard::Live(true)).await);
    let (one, two) = (house.ada(&house.owner), house.ada(&house.owner));
    tokio::join!(one, two);
    there.0.lock().expect("a lock").clear();
    house.cut_connections().await;
    let ada = house.ada(&house.owner).await;
    house.cut_connections().await;
    let grant = house
        .grant::<action::RevokeApiKey>(&house.owner, NamedTarget::api_key(house.key.id()))
        .await;
    house.store.revoke_api_key(grant).await.expect("revokes");
    let changed = Heard::Changed(Invalidation::Tenant(house.owner.tenant()));
    let everything = Heard::Changed(Invalidation::Everything);
    let (by_name, at_all) = tokio::join!(there.hears(changed), there.hears(everything));
    assert!(
        by_name || at_all,
        "what the listener missed, it takes for changed"
    );
    assert!(house.read(&house.owner, ada.id).await.is_some());
    task.abort();
    other.close().await;
}
