use palisade_identity::{LinkId, LinkingRules, ProviderId, Timestamp};

use super::*;

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000, 0).expect("in range")
}

fn provider(kind: ProviderType) -> IdentityProvider {
    IdentityProvider {
        id: ProviderId::generate(now()),
        name: "google".to_owned(),
        kind,
        issuer: None,
        enabled: true,
        linking: LinkingRules::default(),
        tokens: None,
        created_at: now(),
        updated_at: now(),
        revision: 1,
    }
}

fn request(external_id: &str) -> LinkRequest {
    LinkRequest {
        user: IdentityId::generate(now()),
        external_id: external_id.to_owned(),
        external_username: Some("ada".to_owned()),
        external_email: None,
        external_display_name: None,
    }
}

fn known(user: Option<IdentityId>, kind: ProviderType, linked_by: LinkedBy) -> ExternalIdentity {
    ExternalIdentity {
        id: LinkId::generate(now()),
        user_id: user,
        identity_provider_id: ProviderId::generate(now()),
        provider_name: "google".to_owned(),
        provider_type: kind,
        external_id: "sub".to_owned(),
        external_username: None,
        external_email: None,
        external_display_name: None,
        linked_by,
        last_synced_at: None,
        created_at: now(),
        updated_at: now(),
    }
}

#[test]
fn a_link_by_hand_is_manual_and_carries_what_was_asked_for() {
    let (provider, request) = (provider(ProviderType::Oidc), request("sub"));
    let plan = plan_link(&provider, request.clone(), None).expect("is planned");
    assert_eq!(plan.linked_by(), LinkedBy::Manual);
    assert_eq!(
        (plan.existing(), plan.user(), plan.provider()),
        (None, request.user, provider.id)
    );
    assert_eq!(
        (plan.provider_name(), plan.provider_type()),
        ("google", ProviderType::Oidc)
    );
    assert_eq!((plan.external_id(), plan.username()), ("sub", Some("ada")));
    assert_eq!((plan.email(), plan.display_name()), (None, None));
}

#[test]
fn an_account_that_is_linked_is_refused_whoever_it_is_linked_to() {
    let request = request("sub");
    for user in [request.user, IdentityId::generate(now())] {
        let linked = known(Some(user), ProviderType::Oidc, LinkedBy::Auto);
        let error = plan_link(
            &provider(ProviderType::Oidc),
            request.clone(),
            Some(of(&linked, false)),
        )
        .expect_err("is refused");
        assert_eq!(error.code(), Code::AlreadyLinked);
        assert!(
            !error.to_string().contains(&user.to_string()),
            "never to whom"
        );
    }
}

#[test]
fn an_account_that_waits_unlinked_is_taken_up() {
    let waiting = known(None, ProviderType::Oidc, LinkedBy::Auto);
    let plan = plan_link(
        &provider(ProviderType::Oidc),
        request("sub"),
        Some(of(&waiting, false)),
    )
    .expect("is planned");
    assert_eq!(plan.existing(), Some(waiting.id));
    let rejected = Some(of(&waiting, true));
    let refused = plan_link(&provider(ProviderType::Oidc), request("sub"), rejected);
    assert_eq!(
        refused.expect_err("is refused").code(),
        Code::LinkRejected,
        "as everywhere"
    );
}

#[test]
fn values_are_capped_and_named() {
    let long = "x".repeat(256);
    for (request, field) in [
        (request(""), "external_id"),
        (request("a\nb"), "external_id"),
        // `google:` belongs to the identifier.
        (request(&"x".repeat(249)), "external_id"),
        (
            LinkRequest {
                external_username: Some(long.clone()),
                ..request("s")
            },
            "external_username",
        ),
        (
            LinkRequest {
                external_email: Some(long.clone()),
                ..request("s")
            },
            "external_email",
        ),
        (
            LinkRequest {
                external_display_name: Some(String::new()),
                ..request("s")
            },
            "external_display_name",
        ),
    ] {
        let error = plan_link(&provider(ProviderType::Saml), request, None).expect_err(field);
        assert_eq!(error.envelope().details["field"], field);
    }
    assert!(
        plan_link(
            &provider(ProviderType::Saml),
            request(&"x".repeat(248)),
            None
        )
        .is_ok()
    );
    assert!(
        plan_link(
            &provider(ProviderType::Scim),
            request(&"x".repeat(255)),
            None
        )
        .is_ok()
    );
}

