//! The border to C: every unsafe block of this crate is here.
//!
//! In: the handles and flat structures of `shim/shim.h`. Out: owned Rust values. Handles are
//! neither `Send` nor `Sync` (they hold raw pointers), so the shim is called from one thread;
//! a [`Directory`] borrows its [`FileSystem`], so it is closed first.
#![expect(unsafe_code, reason = "this is the border to C; each block says why it is sound")]

mod raw;

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::ptr::{self, NonNull};

use thiserror::Error;

use crate::fat;
use crate::kind::Kind;
use crate::name::{Address, Attribute, MetaFacts, Name, RawRun, Stamp};
use crate::zone;

/// The volume's bytes.
pub trait ReadAt {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset`, whole or not at all; the error says where and why.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), String>;
}

/// Why a volume has no file system that can be walked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Nothing that the library knows begins here.
    #[error("no known file system begins here")]
    Unrecognised,
    /// It looks encrypted, for this reason.
    #[error("{0}")]
    Encrypted(String),
    /// It was recognised, but could not be opened.
    #[error("{0}")]
    Failed(String),
}

/// What the library said of a call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct TskError(pub String);

/// What is known of an open file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Which one.
    pub kind: Kind,
    /// Where block 0 is, in bytes from the start of the volume.
    pub offset: u64,
    /// Block size in bytes (FAT: sector size).
    pub block_size: u32,
    /// The last block that both the file system and the volume have.
    pub last_block: u64,
    /// Whether each block is wrapped in bytes that are not content (raw CD).
    pub wrapped_blocks: bool,
    /// Metadata address of the root folder.
    pub root: u64,
    /// Metadata address of the virtual folder of orphans.
    pub orphans: u64,
}

/// The version of the library.
pub fn library_version() -> String {
    // SAFETY: returns a pointer to a static, NUL-terminated string.
    unsafe { CStr::from_ptr(raw::pt_version()) }.to_string_lossy().into_owned()
}

/// A stream whose content lies in another form in another stream.
pub(crate) struct PackedStream {
    /// The first bytes of the reparse point that tells the form.
    pub(crate) reparse: Vec<u8>,
    /// Length of the content in bytes.
    pub(crate) size: u64,
    /// The other stream.
    pub(crate) stream: Address,
}

/// What the read callback reaches through its context pointer.
struct Source {
    reader: Box<dyn ReadAt>,
    failure: RefCell<Option<String>>,
}

impl Source {
    /// Before a call: what the reader said during another explains nothing.
    fn forget_failure(&self) {
        *self.failure.borrow_mut() = None;
    }
}

/// An open file system.
pub struct FileSystem {
    handle: NonNull<raw::Fs>,
    source: Box<Source>,
    info: Info,
    /// Where FAT's first directory entry may lie.
    first_entry: Option<u64>,
}

impl FileSystem {
    /// Opens the file system that begins at the volume's first byte.
    pub fn open(reader: impl ReadAt + 'static, sector_size: u32) -> Result<Self, OpenError> {
        let len = reader.len();
        let source = Box::new(Source { reader: Box::new(reader), failure: RefCell::new(None) });
        let context = ptr::from_ref::<Source>(&source).cast_mut().cast::<c_void>();
        let mut kind: c_int = 0;
        let mut message: [c_char; 1024] = [0; 1024];
        // SAFETY: `context` points into a box that the handle's owner keeps until after
        // `pt_fs_close`; `message` has the length given; the callback only reads the context.
        let handle = unsafe {
            raw::pt_fs_open(
                context,
                read_callback,
                len,
                sector_size,
                &raw mut kind,
                message.as_mut_ptr(),
                message.len(),
            )
        };
        let Some(handle) = NonNull::new(handle) else {
            // SAFETY: the shim NUL-terminates the message; the array began as zeros.
            let text = unsafe { CStr::from_ptr(message.as_ptr()) }.to_string_lossy().into_owned();
            return Err(match kind {
                raw::OPEN_UNRECOGNISED => OpenError::Unrecognised,
                raw::OPEN_ENCRYPTED => OpenError::Encrypted(text),
                _ => OpenError::Failed(with_failure(text, &source)),
            });
        };
        let mut facts = raw::Info::default();
        // SAFETY: the handle is open; `facts` is writable.
        unsafe { raw::pt_fs_info(handle.as_ptr(), &raw mut facts) };
        let info = info_of(&facts);
        let first_entry = fat::first_entry(&*source.reader, &info);
        Ok(Self { handle, source, info, first_entry })
    }

    /// What is known of it.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The volume's own bytes.
    pub fn reader(&self) -> &dyn ReadAt {
        &*self.source.reader
    }

    /// The 32 bytes of the directory entry with a metadata address: FAT and exFAT.
    pub(crate) fn entry(&self, address: u64) -> Option<[u8; fat::ENTRY]> {
        let at = self.entry_at(address)?;
        let mut entry = [0; fat::ENTRY];
        // SAFETY: the handle is open; `entry` has the length given.
        let answer =
            unsafe { raw::pt_fs_read(self.handle.as_ptr(), at, entry.as_mut_ptr(), entry.len()) };
        (answer == 0).then_some(entry)
    }

    /// Where the directory entry with a metadata address lies, in bytes from the start of the
    /// volume: FAT and exFAT, where the first boot sector tells it.
    pub(crate) fn entry_at(&self, address: u64) -> Option<u64> {
        let first = self.first_entry?;
        let at = address.checked_sub(fat::FIRST_ADDRESS)?.checked_mul(fat::ENTRY as u64)?;
        first.checked_add(at).filter(|at| *at < self.source.reader.len())
    }

    /// Reads the names of a directory.
    pub fn open_dir(&self, address: u64) -> Result<Directory<'_>, TskError> {
        self.source.forget_failure();
        // SAFETY: the handle is open.
        let dir = unsafe { raw::pt_dir_open(self.handle.as_ptr(), address) };
        match NonNull::new(dir) {
            Some(dir) => Ok(Directory { dir, fs: self, warning: self.said(), borrow: PhantomData }),
            None => Err(self.error()),
        }
    }

    /// Remembers that an unallocated metadata address has a name and so is no orphan.
    pub fn note_named(&self, address: u64) {
        // SAFETY: the handle is open. Failure (no memory) only makes libtsk look by itself.
        let _ = unsafe { raw::pt_fs_note_named(self.handle.as_ptr(), address) };
    }

    /// Whether any of `len` blocks from `block` is allocated, asking every `step`th block and
    /// not more than `most` in all: `checked` counts them.
    pub fn any_allocated(
        &self,
        block: u64,
        len: u64,
        step: u64,
        checked: &mut u64,
        most: u64,
    ) -> bool {
        // SAFETY: the handle is open; `checked` is writable.
        let answer = unsafe {
            raw::pt_fs_any_allocated(
                self.handle.as_ptr(),
                block,
                len,
                step.max(1),
                ptr::from_mut(checked),
                most,
            )
        };
        answer != 0
    }

    /// Whether `block` is allocated, and how many blocks from it on, up to `end`, are as it is.
    /// Asks every `step`th block and stops after about `most` questions; at least one block.
    pub fn same_allocation(&self, block: u64, end: u64, step: u64, most: u64) -> (bool, u64) {
        let mut allocated: c_int = 0;
        // SAFETY: the handle is open; `allocated` is writable.
        let blocks = unsafe {
            raw::pt_fs_same_allocation(
                self.handle.as_ptr(),
                block,
                end,
                step.max(1),
                most,
                &raw mut allocated,
            )
        };
        (allocated != 0, blocks.max(1))
    }

    /// How the NTFS stream at an address is packed, where another stream of the file, of this
    /// name, holds its content.
    pub(crate) fn packed(&self, address: Address, stream: &CStr) -> Option<PackedStream> {
        let (kind, id) = address.attribute?;
        let mut reparse = [0; 64];
        let (mut len, mut size, mut stream_id) = (reparse.len(), 0, 0);
        // SAFETY: the handle is open; `stream` is NUL-terminated; `reparse` has the length given,
        // and the three numbers are writable.
        let answer = unsafe {
            raw::pt_fs_packed(
                self.handle.as_ptr(),
                address.meta,
                u32::from(id),
                stream.as_ptr(),
                reparse.as_mut_ptr(),
                &raw mut len,
                &raw mut size,
                &raw mut stream_id,
            )
        };
        let stream =
            Address { meta: address.meta, attribute: Some((kind, u16::try_from(stream_id).ok()?)) };
        (answer == 1).then(|| PackedStream { reparse: reparse[..len].to_vec(), size, stream })
    }

    /// Gives the content at an address to `sink`, piece by piece, as the library has it: what
    /// `icat` prints. An error means that what was given so far is not the whole.
    pub(crate) fn cat_plain(
        &self,
        address: Address,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), TskError> {
        self.source.forget_failure();
        let mut sink = sink;
        let context = (&raw mut sink).cast::<c_void>();
        let (has_type, (kind, id)) =
            (c_int::from(address.attribute.is_some()), address.attribute.unwrap_or_default());
        // SAFETY: the handle is open; `context` points to `sink`, which outlives the call, and
        // `sink_callback` casts it back to just that type.
        let answer = unsafe {
            raw::pt_fs_cat(
                self.handle.as_ptr(),
                address.meta,
                has_type,
                kind,
                u32::from(id),
                sink_callback,
                context,
            )
        };
        if answer == 0 { Ok(()) } else { Err(self.error()) }
    }

    fn said(&self) -> Option<String> {
        // SAFETY: the handle is open, and its message is always NUL-terminated.
        let text = unsafe { CStr::from_ptr(raw::pt_fs_message(self.handle.as_ptr())) };
        let text = text.to_string_lossy();
        (!text.is_empty()).then(|| with_failure(text.into_owned(), &self.source))
    }

    fn error(&self) -> TskError {
        TskError(self.said().unwrap_or_else(|| "the library gave no reason".into()))
    }
}

impl Drop for FileSystem {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used again; directories borrow `self`, so none is
        // left; the source is freed after this.
        unsafe { raw::pt_fs_close(self.handle.as_ptr()) };
    }
}

/// The names of one directory.
pub struct Directory<'fs> {
    dir: NonNull<raw::Dir>,
    fs: &'fs FileSystem,
    warning: Option<String>,
    borrow: PhantomData<&'fs FileSystem>,
}

impl Directory<'_> {
    /// What went wrong although names were read.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        // SAFETY: the directory is open.
        unsafe { raw::pt_dir_len(self.dir.as_ptr()) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The metadata address of the name at `index`; 0 if there is none.
    pub(crate) fn address(&self, index: usize) -> u64 {
        // SAFETY: the directory is open.
        unsafe { raw::pt_dir_address(self.dir.as_ptr(), index) }
    }

    /// Loads the name at `index` (below [`Self::len`]) with its metadata.
    pub fn name(&mut self, index: usize) -> Result<Name, TskError> {
        self.fs.source.forget_failure();
        let mut found = raw::Name::default();
        // SAFETY: the directory is open; `found` is writable.
        if unsafe { raw::pt_dir_name(self.dir.as_ptr(), index, &raw mut found) } != 0 {
            return Err(self.fs.error());
        }
        let meta = if found.has_meta != 0 {
            Ok(self.meta_of(&found))
        } else {
            Err(self.fs.said().unwrap_or_else(|| "the name points to no metadata".into()))
        };
        Ok(Name {
            // SAFETY: the shim's pointer and length describe a string that lives until the next
            // call on this directory.
            bytes: unsafe { bytes_of(found.text, found.text_len) },
            address: found.address,
            kind: found.kind,
            allocated: found.flags & raw::NAME_ALLOCATED != 0,
            meta,
        })
    }

    /// The metadata, with its times in UTC where the file system keeps their zone.
    fn meta_of(&self, found: &raw::Name) -> MetaFacts {
        let mut meta = meta_of(found);
        meta.zone_unknown = match self.fs.info.kind {
            Kind::Fat12 | Kind::Fat16 | Kind::Fat32 => {
                zone::fat(&mut meta, self.fs.entry(found.address))
            }
            Kind::ExFat => zone::exfat(&mut meta, self.fs.entry(found.address)),
            Kind::Iso9660 => {
                zone::iso_9660(&mut meta, (found.has_recorded != 0).then_some(found.recorded))
            }
            _ => false,
        };
        meta
    }

    /// The attributes of the name loaded last for which `wanted(kind)` holds, with at most
    /// `most_runs` runs each: one with more is an error.
    pub fn attributes(
        &mut self,
        most_runs: usize,
        wanted: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Attribute>, TskError> {
        self.attributes_of(false, most_runs, wanted)
    }

    /// The same of the directory itself.
    pub fn own_attributes(
        &mut self,
        most_runs: usize,
        wanted: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Attribute>, TskError> {
        self.attributes_of(true, most_runs, wanted)
    }

    fn attributes_of(
        &mut self,
        of_folder: bool,
        most_runs: usize,
        mut wanted: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Attribute>, TskError> {
        self.fs.source.forget_failure();
        let mut list = Vec::new();
        let mut found = raw::Attribute::default();
        let mut previous: *const c_void = ptr::null();
        loop {
            // SAFETY: the directory is open; `previous` is null or came from the last call for
            // the same file; `found` is writable.
            let answer = unsafe {
                raw::pt_attribute_next(
                    self.dir.as_ptr(),
                    c_int::from(of_folder),
                    previous,
                    &raw mut found,
                )
            };
            match answer {
                0 => return Ok(list),
                1 => previous = found.handle,
                _ => return Err(self.fs.error()),
            }
            if !wanted(found.kind) {
                continue;
            }
            let runs = runs_of(&found, most_runs)?;
            list.push(Attribute {
                // SAFETY: as in `name`.
                name: unsafe { bytes_of(found.text, found.text_len) },
                kind: found.kind,
                id: u16::try_from(found.id).unwrap_or(u16::MAX),
                flags: found.flags,
                size: found.size,
                skip_len: found.skip_len,
                init_size: found.init_size,
                runs,
            });
        }
    }
}

impl Drop for Directory<'_> {
    fn drop(&mut self) {
        // SAFETY: the directory is open and not used again.
        unsafe { raw::pt_dir_close(self.dir.as_ptr()) };
    }
}

fn runs_of(attribute: &raw::Attribute, most: usize) -> Result<Vec<RawRun>, TskError> {
    let mut runs = Vec::new();
    if attribute.flags & raw::ATTRIBUTE_NON_RESIDENT == 0 {
        return Ok(runs);
    }
    let mut found = raw::Run::default();
    let mut previous: *const c_void = ptr::null();
    // SAFETY: the attribute's handle is alive until the next name is loaded; `previous` is null
    // or came from the last call for the same attribute; `found` is writable.
    while unsafe { raw::pt_run_next(attribute.handle, previous, &raw mut found) } == 1 {
        previous = found.handle;
        if runs.len() >= most {
            return Err(TskError(format!("more than {most} runs")));
        }
        runs.push(RawRun { address: found.address, len: found.len, flags: found.flags });
    }
    Ok(runs)
}

fn info_of(facts: &raw::Info) -> Info {
    Info {
        kind: Kind::from_tsk(facts.kind),
        offset: facts.offset,
        block_size: facts.block_size,
        last_block: facts.last_block.min(facts.last_block_present),
        wrapped_blocks: facts.block_pre_size != 0 || facts.block_post_size != 0,
        root: facts.root_address,
        orphans: facts.orphan_address,
    }
}

fn meta_of(found: &raw::Name) -> MetaFacts {
    let stamp = |time: raw::Time| Stamp { seconds: time.seconds, nanoseconds: time.nanoseconds };
    MetaFacts {
        kind: found.meta_type,
        allocated: found.meta_flags & raw::META_ALLOCATED != 0,
        size: found.meta_size,
        default_attribute: found.default_attribute,
        has_link: found.has_link != 0,
        created: stamp(found.created),
        modified: stamp(found.modified),
        accessed: stamp(found.accessed),
        changed: stamp(found.changed),
        zone_unknown: false,
    }
}

/// The library's words, and what the reader said last, if it failed.
fn with_failure(text: String, source: &Source) -> String {
    match source.failure.take() {
        Some(failure) => format!("{text} ({failure})"),
        None => text,
    }
}

/// # Safety
/// `start` must be valid for `len` bytes.
unsafe fn bytes_of(start: *const c_char, len: usize) -> Vec<u8> {
    if start.is_null() || len == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(start.cast::<u8>(), len) }.to_vec()
}

/// Called by the library for bytes of the volume. A panic in here ends the process.
extern "C" fn read_callback(context: *mut c_void, offset: u64, buffer: *mut u8, len: usize) -> i64 {
    if context.is_null() || buffer.is_null() {
        return -1;
    }
    // SAFETY: `context` is the `Source` that `FileSystem::open` gave and still owns; it is only
    // ever shared. The library's buffer has `len` bytes; they are written before they are seen.
    let (source, buffer) = unsafe {
        ptr::write_bytes(buffer, 0, len);
        (&*context.cast::<Source>(), std::slice::from_raw_parts_mut(buffer, len))
    };
    let got = match source.reader.read_at(offset, buffer) {
        Ok(()) => len,
        Err(reason) => {
            *source.failure.borrow_mut() = Some(reason);
            readable_prefix(&*source.reader, offset, buffer)
        }
    };
    match i64::try_from(got) {
        Ok(got) if got > 0 => got,
        _ => -1,
    }
}

/// The most whole sectors from `offset` that can be read, into `buffer`; their length in bytes.
fn readable_prefix(reader: &dyn ReadAt, offset: u64, buffer: &mut [u8]) -> usize {
    const SECTOR: usize = 512;
    let (mut good, mut bad) = (0, buffer.len().div_ceil(SECTOR));
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if reader.read_at(offset, &mut buffer[..middle * SECTOR]).is_ok() {
            good = middle;
        } else {
            bad = middle;
        }
    }
    if good > 0 && reader.read_at(offset, &mut buffer[..good * SECTOR]).is_err() {
        return 0;
    }
    good * SECTOR
}

/// Called by the library with a piece of content.
extern "C" fn sink_callback(context: *mut c_void, bytes: *const u8, len: usize) -> c_int {
    if context.is_null() || bytes.is_null() || len == 0 {
        return 0;
    }
    // SAFETY: `context` points to the sink reference on `FileSystem::cat`'s stack, which that
    // call keeps and does not touch meanwhile; the piece has `len` bytes.
    let (sink, piece) = unsafe {
        (
            &mut *context.cast::<&mut dyn FnMut(&[u8]) -> ControlFlow<()>>(),
            std::slice::from_raw_parts(bytes, len),
        )
    };
    c_int::from(sink(piece).is_break())
}
