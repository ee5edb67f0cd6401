//! PATCH: any message is refused, or makes a state that could have been posted.

#![no_main]

#[path = "../src/checks.rs"]
#[expect(dead_code, reason = "each target makes one of the checks")]
mod checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| checks::patch(body));
