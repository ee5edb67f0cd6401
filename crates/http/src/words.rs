//! The words that fields of one kind know, for the document. Each list is checked by a test against what reads it.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Object, RefOr, Schema, Type},
};

macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident as $schema:literal: $($word:literal)+;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug)]
            pub(crate) enum $name {}

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    Object::builder()
                        .schema_type(Type::String)
                        .description(Some(concat!($($doc,)+).trim()))
                        .enum_values(Some([$($word),+]))
                        .build()
                        .into()
                }
            }

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    $schema.into()
                }
            }
        )+
    };
}

words! {
    /// The state of an identity.
    StateWord as "IdentityState": "active" "inactive";
    /// The state that an identity is given; empty: as if it had not been sent.
    NewState as "NewIdentityState": "active" "inactive" "";
    /// A region of Ory's; echoed, not kept. Empty: as if it had not been sent.
    RegionWord as "Region": "eu-central" "asia-northeast" "us-east" "us-west" "eu" "asia" "us" "global" "";
    /// How an address is reached.
    ViaWord as "AddressVia": "email" "sms";
    /// How far the verification of an address is.
    StatusWord as "AddressStatus": "pending" "sent" "completed";
    /// How far the verification of an address is; empty: it follows from `verified`.
    NewStatus as "NewAddressStatus": "pending" "sent" "completed" "";
    /// What an operation of a JSON Patch does.
    PatchWord as "JsonPatchOp": "add" "remove" "replace" "move" "copy" "test";
    /// How surely somebody is who they say.
    AalWord as "AuthenticatorAssuranceLevel": "aal0" "aal1" "aal2" "aal3";
    /// How somebody proved who they are.
    MethodWord as "AuthenticationMethod": "password" "oidc" "saml" "totp" "lookup_secret" "webauthn" "passkey" "code"
        "deviceauthn" "profile" "identifier_first" "link_recovery" "code_recovery";
    /// What is done to sessions: they stop to count, or their rows go.
    BulkWord as "ManageSessionsAction": "disable" "delete";
    /// What a session token calls its subject by.
    SubjectSourceWord as "SessionTokenSubjectSource": "id" "external_id";
    /// A role that a key of a tenant can have.
    RoleWord as "Role": "owner" "admin" "editor" "viewer" "auditor";
    /// A role that a key has.
    AnyRoleWord as "AnyRole": "owner" "admin" "editor" "viewer" "auditor" "operator";
    /// What the key of a connection is good for.
    ScopeWord as "ConnectionScope": "users:read" "users:write" "groups:read" "groups:write";
    /// A kind of identity provider.
    ProviderWord as "IdentityProviderType": "oidc" "saml" "scim";
    /// Whether accounts are linked by themselves.
    LinkingModeWord as "LinkingMode": "off" "review" "auto";
    /// What becomes of an account that the rules are not sure of.
    OnConflictWord as "OnConflict": "review" "refuse";
    /// What candidates are looked for by.
    MatchWord as "MatchBy": "email";
    /// A signature algorithm of tokens.
    AlgorithmWord as "TokenAlgorithm": "RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "EdDSA";
    /// How a token says that it is an access token.
    TokenTypeWord as "TokenType": "at+jwt" "JWT";
    /// Which rule stopped a link.
    WhyWord as "WhyNotLinkedCode": "review_mode" "no_email" "email_malformed" "email_not_verified" "domain_not_trusted"
        "nobody_found" "not_creatable" "several_candidates" "identity_inactive" "address_not_verified" "other_subject"
        "returned" "issuer_changed";
    /// How a user has an e-mail address.
    HeldWord as "LinkCandidateMatch": "verified_address" "unverified_address" "identifier";
    /// What became of an external identity.
    HappenedWord as "LinkEventType": "linked" "unlinked" "queued" "rejected" "forgotten";
    /// How a link came to be.
    LinkedByWord as "LinkedBy": "auto" "manual" "scim";
    /// The state of a tenant.
    TenantWord as "TenantState": "active" "suspended" "deleted";
    /// What policy decided.
    DecisionWord as "Decision": "allow" "deny";
    /// What became of an item of a batch.
    OutcomeWord as "BatchOutcome": "create" "delete" "error";
}

#[cfg(test)]
mod tests {
    use palisade_identity::{
        ProviderType, Region, State,
        provider::{LinkingMode, MatchBy, OnConflict, TokenAlgorithm, TokenType},
        session::{Aal, Method},
    };
    use palisade_linking::{Why, manual::Happened};
    use palisade_tenancy::{Role, TenantState};

    use super::*;

    fn listed<T: ToSchema>() -> Vec<String> {
        let schema = serde_json::to_value(T::schema()).expect("serializes");
        let words = schema["enum"].as_array().expect("words").iter();
        words
            .map(|word| word.as_str().expect("a word").to_owned())
            .collect()
    }

    fn known<T: ToSchema>(parses: impl Fn(&str) -> bool) {
        for word in listed::<T>().iter().filter(|word| !word.is_empty()) {
            assert!(parses(word), "`{word}` is no {}", T::name());
        }
    }

    #[test]
    fn the_document_has_the_words_that_are_read_and_no_others() {
        known::<StateWord>(|word| State::parse(word).is_some());
        known::<NewState>(|word| State::parse(word).is_some());
        known::<AalWord>(|word| Aal::parse(word).is_some());
        known::<RoleWord>(|word| Role::parse(word).is_some());
        known::<ScopeWord>(|word| Role::parse_scope(word).is_some());
        known::<ProviderWord>(|word| ProviderType::parse(word).is_some());
        known::<TenantWord>(|word| TenantState::parse(word).is_some());
        known::<DecisionWord>(|word| palisade_store::Decision::parse(word).is_some());
        assert_eq!(
            listed::<LinkingModeWord>(),
            LinkingMode::ALL
                .iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
        );
        assert_eq!(
            listed::<OnConflictWord>(),
            OnConflict::ALL
                .iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
        );
        assert_eq!(
            listed::<MatchWord>(),
            MatchBy::ALL
                .iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
        );
        assert_eq!(
            listed::<AlgorithmWord>(),
            TokenAlgorithm::ALL
                .iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
        );
        assert_eq!(
            listed::<TokenTypeWord>(),
            TokenType::ALL
                .iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
        );
        assert_eq!(
            listed::<WhyWord>(),
            Why::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>()
        );
        assert_eq!(
            listed::<HappenedWord>(),
            Happened::ALL
                .iter()
                .map(|one| one.as_str())
                .collect::<Vec<_>>()
        );
        let methods: Vec<_> = Method::ALL.iter().map(|method| method.as_str()).collect();
        assert_eq!(listed::<MethodWord>(), methods);
        let mut regions: Vec<_> = Region::ALL.iter().map(|region| region.as_str()).collect();
        regions.push("");
        assert_eq!(listed::<RegionWord>(), regions);
    }
}
