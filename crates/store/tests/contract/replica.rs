use std::sync::Arc;

use palisade_authz::{Own, action};
use palisade_identity::{filter::IdentityFilter, page::PageNumber};
use palisade_store::{Consistency, Store, StoreOptions};
use palisade_tenancy::SystemClock;

use crate::house::{House, page};

async fn with_replica(house: &House, url: &str) -> Store {
    let options = StoreOptions {
        replica_url: Some(url.to_owned()),
        ..House::options(&house.url)
    };
    let store = Store::connect(&options, Arc::new(SystemClock)).await;
    store.expect("opens, whether the replica is there or not")
}

async fn list(house: &House, store: &Store, asked: Consistency) -> (usize, Consistency) {
    let grant = house
        .grant::<action::ListIdentities>(&house.owner, Own)
        .await;
    let filter = IdentityFilter::default();
    let (found, served) = store
        .list_identities_at(&grant, &filter, &page(100, None), asked)
        .await
        .expect("lists");
    let first = PageNumber {
        page: 0,
        per_page: 100,
    };
    let numbered = store
        .list_identities_by_number(&grant, &filter, &filter, first, asked)
        .await
        .expect("lists");
    assert_eq!(numbered.items, found.items);
    assert_eq!(numbered.total, found.items.len() as u64);
    assert_eq!(numbered.served, served);
    (found.items.len(), served)
}

pub(crate) async fn only_reads_that_accept_old_data_go_to_the_replica(house: &House) {
    let store = with_replica(house, &house.url).await;
    for consistency in [Consistency::Strong, Consistency::Eventual] {
        assert_eq!(list(house, &store, consistency).await, (2, consistency));
    }
    let asked = list(house, &house.store, Consistency::Eventual).await;
    assert_eq!(
        asked,
        (2, Consistency::Strong),
        "without one the primary serves"
    );
    store.close().await;
}

pub(crate) async fn a_replica_that_is_not_there_is_stood_in_for_by_the_primary(house: &House) {
    let nowhere = if house.url.starts_with("sqlite:") {
        "sqlite:///nowhere/palisade.db"
    } else {
        "postgres://palisade@127.0.0.1:1/palisade"
    };
    let store = with_replica(house, nowhere).await;
    for _ in 0..3 {
        let asked = list(house, &store, Consistency::Eventual).await;
        assert_eq!(asked, (2, Consistency::Strong));
    }
    store.close().await;
}
