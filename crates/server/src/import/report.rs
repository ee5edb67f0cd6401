//! What is said at the end, and of each row where it is only rehearsed.

use std::{
    fs::Permissions,
    io::{BufWriter, Write},
    os::unix::fs::PermissionsExt as _,
};

use palisade_envelope::Error;
use serde_json::{Map, Value, json};

use super::{Options, journal::reason, progress::Progress, source::Source};
use crate::{
    Failure,
    files::{self, Held},
    output,
};

/// The counts of an import, with those of runs before this one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) created: u64,
    pub(super) rejected: u64,
    /// Of the rejected.
    pub(super) already_there: u64,
    /// Of the rows, those that runs before this one did.
    pub(super) before: u64,
}

impl Counts {
    /// Prints them; an error where something was rejected, so that the exit code says so.
    pub(super) fn tell(
        &self,
        options: &Options,
        source: &Source,
        progress: &Progress,
        rejected: Option<&str>,
    ) -> Result<(), Failure> {
        let Self {
            rows,
            created,
            rejected: refused,
            already_there,
            before,
        } = *self;
        if options.json {
            let mut summary = json!({
                "rows": rows,
                "created": created,
                "rejected": refused,
                "already_there": already_there,
                "resumed_after": before,
                "seconds": (progress.seconds() * 1_000.0).round() / 1_000.0,
                "rows_per_second": progress.rate(),
                "dry_run": options.dry_run,
            });
            if let (Some(summary), Some(rejected)) = (summary.as_object_mut(), rejected)
                && refused > 0
            {
                summary.insert("rejected_file".to_owned(), rejected.into());
            }
            output::answer_json(&summary)?;
        } else {
            let (one, many) = if options.dry_run {
                ("identity would be created", "identities would be created")
            } else {
                ("identity was created", "identities were created")
            };
            let line = format!(
                "{} of {}: {}, {} rejected ({already_there} because what they bring is there already){}; {:.1} s, {} rows a \
                 second",
                counted(rows, "row", "rows"),
                source.name(),
                counted(created, one, many),
                counted(refused, "row", "rows"),
                if before > 0 {
                    format!("; {before} of the rows were done by a run before")
                } else {
                    String::new()
                },
                progress.seconds(),
                progress.rate(),
            );
            // What would become of each row is on stdout then.
            if options.dry_run && options.report.is_none() {
                output::remark(line);
            } else {
                output::answer(line)?;
            }
        }
        if refused == 0 {
            return Ok(());
        }
        let what = counted(refused, "row", "rows");
        Err(Failure::new(match rejected {
            Some(file) => format!("{what} rejected; `{file}` says why"),
            None => format!("{what} would be rejected; the report says why"),
        }))
    }
}

/// A number and what there is of it.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// What would become of each row, as JSON lines.
pub(super) struct Report {
    out: Box<dyn Write>,
    name: String,
}

impl Report {
    /// To the file that the options name, which must be a new or an empty one, or to stdout.
    pub(super) fn open(options: &Options) -> Result<Self, Failure> {
        let Some(path) = &options.report else {
            return Ok(Self {
                out: Box::new(BufWriter::new(std::io::stdout())),
                name: "stdout".to_owned(),
            });
        };
        let name = format!("`{}`", path.display());
        let broken =
            |error: std::io::Error| Failure::new(format!("{name} can't be written: {error}"));
        let Some(Held { file, .. }) = files::hold(path).map_err(broken)? else {
            return Err(Failure::new(format!(
                "another run writes to {name}: wait for its end, or name another file with `--report`"
            )));
        };
        if file.metadata().map_err(broken)?.len() > 0 {
            return Err(Failure::new(format!(
                "{name} is there already and would be written over: move it away, or name another file with `--report`"
            )));
        }
        let own = Permissions::from_mode(0o600);
        file.set_permissions(own).map_err(broken)?;
        Ok(Self {
            out: Box::new(BufWriter::new(file)),
            name,
        })
    }

    /// Tells of one row.
    pub(super) fn row(&mut self, number: u64, error: Option<&Error>) -> Result<(), Failure> {
        let mut line = Map::new();
        line.insert("row".to_owned(), number.into());
        let outcome = if error.is_some() {
            "would-reject"
        } else {
            "would-create"
        };
        line.insert("outcome".to_owned(), outcome.into());
        if let Some(error) = error {
            let members = reason(error).into_iter();
            line.extend(members.map(|(name, value)| (name.to_owned(), value)));
        }
        writeln!(self.out, "{}", Value::Object(line)).map_err(|error| self.broken(&error))
    }

    /// Writes what is left.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &std::io::Error) -> Failure {
        Failure::new(format!("{} can't be written: {error}", self.name))
    }
}
