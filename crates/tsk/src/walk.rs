//! Walks a file system: every live and deleted file, stream by stream, folder by folder.
//!
//! In: an open [`FileSystem`] and [`Limits`]. Out, through a sink: a [`File`] for each stream
//! of content, and a [`Problem`] for whatever could not be read; then a [`Summary`].
//!
//! Each folder is read once, its names in the order of the file system, its subfolders after
//! it; folders that nothing names any more come last, under `/$OrphanFiles`. `fls -r` reads
//! the same names, but says nothing when it skips a folder that it cannot read, gives up on
//! the rest of a tree at 128 levels, and lists a folder anew for each name that leads to it.
//!
//! Listed: regular files, links, and names whose metadata is gone; on NTFS each `$DATA`
//! stream, with the system's own files (`$MFT`, ...) as `icat` sees them; on HFS+ and APFS the
//! resource fork as `:rsrc`. Not listed, but counted: folders as such, devices and sockets,
//! NTFS index files without data and reserved MFT entries that were never used, what libtsk
//! makes up itself (`$OrphanFiles`, FAT's `$MBR` and `$FAT1`), and `$BadClus:$Bad` while it is
//! one hole as long as the volume.
//!
//! What libtsk passes over is looked for beside it: live entries of FAT folders that it takes for
//! none are problems (`fat`), names in the slack of NTFS folder indexes are files without
//! content (`index`).
//!
//! Times: a time of zero is none. Where a file system keeps local time, it is UTC if the offset
//! is kept beside it (`zone`), and marked where it is not: run with the zone set to UTC.

use std::collections::{HashMap, HashSet};

use crate::content::{self, Content};
use crate::event::{
    Cap, Event, File, Folder as FolderStart, Limits, Problem, Recovery, Summary, Times,
};
use crate::ffi::{Directory, FileSystem, TskError};
use crate::kind::Kind;
use crate::name::{Address, Attribute, MetaFacts, Name};
use crate::told::Told;
use crate::{exfat, fat, index, packed};

const META_UNDEFINED: u32 = 0;
const META_REGULAR: u32 = 1;
const META_DIRECTORY: u32 = 2;
const META_LINK: u32 = 6;
const META_VIRTUAL: u32 = 10;
const META_VIRTUAL_DIRECTORY: u32 = 11;
const NAME_UNDEFINED: u32 = 0;
const NAME_DIRECTORY: u32 = 3;
const NAME_REGULAR: u32 = 5;
const NAME_LINK: u32 = 7;
pub(crate) const NTFS_DATA: u32 = 0x80;
const NTFS_INDEX_ROOT: u32 = 0x90;
const HFS_RESOURCE_FORK: u32 = 0x1101;
const NTFS_BAD_CLUSTERS: u64 = 8;
const NTFS_FIRST_USER_ENTRY: u64 = 24;

/// Walks the whole file system. The sink says whether to go on.
pub fn walk(fs: &FileSystem, limits: &Limits, sink: &mut dyn FnMut(Event) -> bool) -> Summary {
    let mut walk = Walk {
        fs,
        limits,
        sink,
        summary: Summary::default(),
        seen: HashSet::new(),
        pending: Vec::new(),
        orphans: None,
        blocks_asked: 0,
        slack_names: 0,
        unit: allocation_unit(fs),
    };
    walk.run();
    walk.summary
}

/// A folder that is still to be read.
struct Folder {
    address: u64,
    path: Vec<u8>,
    depth: u32,
    live: bool,
}

struct Walk<'a> {
    fs: &'a FileSystem,
    limits: &'a Limits,
    sink: &'a mut dyn FnMut(Event) -> bool,
    summary: Summary,
    seen: HashSet<u64>,
    pending: Vec<Folder>,
    orphans: Option<Folder>,
    blocks_asked: u64,
    /// Names found in the slack of folder indexes.
    slack_names: u64,
    unit: u64,
}

