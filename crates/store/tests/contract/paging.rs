use std::collections::BTreeSet;

use palisade_authz::{Own, action};
use palisade_envelope::Code;
use palisade_identity::{Identity, IdentityId, State, filter::IdentityFilter, page::PageNumber};
use palisade_store::Page;
use palisade_tenancy::Caller;
use serde_json::json;

use crate::{
    house::{House, page},
    identities::next,
};

async fn list(
    house: &House,
    caller: &std::sync::Arc<Caller>,
    filter: &IdentityFilter,
    size: u32,
    token: Option<String>,
) -> palisade_envelope::Result<Page<Identity>> {
    let grant = house.grant::<action::ListIdentities>(caller, Own).await;
    house
        .store
        .list_identities(&grant, filter, &page(size, token))
        .await
}

async fn ids(house: &House, filter: IdentityFilter) -> BTreeSet<IdentityId> {
    let page = list(house, &house.owner, &filter, 100, None)
        .await
        .expect("lists");
    page.items.iter().map(|identity| identity.id).collect()
}

pub(crate) async fn a_walk_meets_every_identity_once_while_others_come_and_go(house: &House) {
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(house.person(&format!("p{number}@example.com")).await.id);
    }
    let mut met = Vec::new();
    let mut token = None;
    for step in 0.. {
        let page = list(house, &house.owner, &IdentityFilter::default(), 3, token)
            .await
            .expect("lists");
        assert!(page.items.len() <= 3 && step < 20);
        met.extend(page.items.iter().map(|identity| identity.id));
        if step == 1 {
            // The last of this page, which the token names, goes; others come.
            house
                .delete(*met.last().expect("met some"))
                .await
                .expect("deletes");
            house.person("late@example.com").await;
        }
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    let once: BTreeSet<_> = met.iter().copied().collect();
    assert_eq!(once.len(), met.len(), "nobody is met twice");
    assert!(
        people.iter().all(|id| once.contains(id)),
        "everybody is met"
    );
}

pub(crate) async fn abuse_07_tokens_of_another_tenant_filter_or_hand_are_refused(house: &House) {
    let all = IdentityFilter::default();
    let token = list(house, &house.owner, &all, 1, None)
        .await
        .expect("lists")
        .next
        .expect("another page");
    list(house, &house.owner, &all, 1, Some(token.clone()))
        .await
        .expect("is good here");
    let narrowed = IdentityFilter {
        state: Some(State::Active),
        ..IdentityFilter::default()
    };
    let mut tampered = token.clone();
    tampered.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    for (caller, filter, token) in [
        (&house.twin, &all, token.clone()),
        (&house.owner, &narrowed, token.clone()),
        (&house.owner, &all, tampered),
        (
            &house.owner,
            &all,
            "00000000-0000-0000-0000-000000000000".to_owned(),
        ),
    ] {
        let error = list(house, caller, filter, 1, Some(token))
            .await
            .expect_err("refuses");
        assert_eq!(error.code(), Code::InvalidPageToken);
    }
    let grant = house
        .grant::<action::ListAuditEvents>(&house.owner, Own)
        .await;
    let error = house
        .store
        .list_audit_events(&grant, &Default::default(), &page(1, Some(token)))
        .await;
    assert_eq!(
        error.expect_err("another list").code(),
        Code::InvalidPageToken
    );
}

