//! The program `palisade`: configuration, telemetry, the command line, and the wiring of the crates below.
//!
//! Owns: everything that happens before the first request and after the last one. Decides nothing about
//! tenants and identities: the command line's changes go through the gate and the store like any caller's.
//! Depends on: every crate below. To add a command: a file in `cli/` and a variant in `cli.rs`.

pub mod cli;
pub mod config;
mod export;
mod exposition;
mod failure;
mod files;
mod holder;
mod import;
mod listener;
mod node;
mod output;
mod quickstart;
mod serve;
mod telemetry;

pub use failure::Failure;
