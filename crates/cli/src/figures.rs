//! `pendeen figures`: the numbers, counted from the records as at now or any moment before.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::Timestamp;
use pendeen_casework::ambient::Clock;
use pendeen_casework::figure::{self, Part, Scope};
use pendeen_casework::force::ForceKey;
use serde::Serialize;

use crate::system::SystemClock;
use crate::{Ended, args, data, output};

/// What `figures --json` prints.
#[derive(Serialize)]
struct Report {
    as_at: Timestamp,
    /// `operation`: what belongs to an operation; `outside_operation`: what belongs to none.
    scope: &'static str,
    force: Option<&'static str>,
    figures: BTreeMap<&'static str, u64>,
    /// What each figure counts, in a sentence.
    definitions: BTreeMap<&'static str, &'static str>,
}

/// Counts and prints.
pub async fn run(args: &args::Figures) -> Result<Ended> {
    let force = match &args.force {
        Some(key) => Some(ForceKey::parse(key).with_context(|| {
            format!("no force has the key {key:?}: give an ONS code such as E23000035, or PSNI")
        })?),
        None => None,
    };
    let part = if args.outside_operation { Part::Outside } else { Part::InsideAny };
    let as_at = match &args.as_at {
        Some(text) => Some(figure::as_at(text).with_context(|| {
            format!("{text:?} is no day or time: give one such as 2026-11-25 or 2026-11-25T09:30Z")
        })?),
        None => None,
    };
    let store = data::open_existing(&args.data).await?;
    let counted = store.figures_as_at(&Scope { force, part }, as_at).await?;
    if !args.json {
        output::lines(counted.iter().map(|(figure, n)| (figure.title, n.to_string())))?;
        return Ok(Ended::Done);
    }
    output::json(&Report {
        as_at: as_at.unwrap_or_else(|| SystemClock.now()),
        scope: if args.outside_operation { "outside_operation" } else { "operation" },
        force: force.map(ForceKey::as_str),
        figures: counted.iter().map(|(figure, n)| (figure.key, *n)).collect(),
        definitions: counted.iter().map(|(figure, _)| (figure.key, figure.sentence)).collect(),
    })?;
    Ok(Ended::Done)
}