pub(crate) async fn filters_narrow_and_ids_come_in_one_page(house: &House) {
    let ada = house.ada(&house.owner).await;
    let organization = uuid::Uuid::from_u128(7);
    let body = json!({"traits": {"email": "Eve@example.com"}, "organization_id": organization, "external_id": "e"});
    let eve = house.create(&house.owner, body).await.expect("creates");
    house
        .update(eve.id, 1, next(&eve, |eve| eve.state = State::Inactive))
        .await
        .expect("changes");
    let only_eve = BTreeSet::from([eve.id]);
    let any = IdentityFilter::default;
    for filter in [
        IdentityFilter {
            credentials_identifier: Some("EVE@example.com".into()),
            ..any()
        },
        IdentityFilter {
            credentials_identifier_similar: Some("EV".into()),
            ..any()
        },
        IdentityFilter {
            organization_id: Some(organization),
            ..any()
        },
        IdentityFilter {
            state: Some(State::Inactive),
            ..any()
        },
        IdentityFilter {
            external_id: Some("e".into()),
            ..any()
        },
        IdentityFilter {
            created_after: Some(ada.created_at),
            ids: vec![eve.id],
            ..any()
        },
        IdentityFilter {
            updated_after: Some(eve.created_at - chrono::Duration::microseconds(1)),
            ..any()
        },
    ] {
        assert_eq!(ids(house, filter.clone()).await, only_eve, "{filter:?}");
    }
    let of_provider = async |provider: &str| {
        let filter = IdentityFilter {
            provider: Some(provider.into()),
            ..any()
        };
        ids(house, filter).await.len()
    };
    let google = house.providers(&house.owner).await.remove(0);
    assert_eq!(of_provider("google").await, 2);
    assert_eq!(of_provider(&google.id.to_string()).await, 2);
    let theirs = house.providers(&house.twin).await.remove(0);
    assert_eq!(of_provider(&theirs.id.to_string()).await, 0);
    assert_eq!(of_provider("okta").await, 0);
    let google = IdentityFilter {
        credentials_identifier: Some("google:ada@example.com".into()),
        ..any()
    };
    assert_eq!(ids(house, google).await, BTreeSet::from([ada.id]));
    assert_eq!(
        ids(
            house,
            IdentityFilter {
                schema_id: Some("default".into()),
                ..any()
            }
        )
        .await
        .len(),
        3
    );
    assert!(
        ids(
            house,
            IdentityFilter {
                created_before: Some(ada.created_at),
                ..any()
            }
        )
        .await
        .is_empty()
    );
    assert!(
        ids(
            house,
            IdentityFilter {
                updated_before: Some(ada.created_at),
                ..any()
            }
        )
        .await
        .is_empty()
    );
    let both = IdentityFilter {
        ids: vec![ada.id, eve.id, house.ada(&house.twin).await.id],
        ..any()
    };
    let page = list(house, &house.owner, &both, 1, None)
        .await
        .expect("lists");
    assert_eq!((page.items.len(), page.next), (2, None));
}

pub(crate) async fn beginnings_of_identifiers_are_taken_literally(house: &House) {
    for email in [
        "a_b@example.com",
        "axb@example.com",
        "a%b@example.com",
        "zoe@example.com",
    ] {
        house.person(email).await;
    }
    let similar = async |text: &str| {
        let filter = IdentityFilter {
            credentials_identifier_similar: Some(text.into()),
            ..Default::default()
        };
        ids(house, filter).await.len()
    };
    assert_eq!(similar("a_").await, 1);
    assert_eq!(similar("a%").await, 1);
    assert_eq!(similar("a").await, 4);
    assert_eq!(similar("b\\").await, 0);
    assert_eq!(similar("google:").await, 2);
}

pub(crate) async fn pages_by_number_skip_and_count(house: &House) {
    let mut everybody = ids(house, IdentityFilter::default()).await;
    for number in 0..5 {
        everybody.insert(house.person(&format!("p{number}@example.com")).await.id);
    }
    let ada = house.ada(&house.owner).await;
    house
        .update(
            ada.id,
            ada.revision,
            next(&ada, |ada| ada.state = State::Inactive),
        )
        .await
        .expect("changes");
    let page = async |filter: &IdentityFilter, counted: &IdentityFilter, number| {
        let grant = house
            .grant::<action::ListIdentities>(&house.owner, Own)
            .await;
        let strong = palisade_store::Consistency::Strong;
        let found = house
            .store
            .list_identities_by_number(
                &grant,
                filter,
                counted,
                PageNumber {
                    page: number,
                    per_page: 3,
                },
                strong,
            )
            .await
            .expect("lists");
        let ids: Vec<_> = found.items.iter().map(|identity| identity.id).collect();
        (ids, found.total)
    };
    let all = IdentityFilter::default();
    let mut met = Vec::new();
    for (number, size) in [(0, 3), (1, 3), (2, 1), (3, 0)] {
        let (ids, total) = page(&all, &all, number).await;
        assert_eq!((ids.len(), total), (size, 7));
        met.extend(ids);
    }
    assert!(
        met.iter().eq(&everybody),
        "each once, in the order of their ids"
    );
    let active = IdentityFilter {
        state: Some(State::Active),
        ..IdentityFilter::default()
    };
    assert_eq!(page(&active, &active, 0).await.1, 6);
    let one = IdentityFilter {
        credentials_identifier: Some("ada@example.com".into()),
        ..IdentityFilter::default()
    };
    let (ids, total) = page(&one, &one.only_ours(), 0).await;
    assert_eq!((ids, total), (vec![ada.id], 7));
}
