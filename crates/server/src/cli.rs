//! The command line.
//!
//! Answers go to stdout, remarks and logs to stderr. Exit codes: 0 done, 1 failed (with one line on stderr that
//! says what to do), 2 called wrongly.

mod config;
mod export;
mod import;
mod key;
mod migrate;
mod openapi;
mod operator;
mod parse;
mod serve;
mod tenant;

pub(crate) use operator::Operator;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    Failure,
    config::{Config, Environment, load},
    output, quickstart,
};

#[derive(Debug, Parser)]
#[command(
    name = "palisade",
    version,
    about = "A multi-tenant identity gateway with policy enforcement"
)]
struct Cli {
    /// The configuration file; its keys are those of `palisade config print`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try Palisade: an embedded database with a tenant, keys and identities, and calls to paste
    Quickstart(quickstart::Arguments),
    /// Serve requests on the configured database
    Serve,
    /// Bring the database's tables to what this version needs
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Create, list, suspend and resume tenants
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Create, list, rotate and revoke API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Import identities from a file: of Ory, Keycloak, Auth0, or CSV
    Import(import::Arguments),
    /// Export all identities of a tenant as JSON lines, as `import --from ory` reads them
    Export(export::Arguments),
    /// Print the OpenAPI document
    Openapi,
    /// Check or print the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Runs the command that the arguments of this process name.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Help and version come as errors, too; they go to stdout and mean success.
            let _ = usage.print();
            return ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2));
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::remark(format_args!("palisade: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    if matches!(cli.command, Command::Openapi) {
        return openapi::run();
    }
    let settings = load(cli.config.as_deref(), &Environment::of_process()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("the runtime can't be started: {error}")))?;
    runtime.block_on(command(cli.command, settings))
}

async fn command(command: Command, settings: Config) -> Result<(), Failure> {
    match command {
        Command::Quickstart(arguments) => quickstart::run(arguments, settings).await,
        Command::Serve => serve::run(&settings).await,
        Command::Migrate(command) => migrate::run(command, &settings.database).await,
        Command::Tenant(command) => tenant::run(command, &settings.database).await,
        Command::Key(command) => key::run(command, &settings.database).await,
        Command::Import(arguments) => import::run(arguments, &settings.database).await,
        Command::Export(arguments) => export::run(arguments, &settings).await,
        Command::Openapi => openapi::run(),
        Command::Config(command) => config::run(&command, &settings),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
