//! What Palisade says when it refuses or fails: the registry of error codes and the one error value.
//!
//! Owns: [`Code`] (code, status, sentence, declared once), [`Error`], [`Notice`].
//! Depends on: nothing of ours. Pure.
//! To add a code: one line in `codes.rs`; `docs/HTTP-STATUS.md` is generated from it.

mod codes;
mod error;
mod notice;

pub use codes::Code;
pub use error::{Envelope, Error};
pub use notice::Notice;

/// The result of everything that can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;
