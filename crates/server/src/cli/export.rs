use std::path::PathBuf;

use clap::Args;

use crate::{Failure, config::Config, export, holder};

const AFTER: &str = "\
Each line is an identity as Ory's list shows it with `include_credential` for every type, password hashes included: keep
it as you keep the database. Reading them needs the action `credential:reveal`, and each identity has a row in the audit
trail. `palisade import --from ory` reads it back.";

/// How to export.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Arguments {
    #[command(flatten)]
    holder: holder::KeyArguments,
    /// The file to write, readable by its owner only; it is there when all of it is [default: stdout]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Leave the secret parts of credentials out; needs no `credential:reveal`
    #[arg(long)]
    without_secrets: bool,
    /// Print a summary as one JSON object
    #[arg(long, requires = "output")]
    json: bool,
}

/// `palisade export`
pub(super) async fn run(arguments: Arguments, settings: &Config) -> Result<(), Failure> {
    let options = export::Options {
        output: arguments.output,
        without_secrets: arguments.without_secrets,
        json: arguments.json,
    };
    export::run(&options, settings, &arguments.holder).await
}
