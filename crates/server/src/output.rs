//! What goes to stdout (answers, for programs) and to stderr (remarks, for people).

use std::io::Write as _;

use crate::Failure;

/// One line on stdout.
pub(crate) fn answer(line: impl std::fmt::Display) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::new(format!("stdout can't be written to: {error}")))
}

/// One JSON value as one line on stdout.
pub(crate) fn answer_json(value: &serde_json::Value) -> Result<(), Failure> {
    answer(value)
}

/// One line on stderr. Who closed stderr does not want it.
pub(crate) fn remark(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
