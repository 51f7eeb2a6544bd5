//! The hidden subcommand `pendeen worker filesystem`: the sandboxed reader of file systems.
//!
//! Its standard input is a socket to the process that started it; it is of no use to a person.

use std::process::ExitCode;

/// Serves the process that started this one until it has no more requests.
pub fn run() -> ExitCode {
    pendeen_evidence::worker::serve::main()
}
