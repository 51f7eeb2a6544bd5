//! `pendeen doctor`: what this machine has for the work, and what is missing.

use std::sync::Arc;

use anyhow::Result;
use pendeen_evidence::content::Reader;
use pendeen_evidence::worker::sandbox::{Landlock, Report as Sandbox};
use serde::Serialize;

use crate::examine::{all_cores, worker};
use crate::{Ended, args, output};

/// What was found.
#[derive(Serialize)]
struct Report {
    version: &'static str,
    cores: usize,
    processor: Vec<&'static str>,
    libtsk: String,
    /// What the sandbox of a worker enforces here; none if no worker could be started.
    sandbox: Option<Sandbox>,
    problems: Vec<String>,
}

/// Starts a real worker and looks at what the machine offers; a problem ends with exit code 1.
pub fn run(args: &args::Doctor) -> Result<Ended> {
    let mut problems = Vec::new();
    let sandbox = match try_worker() {
        Ok(report) => {
            problems.extend(weaknesses(report));
            Some(report)
        }
        Err(error) => {
            problems.push(format!("no worker can be started: {error:#}"));
            None
        }
    };
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        cores: all_cores().get(),
        processor: processor(),
        libtsk: pendeen_tsk::library_version(),
        sandbox,
        problems,
    };
    if args.json {
        output::json(&report)?;
    } else {
        lines(&report)?;
    }
    Ok(if report.problems.is_empty() { Ended::Done } else { Ended::NotWhole })
}

/// A worker over this program's own file, which is as good an image as any.
fn try_worker() -> Result<Sandbox> {
    let command = worker()?;
    let image = pendeen_evidence::image::open(std::slice::from_ref(&command.program))?;
    Ok(Reader::new(Arc::clone(&image), Vec::new(), command).sandbox()?)
}

fn weaknesses(report: Sandbox) -> Vec<String> {
    let mut problems = Vec::new();
    if report.landlock != Landlock::Full {
        problems.push(format!(
            "Landlock is {:?}: seccomp alone keeps workers from files; a kernel from 6.12 on gives both",
            report.landlock
        ));
    }
    if !report.limits {
        problems.push("not every limit on a worker's memory and files could be set".to_owned());
    }
    if !report.descriptors_closed {
        problems.push("a worker keeps descriptors that it inherited by mistake".to_owned());
    }
    problems
}

/// The instructions that make digests fast, where this processor has them.
fn processor() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    for (name, there) in [
        ("sha_ni", std::arch::is_x86_feature_detected!("sha")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512bw", std::arch::is_x86_feature_detected!("avx512bw")),
    ] {
        if there {
            found.push(name);
        }
    }
    found
}

fn lines(report: &Report) -> Result<()> {
    let sandbox = report.sandbox.as_ref().map_or_else(
        || "no worker".to_owned(),
        |s| {
            format!("seccomp {}, Landlock {:?}, limits {}", on(s.seccomp), s.landlock, on(s.limits))
        },
    );
    output::lines([
        ("pendeen", report.version.to_owned()),
        ("cores", report.cores.to_string()),
        ("processor", report.processor.join(" ")),
        ("libtsk", report.libtsk.clone()),
        ("sandbox of workers", sandbox),
    ])?;
    output::lines(report.problems.iter().map(|problem| ("problem", problem.clone())))
}

fn on(set: bool) -> &'static str {
    if set { "on" } else { "OFF" }
}
