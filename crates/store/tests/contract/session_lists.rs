use palisade_authz::{IdentityTarget, Own, SessionTarget, action};
use palisade_envelope::{Code, Result};
use palisade_identity::{SessionId, session::Aal};
use palisade_store::{Bulk, KnownSession, Position, Reach, SessionFilter};

use crate::{
    house::{House, page},
    sessions::now,
};

pub(crate) async fn lists_of_sessions_are_walked_by_token_and_by_number(house: &House) {
    let (ada, bob) = (
        house.ada(&house.owner).await,
        house.person("carl@example.com").await,
    );
    let mut made = house.listed(None).await;
    made.reverse();
    let mut of_bob = Vec::new();
    for number in 0..7 {
        let of = if number % 2 == 0 { &bob } else { &ada };
        let (id, _) = house.issued(of).await;
        made.push(id);
        if number % 2 == 0 {
            of_bob.push(id);
        }
    }
    made.reverse();
    of_bob.reverse();
    assert_eq!(house.listed(None).await, made);

    let grant = house
        .grant::<action::ListIdentitySessions>(&house.owner, IdentityTarget::absent(bob.id))
        .await;
    let filter = SessionFilter::default();
    let ids = |items: &[KnownSession]| -> Vec<SessionId> {
        items.iter().map(|known| known.session.id).collect()
    };
    for (skip, expected) in [(0, &of_bob[..2]), (2, &of_bob[2..]), (4, &of_bob[4..])] {
        let position = Position::After {
            size: page(2, None).size,
            skip,
        };
        let found = house
            .store
            .count_identity_sessions(&grant, filter, &position)
            .await
            .expect("lists");
        assert_eq!(
            (ids(&found.page.items), found.total),
            (expected.to_vec(), 4)
        );
    }
    let first = house
        .store
        .list_identity_sessions(&grant, filter, &page(3, None))
        .await
        .expect("lists");
    assert_eq!(ids(&first.items), of_bob[..3]);
    let token = first.next.expect("one more");
    let second = house
        .store
        .list_identity_sessions(&grant, filter, &page(3, Some(token.clone())))
        .await
        .expect("lists");
    assert_eq!(
        (ids(&second.items), second.next),
        (of_bob[3..].to_vec(), None)
    );

    // The token is of this identity, this filter, this list and this tenant.
    let active = SessionFilter {
        active: Some(true),
        ..filter
    };
    let refused = |result: Result<palisade_store::Page<KnownSession>>| {
        let error = result.expect_err("a token from elsewhere");
        assert_eq!(error.code(), Code::InvalidPageToken);
    };
    let asked = page(3, Some(token));
    refused(
        house
            .store
            .list_identity_sessions(&grant, active, &asked)
            .await,
    );
    let of_ada = house
        .grant::<action::ListIdentitySessions>(&house.owner, IdentityTarget::absent(ada.id))
        .await;
    refused(
        house
            .store
            .list_identity_sessions(&of_ada, filter, &asked)
            .await,
    );
    let all = house.grant::<action::ListSessions>(&house.owner, Own).await;
    refused(house.store.list_sessions(&all, filter, &asked).await);
    let of_twin = house
        .grant::<action::ListIdentitySessions>(&house.twin, IdentityTarget::absent(bob.id))
        .await;
    refused(
        house
            .store
            .list_identity_sessions(&of_twin, filter, &asked)
            .await,
    );
}

