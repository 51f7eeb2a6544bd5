//! `pendeen audit`: is the log whole, and is a leaf in it?
//!
//! In: the case data, and the folder of checkpoints outside the database. Out: the verdict, with
//! the place where the log first does not hold; the proof that a leaf is under a checkpoint.

use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use pendeen_store::audit::AuditReport;
use pendeen_store::audit::witness::WINDOW;
use serde::Serialize;

use crate::args::{Audit, Data};
use crate::{Ended, data, output};

/// Runs one of the subcommands.
pub async fn run(args: &Audit) -> Result<Ended> {
    match args {
        Audit::Verify { data, checkpoints, json } => {
            verify(data, checkpoints.as_deref(), *json).await
        }
        Audit::Prove { seq, data, checkpoints, json } => {
            prove(data, checkpoints.as_deref(), *seq, *json).await
        }
    }
}

/// What `audit verify` reports.
#[derive(Serialize)]
struct Report {
    whole: bool,
    leaves: u64,
    /// The last good value of the digest chain.
    head: String,
    first_break: Option<Broken>,
    problems: Vec<String>,
    /// Values that were erased, each covered by an erasure in the log.
    holes: u64,
    erased_records: u64,
    /// What stands outside the database; nothing where no checkpoint was ever made.
    witnessed: Option<Witnessed>,
    /// Leaves that no checkpoint covers: what full rights in the database could still change.
    unwitnessed_leaves: u64,
    /// The longest that a leaf stays without one while pages are served.
    window_seconds: i64,
}

#[derive(Serialize)]
struct Broken {
    leaf: u64,
    what: &'static str,
}

#[derive(Serialize)]
struct Witnessed {
    checkpoints: u64,
    leaves: u64,
    at: Timestamp,
}

impl From<AuditReport> for Report {
    fn from(found: AuditReport) -> Self {
        let covered = found.witnessed.as_ref().map_or(0, |witnessed| witnessed.size);
        Self {
            whole: found.whole(),
            leaves: found.count,
            head: hex::encode(found.head),
            first_break: found.first_break.map(|b| Broken { leaf: b.seq, what: b.what }),
            problems: found.problems,
            holes: found.holes,
            erased_records: found.erased,
            witnessed: found.witnessed.map(|w| Witnessed {
                checkpoints: w.checkpoints,
                leaves: w.size,
                at: w.at,
            }),
            unwitnessed_leaves: found.count.saturating_sub(covered),
            window_seconds: WINDOW.as_secs(),
        }
    }
}

/// Walks the whole log; a log that does not hold ends with exit code 1.
async fn verify(place: &Data, checkpoints: Option<&Path>, json: bool) -> Result<Ended> {
    let store = data::open_existing(place).await?;
    let witness = place.witness();
    let folder = checkpoints.unwrap_or(witness.folder());
    // A folder that was named must be there; the default one is not before the first checkpoint.
    let found = if checkpoints.is_some() || folder.join("log.vkey").is_file() {
        store
            .audit_verify_against(folder)
            .await
            .with_context(|| format!("reading the checkpoints in {}", folder.display()))?
    } else {
        store.audit_verify().await?
    };
    let report = Report::from(found);
    if json {
        output::json(&report)?;
    } else {
        tell(&report)?;
    }
    Ok(if report.whole { Ended::Done } else { Ended::NotWhole })
}

fn tell(report: &Report) -> Result<()> {
    let outside = match &report.witnessed {
        Some(w) => {
            format!("{} checkpoints, the last of {} over {} leaves", w.checkpoints, w.at, w.leaves)
        }
        None => "none: who may write every table could have rewritten the log".to_owned(),
    };
    output::lines([
        ("leaves", report.leaves.to_string()),
        ("head", report.head.clone()),
        ("outside the database", outside),
        (
            "unwitnessed",
            format!(
                "{} leaves since then; while pages are served, a leaf gets a checkpoint within {} s",
                report.unwitnessed_leaves, report.window_seconds
            ),
        ),
        (
            "erased",
            format!(
                "{} records; {} holes, each with its erasure",
                report.erased_records, report.holes
            ),
        ),
        ("log", if report.whole { "whole".into() } else { "does not hold".into() }),
    ])?;
    if let Some(broken) = &report.first_break {
        output::lines([("first broken leaf", format!("{}: {}", broken.leaf, broken.what))])?;
    }
    for problem in &report.problems {
        output::lines([("problem", problem.clone())])?;
    }
    Ok(())
}

/// What `audit prove` reports: everything that another program needs to check it.
#[derive(Serialize)]
struct Proof {
    leaf: u64,
    leaf_hash: String,
    size: u64,
    root: String,
    inclusion: Vec<String>,
    checkpoint: String,
    /// From each kept checkpoint to the newest one, how many were proved consistent.
    consistent_checkpoints: u64,
}

/// The proof that a leaf is under the newest checkpoint, and the older checkpoints with it.
async fn prove(place: &Data, checkpoints: Option<&Path>, seq: u64, json: bool) -> Result<Ended> {
    let store = data::open_existing(place).await?;
    let witness = place.witness();
    let folder = checkpoints.unwrap_or(witness.folder());
    let found = store
        .audit_prove(folder, seq)
        .await
        .with_context(|| format!("proving leaf {seq} from {}", folder.display()))?;
    let Some(found) = found else {
        bail!(
            "leaf {seq} is not under the newest checkpoint: wait for the next, or run audit verify"
        )
    };
    let proof = Proof {
        leaf: seq,
        leaf_hash: hex::encode(found.leaf_hash),
        size: found.checkpoint.size,
        root: hex::encode(found.checkpoint.root),
        inclusion: found.inclusion.iter().map(hex::encode).collect(),
        checkpoint: found.note,
        consistent_checkpoints: found.consistent,
    };
    if json {
        output::json(&proof)?;
    } else {
        output::lines([
            ("leaf", format!("{seq}, hash {}", proof.leaf_hash)),
            ("tree", format!("{} leaves, root {}", proof.size, proof.root)),
            ("inclusion", proof.inclusion.join(" ")),
            ("earlier checkpoints", format!("{} consistent", proof.consistent_checkpoints)),
            ("proof", if found.holds { "holds".to_owned() } else { "does not hold".to_owned() }),
        ])?;
    }
    Ok(if found.holds { Ended::Done } else { Ended::NotWhole })
}
