//! Ory's dialect.

pub(crate) mod identities;
pub(crate) mod schemas;
pub(crate) mod sessions;

pub use identities::identity_line;