pub(crate) async fn many_sessions_are_ended_and_deleted_at_once(house: &House) {
    let (ada, bob) = (
        house.ada(&house.owner).await,
        house.person("carl@example.com").await,
    );
    let (one, _) = house.issued(&ada).await;
    let (two, two_token) = house.issued(&bob).await;
    let (three, three_token) = house.issued(&bob).await;
    let absent = SessionId::generate(now());
    let some = Reach::Sessions(vec![one, two, absent]);
    assert_eq!(house.manage(Bulk::Disable, some.clone()).await, (2, false));
    assert_eq!(house.manage(Bulk::Disable, some.clone()).await, (0, false));
    assert!(!house.counts(&two_token).await && house.counts(&three_token).await);
    let of_bob = Reach::Identities(vec![bob.id]);
    assert_eq!(
        house.manage(Bulk::Disable, of_bob.clone()).await,
        (1, false)
    );
    assert!(!house.counts(&three_token).await);
    assert_eq!(house.manage(Bulk::Delete, of_bob).await, (2, false));
    assert!(house.session(&house.owner, three).await.is_none());
    assert_eq!(house.manage(Bulk::Delete, some).await, (1, false));

    let (_, last) = house.issued(&ada).await;
    let (processed, more) = house.manage(Bulk::Disable, Reach::Everything).await;
    assert!(processed >= 1 && !more && !house.counts(&last).await);
    let left = house.listed(None).await.len();
    let (processed, more) = house.manage(Bulk::Delete, Reach::Everything).await;
    assert_eq!(
        (processed, more),
        (u64::try_from(left).expect("few"), false)
    );
    assert!(house.listed(None).await.is_empty());

    let events = house.events(&house.owner).await;
    let managed: Vec<(&str, &str)> = events
        .iter()
        .filter(|event| event.action == "session:manage")
        .map(|event| (event.resource.kind.as_str(), event.resource.id.as_str()))
        .collect();
    assert_eq!(
        managed.len(),
        7,
        "one for each that something was done to: {managed:?}"
    );
    assert!(!managed.contains(&("Session", absent.to_string().as_str())));
    assert_eq!(managed[0].0, "Tenant");
}

pub(crate) async fn an_identity_reaches_its_own_sessions_only(house: &House) {
    let (ada, bob) = (
        house.ada(&house.owner).await,
        house.person("carl@example.com").await,
    );
    let (this, token) = house.issued(&ada).await;
    let (other, other_token) = house.issued(&ada).await;
    let (bobs, bobs_token) = house.issued(&bob).await;
    let caller = house.admitted(&token).await.expect("is admitted");
    let own = SessionTarget {
        id: this,
        identity: ada.id,
        aal: Aal::Aal1,
    };
    for (id, there) in [
        (other, true),
        (bobs, false),
        (SessionId::generate(now()), false),
    ] {
        let sealed = house
            .store
            .load_session_of(caller.scope(), ada.id, id)
            .await
            .expect("answers");
        assert_eq!(sealed.target().identity, ada.id);
        let grant = house
            .grant::<action::DisableOwnSession>(&caller, sealed.target())
            .await;
        assert_eq!(sealed.open(&grant).is_some(), there);
        // The store looks once more: that policy allowed it says nothing of whose it is.
        if !there {
            let ended = house.store.disable_own_session(grant).await;
            assert!(!ended.expect("answers"));
        }
    }
    let grant = house
        .grant::<action::ListOwnSessions>(&caller, own.clone())
        .await;
    let found = house
        .store
        .list_own_sessions(
            &grant,
            &Position::After {
                size: page(9, None).size,
                skip: 0,
            },
        )
        .await
        .expect("lists");
    let ids: Vec<_> = found
        .page
        .items
        .iter()
        .map(|known| known.session.id)
        .collect();
    assert!(ids.contains(&other) && !ids.contains(&this) && !ids.contains(&bobs));
    let grant = house
        .grant::<action::DisableOtherSessions>(&caller, own.clone())
        .await;
    let ended = house.store.disable_other_sessions(grant).await;
    assert_eq!(ended.expect("ends"), found.total);
    assert!(!house.counts(&other_token).await);
    assert!(house.counts(&token).await && house.counts(&bobs_token).await);
    let event = house.events(&house.owner).await.remove(0);
    assert_eq!(
        (
            event.actor.kind.as_str(),
            event.actor.id,
            event.action.as_str()
        ),
        (
            "Identity",
            caller.principal().id(),
            "session:disable_others"
        )
    );
    // And no other act, nor anybody else's session.
    let read = house
        .decide::<action::ReadIdentity>(&caller, IdentityTarget::of(&ada))
        .await;
    assert!(read.is_err());
    let whoami = house
        .decide::<action::ReadOwnSession>(
            &caller,
            SessionTarget {
                identity: bob.id,
                ..own
            },
        )
        .await;
    assert!(whoami.is_err());
}
