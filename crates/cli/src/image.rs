//! `pendeen image info|verify|cat`: the image reader alone.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pendeen_evidence::image::{Block, Image, Provenance, stream};
use pendeen_evidence::volume::{self, Volume};
use pendeen_examine::{Progress, Step};
use serde::Serialize;

use crate::args::{self, ImageSource};
use crate::examine::{Bar, all_cores};
use crate::{Ended, output};

/// Runs one of the three.
pub fn run(command: &args::Image) -> Result<Ended> {
    match command {
        args::Image::Info(source) => info(source),
        args::Image::Verify(source) => verify(source),
        args::Image::Cat { source } => cat(source),
    }
}

/// What `image info` reports.
#[derive(Serialize)]
struct Info<'a> {
    #[serde(flatten)]
    provenance: &'a Provenance,
    volumes: Vec<Volume>,
    gaps: Vec<pendeen_item::Gap>,
}

fn info(source: &ImageSource) -> Result<Ended> {
    let image = open(&source.source)?;
    let mut gaps = Vec::new();
    let volumes = volume::open_all(image.as_ref(), &mut gaps);
    let ended = if gaps.is_empty() { Ended::Done } else { Ended::WithGaps };
    let info = Info { provenance: image.provenance(), volumes, gaps };
    if source.json {
        output::json(&info)?;
        return Ok(ended);
    }
    let provenance = info.provenance;
    output::lines([
        ("container", format!("{:?}", provenance.format).to_lowercase()),
        ("segments", provenance.segments.len().to_string()),
        ("length in bytes", provenance.len.to_string()),
        ("stored MD5", provenance.stored_md5.map_or_else(|| "none".into(), hex::encode)),
        ("stored SHA-1", provenance.stored_sha1.map_or_else(|| "none".into(), hex::encode)),
    ])?;
    output::lines(provenance.header.iter().map(|(name, value)| (name.as_str(), value.clone())))?;
    for volume in &info.volumes {
        let label = if volume.label.is_empty() { "whole image" } else { &volume.label };
        output::lines([(label, format!("{} bytes from byte {}", volume.len, volume.offset))])?;
    }
    for gap in &info.gaps {
        output::lines([("gap", format!("{}: {}", gap.wanted, gap.reason))])?;
    }
    Ok(ended)
}

fn verify(source: &ImageSource) -> Result<Ended> {
    let image = open(&source.source)?;
    let bar = Bar::new();
    bar.begin(Step::Verifying, None, Some(image.len().0));
    let found = pendeen_examine::image_verify_showing(image.as_ref(), all_cores(), &bar);
    bar.finish();
    if source.json {
        output::json(&found)?;
    } else {
        output::lines(found.lines())?;
    }
    Ok(match found.matches {
        Some(false) => Ended::NotWhole,
        _ if found.unreadable.is_empty() => Ended::Done,
        _ => Ended::WithGaps,
    })
}

fn cat(source: &Path) -> Result<Ended> {
    let image = open(source)?;
    let mut out = io::stdout().lock();
    let mut failure = None;
    let mut missing: u64 = 0;
    let ended = stream(image.as_ref(), all_cores(), |block| {
        let written = match block {
            Block::Bytes { bytes, .. } => out.write_all(bytes),
            // Positions must stay true: what cannot be read is written as zeros, and said.
            Block::Missing { at, len, why } => {
                missing += len.0;
                output::say(&format!(
                    "pendeen: {len} bytes at byte {at} cannot be read and are written as zeros: {why}"
                ));
                zeros(&mut out, len.0)
            }
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(error) = failure {
        // The reader of a pipe has seen enough: not our failure.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Ok(Ended::Done);
        }
        return Err(error).context("writing the image's bytes");
    }
    out.flush().context("writing the image's bytes")?;
    debug_assert!(ended.is_continue(), "only a failure ends the stream early");
    Ok(if missing == 0 { Ended::Done } else { Ended::WithGaps })
}

fn zeros(out: &mut impl Write, len: u64) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), len), out).map(|_| ())
}

fn open(source: &Path) -> Result<Arc<dyn Image>> {
    if source.is_dir() {
        bail!("{} is a folder, not an image: pendeen examine takes folders", source.display());
    }
    Ok(pendeen_evidence::image::open(&[source.to_owned()])?)
}
