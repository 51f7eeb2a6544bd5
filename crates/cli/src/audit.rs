//! `pendeen audit verify`: is the log whole?

use anyhow::Result;
use serde::Serialize;

use crate::args::Data;
use crate::{Ended, data, output};

/// What `audit verify` reports.
#[derive(Serialize)]
struct Report {
    whole: bool,
    leaves: u64,
    /// The last good chain value: noted elsewhere, it also shows a rewriting of the whole log.
    head: String,
    first_break: Option<Broken>,
}

#[derive(Serialize)]
struct Broken {
    leaf: u64,
    what: &'static str,
}

/// Walks the whole log; a log that does not hold ends with exit code 1.
pub async fn verify(place: &Data, json: bool) -> Result<Ended> {
    let store = data::open_existing(place).await?;
    let found = store.audit_verify().await?;
    let report = Report {
        whole: found.first_break.is_none(),
        leaves: found.count,
        head: hex::encode(found.head),
        first_break: found.first_break.map(|b| Broken { leaf: b.seq, what: b.what }),
    };
    if json {
        output::json(&report)?;
    } else {
        output::lines([
            ("leaves", report.leaves.to_string()),
            ("head", report.head.clone()),
            ("log", if report.whole { "whole".into() } else { "does not hold".into() }),
        ])?;
        if let Some(broken) = &report.first_break {
            output::lines([("first broken leaf", format!("{}: {}", broken.leaf, broken.what))])?;
        }
    }
    Ok(if report.whole { Ended::Done } else { Ended::NotWhole })
}
