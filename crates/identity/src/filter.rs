//! What a list of identities is narrowed to.

use palisade_envelope::{Code, Error, Result};
use serde::Serialize;
use uuid::Uuid;

use crate::{IdentityId, State, Timestamp, normalize};

/// The filters of a list. All that are set must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IdentityFilter {
    /// Only these; empty: any. Unknown ones are ignored. Up to [`Self::MAX_IDS`], returned in one page.
    pub ids: Vec<IdentityId>,
    /// Only the identity that has this identifier. For password, webauthn and code compare
    /// [`Self::normalized_identifier`], for oidc and saml this text as it is.
    pub credentials_identifier: Option<String>,
    /// Only identities with an identifier that starts so; normalised like the exact one.
    pub credentials_identifier_similar: Option<String>,
    /// Only those of this organization.
    pub organization_id: Option<Uuid>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those of this schema.
    pub schema_id: Option<String>,
    /// Only the one with this external id.
    pub external_id: Option<String>,
    /// Only those with an account at the identity provider of this name or id.
    pub provider: Option<String>,
    /// Made after this instant.
    pub created_after: Option<Timestamp>,
    /// Made before this instant.
    pub created_before: Option<Timestamp>,
    /// Changed after this instant.
    pub updated_after: Option<Timestamp>,
    /// Changed before this instant.
    pub updated_before: Option<Timestamp>,
}

impl IdentityFilter {
    /// How many `ids` one list takes.
    pub const MAX_IDS: usize = 500;

    /// The ids of the query parameter `ids`, each once.
    ///
    /// # Errors
    /// `invalid_request` when one is no UUID, or there are more than [`Self::MAX_IDS`].
    pub fn parse_ids<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Vec<IdentityId>> {
        let mut ids = Vec::new();
        for value in values {
            let id = IdentityId::parse(value).ok_or_else(|| Error::field("ids", "UUIDs"))?;
            ids.push(id);
            if ids.len() > Self::MAX_IDS {
                return Err(Error::with_message(
                    Code::InvalidRequest,
                    format!(
                        "The number of ids to filter must not exceed {}.",
                        Self::MAX_IDS
                    ),
                )
                .detail("field", "ids")
                .detail("expected", format!("{} ids at most", Self::MAX_IDS)));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Refuses filters that each name identities in a way of their own: ids, an identifier, the beginning of one. All
    /// others narrow, and go with each of them.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn check_combination(&self) -> Result<()> {
        let named = [
            !self.ids.is_empty(),
            self.credentials_identifier.is_some(),
            self.credentials_identifier_similar.is_some(),
        ];
        if named.into_iter().filter(|named| *named).count() > 1 {
            return Err(Error::with_message(
                Code::InvalidRequest,
                "You cannot combine multiple filters in this API",
            )
            .detail(
                "expected",
                "one of `ids`, `credentials_identifier` and `preview_credentials_identifier_similar`",
            ));
        }
        Ok(())
    }

    /// The filters that Ory's API does not have: only these count for the total of its old paging by number.
    #[must_use]
    pub fn only_ours(&self) -> Self {
        Self {
            ids: Vec::new(),
            credentials_identifier: None,
            credentials_identifier_similar: None,
            organization_id: None,
            ..self.clone()
        }
    }

    /// The exact identifier as password, webauthn and code credentials keep it.
    pub fn normalized_identifier(&self) -> Option<String> {
        self.credentials_identifier
            .as_deref()
            .map(normalize::identifier)
    }

    /// The beginning of an identifier as password, webauthn and code credentials keep it.
    pub fn normalized_similar(&self) -> Option<String> {
        self.credentials_identifier_similar
            .as_deref()
            .map(normalize::identifier)
    }

    /// A stable text of the filter: equal for equal filters, different for different ones. For page tokens.
    pub fn fingerprint(&self) -> String {
        let mut sorted = self.clone();
        sorted.ids.sort_unstable();
        sorted.ids.dedup();
        // Strings, ids and times always serialize.
        serde_json::to_string(&sorted).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_filters_apart_and_do_not_mind_the_order_of_ids() {
        let by = |identifier: &str| IdentityFilter {
            credentials_identifier: Some(identifier.to_owned()),
            ..IdentityFilter::default()
        };
        assert_eq!(by("a").fingerprint(), by("a").fingerprint());
        assert_ne!(by("a").fingerprint(), by("b").fingerprint());
        assert_ne!(
            by("a").fingerprint(),
            IdentityFilter::default().fingerprint()
        );
        let similar = IdentityFilter {
            credentials_identifier_similar: Some("a".to_owned()),
            ..IdentityFilter::default()
        };
        assert_ne!(by("a").fingerprint(), similar.fingerprint());
        let (one, two) = (
            IdentityId::from_uuid(Uuid::from_u128(1)),
            IdentityId::from_uuid(Uuid::from_u128(2)),
        );
        let of = |ids: &[IdentityId]| IdentityFilter {
            ids: ids.to_vec(),
            ..IdentityFilter::default()
        };
        assert_eq!(
            of(&[one, two]).fingerprint(),
            of(&[two, one, two]).fingerprint()
        );
    }

    #[test]
    fn one_way_to_name_identities_goes_with_every_filter_that_narrows() {
        let some = |text: &str| Some(text.to_owned());
        let narrowed = IdentityFilter {
            organization_id: Some(Uuid::nil()),
            state: Some(State::Active),
            external_id: some("e"),
            ..IdentityFilter::default()
        };
        let ids = vec![IdentityId::from_uuid(Uuid::nil())];
        let by = |ids: &[IdentityId], exact: bool, similar: bool| IdentityFilter {
            ids: ids.to_vec(),
            credentials_identifier: some("a").filter(|_| exact),
            credentials_identifier_similar: some("a").filter(|_| similar),
            ..narrowed.clone()
        };
        for filter in [
            by(&[], false, false),
            by(&ids, false, false),
            by(&[], true, false),
            by(&[], false, true),
        ] {
            filter.check_combination().expect("goes together");
            assert_eq!(filter.only_ours().organization_id, None);
            assert_eq!(filter.only_ours().state, narrowed.state);
        }
        for filter in [
            by(&ids, true, false),
            by(&ids, false, true),
            by(&[], true, true),
            by(&ids, true, true),
        ] {
            let error = filter.check_combination().expect_err("refused");
            assert_eq!(
                error.envelope().message,
                "You cannot combine multiple filters in this API"
            );
        }
    }

    #[test]
    fn ids_are_uuids_and_not_more_than_five_hundred() {
        let id = "018f4b1e-0000-7000-8000-000000000001";
        assert_eq!(
            IdentityFilter::parse_ids([id, id]).expect("parses").len(),
            1
        );
        assert!(IdentityFilter::parse_ids(["x"]).is_err());
        assert!(IdentityFilter::parse_ids(std::iter::repeat_n(id, 501)).is_err());
    }
}
