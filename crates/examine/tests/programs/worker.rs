//! The workers of this crate's tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("filesystem") => pendeen_evidence::worker::serve::main(),
        Some("content") => pendeen_examine::preview::worker_main(),
        // A worker that crashes as soon as it has to do something.
        Some("crash") => std::process::abort(),
        _ => ExitCode::FAILURE,
    }
}
