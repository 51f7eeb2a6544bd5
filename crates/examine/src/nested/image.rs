//! Disk images inside contents: a virtual machine's disk in a file system, a phone's image in an
//! archive.
//!
//! In: the bytes of an image, in a temporary file or a file of a folder. Out: a further source,
//! whose forensic paths begin with the image's own, and its entries with their outcomes.
//! Refused: what the image reader refuses; it says why.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use pendeen_content::Positioned;
use pendeen_evidence::entry::Run;
use pendeen_evidence::image::{self, OpenError};
use pendeen_evidence::source::Source;
use pendeen_evidence::unit::ByteOffset;

use super::opening::Image;
use super::{Held, INSIDE, gap};
use crate::content::described;
use crate::digesting::{Along, digest_all};
use crate::gather::{self, Opened};
use crate::index::Index;
use crate::plan::plan;
use crate::privileged::Words;
use crate::progress::Progress;
use crate::run::Options;

/// The runs of an entry as bytes by position.
pub(crate) struct Runs<'a> {
    image: &'a dyn image::Image,
    /// Where each run begins in the content.
    starts: Vec<u64>,
    runs: &'a [Run],
    len: u64,
}

impl<'a> Runs<'a> {
    pub(crate) fn new(image: &'a dyn image::Image, runs: &'a [Run]) -> Self {
        let mut len = 0_u64;
        let mut starts = Vec::with_capacity(runs.len());
        for run in runs {
            starts.push(len);
            len = len.saturating_add(run_len(run));
        }
        Self { image, starts, runs, len }
    }
}

fn run_len(run: &Run) -> u64 {
    let (Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len }) = run;
    len.0
}

impl Positioned for Runs<'_> {
    fn size(&self) -> u64 {
        self.len
    }

    fn fill(&self, mut at: u64, buf: &mut [u8]) -> io::Result<()> {
        let mut rest = buf;
        while !rest.is_empty() {
            let index = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
            let run = self.runs.get(index).ok_or(io::ErrorKind::UnexpectedEof)?;
            let into = at - self.starts[index];
            let left = run_len(run).checked_sub(into).filter(|left| *left > 0);
            let left = left.ok_or(io::ErrorKind::UnexpectedEof)?;
            let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
            let (part, behind) = rest.split_at_mut(here);
            match *run {
                Run::Data { at, .. } => {
                    let at = ByteOffset(at.0.saturating_add(into));
                    self.image.read_at(at, part).map_err(io::Error::other)?;
                }
                Run::Hole { .. } => part.fill(0),
                Run::Lost { .. } => return Err(io::Error::other("its place is not known")),
            }
            at += here as u64;
            rest = behind;
        }
        Ok(())
    }
}

/// Opens the image that is the content of entry `parent`, and adds what is in it.
/// A further part of an image that begins elsewhere adds nothing.
pub(super) fn add(
    held: &mut Held<'_>,
    parent: usize,
    bytes: Result<Image, String>,
    (words, options): (Option<&Words>, &Options<'_>),
    progress: &dyn Progress,
) {
    let path = held.found[parent].entry.forensic_path().to_owned();
    let opened = bytes.and_then(|bytes| match bytes {
        Image::Path(file) => match image::open(std::slice::from_ref(&file)) {
            // Opened with the part that it belongs to.
            Err(OpenError::NotFirst { .. }) => Ok(None),
            opened => opened.map(Some).map_err(|e| described(&e)),
        },
        Image::Kept(kept) => {
            // An image is alone in its file.
            let file = kept.file.try_clone().map_err(|e| e.to_string())?;
            let opened = image::from_descriptors(vec![OwnedFd::from(file)], &[path.clone().into()]);
            opened.map(Some).map_err(|e| described(&e))
        }
    });
    let image = match opened {
        Ok(Some(image)) => image,
        Ok(None) => return,
        Err(reason) => {
            held.gaps.push(gap(&path, INSIDE, reason));
            return;
        }
    };
    let mut sources = vec![Opened {
        path: path.clone().into(),
        prefix: format!("{path}!/"),
        source: Source::Image(Arc::clone(&image)),
        volumes: Vec::new(),
        encryption: Vec::new(),
        sandbox: None,
    }];
    let secrets = options.mode.secrets();
    let mut found = gather::list(&mut sources, &options.worker, &secrets, held.gaps);
    let along = Along { known: None, words, checkpoint: None, before: Vec::new() };
    let plan = plan(&found, &sources);
    let outcomes = digest_all(plan, &found, &sources, options, along, progress);
    for one in &mut found {
        one.source = Index::new(held.sources.len());
        one.parent = Some(Index::new(parent));
    }
    held.sources.append(&mut sources);
    held.found.append(&mut found);
    held.outcomes.extend(outcomes);
}
