//! Ids by kind, so that one can't be given where another is meant. All are UUIDv7: they sort by creation.

use crate::Timestamp;

/// Declares id types: `id! { /// doc  Name; ... }`. Other crates declare theirs with it, too.
#[macro_export]
macro_rules! id {
    ($($(#[$meta:meta])+ $name:ident;)+) => {$(
        $(#[$meta])+
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, $crate::ids::Serialize, $crate::ids::Deserialize)]
        #[serde(transparent)]
        pub struct $name($crate::ids::Uuid);

        impl $name {
            /// A new id made at `now`.
            pub fn generate(now: $crate::Timestamp) -> Self {
                Self($crate::ids::uuid_at(now))
            }

            /// The id that this UUID is.
            pub const fn from_uuid(uuid: $crate::ids::Uuid) -> Self {
                Self(uuid)
            }

            /// The id in this text: a UUID in the form of RFC 9562 section 4, in either case; `None` for anything
            /// else. Braces, URNs and bare digits are refused, so that what stands before us and compares ids as
            /// text means the same ones.
            pub fn parse(text: &str) -> Option<Self> {
                const HYPHENATED: usize = 36;
                if text.len() != HYPHENATED {
                    return None;
                }
                $crate::ids::Uuid::try_parse(text).ok().map(Self)
            }

            /// The UUID.
            pub const fn as_uuid(self) -> $crate::ids::Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

pub use serde::{Deserialize, Serialize};
pub use uuid::Uuid;

/// A UUIDv7 whose time is `now`; the rest is random.
pub fn uuid_at(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(
        uuid::NoContext,
        seconds,
        now.timestamp_subsec_nanos(),
    ))
}

id! {
    /// An identity of a tenant: the Ory `identity`, the `/v1` user.
    IdentityId;
    /// An external identity, linked or not.
    LinkId;
    /// An identity provider of a tenant.
    ProviderId;
    /// A verifiable or recovery address of an identity.
    AddressId;
    /// A session of an identity.
    SessionId;
    /// A device that a session was issued to.
    DeviceId;
    /// A group of identities that a provisioning system keeps.
    GroupId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = chrono::DateTime::from_timestamp_millis(1_700_000_000_000).expect("in range");
        let late = chrono::DateTime::from_timestamp_millis(1_700_000_000_001).expect("in range");
        assert!(IdentityId::generate(early) < IdentityId::generate(late));
        assert_ne!(IdentityId::generate(early), IdentityId::generate(early));
    }

    #[test]
    fn one_form_of_a_uuid_is_read_in_either_case() {
        let text = "2489E9AD-2EE2-8E00-8EC9-32D5F69181C0";
        assert!(IdentityId::parse(text).is_some());
        assert_eq!(
            IdentityId::parse(text),
            IdentityId::parse(&text.to_lowercase())
        );
        let (bare, braced, urn) = (
            text.replace('-', ""),
            format!("{{{text}}}"),
            format!("urn:uuid:{text}"),
        );
        for other in [bare.as_str(), &braced, &urn, "", &text[1..]] {
            assert!(IdentityId::parse(other).is_none(), "{other}");
        }
    }
}
