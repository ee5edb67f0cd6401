//! Time as an argument.

use palisade_identity::Timestamp;

/// Tells the time. The program has one [`SystemClock`]; tests have their own.
pub trait Clock: Send + Sync + 'static {
    /// Now, cut to the microsecond: what the databases keep.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the machine's clock"
        )]
        let now = chrono::Utc::now();
        chrono::DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }
}
