//! What the database is asked, as its driver tells: how many statements a list takes, and which index serves it.
//!
//! One test, because the driver's events are heard of all that the process does.

#[cfg(test)]
mod counted;
#[cfg(test)]
#[path = "../contract/house.rs"]
#[expect(
    dead_code,
    reason = "the house of the contract tests, of which this needs a part"
)]
mod house;
