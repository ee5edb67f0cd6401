//! Paths of PATCH: any text is read or refused.

#![no_main]

#[path = "../src/checks.rs"]
#[expect(dead_code, reason = "each target makes one of the checks")]
mod checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| checks::path(text));