impl Walk<'_> {
    fn run(&mut self) {
        let root = self.fs.info().root;
        self.seen.insert(root);
        self.pending.push(Folder { address: root, path: Vec::new(), depth: 0, live: true });
        while self.summary.cap.is_none() {
            let Some(folder) = self.pending.pop().or_else(|| self.orphans.take()) else { break };
            self.folder(&folder);
        }
    }

    fn folder(&mut self, folder: &Folder) {
        let mut dir = match self.fs.open_dir(folder.address) {
            Ok(dir) => dir,
            Err(TskError(reason)) => {
                return self.problem(folder_path(folder), "the names of a folder", reason);
            }
        };
        self.summary.directories += 1;
        if let Some(warning) = dir.warning() {
            self.problem(folder_path(folder), "all the names of a folder", warning.to_owned());
        }
        let first = self.pending.len();
        let own_names = self.passed_over(folder, &mut dir);
        let mut told = Told::default();
        for index in 0..dir.len() {
            if self.summary.cap.is_some() {
                return;
            }
            match dir.name(index) {
                Ok(name) if leads_to_itself(&name) => {}
                Ok(mut name) => {
                    if let Some(own) = own_names.get(&name.address) {
                        name.bytes.clone_from(own);
                    }
                    if self.fs.info().kind == Kind::Ntfs {
                        told.note(&name);
                    }
                    self.name(folder, &mut dir, &name);
                }
                Err(TskError(reason)) => {
                    self.problem(folder_path(folder), "a name of a folder", reason);
                }
            }
        }
        if self.fs.info().kind == Kind::Ntfs && folder.address != self.fs.info().orphans {
            self.slack(folder, &mut dir, &told);
        }
        // The folder found last is read last.
        self.pending[first..].reverse();
    }

    /// Tells of the entries of a FAT folder that the library passes over. Gives the names of
    /// those that it gave the name of such a one, by metadata address.
    fn passed_over(&mut self, folder: &Folder, dir: &mut Directory<'_>) -> HashMap<u64, Vec<u8>> {
        if !folder.live || !self.fs.info().kind.is_chained() {
            return HashMap::new();
        }
        let found = fat::passed_over(self.fs, dir, self.limits.runs);
        for missed in found.missed {
            let path = match &missed.name {
                Some(name) => joined(&folder.path, name),
                None => folder_path(folder),
            };
            self.problem(path, missed.wanted, missed.reason);
        }
        found.own_names
    }

    /// Lists the names that are left in the slack of an NTFS folder's index.
    fn slack(&mut self, folder: &Folder, dir: &mut Directory<'_>, told: &Told) {
        let room = self.limits.slack_names.saturating_sub(self.slack_names);
        if room == 0 {
            return;
        }
        let found = index::slack(self.fs, dir, folder.address, told, self.limits, room);
        let wanted = "the names in the slack of a folder's index";
        if let Some(reason) = found.trouble {
            self.problem(folder_path(folder), wanted, reason);
        }
        if found.is_full {
            self.slack_names = self.limits.slack_names;
            let reason = format!(
                "{} were found in this volume: no more are looked for",
                self.limits.slack_names
            );
            self.problem(folder_path(folder), wanted, reason);
        }
        for name in found.names {
            self.slack_names = self.slack_names.saturating_add(1);
            self.summary.names += 1;
            if self.summary.names > self.limits.names {
                self.summary.cap = Some(Cap::Names);
                return;
            }
            if name.is_folder {
                self.summary.without_content += 1;
                continue;
            }
            let path = joined(&folder.path, &name.bytes);
            self.file(File {
                name_at: path.len() - name.bytes.len(),
                path,
                address: name.address,
                recovery: Some(Recovery::Reallocated),
                size: name.size,
                times: name.times,
                zone_unknown: false,
                content: Content::Unknown(name.reason()),
            });
        }
    }

    fn name(&mut self, folder: &Folder, dir: &mut Directory<'_>, name: &Name) {
        self.summary.names += 1;
        if self.summary.names > self.limits.names {
            self.summary.cap = Some(Cap::Names);
            return;
        }
        if let Ok(meta) = &name.meta
            && !meta.allocated
            && folder.address != self.fs.info().orphans
        {
            self.fs.note_named(name.address);
        }
        let path = joined(&folder.path, &name.bytes);
        if path.len() > self.limits.path_bytes {
            let shown = path[..self.limits.path_bytes].to_vec();
            return self.problem(shown, "a name", format!("its path has {} bytes", path.len()));
        }
        match &name.meta {
            Ok(meta) => self.known(folder, dir, name, meta, path),
            Err(reason) => self.unknown(name, path, reason),
        }
    }

    /// A name whose metadata could be read.
    fn known(
        &mut self,
        folder: &Folder,
        dir: &mut Directory<'_>,
        name: &Name,
        meta: &MetaFacts,
        path: Vec<u8>,
    ) {
        if was_a_file_before(name, meta) {
            return self.unknown(name, path, "its metadata is in use again, for no file");
        }
        match meta.kind {
            META_DIRECTORY | META_VIRTUAL_DIRECTORY => {
                self.summary.without_content += 1;
                if self.fs.info().kind.is_chained() && meta.kind == META_DIRECTORY {
                    self.folder_start(dir, meta);
                }
                // The streams of a folder that took over the metadata are listed under its name.
                let taken_over = !name.allocated && meta.allocated;
                let has_streams = self.fs.info().kind.has_attributes() && !taken_over;
                if has_streams && meta.kind == META_DIRECTORY {
                    self.streams(folder, dir, name, meta, &path);
                }
                self.enter(folder, name, meta, path);
            }
            META_REGULAR | META_LINK => self.streams(folder, dir, name, meta, &path),
            // Deleted metadata often lost its kind: the name may still have one.
            META_UNDEFINED if matches!(name.kind, NAME_UNDEFINED | NAME_REGULAR | NAME_LINK) => {
                self.unknown(name, path, "the metadata no longer says what it describes");
            }
            _ => self.summary.without_content += 1,
        }
    }

    /// A name that leads to no metadata.
    fn unknown(&mut self, name: &Name, path: Vec<u8>, reason: &str) {
        match name.kind {
            NAME_UNDEFINED | NAME_REGULAR | NAME_LINK => {
                let size =
                    name.meta.as_ref().map_or(0, |meta| u64::try_from(meta.size).unwrap_or(0));
                let times = name.meta.as_ref().map_or_else(|_| Times::default(), Times::of);
                let deleted =
                    !name.allocated || name.meta.as_ref().is_ok_and(|meta| !meta.allocated);
                self.file(File {
                    name_at: path.len() - name.bytes.len(),
                    path,
                    address: Address { meta: name.address, attribute: None },
                    recovery: deleted.then_some(Recovery::Reallocated),
                    size,
                    times,
                    zone_unknown: name.meta.as_ref().is_ok_and(|meta| meta.zone_unknown),
                    content: Content::Unknown(reason.to_owned()),
                });
            }
            NAME_DIRECTORY if name.allocated => self.problem(path, "a folder", reason.to_owned()),
            _ => self.summary.without_content += 1,
        }
    }

    /// Tells where a folder begins, if that is known.
    fn folder_start(&mut self, dir: &mut Directory<'_>, meta: &MetaFacts) {
        let attributes = dir.attributes(self.limits.runs, |kind| kind == meta.default_attribute);
        let attributes = attributes.unwrap_or_default();
        if let Some(run) = attributes.iter().flat_map(content::stored).next() {
            let info = self.fs.info();
            let inside = run.address.saturating_mul(u64::from(info.block_size));
            let at = info.offset.saturating_add(inside);
            if at < self.fs.reader().len() {
                self.send(Event::Folder(FolderStart { at, times: Times::of(meta) }));
            }
        }
    }

    /// Plans to read a folder, unless that was done or must not be.
    fn enter(&mut self, parent: &Folder, name: &Name, meta: &MetaFacts, path: Vec<u8>) {
        // A deleted name whose metadata is in use again leads to somebody else's folder.
        if !name.allocated && meta.allocated && meta.kind == META_DIRECTORY {
            return;
        }
        let live = name.allocated && meta.allocated;
        if !self.seen.insert(name.address) {
            if live {
                let reason = format!(
                    "folder {} was already read under another name, or contains itself",
                    name.address
                );
                self.problem(path, "a folder", reason);
            }
            return;
        }
        let depth = parent.depth + 1;
        if depth > self.limits.depth {
            let reason = format!("it lies {depth} levels deep; {} are read", self.limits.depth);
            return self.problem(path, "a folder", reason);
        }
        let folder = Folder { address: name.address, path, depth, live };
        if meta.kind == META_VIRTUAL_DIRECTORY && name.address == self.fs.info().orphans {
            self.orphans = Some(folder);
        } else {
            self.pending.push(folder);
        }
    }

    /// Lists the streams of a file, or the alternate streams of a folder.
    fn streams(
        &mut self,
        folder: &Folder,
        dir: &mut Directory<'_>,
        name: &Name,
        meta: &MetaFacts,
        path: &[u8],
    ) {
        let is_folder = meta.kind == META_DIRECTORY;
        if !is_folder && !name.allocated && meta.allocated {
            return self.unknown(
                name,
                path.to_vec(),
                "its metadata is in use again, under another name",
            );
        }
        let mut is_index = false;
        let attributes = dir.attributes(self.limits.runs, |kind| {
            is_index |= kind == NTFS_INDEX_ROOT;
            kind == meta.default_attribute || kind == NTFS_DATA || kind == HFS_RESOURCE_FORK
        });
        let mut attributes = match attributes {
            Ok(attributes) => attributes,
            Err(TskError(reason)) if is_folder => {
                return self.problem(path.to_vec(), "the streams of a folder", reason);
            }
            Err(TskError(reason)) => return self.unknown(name, path.to_vec(), &reason),
        };
        match self.fs.info().kind {
            Kind::Ntfs => packed::mark(&mut attributes),
            Kind::ExFat => {
                if let Some(main) = attributes.first_mut()
                    && let Some(written) = exfat::written(self.fs, name.address, main.size)
                {
                    main.init_size = written;
                }
            }
            _ => {}
        }
        let mut listed = false;
        for attribute in &attributes {
            let Some(suffix) = stream_suffix(self.fs.info().kind, meta, attribute) else {
                continue;
            };
            listed = true;
            // On NTFS the index is no $DATA: a folder's unnamed one is content like any other.
            let is_index_itself =
                is_folder && suffix.is_empty() && self.fs.info().kind != Kind::Ntfs;
            if !is_index_itself && !is_bad_cluster_hole(self.fs.info().kind, name, attribute) {
                self.stream(folder, name, meta, path, &suffix, attribute);
            }
        }
        if !listed && !is_folder {
            if is_index || is_reserved(self.fs.info().kind, name, meta) {
                self.summary.without_content += 1;
            } else if meta.size == 0 {
                self.empty(folder, name, meta, path);
            } else {
                self.unknown(name, path.to_vec(), "the metadata names no content");
            }
        }
    }

    fn stream(
        &mut self,
        folder: &Folder,
        name: &Name,
        meta: &MetaFacts,
        path: &[u8],
        suffix: &[u8],
        attribute: &Attribute,
    ) {
        let info = self.fs.info();
        let live = name.allocated && meta.allocated && folder.live;
        let cleared = info.kind.is_ext() && !meta.allocated && attribute.size == 0;
        let content = if cleared {
            Content::Unknown("the inode holds neither size nor blocks: it was empty, or cleared when it was deleted".into())
        } else if meta.kind == META_LINK
            && meta.has_link
            && content::stored(attribute).next().is_none()
        {
            Content::Library
        } else {
            content::locate(attribute, info, self.fs.reader().len(), live)
        };
        let recovery = if live { None } else { Some(self.recovery(attribute, &content)) };
        let has_number = info.kind.has_attributes();
        self.file(File {
            path: [path, suffix].concat(),
            name_at: path.len() - name.bytes.len(),
            address: Address {
                meta: name.address,
                attribute: has_number.then_some((attribute.kind, attribute.id)),
            },
            recovery,
            size: u64::try_from(attribute.size).unwrap_or(0),
            times: Times::of(meta),
            zone_unknown: meta.zone_unknown,
            content,
        });
    }

    /// A file without any attribute and without content.
    fn empty(&mut self, folder: &Folder, name: &Name, meta: &MetaFacts, path: &[u8]) {
        let live = name.allocated && meta.allocated && folder.live;
        self.file(File {
            path: path.to_vec(),
            name_at: path.len() - name.bytes.len(),
            address: Address { meta: name.address, attribute: None },
            recovery: (!live).then_some(Recovery::Intact),
            size: 0,
            times: Times::of(meta),
            zone_unknown: meta.zone_unknown,
            content: Content::Runs(Vec::new()),
        });
    }

    fn recovery(&mut self, attribute: &Attribute, content: &Content) -> Recovery {
        if content.is_partly_lost() {
            return Recovery::Reallocated;
        }
        for run in content::stored(attribute) {
            if self.blocks_asked >= self.limits.block_checks {
                return Recovery::Inferred;
            }
            let most = self.limits.block_checks;
            if self.fs.any_allocated(run.address, run.len, self.unit, &mut self.blocks_asked, most)
            {
                return Recovery::Reallocated;
            }
        }
        if content::is_inferred(attribute, self.fs.info(), self.unit) {
            Recovery::Inferred
        } else {
            Recovery::Intact
        }
    }

    fn file(&mut self, file: File) {
        self.summary.files += 1;
        self.send(Event::File(file));
    }

    fn problem(&mut self, path: Vec<u8>, wanted: &'static str, reason: String) {
        self.summary.problems += 1;
        self.send(Event::Problem(Problem { path, wanted, reason }));
    }

    fn send(&mut self, event: Event) {
        if !(self.sink)(event) {
            self.summary.cap = Some(Cap::Receiver);
        }
    }
}

