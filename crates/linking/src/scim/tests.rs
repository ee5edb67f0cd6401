use palisade_envelope::Code;
use palisade_identity::{LinkingRules, ProviderType, State};
use serde_json::json;

use super::*;
use crate::{
    Held, Why,
    auto::tests::{known, trusted, user},
};

fn provision(email: &str) -> Provision {
    Provision {
        external_id: "x-1".to_owned(),
        username: Some("ada".to_owned()),
        email: Some(email.to_owned()),
        display_name: None,
        schema_id: "default".to_owned(),
        traits: json!({"email": email}),
    }
}

fn holder(held: Held) -> Candidate {
    Candidate::new(user(1), held, State::Active, false)
}

#[test]
fn who_is_new_is_created_whatever_the_rules_of_linking_are() {
    for linking in [LinkingRules::default(), trusted(ProviderType::Scim).linking] {
        let provider = IdentityProvider {
            linking,
            ..trusted(ProviderType::Scim)
        };
        let Decision::Create(made) =
            plan(&provider, &provision("ada@anywhere.test"), None, &[]).expect("is planned")
        else {
            panic!("nobody is made")
        };
        assert_eq!(made.link(user(1)).linked_by(), LinkedBy::Scim);
        assert_eq!(made.verified_email(), None, "provisioning verifies nothing");
        assert_eq!(made.traits(), &json!({"email": "ada@anywhere.test"}));
    }
}

#[test]
fn abuse_40_somebody_who_is_here_is_not_taken_over_unless_the_rules_are_sure() {
    let said = provision("ada@example.org");
    let mut provider = IdentityProvider {
        linking: LinkingRules::default(),
        ..trusted(ProviderType::Scim)
    };
    let decision = plan(&provider, &said, None, &[holder(Held::Verified)]).expect("is planned");
    assert_eq!(decision, Decision::Refuse(Refusal::Unsure(Why::ReviewMode)));
    provider.linking.mode = LinkingMode::Review;
    let decision = plan(&provider, &said, None, &[holder(Held::Verified)]).expect("is planned");
    assert!(
        matches!(decision, Decision::Review(review) if review.why() == Why::ReviewMode && review.linked_by() == LinkedBy::Scim)
    );
    let sure = trusted(ProviderType::Scim);
    for (said, candidate, why) in [
        (
            provision("ada@example.com"),
            holder(Held::Verified),
            Why::DomainNotTrusted,
        ),
        (
            said.clone(),
            holder(Held::Unverified),
            Why::AddressNotVerified,
        ),
        (
            said.clone(),
            Candidate {
                other_subject: true,
                ..holder(Held::Verified)
            },
            Why::OtherSubject,
        ),
        (
            said.clone(),
            Candidate {
                active: false,
                ..holder(Held::Verified)
            },
            Why::IdentityInactive,
        ),
    ] {
        let decision = plan(&sure, &said, None, &[candidate]).expect("is planned");
        assert!(
            matches!(&decision, Decision::Review(review) if review.why() == why),
            "{decision:?}"
        );
    }
    let decision = plan(&sure, &said, None, &[holder(Held::Verified)]).expect("is planned");
    assert!(
        matches!(decision, Decision::Link(link) if link.user() == user(1) && link.linked_by() == LinkedBy::Scim)
    );
}

#[test]
fn what_is_linked_or_rejected_is_said_so() {
    let linked = known(Some(user(4)));
    let waiting = known(None);
    let provider = trusted(ProviderType::Scim);
    let of = |account, rejected| {
        Some(Known {
            account,
            rejected,
            returned: false,
        })
    };
    let said = provision("ada@example.org");
    assert_eq!(
        plan(&provider, &said, of(&linked, false), &[]).expect("is planned"),
        Decision::Known(user(4))
    );
    let decision = plan(&provider, &said, of(&waiting, true), &[]).expect("is planned");
    assert_eq!(decision, Decision::Refuse(Refusal::Rejected));
    let off = IdentityProvider {
        enabled: false,
        ..provider
    };
    assert_eq!(
        plan(&off, &said, None, &[]).expect("is planned"),
        Decision::Refuse(Refusal::LinkingOff)
    );
}

#[test]
fn an_external_id_that_could_not_be_kept_is_named() {
    let said = Provision {
        external_id: "x".repeat(256),
        ..provision("ada@example.org")
    };
    let error = plan(&trusted(ProviderType::Scim), &said, None, &[]).expect_err("is refused");
    assert_eq!(
        (error.code(), &error.envelope().details["field"]),
        (Code::InvalidRequest, &json!("external_id"))
    );
}
