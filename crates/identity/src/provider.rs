//! What a provider is trusted with: by which rules its accounts are linked, and by which its tokens are taken.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// By which rules a provider's accounts are linked to identities. `docs/adr/0012-when-accounts-are-linked.md` tells who
/// wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkingRules {
    /// Whether anything is linked by itself.
    pub mode: LinkingMode,
    /// What candidates are looked for by; where empty, nobody is found.
    #[serde(rename = "match")]
    pub match_by: Vec<MatchBy>,
    /// The domains whose e-mail addresses the provider is believed, in normal form, sorted.
    pub trusted_email_domains: Vec<String>,
    /// Whether an identity is made for an account whose e-mail nobody has.
    pub create_missing: bool,
    /// What becomes of an account that is not linked by itself.
    pub on_conflict: OnConflict,
    /// Claims that a token must have, each with the values that it may have.
    pub required_claims: BTreeMap<String, Vec<String>>,
    /// What the traits of a new identity are made of.
    pub create: NewUserRules,
}

impl LinkingRules {
    /// Whether each claim that the rules require is there and has one of its values.
    pub fn admit(&self, claims: &Map<String, Value>) -> bool {
        has_claims(&self.required_claims, claims)
    }
}

/// Whether each of the claims `required` is there and has one of its values.
pub fn has_claims(required: &BTreeMap<String, Vec<String>>, claims: &Map<String, Value>) -> bool {
    required.iter().all(|(name, allowed)| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|value| allowed.iter().any(|one| one == value))
    })
}

/// What the traits of a new identity are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewUserRules {
    /// The identity schema.
    pub schema_id: String,
    /// For each trait, by its JSON Pointer, the claim that it is taken from.
    pub traits: BTreeMap<String, String>,
}

impl Default for NewUserRules {
    fn default() -> Self {
        Self {
            schema_id: crate::change::DEFAULT_SCHEMA.to_owned(),
            traits: BTreeMap::from([("/email".to_owned(), "email".to_owned())]),
        }
    }
}

macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident: $($(#[doc = $of:literal])+ $variant:ident = $word:literal),+;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[doc = $of])+ #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands in JSON and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one that this word names.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    )+};
}

words! {
    /// Whether accounts are linked by themselves.
    LinkingMode:
        /// No: who is not linked is refused.
        Off = "off",
        /// No: each waits for a person.
        Review = "review",
        /// Yes, where the rules are sure.
        Auto = "auto";
    /// What becomes of an account that the rules are not sure of.
    OnConflict:
        /// It waits for a person.
        Review = "review",
        /// It is refused, and nothing is kept of it.
        Refuse = "refuse";
    /// What candidates are looked for by.
    MatchBy:
        /// The e-mail address.
        Email = "email";
    /// A signature algorithm of tokens (RFC 7518 section 3.1, RFC 8037): those with a public key, and no others.
    TokenAlgorithm:
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        Rs384 = "RS384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        Rs512 = "RS512",
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256",
        /// RSASSA-PSS with SHA-384.
        Ps384 = "PS384",
        /// RSASSA-PSS with SHA-512.
        Ps512 = "PS512",
        /// ECDSA with P-256 and SHA-256.
        Es256 = "ES256",
        /// ECDSA with P-384 and SHA-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA";
    /// How a token says that it is an access token.
    TokenType:
        /// The header `typ` is `at+jwt` (RFC 9068).
        AccessToken = "at+jwt",
        /// It is `JWT` or missing, and no claim marks the token as one of another kind.
        Jwt = "JWT";
}

#[expect(clippy::derivable_impls, reason = "a macro makes the enum")]
impl Default for LinkingMode {
    fn default() -> Self {
        Self::Off
    }
}

#[expect(clippy::derivable_impls, reason = "a macro makes the enum")]
impl Default for OnConflict {
    fn default() -> Self {
        Self::Review
    }
}

/// By which rules a provider's tokens are taken as credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenRules {
    /// A token must be for one of these; never empty.
    pub audiences: Vec<String>,
    /// A token must be signed with one of these; never empty.
    pub algorithms: Vec<TokenAlgorithm>,
    /// A token must be of one of these kinds; never empty.
    pub types: Vec<TokenType>,
    /// Which claims say what.
    pub claims: ClaimNames,
    /// Which claims give which roles.
    pub roles: Vec<RoleRule>,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            audiences: Vec::new(),
            algorithms: vec![TokenAlgorithm::Rs256],
            types: vec![TokenType::AccessToken],
            claims: ClaimNames::default(),
            roles: Vec::new(),
        }
    }
}

/// Which claims say what of the account. The subject is `sub`, always.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimNames {
    /// The e-mail address.
    pub email: String,
    /// Whether that very e-mail address is verified. `None`: `email_verified` where the address is in `email`; where it
    /// is in another claim, nothing says so.
    pub email_verified: Option<String>,
    /// The user name.
    pub username: String,
    /// The name for people.
    pub display_name: String,
}

impl ClaimNames {
    /// The claim that says whether the e-mail address is verified.
    pub fn verified(&self) -> Option<&str> {
        match &self.email_verified {
            Some(named) => Some(named),
            None => (self.email == "email").then_some("email_verified"),
        }
    }
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            email: "email".to_owned(),
            email_verified: None,
            username: "preferred_username".to_owned(),
            display_name: "name".to_owned(),
        }
    }
}

/// A role for whoever's token has a claim of a value: the text itself, or a list that it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoleRule {
    /// The claim.
    pub claim: String,
    /// Its value.
    pub value: String,
    /// The role, as keys of the tenant can have it.
    pub role: String,
}

/// What the provider says, in a token that was verified.
#[derive(Clone, PartialEq)]
pub struct Assertion {
    /// The subject.
    pub subject: String,
    /// The e-mail address, as it was sent.
    pub email: Option<String>,
    /// Whether the provider says, with the JSON value `true`, that it verified that very address.
    pub email_verified: bool,
    /// The user name.
    pub username: Option<String>,
    /// The name for people.
    pub display_name: Option<String>,
    /// Every claim of the token.
    pub claims: Map<String, Value>,
}

impl std::fmt::Debug for Assertion {
    /// Without what it says of a person: such a text may end in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Assertion(..)")
    }
}
