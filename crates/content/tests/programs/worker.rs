//! The worker of this crate's tests, and workers gone wrong.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => pendeen_content::serve::main(),
        // Crashes as soon as it has to do something.
        Some("crash") => std::process::abort(),
        Some("garbage") => garbage(),
        Some("silent") => silent(),
        Some(_) => ExitCode::FAILURE,
    }
}

/// Answers anything with bytes that are no frame.
fn garbage() -> ExitCode {
    let Ok(socket) = std::io::stdin().as_fd().try_clone_to_owned() else {
        return ExitCode::FAILURE;
    };
    let written = UnixStream::from(socket).write_all(&[0xff; 64]);
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads and never answers.
fn silent() -> ExitCode {
    let mut sink = [0; 256];
    while !matches!(std::io::stdin().read(&mut sink), Ok(0) | Err(_)) {}
    ExitCode::SUCCESS
}
