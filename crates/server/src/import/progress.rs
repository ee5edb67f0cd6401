//! How an import shows how far it is: a bar on a terminal, else a line now and then.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::output;

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// What is shown.
pub(super) struct Progress {
    bar: ProgressBar,
    shown: Option<Instant>,
    began: Instant,
    length: Option<u64>,
    /// The rows that this run has done.
    rows: u64,
}

impl Progress {
    /// Of a file of this length in bytes, of which so much was done before.
    pub(super) fn start(length: Option<u64>) -> Self {
        let began = Instant::now();
        let terminal = std::io::stderr().is_terminal();
        let bar = match (terminal, length) {
            (false, _) => ProgressBar::hidden(),
            (true, Some(length)) => {
                let bar = ProgressBar::new(length);
                style(
                    &bar,
                    "{wide_bar} {percent:>3}%  {msg}  {elapsed} gone, {eta} left",
                );
                bar
            }
            (true, None) => {
                let bar = ProgressBar::new_spinner();
                style(&bar, "{spinner} {bytes} read  {msg}  {elapsed} gone");
                bar
            }
        };
        if terminal {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self {
            bar,
            shown: (!terminal).then_some(began),
            began,
            length,
            rows: 0,
        }
    }

    /// Some rows more are done, and so much of the file is read.
    pub(super) fn advance(&mut self, rows: u64, read: u64) {
        self.rows += rows;
        self.bar.set_position(read);
        self.bar.set_message(format!(
            "{} rows, {} a second",
            HumanCount(self.rows),
            HumanCount(self.rate())
        ));
        let Some(shown) = self.shown.filter(|shown| shown.elapsed() >= EVERY) else {
            return;
        };
        let percent = self
            .length
            .filter(|length| *length > 0)
            .map_or_else(String::new, |length| format!(", {} %", read * 100 / length));
        output::remark(format_args!(
            "{} rows, {} a second{percent}",
            self.rows,
            self.rate()
        ));
        self.shown = Some(shown + shown.elapsed());
    }

    /// Rows a second of this run.
    pub(super) fn rate(&self) -> u64 {
        let milliseconds = self.began.elapsed().as_millis().max(1);
        u64::try_from(u128::from(self.rows) * 1_000 / milliseconds).unwrap_or(u64::MAX)
    }

    /// Seconds since the run began.
    pub(super) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    /// However the run ends: what is said of it stands on a line of its own.
    fn drop(&mut self) {
        self.end();
    }
}

fn style(bar: &ProgressBar, template: &str) {
    // A template of ours that is none leaves the bar as it comes.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
