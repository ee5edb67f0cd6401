use palisade_identity::{IdentityId, IdentitySchema, Timestamp, change, decode};

use super::*;

#[test]
fn every_account_of_the_credentials_is_a_manual_link() {
    let now = Timestamp::from_timestamp(1_800_000_000, 0).expect("in range");
    let body = br#"{"traits":{"email":"a@b.c"},"credentials":{
        "oidc":{"config":{"providers":[{"provider":"google","subject":"b:1"},{"provider":"github","subject":"2"}]}},
        "saml":{"config":{"providers":[{"provider":"okta","subject":"3"}]}}}}"#;
    let schema =
        IdentitySchema::compile("default", &IdentitySchema::default_document()).expect("compiles");
    let input = decode::create(body).expect("is read");
    let identity = change::create(input, &schema, IdentityId::generate(now), now)
        .expect("is created")
        .identity;
    let plan = plan(&identity);
    let seen: Vec<_> = plan
        .iter()
        .map(|link| {
            (
                link.provider_name(),
                link.external_id(),
                link.provider_type(),
                link.linked_by(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("github", "2", ProviderType::Oidc, LinkedBy::Manual),
            ("google", "b:1", ProviderType::Oidc, LinkedBy::Manual),
            ("okta", "3", ProviderType::Saml, LinkedBy::Manual),
        ]
    );
    let (known, new) = plan.split_at(1);
    assert_eq!(without(&plan, known), new);
    assert!(without(known, &plan).is_empty());
}
