//! The declarations of `shim/shim.h`, field for field.

use std::ffi::{c_char, c_int, c_void};

pub(super) const OPEN_UNRECOGNISED: c_int = 1;
pub(super) const OPEN_ENCRYPTED: c_int = 2;
pub(super) const NAME_ALLOCATED: u32 = 1;
pub(super) const META_ALLOCATED: u32 = 1;
pub(super) const ATTRIBUTE_NON_RESIDENT: u32 = 2;
pub(super) const RECORDED_LEN: usize = 7;

#[repr(C)]
pub(super) struct Fs {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(super) struct Dir {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Default)]
pub(super) struct Info {
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) offset: u64,
    pub(super) root_address: u64,
    pub(super) orphan_address: u64,
    pub(super) last_address: u64,
    pub(super) block_count: u64,
    pub(super) last_block: u64,
    pub(super) last_block_present: u64,
    pub(super) block_size: u32,
    pub(super) block_pre_size: u32,
    pub(super) block_post_size: u32,
}

#[repr(C)]
#[derive(Default, Clone, Copy)]
pub(super) struct Time {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

#[repr(C)]
pub(super) struct Name {
    pub(super) text: *const c_char,
    pub(super) text_len: usize,
    pub(super) address: u64,
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) has_meta: u32,
    pub(super) meta_type: u32,
    pub(super) meta_flags: u32,
    pub(super) meta_size: i64,
    pub(super) default_attribute: u32,
    pub(super) has_link: u32,
    pub(super) created: Time,
    pub(super) modified: Time,
    pub(super) accessed: Time,
    pub(super) changed: Time,
    pub(super) has_recorded: u32,
    pub(super) recorded: [u8; RECORDED_LEN],
}

impl Default for Name {
    fn default() -> Self {
        Self {
            text: std::ptr::null(),
            text_len: 0,
            address: 0,
            kind: 0,
            flags: 0,
            has_meta: 0,
            meta_type: 0,
            meta_flags: 0,
            meta_size: 0,
            default_attribute: 0,
            has_link: 0,
            created: Time::default(),
            modified: Time::default(),
            accessed: Time::default(),
            changed: Time::default(),
            has_recorded: 0,
            recorded: [0; RECORDED_LEN],
        }
    }
}

#[repr(C)]
pub(super) struct Attribute {
    pub(super) handle: *const c_void,
    pub(super) text: *const c_char,
    pub(super) text_len: usize,
    pub(super) kind: u32,
    pub(super) id: u32,
    pub(super) flags: u32,
    pub(super) skip_len: u32,
    pub(super) size: i64,
    pub(super) init_size: i64,
}

impl Default for Attribute {
    fn default() -> Self {
        Self {
            handle: std::ptr::null(),
            text: std::ptr::null(),
            text_len: 0,
            kind: 0,
            id: 0,
            flags: 0,
            skip_len: 0,
            size: 0,
            init_size: 0,
        }
    }
}

#[repr(C)]
pub(super) struct Run {
    pub(super) handle: *const c_void,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) len: u64,
    pub(super) flags: u32,
}

impl Default for Run {
    fn default() -> Self {
        Self { handle: std::ptr::null(), offset: 0, address: 0, len: 0, flags: 0 }
    }
}

pub(super) type ReadFn = extern "C" fn(*mut c_void, u64, *mut u8, usize) -> i64;
pub(super) type SinkFn = extern "C" fn(*mut c_void, *const u8, usize) -> c_int;

unsafe extern "C" {
    pub(super) fn pt_version() -> *const c_char;
    pub(super) fn pt_fs_open(
        context: *mut c_void,
        read: ReadFn,
        size: u64,
        sector_size: u32,
        kind: *mut c_int,
        message: *mut c_char,
        message_len: usize,
    ) -> *mut Fs;
    pub(super) fn pt_fs_close(fs: *mut Fs);
    pub(super) fn pt_fs_info(fs: *const Fs, out: *mut Info);
    pub(super) fn pt_fs_message(fs: *const Fs) -> *const c_char;
    pub(super) fn pt_fs_read(fs: *mut Fs, offset: u64, out: *mut u8, len: usize) -> c_int;
    pub(super) fn pt_fs_note_named(fs: *mut Fs, address: u64) -> c_int;
    pub(super) fn pt_fs_any_allocated(
        fs: *mut Fs,
        block: u64,
        len: u64,
        step: u64,
        checked: *mut u64,
        most: u64,
    ) -> c_int;
    pub(super) fn pt_fs_same_allocation(
        fs: *mut Fs,
        block: u64,
        end: u64,
        step: u64,
        most: u64,
        allocated: *mut c_int,
    ) -> u64;
    pub(super) fn pt_fs_packed(
        fs: *mut Fs,
        address: u64,
        id: u32,
        stream: *const c_char,
        reparse: *mut u8,
        reparse_len: *mut usize,
        size: *mut u64,
        stream_id: *mut u32,
    ) -> c_int;
    pub(super) fn pt_fs_cat(
        fs: *mut Fs,
        address: u64,
        has_type: c_int,
        kind: u32,
        id: u32,
        sink: SinkFn,
        context: *mut c_void,
    ) -> c_int;
    pub(super) fn pt_dir_open(fs: *mut Fs, address: u64) -> *mut Dir;
    pub(super) fn pt_dir_close(dir: *mut Dir);
    pub(super) fn pt_dir_len(dir: *const Dir) -> usize;
    pub(super) fn pt_dir_address(dir: *const Dir, index: usize) -> u64;
    pub(super) fn pt_dir_name(dir: *mut Dir, index: usize, out: *mut Name) -> c_int;
    pub(super) fn pt_attribute_next(
        dir: *mut Dir,
        of_folder: c_int,
        previous: *const c_void,
        out: *mut Attribute,
    ) -> c_int;
    pub(super) fn pt_run_next(
        attribute: *const c_void,
        previous: *const c_void,
        out: *mut Run,
    ) -> c_int;
}
