//! The end-to-end tests: the real program, started as a process, driven by real clients over HTTP.
//!
//! Owns: what only shows when all parts are together. Depends on no crate of the house, so that nothing here can
//! know more than a caller does; the program is built and started, and spoken to.
//!
//! One test binary. Cases run on SQLite and on PostgreSQL ([`on_both_databases!`](database)); PostgreSQL is the one
//! that `PALISADE_TEST_POSTGRES` names, and a test fails where it is missing.
//! A case gets a [`House`](house::House): two new tenants that hold the same names and e-mails in a gateway that
//! all cases share. It works in `alpha` and ends with `finish`, which asserts that `twin` is as it was.
//!
//! To add a case: an `async fn` inside `on_both_databases!` in the module of its subject; its name is a sentence, and
//! begins with `abuse_<number>_` where it is a case of abuse.

#[cfg(test)]
#[macro_use]
mod database;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod client;
#[cfg(test)]
mod conformity;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod house;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod import;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod issuers;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod ory_sdk;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod program;
#[cfg(test)]
mod quickstart;
#[cfg(test)]
mod replica;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod scim;
#[cfg(test)]
mod session_tokens;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod telemetry;
