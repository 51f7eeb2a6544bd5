//! The command line: every part of Pendeen, assembled.
//!
//! In: what a person typed. Out: files, pages or lines on standard output; messages and
//! progress on standard error. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished with
//! gaps.

mod account;
mod args;
mod audit;
mod backup;
mod data;
mod demo;
mod doctor;
mod examine;
mod export;
mod figures;
mod image;
mod intake;
mod man;
mod oidc;
mod output;
mod serve;
mod settings;
mod system;
mod witness;
mod worker;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command, WorkerKind};

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All of it was done.
    Done,
    /// All of it was done but for what the gaps name.
    WithGaps,
    /// It found that something does not hold, and has said what.
    NotWhole,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Workers are sandboxed before they do anything else, logging included.
    if let Command::Worker { kind } = cli.command {
        return match kind {
            WorkerKind::Filesystem => worker::run(),
            WorkerKind::Content => pendeen_examine::preview::worker_main(),
        };
    }
    start_logging();
    match run(cli.command) {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::WithGaps) => ExitCode::from(3),
        Ok(Ended::NotWhole) => ExitCode::FAILURE,
        Err(error) => {
            output::say(&format!("pendeen: {}", told(&error)));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, each said once, and what to do about a database without room.
fn told(error: &anyhow::Error) -> String {
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.ends_with(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    if said.contains("database or disk is full") || said.contains("could not extend file") {
        said.push_str("; make room on the disk of the case database and do it again");
    }
    said
}

fn run(command: Command) -> anyhow::Result<Ended> {
    match command {
        Command::Examine(args) => examine::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Image(args) => image::run(&args),
        Command::Intake(args) => block_on(witness::witnessed(&args.data, intake::run(&args))),
        Command::Serve(args) => block_on(serve::run(&args)),
        Command::Account(args) => block_on(witness::witnessed(args.data(), account::run(&args))),
        Command::Demo(args) => block_on(demo::run(&args)),
        Command::Figures(args) => block_on(figures::run(&args)),
        Command::Audit(args) => block_on(audit::run(&args)),
        Command::Backup(args) => block_on(backup::backup(&args)),
        Command::Restore(args) => block_on(backup::restore(&args)),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "pendeen", &mut script);
            output::bytes(&script).map(|()| Ended::Done)
        }
        Command::Man { out } => man::run(&out),
        Command::Worker { .. } => unreachable!("workers were started above"),
    }
}

fn block_on(command: impl Future<Output = anyhow::Result<Ended>>) -> anyhow::Result<Ended> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

/// Logs go to standard error; `PENDEEN_LOG` sets what is logged, warnings by default, and
/// `PENDEEN_LOG_FORMAT=json` makes each line an object.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("PENDEEN_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match std::env::var("PENDEEN_LOG_FORMAT").as_deref() {
        Ok("json") => log.json().init(),
        _ => log.init(),
    }
}
