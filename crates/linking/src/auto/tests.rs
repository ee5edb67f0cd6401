use palisade_identity::{
    Email, ExternalIdentity, IdentityId, LinkId, LinkingRules, ProviderId, State, Timestamp,
    provider::MatchBy,
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Held;

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000, 0).expect("in range")
}

fn user(number: u8) -> IdentityId {
    IdentityId::parse(&format!("0190f3c0-0000-7000-8000-0000000000{number:02x}"))
        .expect("is a UUID")
}

/// A provider that is trusted for `example.org` and may link and create.
fn trusted(kind: ProviderType) -> IdentityProvider {
    IdentityProvider {
        id: ProviderId::generate(now()),
        name: "acme".to_owned(),
        kind,
        issuer: Some("https://id.example.org".to_owned()),
        enabled: true,
        linking: LinkingRules {
            mode: LinkingMode::Auto,
            match_by: vec![MatchBy::Email],
            trusted_email_domains: vec!["example.org".to_owned()],
            create_missing: true,
            ..LinkingRules::default()
        },
        tokens: None,
        created_at: now(),
        updated_at: now(),
        revision: 1,
    }
}

fn says(email: &str, verified: bool) -> Assertion {
    let claims = json!({"sub": "s-1", "email": email, "email_verified": verified, "given_name": "Ada", "hd": "example.org"});
    Assertion {
        subject: "s-1".to_owned(),
        email: Some(email.to_owned()),
        email_verified: verified,
        username: Some("ada".to_owned()),
        display_name: Some("Ada".to_owned()),
        claims: claims.as_object().expect("is an object").clone(),
    }
}

fn known(user: Option<IdentityId>) -> ExternalIdentity {
    ExternalIdentity {
        id: LinkId::generate(now()),
        user_id: user,
        identity_provider_id: ProviderId::generate(now()),
        provider_name: "acme".to_owned(),
        provider_type: ProviderType::Oidc,
        external_id: "s-1".to_owned(),
        external_username: None,
        external_email: None,
        external_display_name: None,
        linked_by: LinkedBy::Auto,
        last_synced_at: None,
        created_at: now(),
        updated_at: now(),
    }
}

fn holder(number: u8, held: Held) -> Candidate {
    Candidate::new(user(number), held, State::Active, false)
}

fn why(decision: &Decision) -> Why {
    match decision {
        Decision::Review(plan) => plan.why(),
        other => panic!("no review: {other:?}"),
    }
}

fn decide(provider: &IdentityProvider, said: &Assertion, candidates: &[Candidate]) -> Decision {
    plan(provider, said, None, candidates).expect("is planned")
}

#[test]
fn a_verified_address_of_a_trusted_domain_links_to_the_one_who_verified_it_here() {
    let said = says("Ada@example.org", true);
    let Decision::Link(link) = decide(
        &trusted(ProviderType::Oidc),
        &said,
        &[holder(1, Held::Verified), holder(1, Held::Named)],
    ) else {
        panic!("no link")
    };
    assert_eq!(
        (link.user(), link.linked_by(), link.external_id()),
        (user(1), LinkedBy::Auto, "s-1")
    );
    assert_eq!(link.email(), Some("Ada@example.org"), "as it was said");
}

#[test]
fn abuse_31_what_the_provider_did_not_verify_waits_for_a_person() {
    let provider = trusted(ProviderType::Oidc);
    let found = [holder(1, Held::Verified)];
    assert_eq!(
        why(&decide(&provider, &says("ada@example.org", false), &found)),
        Why::EmailNotVerified
    );
    assert_eq!(
        why(&decide(&provider, &says("ada@example.com", true), &found)),
        Why::DomainNotTrusted
    );
    assert_eq!(
        why(&decide(
            &provider,
            &says("ada@sub.example.org", true),
            &found
        )),
        Why::DomainNotTrusted
    );
    let mut silent = says("ada@example.org", true);
    silent.email = None;
    assert_eq!(why(&decide(&provider, &silent, &found)), Why::NoEmail);
}

