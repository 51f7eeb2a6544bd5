//! `pendeen man`: the manual pages, made from the command line's own description.

use std::path::Path;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::Ended;
use crate::args::Cli;

/// Writes one page per command into `out`.
pub fn run(out: &Path) -> Result<Ended> {
    std::fs::create_dir_all(out).with_context(|| format!("making the folder {}", out.display()))?;
    clap_mangen::generate_to(Cli::command(), out)
        .with_context(|| format!("writing manual pages into {}", out.display()))?;
    Ok(Ended::Done)
}
