use clap::Subcommand;

use crate::{Failure, config::Config, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read the file and the environment, and say what is wrong
    Check,
    /// Print what is in force, with passwords as ***
    Print,
}

/// `palisade config ...`. It was checked when it was loaded.
pub(super) fn run(command: &Command, settings: &Config) -> Result<(), Failure> {
    match command {
        Command::Check => output::answer("the configuration is good"),
        Command::Print => output::answer(settings.redacted()?.trim_end()),
    }
}
