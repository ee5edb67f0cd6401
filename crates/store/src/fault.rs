//! What can go wrong inside the store, and what the caller is told of it.

use palisade_envelope::{Code, Error};
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, sqlx};

use crate::dialect::{self, Violation};

/// A refusal of ours, or an error of the database that is yet to be told apart.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Already in the caller's words.
    Refused(Error),
    /// As the driver gave it.
    Database(DbErr),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(error) => error,
            Fault::Database(error) => database(error),
        }
    }
}

impl Fault {
    /// The constraint that was violated, where one was.
    pub(crate) fn violation(&self) -> Option<Violation> {
        match self {
            Self::Refused(_) => None,
            Self::Database(error) => dialect::violation(error),
        }
    }

    /// Whether the same work can be tried once more: it lost against another transaction.
    pub(crate) fn lost_a_race(&self) -> bool {
        matches!(self, Self::Database(error) if dialect::lost_a_race(error))
    }
}

/// A text that one of the two databases can't keep.
pub(crate) fn nul() -> Error {
    Error::with_message(
        Code::InvalidRequest,
        "a text must not contain the character U+0000",
    )
}

/// The field of a unique constraint, where one field says it all.
pub(crate) fn unique_fields(constraint: &str) -> &'static [&'static str] {
    match constraint {
        "identities_external_id_unique" => &["external_id"],
        "tenants_name_unique" | "identity_providers_name_unique" | "policies_pkey" => &["name"],
        "external_identities_subject_unique" => &["external_id"],
        _ => &["id"],
    }
}

fn database(error: DbErr) -> Error {
    match dialect::violation(&error) {
        Some(Violation::Unique(constraint)) => {
            return Error::conflict(unique_fields(&constraint).iter().copied()).caused_by(error);
        }
        Some(Violation::ForeignKey) => {
            let message =
                "the request names something that does not exist, or removes what is still in use";
            return Error::with_message(Code::InUse, message).caused_by(error);
        }
        Some(Violation::Check) => {
            let message = "a value is empty, too long or not one of those allowed";
            return Error::with_message(Code::InvalidRequest, message).caused_by(error);
        }
        None => {}
    }
    if lost_connection(&error) || dialect::busy(&error) || dialect::lost_a_race(&error) {
        return Error::new(Code::Unavailable).caused_by(error);
    }
    Error::internal(error)
}

/// Whether an open connection turned out to be dead, so that another may do.
pub(crate) fn was_cut(error: &DbErr) -> bool {
    matches!(error, DbErr::Exec(_) | DbErr::Query(_)) && lost_connection(error)
}

fn lost_connection(error: &DbErr) -> bool {
    match error {
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed) => {
            true
        }
        DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            matches!(
                **error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
                    | sqlx::Error::Protocol(_)
            ) || dialect::server_went_away(error)
        }
        _ => false,
    }
}
