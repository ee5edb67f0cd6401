//! `palisade import`: a file becomes identities.
//!
//! One thread reads the file, understands its rows and makes the identities' first states (`prepare.rs`), while another
//! batch is being written (`write.rs`): some five hundred rows or less in one transaction, with how far the import has come.
//! Rows that are refused go to a file (`journal.rs`) whose length is in that transaction, too. To add a format: a file that makes a
//! [`record::Record`] of a row, a variant of [`Format`], and how its rows are told apart (`rows.rs`).

mod auth0;
mod csv;
mod fingerprint;
mod journal;
mod keycloak;
mod mapping;
mod prepare;
mod progress;
mod record;
mod report;
mod rows;
mod source;
mod values;
mod write;

pub(crate) use rows::LONGEST;

use std::path::PathBuf;

use crate::{
    Failure,
    config::Database,
    holder::{self, KeyHolder},
};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Identities as Ory's list gives them, with `include_credential`: JSON lines, or arrays
    Ory,
    /// The export of a Keycloak realm, or of its users
    Keycloak,
    /// The export of Auth0's users: JSON lines
    Auth0,
    /// Comma-separated values with a header
    Csv,
}

impl Format {
    /// As the command line names it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ory => "ory",
            Self::Keycloak => "keycloak",
            Self::Auth0 => "auth0",
            Self::Csv => "csv",
        }
    }
}

/// What to import, and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) format: Format,
    pub(crate) mapping: Option<PathBuf>,
    pub(crate) schema: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) report: Option<PathBuf>,
    pub(crate) rejected: Option<PathBuf>,
    pub(crate) keep_ids: bool,
    pub(crate) again: bool,
    pub(crate) json: bool,
    /// `-`: stdin.
    pub(crate) file: PathBuf,
}

/// Imports, or rehearses it.
pub(crate) async fn run(
    options: &Options,
    database: &Database,
    holder: &holder::KeyArguments,
) -> Result<(), Failure> {
    let mapping = mapping::Mapping::load(options)?;
    let holder = KeyHolder::open(database, holder, "import").await?;
    let done = if options.dry_run {
        write::rehearse(options, mapping, &holder).await
    } else {
        write::import(options, mapping, &holder).await
    };
    holder.close().await;
    done
}
