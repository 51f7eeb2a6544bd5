//! 7-Zip archives, read by the library `sevenz-rust2`.
//!
//! In: the archive. Out: a child for each file, numbered as the archive lists them. Files lie in
//! blocks that are unpacked whole; a block that cannot be unpacked costs the files in it. Refused:
//! what is encrypted, and methods that the library was built without.
//!
//! Source: 7zFormat.txt of the LZMA SDK.

use std::io::{self, Read};

use pendeen_evidence::entry::Times;
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use super::checked::Checked;
use super::dos;
use crate::protocol::{Bytes, Child, Layout};
use crate::remote::Source;
use crate::sink::{Children, Stop};

/// Memory for a dictionary at most, in KiB: less than the worker may have.
const MOST_MEMORY: usize = 2 << 20;

pub(super) fn open(source: &Source, children: &mut Children) -> Result<(), Stop> {
    let password = Password::empty();
    let mut bytes = source.window(0, source.len());
    let archive = Archive::read_with_memory_limit(&mut bytes, &password, MOST_MEMORY)
        .map_err(|e| Stop::Broken(told(&e)))?;
    children.layout(Layout::SevenZip)?;
    for (number, file) in (0..).zip(&archive.files) {
        let alone = archive.stream_map.file_block_index.get(number).is_none_or(Option::is_none);
        if alone && !file.is_directory && !file.is_anti_item {
            children.child(child(file, number), &mut io::empty())?;
        }
    }
    for block in 0..archive.blocks.len() {
        let first = archive.stream_map.block_first_file_index.get(block).copied().unwrap_or(0);
        let decoder = BlockDecoder::new_with_memory_limit(
            1,
            MOST_MEMORY,
            block,
            &archive,
            &password,
            &mut bytes,
        );
        let files = decoder.entries().to_vec();
        let (mut next, mut stop) = (0, None);
        let mut each = |file: &ArchiveEntry, from: &mut dyn Read| {
            let number = first + next;
            next += 1;
            if file.is_directory || file.is_anti_item {
                return Ok(true);
            }
            if children.is_full() {
                next -= 1;
                return Err(Error::Other(
                    "the limit on what is read out of one container is reached".into(),
                ));
            }
            let mut from = Checked::new(from, Some(file.size), None);
            stop = children.child(child(file, number), &mut from).err();
            Ok(stop.is_none())
        };
        let unpacked = decoder.for_each_entries(&mut each);
        if let Some(stop) = stop {
            return Err(stop);
        }
        let Err(error) = unpacked else { continue };
        if next == files.len() {
            // All were told: what failed is the check at the end of the last.
            children.problem("the check of the last files", told(&error), None)?;
        }
        for (number, file) in (first..).zip(&files).skip(next) {
            if !file.is_directory && !file.is_anti_item {
                let mut child = child(file, number);
                child.encrypted = is_encrypted(&error);
                children.lost(child, told(&error))?;
            }
        }
    }
    Ok(())
}

fn child(file: &ArchiveEntry, number: usize) -> Child {
    let time =
        |there: bool, at: sevenz_rust2::NtTime| there.then(|| dos::filetime(at.into())).flatten();
    Child {
        number: number as u64,
        name: Bytes(file.name.clone().into_bytes()),
        size: Some(file.size),
        times: Times {
            created: time(file.has_creation_date, file.creation_date),
            modified: time(file.has_last_modified_date, file.last_modified_date),
            accessed: time(file.has_access_date, file.access_date),
            changed: None,
        },
        ..Child::default()
    }
}

fn is_encrypted(error: &Error) -> bool {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => true,
        Error::UnsupportedCompressionMethod(method) => method.contains("AES"),
        _ => false,
    }
}

fn told(error: &Error) -> String {
    if is_encrypted(error) { "it is encrypted".to_owned() } else { error.to_string() }
}
