//! `pendeen image info|verify|cat`: the image reader alone.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use pendeen_evidence::image::{Block, Format, Image, stream};
use pendeen_evidence::unlock::{self, Encryption, Secrets};
use pendeen_evidence::volume::{self, Volume};
use pendeen_examine::{Progress, Step};
use pendeen_item::Gap;
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

/// What `image info` reports. Digests are lower-case hexadecimal.
#[derive(Serialize)]
struct Info<'a> {
    format: Format,
    segments: &'a [PathBuf],
    len_bytes: u64,
    stored_md5: Option<String>,
    stored_sha1: Option<String>,
    /// What the container's header says: name and value.
    header: &'a [(String, String)],
    volumes: Vec<Volume>,
    /// The encrypted ones of them, and by what they may be opened.
    encryption: Vec<Encryption>,
    gaps: Vec<Gap>,
}

fn info(source: &ImageSource) -> Result<Ended> {
    let image = open(&source.source)?;
    let provenance = image.provenance();
    let mut gaps = provenance.gaps.clone();
    let volumes = volume::open_all(image.as_ref(), &mut gaps);
    // Nothing is opened here: what it would take is told.
    let secrets = Secrets::default();
    let opened = unlock::open_all(&image, volumes.clone(), &secrets, &mut Vec::new());
    let encryption = opened.encryption;
    let info = Info {
        format: provenance.format,
        segments: &provenance.segments,
        len_bytes: provenance.len.0,
        stored_md5: provenance.stored_md5.map(hex::encode),
        stored_sha1: provenance.stored_sha1.map(hex::encode),
        header: &provenance.header,
        volumes,
        encryption,
        gaps,
    };
    if source.json {
        output::json(&info)?;
    } else {
        info_lines(&info)?;
    }
    Ok(if info.gaps.is_empty() { Ended::Done } else { Ended::WithGaps })
}

fn info_lines(info: &Info<'_>) -> Result<()> {
    let stored = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "none".to_owned());
    output::lines([
        ("container", format!("{:?}", info.format).to_lowercase()),
        ("segments", info.segments.len().to_string()),
        ("length in bytes", info.len_bytes.to_string()),
        ("stored MD5", stored(&info.stored_md5)),
        ("stored SHA-1", stored(&info.stored_sha1)),
    ])?;
    output::lines(info.header.iter().map(|(name, value)| (name.as_str(), value.clone())))?;
    output::lines(info.volumes.iter().map(|volume| {
        let label = if volume.label.is_empty() { "whole image" } else { &volume.label };
        (label, format!("{} bytes from byte {}", volume.len, volume.offset))
    }))?;
    for one in &info.encryption {
        output::lines([("encrypted", one.named())])?;
        output::lines(one.protectors.iter().map(|name| ("may be opened by", name.clone())))?;
    }
    output::lines(info.gaps.iter().map(|gap| ("gap", format!("{}: {}", gap.wanted, gap.reason))))
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
    // Past the standard library's buffer, which looks for line ends in every byte.
    let out = io::stdout().as_fd().try_clone_to_owned().context("opening the standard output")?;
    let mut out = File::from(out);
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