#[test]
fn abuse_32_an_address_that_is_not_verified_here_links_nobody() {
    let provider = trusted(ProviderType::Oidc);
    for held in [Held::Unverified, Held::Named] {
        let decision = decide(
            &provider,
            &says("ada@example.org", true),
            &[holder(1, held)],
        );
        assert_eq!(why(&decision), Why::AddressNotVerified);
    }
    let inactive = Candidate::new(user(1), Held::Verified, State::Inactive, false);
    assert_eq!(
        why(&decide(
            &provider,
            &says("ada@example.org", true),
            &[inactive]
        )),
        Why::IdentityInactive
    );
    let two = [holder(1, Held::Verified), holder(2, Held::Named)];
    assert_eq!(
        why(&decide(&provider, &says("ada@example.org", true), &two)),
        Why::SeveralCandidates
    );
}

#[test]
fn abuse_35_a_subject_stays_with_whom_it_is_linked_to() {
    let account = known(Some(user(7)));
    let known = Known {
        account: &account,
        rejected: false,
        returned: None,
    };
    for said in [
        says("ada@example.org", true),
        says("eve@elsewhere.test", false),
    ] {
        let decision = plan(
            &trusted(ProviderType::Oidc),
            &said,
            Some(known),
            &[holder(1, Held::Verified)],
        );
        assert_eq!(decision.expect("is planned"), Decision::Known(user(7)));
    }
}

#[test]
fn abuse_36_a_second_subject_with_the_address_of_a_linked_user_waits_for_a_person() {
    let linked = Candidate::new(user(1), Held::Verified, State::Active, true);
    assert_eq!(
        why(&decide(
            &trusted(ProviderType::Oidc),
            &says("ada@example.org", true),
            &[linked]
        )),
        Why::OtherSubject
    );
}

#[test]
fn abuse_37_only_plain_addresses_link_by_themselves() {
    let provider = trusted(ProviderType::Oidc);
    let found = [holder(1, Held::Verified)];
    for text in [
        "\u{ff41}da@example.org",
        "ada@example.org ",
        "ada\u{200b}@example.org",
        "a@b@example.org",
        "\"ada\"@example.org",
    ] {
        assert_eq!(
            why(&decide(&provider, &says(text, true), &found)),
            Why::EmailMalformed,
            "{text:?}"
        );
    }
}

#[test]
fn abuse_38_a_provider_that_is_off_lets_nobody_new_in() {
    let mut provider = trusted(ProviderType::Oidc);
    provider.enabled = false;
    let decision = decide(
        &provider,
        &says("ada@example.org", true),
        &[holder(1, Held::Verified)],
    );
    assert_eq!(decision, Decision::Refuse(Refusal::LinkingOff));
    provider.enabled = true;
    provider.linking = LinkingRules::default();
    let decision = decide(
        &provider,
        &says("ada@example.org", true),
        &[holder(1, Held::Verified)],
    );
    assert_eq!(decision, Decision::Refuse(Refusal::LinkingOff), "as made");
}

#[test]
fn what_an_admin_rejected_or_took_back_does_not_come_back_by_itself() {
    let account = known(None);
    let provider = trusted(ProviderType::Oidc);
    let said = says("ada@example.org", true);
    let rejected = Known {
        account: &account,
        rejected: true,
        returned: None,
    };
    let found = [holder(1, Held::Verified)];
    let decision = plan(&provider, &said, Some(rejected), &found).expect("is planned");
    assert_eq!(decision, Decision::Refuse(Refusal::Rejected));
    for gone in [Why::Returned, Why::IssuerChanged] {
        let returned = Known {
            account: &account,
            rejected: false,
            returned: Some(gone),
        };
        for found in [&found[..], &[]] {
            let decision = plan(&provider, &said, Some(returned), found);
            assert_eq!(why(&decision.expect("is planned")), gone);
        }
    }
    let waiting = Known {
        account: &account,
        rejected: false,
        returned: None,
    };
    let Decision::Link(link) = plan(&provider, &said, Some(waiting), &found).expect("is planned")
    else {
        panic!("no link")
    };
    assert_eq!(
        link.existing(),
        Some(account.id),
        "the one that waited is taken up"
    );
}

