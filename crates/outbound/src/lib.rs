//! Requests that the program itself sends to addresses that tenants name.
//!
//! Owns: [`Reach`], which says what may be reached, and [`Fetcher`], which reaches it: over TLS, bounded in time and
//! size, without redirects or proxies, and only at addresses of the public internet.
//! Depends on: no crate of the house. Knows no tenants and no rows.
//! Nothing else in the program sends requests to where a tenant says.

mod fetch;
mod reach;

pub use fetch::{Fault, Fetcher};
pub use reach::Reach;
