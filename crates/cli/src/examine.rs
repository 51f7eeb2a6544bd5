//! `pendeen examine`: the command around an examination, with a progress bar.

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use pendeen_casework::ambient::Clock;
use pendeen_evidence::worker::WorkerCommand;
use pendeen_examine::{
    Checkpoints, Examination, Method, Mode, Nesting, Options, Progress, Step, Unlock,
};
use pendeen_knownset::Known;
use tokio::signal::unix::{SignalKind, signal};

use crate::system::SystemClock;
use crate::{Ended, args, output};

/// Examines what the command names.
pub fn run(args: &args::Examine) -> Result<Ended> {
    let bar = Bar { tell_hits: !args.json, ..Bar::new() };
    let clock = || SystemClock.now();
    let options = Options {
        sources: args.sources.clone(),
        known: args.known.clone(),
        out: args.out.clone(),
        exhibit: args.exhibit.clone(),
        threads: args.threads.unwrap_or_else(all_cores),
        verify: true,
        carve: !args.no_carve,
        method: method(std::env::var("USER").ok()),
        worker: worker()?,
        content: content_worker()?,
        nesting: Nesting::default(),
        mode: Mode {
            triage: args.triage,
            privileged: args.exclude_privileged.clone(),
            unlock: unlock(args)?,
            resume: args.resume,
            stop: Some(stop_on_signal()),
            checkpoints: Checkpoints::default(),
        },
        clock: &clock,
    };
    let examination = pendeen_examine::run(&options, &bar);
    bar.finish();
    let examination = examination?;
    if args.json {
        output::json(&examination)?;
    } else {
        summary(&examination, args)?;
        first_gaps(&args.out)?;
    }
    Ok(if examination.counts.gaps == 0 { Ended::Done } else { Ended::WithGaps })
}

/// The secrets that the command names, and the authority to use them.
fn unlock(args: &args::Examine) -> Result<Option<Unlock>> {
    let authority = args.unlock_authority.as_deref();
    Ok(authority.map(|authority| Unlock::load(&args.unlock, authority)).transpose()?)
}

/// This program as the method of an examination.
pub fn method(examiner: Option<String>) -> Method {
    Method { tool: "pendeen".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned(), examiner }
}

/// How the sandboxed reader of file systems is started: this very program.
pub fn worker() -> Result<WorkerCommand> {
    let program = std::env::current_exe().context("finding this program's own file")?;
    Ok(WorkerCommand::new(program, &["worker", "filesystem"]))
}

/// How the sandboxed reader of archives, documents and pictures is started: this very program.
pub fn content_worker() -> Result<WorkerCommand> {
    Ok(WorkerCommand { args: ["worker", "content"].map(Into::into).to_vec(), ..worker()? })
}

/// As many threads as the machine has cores.
pub fn all_cores() -> NonZeroUsize {
    available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn summary(examination: &Examination, args: &args::Examine) -> Result<()> {
    let counts = &examination.counts;
    let origins: Vec<String> =
        counts.by_origin.iter().map(|(origin, n)| format!("{n} {origin}")).collect();
    for one in &examination.encryption {
        let place = match one.forensic_path.as_str() {
            "" => "the whole image",
            path => path,
        };
        output::lines([("encrypted", format!("{place}: {}: {}", one.named(), one.told()))])?;
    }
    output::lines([
        ("items", format!("{} ({})", counts.items, origins.join(", "))),
        ("bytes", counts.bytes.to_string()),
        ("known", counts.known.to_string()),
        ("gaps", counts.gaps.to_string()),
        ("results", args.out.display().to_string()),
        ("report", args.out.join("report.html").display().to_string()),
    ])
}

/// How many gaps are told on the terminal; the report has more, the gap table all.
const GAPS_TOLD: usize = 5;

/// Says at once what could not be read, and why.
fn first_gaps(out: &Path) -> Result<()> {
    let gaps = pendeen_item::read_gaps(&out.join("gaps.parquet"))?;
    for gap in gaps.iter().take(GAPS_TOLD) {
        let place = if gap.forensic_path.is_empty() { "the source" } else { &gap.forensic_path };
        let said = format!("{place}: {}: {}", gap.wanted, gap.reason);
        output::lines([("gap", said)])?;
    }
    if gaps.len() > GAPS_TOLD {
        output::lines([("", format!("and {} more: see the report", gaps.len() - GAPS_TOLD))])?;
    }
    Ok(())
}

/// Is set when a person or the system asks the run to stop; said at once. Asked again, the
/// program ends as it is: what was made durable until then stays.
fn stop_on_signal() -> &'static AtomicBool {
    static STOP: AtomicBool = AtomicBool::new(false);
    let wait = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let asked = runtime.and_then(|runtime| runtime.block_on(signals(&STOP)));
        if let Err(error) = asked {
            output::say(&format!("pendeen: signals cannot be waited for: {error}"));
        }
    };
    std::thread::spawn(wait);
    &STOP
}

async fn signals(stop: &AtomicBool) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
        output::say(
            "pendeen: stopping after the present step; what was read is kept for --resume (once \
             more: stop at once)",
        );
    }
}

/// Progress on standard error, if a person is watching it; hits of a triage on standard output.
pub struct Bar {
    bar: Option<Mutex<ProgressBar>>,
    tell_hits: bool,
}

impl Bar {
    /// A bar that shows nothing yet.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| Mutex::new(ProgressBar::hidden()));
        Self { bar, tell_hits: false }
    }

    fn with(&self, act: impl FnOnce(&mut ProgressBar)) {
        if let Some(bar) = &self.bar {
            act(&mut bar.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.with(|bar| bar.finish_and_clear());
    }
}

impl Progress for Bar {
    fn begin(&self, step: Step, items: Option<u64>, bytes: Option<u64>) {
        let name = match step {
            Step::Opening => "opening",
            Step::Verifying => "verifying",
            Step::Listing => "listing",
            Step::Carving => "carving",
            Step::Reading => "reading",
            Step::Writing => "writing",
        };
        self.with(|bar| {
            bar.finish_and_clear();
            let (next, template) = match bytes {
                Some(bytes) => (
                    ProgressBar::new(bytes),
                    "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} left",
                ),
                None => (ProgressBar::new_spinner(), "{msg:10} {spinner} {elapsed}"),
            };
            next.set_style(
                ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            next.set_message(match items {
                Some(items) => format!("{name} {items} items"),
                None => name.to_owned(),
            });
            next.enable_steady_tick(Duration::from_millis(200));
            *bar = next;
        });
    }

    fn advance(&self, _items: u64, bytes: u64) {
        self.with(|bar| bar.inc(bytes));
    }

    fn hit(&self, forensic_path: &str, known: &Known) {
        if !self.tell_hits {
            return;
        }
        let tell = || {
            let category = if known.category.is_empty() { "" } else { ": " };
            let said = format!("{}{category}{}  {forensic_path}", known.list, known.category);
            // Where nobody reads the answer, the examination goes on for its tables.
            let _ = output::lines([("known", said)]);
        };
        match &self.bar {
            Some(bar) => bar.lock().unwrap_or_else(PoisonError::into_inner).suspend(tell),
            None => tell(),
        }
    }
}
