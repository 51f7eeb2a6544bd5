//! The workers of this crate's tests, and an examination as a process that can be killed.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use pendeen_evidence::worker::WorkerCommand;
use pendeen_examine::{Checkpoints, Method, Mode, Nesting, Options, Silent};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let kind = args.next();
    match kind.as_deref().and_then(|kind| kind.to_str()) {
        Some("filesystem") => pendeen_evidence::worker::serve::main(),
        Some("content") => pendeen_examine::preview::worker_main(),
        // A worker that crashes as soon as it has to do something.
        Some("crash") => std::process::abort(),
        // SOURCE OUT: examines, or goes on; makes every content durable at once.
        Some("examine") => match (args.next(), args.next()) {
            (Some(source), Some(out)) => examine(source.into(), out.into()),
            _ => ExitCode::FAILURE,
        },
        _ => ExitCode::FAILURE,
    }
}

fn examine(source: PathBuf, out: PathBuf) -> ExitCode {
    let Ok(program) = std::env::current_exe() else { return ExitCode::FAILURE };
    let clock = || jiff::Timestamp::UNIX_EPOCH;
    let options = Options {
        sources: vec![source],
        known: Vec::new(),
        out,
        exhibit: "ABC/1".to_owned(),
        threads: NonZeroUsize::MIN.saturating_add(1),
        worker: WorkerCommand::new(program.clone(), &["filesystem"]),
        content: WorkerCommand::new(program, &["content"]),
        nesting: Nesting::default(),
        verify: true,
        carve: true,
        method: Method { tool: "pendeen".to_owned(), version: "test".to_owned(), examiner: None },
        mode: Mode {
            resume: true,
            checkpoints: Checkpoints { bytes: 1, contents: 1, pause: Duration::ZERO },
            ..Mode::default()
        },
        clock: &clock,
    };
    match pendeen_examine::run(&options, &Silent) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // Where nobody listens, the exit code says it.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}
