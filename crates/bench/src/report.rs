//! Figures on the terminal, and whether a bar is met.

use crate::load::Sample;

/// The sample of median rate.
pub(crate) fn median(mut samples: Vec<Sample>) -> Sample {
    samples.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    samples.get(samples.len() / 2).copied().unwrap_or(Sample {
        rate: 0.0,
        p50: 0,
        p99: 0,
    })
}

/// A line of figures.
pub(crate) fn line(name: &str, sample: Sample) {
    println!(
        "  {name:<44} {:>9.0} requests/s   p50 {:>6} us   p99 {:>6} us",
        sample.rate, sample.p50, sample.p99
    );
}

/// Prints a ratio beside its bar, which is the least that it may be; tells whether it is met.
pub(crate) fn at_least(name: &str, ratio: f64, bar: f64) -> bool {
    verdict(name, ratio, "at least", bar, ratio >= bar)
}

/// Prints a ratio beside its bar, which is the most that it may be; tells whether it is met.
pub(crate) fn at_most(name: &str, ratio: f64, bar: f64) -> bool {
    verdict(name, ratio, "at most", bar, ratio <= bar)
}

fn verdict(name: &str, ratio: f64, relation: &str, bar: f64, met: bool) -> bool {
    println!(
        "  {name:<44} {ratio:>9.2}   bar: {relation} {bar}   {}",
        if met { "met" } else { "NOT MET" }
    );
    met
}
