//! Filters: any text is read or refused; what is read is shown as text that is read as the same, and can be held against a resource.

#![no_main]

#[path = "../src/checks.rs"]
#[expect(dead_code, reason = "each target makes one of the checks")]
mod checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| checks::filter(text));
