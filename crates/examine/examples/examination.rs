//! Measures an examination: time to the first known file, time in all, most memory.
//!
//!     cargo run --release --example examination -- SOURCE OUT [LIST]
//!
//! With a list of known files it is a triage; without one, the whole examination, nothing carved.
//! Its workers are itself. The memory is that of this process, not of its workers: the most that it
//! had before each step, and at the end.

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread::available_parallelism;
use std::time::Instant;

use pendeen_evidence::worker::WorkerCommand;
use pendeen_examine::{Method, Mode, Nesting, Options, Progress, Step, run};
use pendeen_knownset::Known;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    match args.first().and_then(|arg| arg.to_str()) {
        Some("filesystem") => return pendeen_evidence::worker::serve::main(),
        Some("content") => return pendeen_examine::preview::worker_main(),
        _ => {}
    }
    let [source, out, list @ ..] = args.as_slice() else {
        println!("examination SOURCE OUT [LIST]");
        return ExitCode::FAILURE;
    };
    let list: Vec<PathBuf> = list.iter().map(PathBuf::from).collect();
    match measure(source.into(), out.into(), list) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells when each step began, and the first hit.
struct Told {
    started: Instant,
    hits: Mutex<u64>,
}

impl Progress for Told {
    fn begin(&self, step: Step, _items: Option<u64>, _bytes: Option<u64>) {
        println!("{:8.2} s  {step:?}, {}", self.started.elapsed().as_secs_f64(), most_memory());
    }

    fn advance(&self, _items: u64, _bytes: u64) {}

    fn hit(&self, forensic_path: &str, _known: &Known) {
        let Ok(mut hits) = self.hits.lock() else { return };
        *hits += 1;
        if *hits == 1 {
            println!("{:8.2} s  first hit: {forensic_path}", self.started.elapsed().as_secs_f64());
        }
    }
}

fn measure(source: PathBuf, out: PathBuf, known: Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let told = Told { started: Instant::now(), hits: Mutex::new(0) };
    let options = Options {
        sources: vec![source],
        out,
        exhibit: String::new(),
        threads: available_parallelism().unwrap_or(NonZeroUsize::MIN),
        worker: WorkerCommand::new(program.clone(), &["filesystem"]),
        content: WorkerCommand::new(program, &["content"]),
        nesting: Nesting::default(),
        verify: false,
        carve: false,
        method: Method { tool: "measure".into(), version: "1".into(), examiner: None },
        mode: Mode { triage: !known.is_empty(), ..Mode::default() },
        known,
        clock: &|| jiff::Timestamp::UNIX_EPOCH,
    };
    let counts = run(&options, &told)?.counts;
    let seconds = told.started.elapsed().as_secs_f64();
    println!(
        "{seconds:8.2} s  {} items, {} known, {} gaps",
        counts.items, counts.known, counts.gaps
    );
    println!("{}", most_memory());
    Ok(())
}

/// `VmHWM: 12345 kB`
fn most_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
