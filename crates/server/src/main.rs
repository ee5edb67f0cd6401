//! The program `palisade`.

use std::process::ExitCode;

/// A request makes some hundred small allocations; the system's allocator takes a tenth of a read for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    palisade_server::cli::main()
}
