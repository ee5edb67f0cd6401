//! `POST /admin/sessions`

use palisade_authz::action::ManageSessions;
use palisade_envelope::{Code, Error, Result};
use palisade_identity::{IdentityId, SessionId};
use palisade_store::{Bulk, Reach};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    call::{Call, Media},
    doc::Doc,
    fields::Fields,
    guard::Guarded,
    problem::Answer,
    reply::Reply,
    words::BulkWord,
};

/// How many ids one call may name.
const MOST: usize = 500;

/// Which sessions, and what is done to them. Exactly one of `identities` and `sessions`.
#[derive(ToSchema)]
#[schema(as = ManageSessionsBody)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body in the document")]
struct ManageBody {
    /// `disable`: they stop to count; `delete`: their rows go.
    action: BulkWord,
    /// 1 to 500 identities whose sessions are meant; or `*` alone: those of everybody.
    #[schema(min_items = 1, max_items = 500)]
    identities: Option<Vec<String>>,
    /// 1 to 500 sessions.
    #[schema(min_items = 1, max_items = 500)]
    sessions: Option<Vec<uuid::Uuid>>,
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[schema(as = ManageSessionsResponse)]
struct Managed {
    /// How many sessions; of those to be ended, only the ones that had not been.
    processed: u64,
    /// Whether there may be more of them, for another call. With named ids never.
    more: bool,
}

pub(super) fn doc() -> Doc {
    Doc::new(
        "manageSessions",
        "sessions.manage",
        "sessions",
        "End or delete many sessions",
    )
    .body::<ManageBody>(Media::Any)
    .replies::<Managed>(200)
    .refuses(&[
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::UnknownField,
        Code::BodyTooLarge,
    ])
}

pub(super) async fn manage(guarded: Guarded<ManageSessions>, mut call: Call) -> Answer {
    let (bulk, reach) = read(&call.body(Media::Any).await?)?;
    let (processed, more) = guarded
        .app
        .store
        .manage_sessions(guarded.grant, bulk, reach)
        .await?;
    Reply::ok(&call.request).json(&Managed { processed, more })
}

fn read(body: &[u8]) -> Result<(Bulk, Reach)> {
    let mut fields = Fields::parse(body)?;
    let bulk = match fields.text("action")?.as_str() {
        "disable" => Bulk::Disable,
        "delete" => Bulk::Delete,
        _ => return Err(Error::field("action", "`disable` or `delete`")),
    };
    let identities = fields.optional_texts("identities")?;
    let sessions = fields.optional_texts("sessions")?;
    fields.finish(&["action", "identities", "sessions"])?;
    let reach = match (identities, sessions) {
        (Some(identities), None) if identities == ["*"] => Reach::Everything,
        (Some(identities), None) => {
            Reach::Identities(ids("identities", &identities, IdentityId::parse)?)
        }
        (None, Some(sessions)) => Reach::Sessions(ids("sessions", &sessions, SessionId::parse)?),
        _ => {
            return Err(Error::field(
                "identities",
                "exactly one of `identities` and `sessions`",
            ));
        }
    };
    Ok((bulk, reach))
}

fn ids<T>(field: &str, texts: &[String], parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    if !(1..=MOST).contains(&texts.len()) {
        return Err(Error::field(field, format!("1 to {MOST} ids")));
    }
    let parsed = texts.iter().map(|text| parse(text));
    parsed
        .collect::<Option<Vec<T>>>()
        .ok_or_else(|| Error::field(field, "UUIDs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_list_of_ids_is_taken_and_everybody_stands_alone() {
        let id = "0190f3c0-0000-7000-8000-00000000000a";
        for (body, expected) in [
            (
                r#"{"action":"disable","identities":["*"]}"#.to_owned(),
                Reach::Everything,
            ),
            (
                format!(r#"{{"action":"disable","identities":["{id}"]}}"#),
                Reach::Identities(vec![IdentityId::parse(id).expect("a UUID")]),
            ),
            (
                format!(r#"{{"action":"delete","sessions":["{id}"]}}"#),
                Reach::Sessions(vec![SessionId::parse(id).expect("a UUID")]),
            ),
        ] {
            assert_eq!(read(body.as_bytes()).expect("reads").1, expected);
        }
        let many = vec![format!("\"{id}\""); 501].join(",");
        for (body, field) in [
            (
                r#"{"action":"end","identities":["*"]}"#.to_owned(),
                "action",
            ),
            (r#"{"identities":["*"]}"#.to_owned(), "action"),
            (r#"{"action":"delete"}"#.to_owned(), "identities"),
            (
                r#"{"action":"delete","identities":[]}"#.to_owned(),
                "identities",
            ),
            (
                r#"{"action":"delete","sessions":["*"]}"#.to_owned(),
                "sessions",
            ),
            (
                format!(r#"{{"action":"delete","identities":["*","{id}"]}}"#),
                "identities",
            ),
            (
                format!(r#"{{"action":"delete","identities":["*"],"sessions":["{id}"]}}"#),
                "identities",
            ),
            (
                format!(r#"{{"action":"delete","sessions":[{many}]}}"#),
                "sessions",
            ),
            (
                r#"{"action":"delete","sessions":"x"}"#.to_owned(),
                "sessions",
            ),
        ] {
            let error = read(body.as_bytes()).expect_err("refused");
            assert_eq!(error.envelope().details["field"], field, "{body}");
        }
        assert!(read(br#"{"action":"delete","identities":["*"],"all":true}"#).is_err());
    }
}
