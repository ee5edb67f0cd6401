//! `meta` of a resource (RFC 7643 section 3.1), and its version.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

/// What the service keeps about a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// The name of its type.
    pub resource_type: String,
    /// When it was created.
    #[serde(serialize_with = "as_text")]
    pub created: DateTime<Utc>,
    /// When it last changed.
    #[serde(serialize_with = "as_text")]
    pub last_modified: DateTime<Utc>,
    /// Where it is: the whole URL.
    pub location: String,
    /// Its entity tag, as it stands in the header `ETag` too.
    pub version: String,
}

fn as_text<S: serde::Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time_text(*time))
}

/// A point in time as answers have it.
pub(crate) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
