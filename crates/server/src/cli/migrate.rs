use clap::Subcommand;

use crate::{Failure, config::Database, node, output};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply the migrations that the database lacks
    Up,
    /// Print each migration and whether the database has it
    Status,
}

/// `palisade migrate ...`
pub(super) async fn run(command: Command, database: &Database) -> Result<(), Failure> {
    let store = node::connect(database).await?;
    let done = match command {
        Command::Up => store
            .migrate_up()
            .await
            .map_err(Failure::from)
            .and_then(|applied| {
                if applied.is_empty() {
                    output::remark("the database had every migration already");
                }
                applied
                    .into_iter()
                    .try_for_each(|name| output::answer(format_args!("applied\t{name}")))
            }),
        Command::Status => store
            .migration_status()
            .await
            .map_err(Failure::from)
            .and_then(|all| {
                all.into_iter().try_for_each(|(name, applied)| {
                    output::answer(format_args!(
                        "{}\t{name}",
                        if applied { "applied" } else { "missing" }
                    ))
                })
            }),
    };
    store.close().await;
    done
}