#[test]
fn abuse_39_the_last_way_to_sign_in_stays_unless_forced() {
    let link = known(
        Some(IdentityId::generate(now())),
        ProviderType::Oidc,
        LinkedBy::Manual,
    );
    for ways in [0, 1] {
        assert_eq!(
            plan_unlink(&link, ways, false)
                .expect_err("is refused")
                .code(),
            Code::LastCredential
        );
    }
    let forced = plan_unlink(&link, 1, true).expect("is forced");
    assert!(forced.forced());
    let plan = plan_unlink(&link, 2, false).expect("is planned");
    assert!(!plan.forced());
    assert_eq!((plan.link(), Some(plan.user())), (link.id, link.user_id));
    assert_eq!(
        (
            plan.provider_name(),
            plan.provider_type(),
            plan.external_id()
        ),
        ("google", ProviderType::Oidc, "sub")
    );
    assert!(
        !plan_unlink(&link, 2, true).expect("is planned").forced(),
        "nothing was to be forced"
    );
}

#[test]
fn a_link_that_a_provisioning_client_made_stays_unless_forced() {
    let link = known(
        Some(IdentityId::generate(now())),
        ProviderType::Scim,
        LinkedBy::Scim,
    );
    assert_eq!(
        plan_unlink(&link, 5, false).expect_err("is refused").code(),
        Code::ManagedByScim
    );
    assert!(plan_unlink(&link, 0, true).expect("is forced").forced());
    let by_hand = known(
        Some(IdentityId::generate(now())),
        ProviderType::Scim,
        LinkedBy::Manual,
    );
    assert!(
        plan_unlink(&by_hand, 0, false).is_ok(),
        "nobody signs in through a SCIM connection"
    );
}

#[test]
fn what_is_linked_to_nobody_can_not_be_unlinked() {
    let waiting = known(None, ProviderType::Oidc, LinkedBy::Auto);
    assert_eq!(
        plan_unlink(&waiting, 5, true)
            .expect_err("is refused")
            .code(),
        Code::NotFound
    );
}

fn of(account: &ExternalIdentity, rejected: bool) -> Known<'_> {
    Known {
        account,
        rejected,
        returned: None,
    }
}

#[test]
fn who_waits_is_linked_or_rejected_by_hand_and_who_is_linked_or_rejected_is_not() {
    let user = IdentityId::generate(now());
    let waiting = known(None, ProviderType::Oidc, LinkedBy::Auto);
    let plan = plan_resolve(of(&waiting, false), user).expect("is planned");
    assert_eq!(
        (plan.existing(), plan.user(), plan.linked_by()),
        (Some(waiting.id), user, LinkedBy::Manual)
    );
    let mark = plan_reject(of(&waiting, false)).expect("is planned");
    assert_eq!((mark.link(), mark.rejects()), (waiting.id, true));
    let linked = known(Some(user), ProviderType::Oidc, LinkedBy::Auto);
    for (account, rejected, code) in [
        (&linked, false, Code::AlreadyLinked),
        (&waiting, true, Code::LinkRejected),
    ] {
        let known = of(account, rejected);
        assert_eq!(
            plan_resolve(known, user).expect_err("is refused").code(),
            code
        );
        assert_eq!(plan_reject(known).expect_err("is refused").code(), code);
    }
}

#[test]
fn only_what_still_stands_is_taken_back() {
    let user = IdentityId::generate(now());
    let linked = known(Some(user), ProviderType::Oidc, LinkedBy::Auto);
    let waiting = known(None, ProviderType::Oidc, LinkedBy::Auto);
    let did = |happened, user| Some((happened, user, LinkedBy::Auto));
    let back = plan_undo(of(&linked, false), did(Happened::Linked, Some(user)));
    assert_eq!(back.expect("is planned"), UndoPlan::Unlink(user));
    let again = plan_undo(of(&waiting, false), did(Happened::Unlinked, Some(user)));
    assert!(
        matches!(again, Ok(UndoPlan::Link(plan)) if plan.user() == user && plan.linked_by() == LinkedBy::Auto),
        "as it was"
    );
    // abuse_35: the subjects of another issuer are other people.
    let others = Known {
        returned: Some(Why::IssuerChanged),
        ..of(&waiting, false)
    };
    let error = plan_undo(others, did(Happened::Unlinked, Some(user))).expect_err("is refused");
    assert_eq!(error.code(), Code::NothingToUndo);
    let open = plan_undo(of(&waiting, true), did(Happened::Rejected, None));
    assert!(matches!(open, Ok(UndoPlan::Reopen(mark)) if !mark.rejects()));
    for (account, rejected, latest) in [
        (&linked, false, None),
        (&waiting, false, did(Happened::Queued, None)),
        (&waiting, false, did(Happened::Linked, Some(user))),
        (&linked, false, did(Happened::Unlinked, Some(user))),
        (
            &linked,
            false,
            did(Happened::Linked, Some(IdentityId::generate(now()))),
        ),
        (&waiting, false, did(Happened::Rejected, None)),
        // The provisioning system no longer has the user.
        (
            &waiting,
            false,
            Some((Happened::Unlinked, Some(user), LinkedBy::Scim)),
        ),
    ] {
        let error = plan_undo(of(account, rejected), latest).expect_err("is refused");
        assert_eq!(error.code(), Code::NothingToUndo, "{latest:?}");
    }
}
