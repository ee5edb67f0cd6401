use std::path::PathBuf;

use clap::Args;

use crate::{Failure, config::Database, holder, import};

const AFTER: &str = "\
What a row brings that is taken, or that does not fit the tenant's identity schema, refuses the row and not the import:
it goes to the file of rejected rows with the reason, and can be corrected there and imported from there.

An import that was ended, however hard, goes on where it stopped when the same command is given again: no row is done
twice, and none is left out. What is read from stdin can't go on.

Exit codes: 0 every row went in; 1 rows were rejected, or the import failed; 2 the command was called wrongly.
docs/IMPORT.md describes the formats and the mapping file.";

/// How to import.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Arguments {
    #[command(flatten)]
    holder: holder::KeyArguments,
    /// What the file is
    #[arg(long, value_enum, value_name = "FORMAT")]
    from: import::Format,
    /// Which fields of the source become what (TOML); for keycloak, auth0 and csv
    #[arg(long, value_name = "TOML")]
    mapping: Option<PathBuf>,
    /// The identity schema of every identity, whatever the file says
    #[arg(long, value_name = "ID")]
    schema: Option<String>,
    /// Change nothing: tell of each row what would become of it
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: the file for what would become of each row, a new or an empty one [default: stdout]
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    report: Option<PathBuf>,
    /// The file for rejected rows [default: <FILE>.<TENANT ID>.rejected.jsonl]
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    rejected: Option<PathBuf>,
    /// Keep the ids of the source where they are UUIDs
    #[arg(long)]
    keep_ids: bool,
    /// Begin anew where this import is finished, with a new file for rejected rows
    #[arg(long, conflicts_with = "dry_run")]
    again: bool,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
    /// The file to import, or `-` for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// `palisade import`
pub(super) async fn run(arguments: Arguments, database: &Database) -> Result<(), Failure> {
    let Arguments {
        holder,
        from,
        mapping,
        schema,
        dry_run,
        report,
        rejected,
        keep_ids,
        again,
        json,
        file,
    } = arguments;
    let options = import::Options {
        format: from,
        mapping,
        schema,
        dry_run,
        report,
        rejected,
        keep_ids,
        again,
        json,
        file,
    };
    import::run(&options, database, &holder).await
}
