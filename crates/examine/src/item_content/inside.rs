//! The way down to an item that lies inside others: each container on it is opened again, and of
//! each just the one member that leads on.
//!
//! In: a source and the items on the way, the outermost first. Out: the last one's bytes.
//! Containers on the way are held in a temporary file without a name, never in memory. Refused: a
//! step that does not lead on; what is at its end is compared by the caller.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pendeen_content::protocol::{Child, Kind, Layout, Limits, Problem, Want};
use pendeen_content::{Session, Sink, Stretch};
use pendeen_evidence::image::{self, Image};
use pendeen_evidence::source::Source;
use pendeen_item::Item;

use super::{Workers, folder_path, of_image};
use crate::content::{Trouble, described, open, stream_file};
use crate::nested::{Nesting, Opens};

/// What holds the next item.
enum Holder {
    Folder(PathBuf),
    Image(Arc<dyn Image>),
    Container { file: File, len: u64, kind: Kind },
}

/// Gives the bytes of the last item of `way` to `sink`. `prefix` is what the forensic paths of
/// the source begin with.
pub(super) fn read(
    source: Source,
    prefix: &str,
    way: &[Item],
    workers: &Workers<'_>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), Trouble> {
    let mut holder = first(source)?;
    let mut prefix = prefix.to_owned();
    let Some((last, before)) = way.split_last() else {
        return Err(Trouble::new("there is no way to it"));
    };
    for item in before {
        holder = step(&holder, &prefix, item, workers)?;
        prefix = format!("{}!/", item.forensic_path);
    }
    give(&holder, &prefix, last, workers, sink)
}

fn first(source: Source) -> Result<Holder, Trouble> {
    Ok(match source {
        Source::Folder(root) => Holder::Folder(root),
        Source::Image(image) => Holder::Image(image),
        Source::Archive(archive) => {
            let kind = Kind::of(archive.media_type);
            let kind = kind.ok_or_else(|| Trouble::new("the source is no archive any more"))?;
            Holder::Container { file: archive.file, len: archive.len, kind }
        }
    })
}

/// Opens an item on the way.
fn step(
    holder: &Holder,
    prefix: &str,
    item: &Item,
    workers: &Workers<'_>,
) -> Result<Holder, Trouble> {
    let media_type = item.media_type.as_deref().unwrap_or_default();
    let opens = Opens::of(media_type, item.size_bytes)
        .ok_or_else(|| Trouble::new(format!("{} is no container", item.forensic_path)))?;
    let io = |e: std::io::Error| Trouble::new(format!("a temporary file failed: {e}"));
    // A file of a folder is read where it is; an image there may have further parts beside it.
    let there = match holder {
        Holder::Folder(root) => Some(in_folder(root, prefix, item)?),
        Holder::Image(_) | Holder::Container { .. } => None,
    };
    if let (Opens::Image, Some(path)) = (opens, &there) {
        let image = image::open(std::slice::from_ref(path));
        return image.map(Holder::Image).map_err(|e| Trouble::new(described(&e)));
    }
    let file = match &there {
        Some(path) => open(path).map_err(io)?,
        None => {
            let mut file = tempfile::tempfile().map_err(io)?;
            let mut written = Ok(());
            give(holder, prefix, item, workers, &mut |piece| {
                if written.is_ok() {
                    written = std::io::Write::write_all(&mut file, piece);
                }
            })?;
            written.map_err(io)?;
            file
        }
    };
    match opens {
        Opens::Content(kind) => Ok(Holder::Container { file, len: item.size_bytes, kind }),
        Opens::Image => {
            let names = [PathBuf::from(&item.forensic_path)];
            let image = image::from_descriptors(vec![OwnedFd::from(file)], &names);
            image.map(Holder::Image).map_err(|e| Trouble::new(described(&e)))
        }
        Opens::Unread(what) => Err(Trouble::new(format!("there is no reader for {what}"))),
    }
}

fn in_folder(root: &Path, prefix: &str, item: &Item) -> Result<PathBuf, Trouble> {
    item.forensic_path
        .strip_prefix(prefix)
        .and_then(|inside| folder_path(root, inside))
        .ok_or_else(|| Trouble::new("its path does not lead to a file of the folder"))
}

/// Gives an item's bytes to `sink`.
fn give(
    holder: &Holder,
    prefix: &str,
    item: &Item,
    workers: &Workers<'_>,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), Trouble> {
    match holder {
        Holder::Folder(root) => stream_file(&in_folder(root, prefix, item)?, item.size_bytes, sink),
        Holder::Image(image) => {
            let inside = item.forensic_path.strip_prefix(prefix).unwrap_or_default();
            of_image(image, inside, item, workers.file_systems, sink)
        }
        Holder::Container { file, len, kind } => {
            let number = item.fs_address.parse();
            let number = number.map_err(|_| Trouble::new("its address is no member's number"))?;
            let bytes = Stretch { file, at: 0, len: *len };
            let mut member = Member { number, sink, same_as: None, trouble: None, there: false };
            member.read(&bytes, *kind, item.size_bytes, workers)
        }
    }
}

/// Picks one member out of all that are told.
struct Member<'a> {
    number: u64,
    sink: &'a mut dyn FnMut(&[u8]),
    /// The member whose bytes are its own.
    same_as: Option<u64>,
    trouble: Option<String>,
    /// The member that is coming is the one.
    there: bool,
}

impl Member<'_> {
    fn read(
        &mut self,
        bytes: &Stretch<'_>,
        kind: Kind,
        size: u64,
        workers: &Workers<'_>,
    ) -> Result<(), Trouble> {
        let limits = Limits { children: Nesting::default().members, bytes: size };
        let failed = |e| Trouble::new(described(&e));
        let mut session = Session::start(workers.content).map_err(failed)?;
        session.open(bytes, kind, Want::One(self.number), limits, self).map_err(failed)?;
        if let Some(same) = self.same_as.take() {
            self.number = same;
            session.open(bytes, kind, Want::One(same), limits, self).map_err(failed)?;
        }
        self.trouble.take().map_or(Ok(()), |trouble| Err(Trouble::new(trouble)))
    }
}

impl Sink for Member<'_> {
    fn layout(&mut self, _layout: Layout) {}

    fn child(&mut self, child: Child) {
        self.there = child.number == self.number;
        if self.there {
            self.same_as = child.same_as;
        }
    }

    fn piece(&mut self, bytes: &[u8]) {
        if self.there {
            (self.sink)(bytes);
        }
    }

    fn child_end(&mut self, problem: Option<String>) {
        if self.there {
            self.trouble = problem;
        }
        self.there = false;
    }

    fn problem(&mut self, _problem: Problem) {}
}
