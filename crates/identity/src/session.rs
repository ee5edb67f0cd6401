//! Sessions: that somebody has signed in as an identity, how surely, and until when.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{IdentityId, SessionId, State, Timestamp, ids::DeviceId};

/// One session. Its token is not here: it is shown once, when it is issued, and only a hash of it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Chosen by the server.
    pub id: SessionId,
    /// Whose it is.
    pub identity_id: IdentityId,
    /// Cleared when it is ended, and never set again. Whether it counts now: [`Session::is_active`].
    pub enabled: bool,
    /// When its token was made.
    pub issued_at: Timestamp,
    /// When the identity last proved who it is.
    pub authenticated_at: Timestamp,
    /// From then on it does not count.
    pub expires_at: Timestamp,
    /// How surely it is the identity.
    pub aal: Aal,
    /// How the identity proved who it is.
    pub authentication_methods: Vec<AuthenticationMethod>,
    /// The devices that it was issued to.
    pub devices: Vec<Device>,
}

impl Session {
    /// Whether it counts at `now`, for an identity in this state: not ended, not expired, the identity active.
    pub fn is_active(&self, identity: State, now: Timestamp) -> bool {
        self.enabled && self.expires_at > now && identity == State::Active
    }
}

/// Ory's authenticator assurance level: how many kinds of proof stand behind a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aal {
    /// None: an administrator issued it.
    Aal0,
    /// One, such as a password.
    Aal1,
    /// Two, such as a password and a one-time code.
    Aal2,
    /// Two, one of them a hardware key.
    Aal3,
}

impl Aal {
    /// Every level, the lowest first.
    pub const ALL: &'static [Self] = &[Self::Aal0, Self::Aal1, Self::Aal2, Self::Aal3];

    /// As it stands in JSON, policies and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aal0 => "aal0",
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
            Self::Aal3 => "aal3",
        }
    }

    /// The level that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|aal| aal.as_str() == word)
    }
}

/// One proof of who the identity is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationMethod {
    /// The kind of proof.
    pub method: Method,
    /// What it is good for.
    pub aal: Aal,
    /// When it was given.
    pub completed_at: Timestamp,
    /// The identity provider, for `oidc` and `saml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Ory's organization, if any; not checked to exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<Uuid>,
}

/// The kinds of proof that Ory knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A password.
    Password,
    /// An OpenID provider's word.
    Oidc,
    /// A SAML provider's word.
    Saml,
    /// A time-based one-time password.
    Totp,
    /// A backup code.
    LookupSecret,
    /// A WebAuthn key.
    Webauthn,
    /// A passkey.
    Passkey,
    /// A one-time code by e-mail or text message.
    Code,
    /// A device-bound key.
    Deviceauthn,
    /// A registration form.
    Profile,
    /// The first step of a form that asks for the identifier first.
    IdentifierFirst,
    /// A recovery link.
    LinkRecovery,
    /// A recovery code.
    CodeRecovery,
}

impl Method {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Password,
        Self::Oidc,
        Self::Saml,
        Self::Totp,
        Self::LookupSecret,
        Self::Webauthn,
        Self::Passkey,
        Self::Code,
        Self::Deviceauthn,
        Self::Profile,
        Self::IdentifierFirst,
        Self::LinkRecovery,
        Self::CodeRecovery,
    ];

    /// As it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Oidc => "oidc",
            Self::Saml => "saml",
            Self::Totp => "totp",
            Self::LookupSecret => "lookup_secret",
            Self::Webauthn => "webauthn",
            Self::Passkey => "passkey",
            Self::Code => "code",
            Self::Deviceauthn => "deviceauthn",
            Self::Profile => "profile",
            Self::IdentifierFirst => "identifier_first",
            Self::LinkRecovery => "link_recovery",
            Self::CodeRecovery => "code_recovery",
        }
    }

    /// The kind that this word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|method| method.as_str() == word)
    }

    /// What it is good for where nothing else is said: a second factor for level two, the others for level one.
    pub const fn usual_aal(self) -> Aal {
        match self {
            Self::Totp | Self::LookupSecret => Aal::Aal2,
            _ => Aal::Aal1,
        }
    }
}

/// A device that a session was issued to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Chosen by the server.
    pub id: DeviceId,
    /// Its address, as whoever issued the session says.
    pub ip_address: Option<String>,
    /// Its browser or app.
    pub user_agent: Option<String>,
    /// Where it is, for people.
    pub location: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_700_000_000 + seconds, 0).expect("in range")
    }

    fn session() -> Session {
        Session {
            id: SessionId::generate(at(0)),
            identity_id: IdentityId::generate(at(0)),
            enabled: true,
            issued_at: at(0),
            authenticated_at: at(0),
            expires_at: at(60),
            aal: Aal::Aal1,
            authentication_methods: Vec::new(),
            devices: Vec::new(),
        }
    }

    #[test]
    fn a_session_counts_until_it_expires_is_ended_or_its_identity_is_inactive() {
        let session = session();
        assert!(session.is_active(State::Active, at(59)));
        assert!(!session.is_active(State::Active, at(60)));
        assert!(!session.is_active(State::Inactive, at(0)));
        let ended = Session {
            enabled: false,
            ..session
        };
        assert!(!ended.is_active(State::Active, at(0)));
    }

    #[test]
    fn words_are_read_back_as_they_are_written() {
        for aal in Aal::ALL {
            assert_eq!(Aal::parse(aal.as_str()), Some(*aal));
            assert_eq!(serde_json::to_value(aal).expect("serializes"), aal.as_str());
        }
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(*method));
            assert_eq!(
                serde_json::to_value(method).expect("serializes"),
                method.as_str()
            );
        }
        assert!(Aal::parse("aal4").is_none() && Method::parse("Password").is_none());
        assert!(Aal::Aal0 < Aal::Aal1 && Aal::Aal2 < Aal::Aal3);
    }
}