#[test]
fn claims_of_the_providers_own_tenant_are_asked_for() {
    let mut provider = trusted(ProviderType::Oidc);
    let found = [holder(1, Held::Verified)];
    let mut require = |name: &str, value: &str| {
        provider
            .linking
            .required_claims
            .insert(name.to_owned(), vec![value.to_owned()]);
        decide(&provider, &says("ada@example.org", true), &found)
    };
    assert!(matches!(require("hd", "example.org"), Decision::Link(_)));
    assert_eq!(
        require("tid", "1234"),
        Decision::Refuse(Refusal::ClaimMismatch),
        "it is missing"
    );
    assert_eq!(
        require("hd", "example.com"),
        Decision::Refuse(Refusal::ClaimMismatch)
    );
}

#[test]
fn whom_nobody_knows_is_made_of_the_claims_where_the_rules_say_so() {
    let mut provider = trusted(ProviderType::Oidc);
    provider
        .linking
        .create
        .traits
        .insert("/name/first".to_owned(), "given_name".to_owned());
    provider
        .linking
        .create
        .traits
        .insert("/name/last".to_owned(), "no_such".to_owned());
    let Decision::Create(made) = decide(&provider, &says("ada@example.org", true), &[]) else {
        panic!("nobody is made")
    };
    assert_eq!(
        made.traits(),
        &json!({"email": "ada@example.org", "name": {"first": "Ada"}})
    );
    assert_eq!(
        (made.schema_id(), made.verified_email()),
        ("default", Some("ada@example.org"))
    );
    assert_eq!(
        (made.link(user(3)).user(), made.review().why()),
        (user(3), Why::NotCreatable)
    );
    provider.linking.create_missing = false;
    assert_eq!(
        why(&decide(&provider, &says("ada@example.org", true), &[])),
        Why::NobodyFound
    );
    provider.linking.on_conflict = OnConflict::Refuse;
    let decision = decide(&provider, &says("ada@example.org", true), &[]);
    assert_eq!(
        decision,
        Decision::Refuse(Refusal::Unsure(Why::NobodyFound))
    );
}

#[test]
fn where_nothing_is_matched_nobody_joins_an_address_that_is_taken() {
    let mut provider = trusted(ProviderType::Oidc);
    provider.linking.match_by.clear();
    let said = says("ada@example.org", true);
    assert_eq!(
        why(&decide(&provider, &said, &[holder(1, Held::Verified)])),
        Why::SeveralCandidates
    );
    assert!(matches!(decide(&provider, &said, &[]), Decision::Create(_)));
}

#[test]
fn subjects_that_could_not_be_kept_are_no_credentials() {
    for subject in ["", "a\nb", &"x".repeat(251)] {
        let said = Assertion {
            subject: subject.to_owned(),
            ..says("ada@example.org", true)
        };
        let error = plan(&trusted(ProviderType::Oidc), &said, None, &[]).expect_err("is refused");
        assert_eq!(error.code(), palisade_envelope::Code::Unauthenticated);
    }
}

fn email() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        "(ada|eve|\u{ff41}da)[+.]?@(example\\.org|EXAMPLE\\.org|example\\.com|exa\u{ff4d}ple\\.org|sub\\.example\\.org)".prop_map(Some),
        "\\PC{0,20}@?\\PC{0,20}".prop_map(Some),
    ]
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let held = prop_oneof![
        Just(Held::Verified),
        Just(Held::Unverified),
        Just(Held::Named)
    ];
    let one = (0..3_u8, held, any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..4).prop_map(|all| {
        all.into_iter()
            .map(|(number, held, active, other_subject)| Candidate {
                user: user(number),
                held,
                active,
                other_subject,
            })
            .collect()
    })
}

