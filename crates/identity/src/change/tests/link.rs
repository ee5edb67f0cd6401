use super::*;

#[test]
fn a_link_shows_as_an_identifier_and_goes_with_it() {
    let linked = link(&ada(), "google", ProviderType::Oidc, "sub:1", at(10))
        .expect("links")
        .identity;
    assert_eq!(
        (identifiers(&linked, CredentialType::Oidc), linked.revision),
        (vec!["google:sub:1"], 2)
    );
    let again = link(&linked, "google", ProviderType::Oidc, "sub:1", at(20))
        .expect("links")
        .identity;
    assert_eq!(identifiers(&again, CredentialType::Oidc), ["google:sub:1"]);
    let both = link(&linked, "okta", ProviderType::Saml, "2", at(20))
        .expect("links")
        .identity;
    assert_eq!(identifiers(&both, CredentialType::Saml), ["okta:2"]);
    let unlinked = unlink(&both, "google", ProviderType::Oidc, "sub:1", at(30));
    assert!(
        !unlinked
            .identity
            .credentials
            .contains_key(&CredentialType::Oidc)
    );
    assert_eq!(unlinked.secrets.get(&CredentialType::Oidc), Some(&None));
    let provisioned = link(&linked, "entra", ProviderType::Scim, "3", at(20))
        .expect("links")
        .identity;
    assert_eq!(provisioned.credentials, linked.credentials);
    assert!(link(&linked, "Not A Name", ProviderType::Oidc, "1", at(20)).is_err());
    assert!(
        link(
            &linked,
            "google",
            ProviderType::Oidc,
            &"x".repeat(255),
            at(20)
        )
        .is_err()
    );
}