/// Whether the name is `.` or `..` and leads where it should; any other may have such a name too.
fn leads_to_itself(name: &Name) -> bool {
    let is_folder = match &name.meta {
        Ok(meta) => matches!(meta.kind, META_DIRECTORY | META_VIRTUAL_DIRECTORY),
        Err(_) => matches!(name.kind, NAME_UNDEFINED | NAME_DIRECTORY),
    };
    name.is_dot() && is_folder
}

/// Whether the name of a deleted file leads to what has since become a folder, a device or the
/// like. (Where it became another file, its streams say so.)
fn was_a_file_before(name: &Name, meta: &MetaFacts) -> bool {
    let other = !matches!(
        meta.kind,
        META_UNDEFINED | META_REGULAR | META_LINK | META_VIRTUAL | META_VIRTUAL_DIRECTORY
    );
    !name.allocated
        && meta.allocated
        && other
        && matches!(name.kind, NAME_UNDEFINED | NAME_REGULAR | NAME_LINK)
}

/// What follows the path of a stream that is listed: nothing for the main one.
fn stream_suffix(kind: Kind, meta: &MetaFacts, attribute: &Attribute) -> Option<Vec<u8>> {
    match attribute.kind {
        NTFS_DATA if kind == Kind::Ntfs && !attribute.name.is_empty() => {
            Some([b":", attribute.name.as_slice()].concat())
        }
        NTFS_DATA if kind == Kind::Ntfs => Some(Vec::new()),
        HFS_RESOURCE_FORK if kind.has_attributes() => {
            (attribute.size != 0).then(|| b":rsrc".to_vec())
        }
        _ if kind == Kind::Ntfs => None,
        main => (main == meta.default_attribute).then(Vec::new),
    }
}

