//! What becomes of an account that somebody speaks of, and why.

use palisade_envelope::{Code, Error};
use palisade_identity::{
    ExternalIdentity, IdentityId, LinkId, LinkedBy, ProviderId, ProviderType, State,
};
use serde_json::Value;

use crate::LinkPlan;

macro_rules! whys {
    ($($(#[doc = $doc:literal])+ $variant:ident = $word:literal, $sentence:literal;)+) => {
        /// Why nothing is linked by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Why {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Why {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands in JSON and in the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The reason that this word names.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|why| why.as_str() == word)
            }

            /// Whether somebody took a link away: then no planner makes one again.
            pub const fn was_linked(self) -> bool {
                matches!(self, Self::Returned | Self::IssuerChanged)
            }

            /// For people who decide on the case.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

whys! {
    /// The rules say so.
    ReviewMode = "review_mode", "the provider's rules leave each new account to a person";
    /// Nothing was said of an e-mail address.
    NoEmail = "no_email", "the provider named no e-mail address";
    /// It is none that could be matched.
    EmailMalformed = "email_malformed", "what the provider named is no plain e-mail address";
    /// The provider does not say that it is.
    EmailNotVerified = "email_not_verified", "the provider does not say that it verified the e-mail address";
    /// The rules do not name the domain.
    DomainNotTrusted = "domain_not_trusted", "the provider is not trusted for the domain of the e-mail address";
    /// Nobody has the e-mail address, and the rules make nobody.
    NobodyFound = "nobody_found", "no identity has the e-mail address, and the rules make none";
    /// The traits that the rules make do not fit, or collide.
    NotCreatable = "not_creatable", "an identity could not be made of what the provider said";
    /// More than one has it.
    SeveralCandidates = "several_candidates", "more than one identity has the e-mail address";
    /// The one that has it can't sign in.
    IdentityInactive = "identity_inactive", "the identity that has the e-mail address is inactive";
    /// The one that has it never showed that it does.
    AddressNotVerified = "address_not_verified", "the identity that has the e-mail address has not verified it here";
    /// The one that has it is another account of the same provider.
    OtherSubject = "other_subject", "the identity that has the e-mail address is linked to another account at this provider";
    /// A person took its link away, or deleted whom it was linked to.
    Returned = "returned", "the link was taken away by hand, or with the user it was of";
    /// The provider's issuer was changed: the subjects of another issuer are other people.
    IssuerChanged = "issuer_changed", "the link was made while the provider had another issuer";
}

/// Why an account is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The rules link nobody.
    LinkingOff,
    /// A claim that the rules require is missing or has another value.
    ClaimMismatch,
    /// An admin rejected it.
    Rejected,
    /// The rules refuse what they are not sure of.
    Unsure(Why),
}

impl Refusal {
    /// As audit events and logs tell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LinkingOff => "linking_off",
            Self::ClaimMismatch => "claim_mismatch",
            Self::Rejected => "rejected",
            Self::Unsure(why) => why.as_str(),
        }
    }

    /// For the caller: that it is so, and nothing of who else is here.
    pub fn error(self) -> Error {
        Error::new(Code::NotLinked)
    }
}

/// What is known of the subject already.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The external identity.
    pub account: &'a ExternalIdentity,
    /// Whether an admin rejected it.
    pub rejected: bool,
    /// Why it is no longer linked, where it was.
    pub returned: Option<Why>,
}

/// An identity of the tenant that has the asserted e-mail address in one way or other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The identity.
    pub user: IdentityId,
    /// How it has the address.
    pub held: Held,
    /// Whether it can sign in.
    pub active: bool,
    /// Whether it is linked to another subject of the same provider.
    pub other_subject: bool,
}

impl Candidate {
    /// A candidate of this state.
    pub fn new(user: IdentityId, held: Held, state: State, other_subject: bool) -> Self {
        Self {
            user,
            held,
            active: state == State::Active,
            other_subject,
        }
    }
}

/// How an identity has an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// As an address that it showed to have.
    Verified,
    /// As an address that it did not show to have.
    Unverified,
    /// As something that it signs in with, or is recovered by, and no more.
    Named,
}

impl Held {
    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified_address",
            Self::Unverified => "unverified_address",
            Self::Named => "identifier",
        }
    }
}

/// What becomes of the account.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It is linked to this identity already.
    Known(IdentityId),
    /// It is to be linked.
    Link(LinkPlan),
    /// An identity is to be made for it.
    Create(CreatePlan),
    /// A person is to decide.
    Review(ReviewPlan),
    /// It is turned away.
    Refuse(Refusal),
}

/// An account as it is to be written. Made by the planners only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) existing: Option<LinkId>,
    pub(crate) provider: ProviderId,
    pub(crate) provider_name: String,
    pub(crate) provider_type: ProviderType,
    pub(crate) external_id: String,
    pub(crate) username: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) linked_by: LinkedBy,
}

impl Account {
    pub(crate) fn to(self, user: IdentityId) -> LinkPlan {
        LinkPlan {
            existing: self.existing,
            user,
            provider: self.provider,
            provider_name: self.provider_name,
            provider_type: self.provider_type,
            external_id: self.external_id,
            username: self.username,
            email: self.email,
            display_name: self.display_name,
            linked_by: self.linked_by,
        }
    }
}

/// An identity to make, and its link. Made by the planners only.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatePlan {
    pub(crate) account: Account,
    pub(crate) schema_id: String,
    pub(crate) traits: Value,
    pub(crate) email: Option<String>,
}

impl CreatePlan {
    /// The schema of the identity.
    pub fn schema_id(&self) -> &str {
        &self.schema_id
    }

    /// Its traits: a JSON object. Whether they fit the schema is to be seen.
    pub const fn traits(&self) -> &Value {
        &self.traits
    }

    /// The e-mail address that counts as verified, in normal form.
    pub fn verified_email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The link to the identity, once it has an id.
    pub fn link(&self, user: IdentityId) -> LinkPlan {
        self.account.clone().to(user)
    }

    /// The case for a person, where the identity can't be made.
    pub fn review(&self) -> ReviewPlan {
        ReviewPlan {
            account: self.account.clone(),
            why: Why::NotCreatable,
        }
    }
}

/// An account to put before a person. Made by the planners only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewPlan {
    pub(crate) account: Account,
    pub(crate) why: Why,
}

impl ReviewPlan {
    /// The external identity that is known already; `None`: a new one is to be made.
    pub const fn existing(&self) -> Option<LinkId> {
        self.account.existing
    }

    /// The provider.
    pub const fn provider(&self) -> ProviderId {
        self.account.provider
    }

    /// The subject at the provider.
    pub fn external_id(&self) -> &str {
        &self.account.external_id
    }

    /// As the provider says.
    pub fn username(&self) -> Option<&str> {
        self.account.username.as_deref()
    }

    /// As the provider says. Never a key.
    pub fn email(&self) -> Option<&str> {
        self.account.email.as_deref()
    }

    /// As the provider says.
    pub fn display_name(&self) -> Option<&str> {
        self.account.display_name.as_deref()
    }

    /// How it came to be known.
    pub const fn linked_by(&self) -> LinkedBy {
        self.account.linked_by
    }

    /// What stopped it.
    pub const fn why(&self) -> Why {
        self.why
    }
}