fn rules() -> impl Strategy<Value = LinkingRules> {
    let mode = proptest::sample::select(LinkingMode::ALL);
    let conflict = proptest::sample::select(OnConflict::ALL);
    (mode, conflict, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(mode, on_conflict, create_missing, matches, trusts)| LinkingRules {
            mode,
            match_by: if matches {
                vec![MatchBy::Email]
            } else {
                Vec::new()
            },
            trusted_email_domains: if trusts {
                vec!["example.org".to_owned()]
            } else {
                Vec::new()
            },
            create_missing,
            on_conflict,
            ..LinkingRules::default()
        },
    )
}

proptest! {
    #[test]
    fn without_trust_nobody_is_linked_and_nobody_made(
        rules in rules(), email in email(), verified: bool, enabled: bool, candidates in candidates(), waits: bool,
        rejected in prop::bool::weighted(0.2), returned in prop::bool::weighted(0.2), other_claim in prop::bool::weighted(0.2),
    ) {
        let mut rules = rules;
        if other_claim {
            rules.required_claims.insert("hd".to_owned(), vec!["another.example".to_owned()]);
        }
        let provider = IdentityProvider { linking: rules, enabled, ..trusted(ProviderType::Oidc) };
        let said = Assertion { email: email.clone(), ..says("", verified) };
        let account = known(None);
        let returned = returned.then_some(Why::Returned);
        let known = waits.then_some(Known { account: &account, rejected, returned });
        let decision = plan(&provider, &said, known, &candidates).expect("is planned");
        // The same words have the same answer, in whatever order candidates were found.
        let mut others = candidates.clone();
        others.reverse();
        let again = plan(&provider, &said, known, &others).expect("is planned");
        prop_assert_eq!(&decision, &again);

        let address = email.as_deref().and_then(Email::parse);
        let believed = provider.enabled
            && !other_claim
            && known.is_none_or(|known| !known.rejected && known.returned.is_none())
            && provider.linking.mode == LinkingMode::Auto
            && verified
            && address.as_ref().is_some_and(|address| {
                address.is_plain() && provider.linking.trusted_email_domains.iter().any(|one| one == address.domain())
            });
        match decision {
            Decision::Link(link) => {
                prop_assert!(believed);
                prop_assert!(candidates.iter().all(|one| one.user == link.user() && one.active && !one.other_subject));
                prop_assert!(candidates.iter().any(|one| one.held == Held::Verified));
            }
            Decision::Create(made) => {
                prop_assert!(believed && provider.linking.create_missing && candidates.is_empty());
                prop_assert_eq!(made.verified_email(), address.as_ref().map(Email::as_str));
            }
            Decision::Known(_) => prop_assert!(false, "nobody is linked"),
            Decision::Review(_) => prop_assert!(provider.linking.mode != LinkingMode::Off),
            Decision::Refuse(_) => {}
        }
    }

    #[test]
    fn capitals_make_no_other_person(text in "[a-z]{1,8}@example\\.org", mask in proptest::collection::vec(any::<bool>(), 24)) {
        let capitals: String = text
            .chars()
            .zip(mask.iter().chain(std::iter::repeat(&false)))
            .map(|(c, up)| if *up { c.to_ascii_uppercase() } else { c })
            .collect();
        let provider = trusted(ProviderType::Oidc);
        let found = [holder(1, Held::Verified)];
        let one = decide(&provider, &says(&text, true), &found);
        let other = decide(&provider, &says(&capitals, true), &found);
        let linked = |decision: Decision| match decision { Decision::Link(link) => Some(link.user()), _ => None };
        prop_assert_eq!(linked(one), Some(user(1)));
        prop_assert_eq!(linked(other), Some(user(1)));
    }
}