/// `$BadClus:$Bad` is as long as the volume; without bad clusters, it is one hole.
fn is_bad_cluster_hole(kind: Kind, name: &Name, attribute: &Attribute) -> bool {
    kind == Kind::Ntfs
        && name.address == NTFS_BAD_CLUSTERS
        && attribute.name == b"$Bad"
        && content::stored(attribute).next().is_none()
}

/// The first MFT entries are kept back for the system; those never used are no deleted files.
fn is_reserved(kind: Kind, name: &Name, meta: &MetaFacts) -> bool {
    kind == Kind::Ntfs && name.address < NTFS_FIRST_USER_ENTRY && !meta.allocated
}

/// Blocks per allocation unit: FAT counts in sectors, but allocates in clusters.
pub(crate) fn allocation_unit(fs: &FileSystem) -> u64 {
    let mut boot = [0_u8; 512];
    if !fs.info().kind.is_fat() || fs.reader().read_at(0, &mut boot).is_err() {
        return 1;
    }
    match fs.info().kind {
        Kind::ExFat => 1_u64.checked_shl(u32::from(boot[109])).unwrap_or(1),
        _ => u64::from(boot[13]).max(1),
    }
}

fn folder_path(folder: &Folder) -> Vec<u8> {
    if folder.path.is_empty() { b"/".to_vec() } else { folder.path.clone() }
}

fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    path.extend_from_slice(folder);
    path.push(b'/');
    path.extend_from_slice(name);
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Stamp;

    const META_DEVICE: u32 = 4;

    fn meta(kind: u32, allocated: bool) -> MetaFacts {
        let never = Stamp { seconds: 0, nanoseconds: 0 };
        MetaFacts {
            kind,
            allocated,
            size: 4096,
            default_attribute: 0,
            has_link: false,
            created: never,
            modified: never,
            accessed: never,
            changed: never,
            zone_unknown: false,
        }
    }

    fn name(bytes: &[u8], kind: u32, allocated: bool, meta: Result<MetaFacts, String>) -> Name {
        Name { bytes: bytes.to_vec(), address: 12, kind, allocated, meta }
    }

    #[test]
    fn a_deleted_file_whose_metadata_became_a_folder_or_a_device_is_told_from_other_names() {
        for (kind, allocated, meta_kind, meta_allocated, wanted) in [
            (NAME_REGULAR, false, META_DIRECTORY, true, true),
            (NAME_LINK, false, META_DEVICE, true, true),
            (NAME_UNDEFINED, false, META_DIRECTORY, true, true),
            (NAME_DIRECTORY, false, META_DIRECTORY, true, false),
            (NAME_REGULAR, true, META_DIRECTORY, true, false),
            (NAME_REGULAR, false, META_DIRECTORY, false, false),
            (NAME_REGULAR, false, META_REGULAR, true, false),
        ] {
            let meta = meta(meta_kind, meta_allocated);
            let name = name(b"a", kind, allocated, Ok(meta));
            assert_eq!(was_a_file_before(&name, &meta), wanted, "{name:?}");
        }
    }

    #[test]
    fn a_file_named_like_a_folder_itself_is_no_reason_to_pass_over_it() {
        let folder = || Ok(meta(META_DIRECTORY, true));
        for dot in [&b"."[..], b".."] {
            assert!(leads_to_itself(&name(dot, NAME_DIRECTORY, true, folder())));
            assert!(leads_to_itself(&name(dot, NAME_DIRECTORY, true, Err("gone".into()))));
            let file = Ok(meta(META_REGULAR, true));
            assert!(!leads_to_itself(&name(dot, NAME_REGULAR, true, file)));
            assert!(!leads_to_itself(&name(dot, NAME_REGULAR, true, Err("gone".into()))));
        }
        assert!(!leads_to_itself(&name(b"...", NAME_DIRECTORY, true, folder())));
    }
}
