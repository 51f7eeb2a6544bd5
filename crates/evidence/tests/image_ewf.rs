//! EWF images that the fixture writer makes: whole, damaged, cut short, hostile.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::{hex, installed, md5_of, mixed_bytes, read_all, two};
use md5::{Digest, Md5};
use pendeen_evidence::image::ewf::write::{Compression, Recipe, write};
use pendeen_evidence::image::{self, Block, Image, OpenError, ReadError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use proptest::prelude::*;

/// A folder with one written image in it.
struct Written {
    _folder: tempfile::TempDir,
    files: Vec<PathBuf>,
    bytes: Vec<u8>,
}

impl Written {
    fn new(recipe: &Recipe, bytes: Vec<u8>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("exhibit.E01");
        let len = ByteLen(bytes.len() as u64);
        let files = write(&first, recipe, &mut &bytes[..], len).unwrap();
        Self { _folder: folder, files, bytes }
    }

    fn open(&self) -> Result<Arc<dyn Image>, OpenError> {
        image::open(&self.files[..1])
    }
}

/// Chunks of 4 KiB, so that small images have many.
fn small() -> Recipe {
    Recipe { sectors_per_chunk: 8, ..Recipe::default() }
}

/// What the streaming reader hands over: positions and lengths of bytes and of gaps.
fn blocks(image: &dyn Image, expected: &[u8]) -> (u64, Vec<(u64, u64)>) {
    let (mut next, mut read, mut missing) = (0, 0, Vec::new());
    let _ = image::stream(image, two(), |block| {
        match block {
            Block::Bytes { at, bytes } => {
                assert_eq!(at.0, next);
                let from = usize::try_from(at.0).unwrap();
                assert!(bytes == &expected[from..from + bytes.len()], "wrong bytes at {at}");
                next += bytes.len() as u64;
                read += bytes.len() as u64;
            }
            Block::Missing { at, len, .. } => {
                assert_eq!(at.0, next);
                next += len.0;
                missing.push((at.0, len.0));
            }
        }
        ControlFlow::Continue(())
    });
    assert_eq!(next, image.len().0, "nothing is skipped in silence");
    (read, missing)
}

#[test]
fn the_same_recipe_and_bytes_give_the_same_files() {
    let a = Written::new(&small(), mixed_bytes(200_704, 1));
    let b = Written::new(&small(), mixed_bytes(200_704, 1));
    assert_eq!(fs::read(&a.files[0]).unwrap(), fs::read(&b.files[0]).unwrap());
}

#[test]
fn what_the_writer_states_the_reader_says() {
    let recipe = Recipe {
        header: vec![("c".into(), "ABC/1".into()), ("e".into(), "Ælfric Ó Dálaigh".into())],
        unread_sectors: vec![(16, 8), (100, 1)],
        ..small()
    };
    let image = Written::new(&recipe, mixed_bytes(200_704, 2));
    let opened = image.open().unwrap();
    let said = opened.provenance();
    assert_eq!(said.stored_md5.map(|d| hex(&d)), Some(hex(&Md5::digest(&image.bytes))));
    assert_eq!(said.stored_sha1.map(|d| hex(&d)), Some(hex(&sha1::Sha1::digest(&image.bytes))));
    assert!(said.header.contains(&("case number".into(), "ABC/1".into())), "{:?}", said.header);
    assert!(said.header.contains(&("examiner".into(), "Ælfric Ó Dálaigh".into())));
    assert!(said.header.contains(&("acquisition date".into(), "2014-07-10 11:00:00 UTC".into())));
    let failed: Vec<_> = said.gaps.iter().map(|g| (g.offset_bytes, g.size_bytes)).collect();
    assert_eq!(failed, [(Some(8192), Some(4096)), (Some(51_200), Some(512))]);
}

#[test]
fn libewf_verifies_what_the_writer_makes() {
    if !installed("ewfverify") {
        return;
    }
    let split = Recipe { segment_len: ByteLen(1 << 20), ..Recipe::default() };
    for (recipe, segments) in [
        (Recipe::default(), 1),
        (Recipe { compression: Compression::Stored, ..split.clone() }, 4),
        (Recipe { compression: Compression::Level(12), ..split }, 2),
        (Recipe { unread_sectors: vec![(3, 5)], ..small() }, 1),
    ] {
        let written = Written::new(&recipe, mixed_bytes(3 << 20, 4));
        assert_eq!(written.files.len(), segments, "{recipe:?}");
        let out = Command::new("ewfverify").arg("-q").arg(&written.files[0]).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let errors = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{recipe:?}: {text} {errors}");
        assert!(text.contains(&hex(&Md5::digest(&written.bytes))), "{recipe:?}: {text}");
        let info = Command::new("ewfinfo").arg(&written.files[0]).output().unwrap();
        let info = String::from_utf8_lossy(&info.stdout).into_owned();
        assert!(info.contains(&hex(&sha1::Sha1::digest(&written.bytes))), "{info}");
        assert!(info.contains("Thu Jul 10 11:00:00 2014"), "{info}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_come_back_whatever_the_chunks_and_segments(
        bytes_per_sector in prop::sample::select(vec![1_u32, 512, 4096]),
        sectors in 1_usize..90,
        sectors_per_chunk in 1_u32..20,
        segment_len in 2_000_u64..400_000,
        level in 0_u8..=12,
        seed in any::<u64>(),
        reads in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..40),
    ) {
        let recipe = Recipe {
            bytes_per_sector,
            sectors_per_chunk,
            segment_len: ByteLen(segment_len),
            compression: if level == 0 { Compression::Stored } else { Compression::Level(level) },
            ..Recipe::default()
        };
        let written = Written::new(&recipe, mixed_bytes(sectors * bytes_per_sector as usize, seed));
        let image = written.open().unwrap();
        prop_assert_eq!(&image.provenance().segments, &written.files);
        prop_assert!(image.provenance().gaps.is_empty());
        prop_assert!(read_all(&*image) == written.bytes);
        prop_assert_eq!(md5_of(&*image), hex(&image.provenance().stored_md5.unwrap()));
        for (a, b) in reads {
            let (a, b) = (a.index(written.bytes.len() + 1), b.index(written.bytes.len() + 1));
            let (from, upto) = (a.min(b), a.max(b));
            let mut buf = vec![0; upto - from];
            image.read_at(ByteOffset(from as u64), &mut buf).unwrap();
            prop_assert!(buf == written.bytes[from..upto], "{}..{}", from, upto);
        }
    }
}

#[test]
fn concurrent_readers_get_the_same_bytes() {
    let written = Written::new(&small(), mixed_bytes(1 << 20, 5));
    let image = written.open().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (image, bytes) = (&image, &written.bytes);
            scope.spawn(move || {
                for step in 0..2000_usize {
                    let from = (step * 7919 + thread * 104_729) % (bytes.len() - 3000);
                    let mut buf = vec![0; 1 + step % 3000];
                    image.read_at(ByteOffset(from as u64), &mut buf).unwrap();
                    assert!(buf == bytes[from..from + buf.len()]);
                }
            });
        }
    });
}

#[test]
fn the_stream_ends_when_the_caller_has_had_enough() {
    let written = Written::new(&small(), mixed_bytes(8 << 20, 5));
    let image = written.open().unwrap();
    let mut calls = 0;
    let flow = image::stream(&*image, two(), |_| {
        calls += 1;
        ControlFlow::Break(())
    });
    assert_eq!((flow, calls), (ControlFlow::Break(()), 1));
}

/// Positions of the chunks' bytes in a written file: behind each `sectors` descriptor.
fn find(haystack: &[u8], needle: &[u8]) -> Vec<usize> {
    haystack
        .windows(needle.len())
        .enumerate()
        .filter(|(_, w)| *w == needle)
        .map(|(i, _)| i)
        .collect()
}

fn change(path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut raw = fs::read(path).unwrap();
    edit(&mut raw);
    fs::write(path, raw).unwrap();
}

#[test]
fn a_damaged_chunk_costs_itself_and_nothing_else() {
    for compression in [Compression::Stored, Compression::Level(6)] {
        let recipe = Recipe { compression, ..small() };
        let written = Written::new(&recipe, mixed_bytes(200_704, 6));
        change(&written.files[0], |raw| {
            let sectors = find(raw, b"sectors\0")[0];
            raw[sectors + 76 + 6000] ^= 0x10;
        });
        let image = written.open().unwrap();
        let (read, missing) = blocks(&*image, &written.bytes);
        assert_eq!(missing.len(), 1, "{compression:?}");
        assert_eq!(missing[0].1, 4096);
        assert_eq!(read, 200_704 - 4096);
        let mut buf = [0; 10];
        let refused = image.read_at(ByteOffset(missing[0].0 + 5), &mut buf);
        assert!(
            matches!(refused, Err(ReadError::DamagedChunk { offset, len: ByteLen(4096), .. }) if offset.0 == missing[0].0)
        );
    }
}

#[test]
fn a_damaged_table_is_replaced_by_its_second_copy_with_a_gap() {
    let written = Written::new(&small(), mixed_bytes(200_704, 6));
    change(&written.files[0], |raw| {
        let table = find(raw, b"table\0")[0];
        raw[table + 76 + 24 + 9] ^= 0x10;
    });
    let image = written.open().unwrap();
    assert!(read_all(&*image) == written.bytes);
    assert_eq!(image.provenance().gaps.len(), 1);
    assert!(image.provenance().gaps[0].reason.contains("second copy was used"));
}

#[test]
fn tables_damaged_in_both_copies_cost_the_entries_that_differ() {
    let written = Written::new(&small(), mixed_bytes(200_704, 6));
    change(&written.files[0], |raw| {
        let table = find(raw, b"table\0")[0];
        let twin = find(raw, b"table2\0")[0];
        raw[table + 76 + 24 + 9] ^= 0x10;
        raw[twin + 76 + 24 + 41] ^= 0x10;
    });
    let image = written.open().unwrap();
    let (_, missing) = blocks(&*image, &written.bytes);
    assert_eq!(missing, [(2 * 4096, 4096), (10 * 4096, 4096)]);
}

#[test]
fn a_table_lost_in_both_copies_leaves_the_chunks_behind_it_in_their_places() {
    let recipe =
        Recipe { compression: Compression::Stored, segment_len: ByteLen(40_000), ..small() };
    let written = Written::new(&recipe, mixed_bytes(50 * 4096, 6));
    assert!(written.files.len() > 4);
    change(&written.files[2], |raw| {
        for name in [&b"table\0"[..], b"table2\0"] {
            let at = find(raw, name)[0];
            raw[at + 76] ^= 1;
        }
    });
    let image = written.open().unwrap();
    let (read, missing) = blocks(&*image, &written.bytes);
    assert_eq!(missing.len(), 1);
    assert!(read >= 40 * 4096, "{read}");
    let recorded: Vec<_> =
        image.provenance().gaps.iter().filter_map(|g| g.offset_bytes.zip(g.size_bytes)).collect();
    assert_eq!(recorded, missing, "the extent is recorded when the image is opened");
}

#[test]
fn a_truncated_image_yields_what_is_located_and_records_the_rest() {
    let recipe =
        Recipe { compression: Compression::Stored, segment_len: ByteLen(40_000), ..small() };
    let written = Written::new(&recipe, mixed_bytes(50 * 4096, 8));
    for keep in [500, 20_000] {
        let last = written.files.last().unwrap();
        let whole = fs::read(last).unwrap();
        fs::write(last, &whole[..whole.len().min(keep)]).unwrap();
        let image = written.open().unwrap();
        let (read, missing) = blocks(&*image, &written.bytes);
        assert!(read > 30 * 4096 && missing.len() == 1, "{read} {missing:?}");
        let gaps = &image.provenance().gaps;
        assert!(gaps.iter().any(|g| g.reason.contains("cut short")), "{gaps:?}");
        assert!(gaps.iter().any(|g| g.offset_bytes == Some(missing[0].0)), "{gaps:?}");
        fs::write(last, whole).unwrap();
    }
}

#[test]
fn a_missing_segment_is_named_and_a_foreign_one_refused() {
    let recipe =
        Recipe { compression: Compression::Stored, segment_len: ByteLen(40_000), ..small() };
    let written = Written::new(&recipe, mixed_bytes(50 * 4096, 8));
    let other = Written::new(&Recipe { set: [9; 16], ..recipe }, mixed_bytes(50 * 4096, 8));
    let second = fs::read(&written.files[1]).unwrap();

    fs::remove_file(&written.files[1]).unwrap();
    let error = written.open().err().unwrap();
    assert!(error.to_string().contains("exhibit.E02 is missing"), "{error}");

    fs::copy(&other.files[1], &written.files[1]).unwrap();
    assert!(matches!(written.open().err().unwrap(), OpenError::Foreign { .. }));

    fs::copy(&written.files[2], &written.files[1]).unwrap();
    let error = written.open().err().unwrap();
    assert!(error.to_string().contains("segment 2 was wanted, it is segment 3"), "{error}");

    fs::write(&written.files[1], second).unwrap();
    let error = image::open(&written.files[1..2]).err().unwrap();
    assert!(matches!(&error, OpenError::NotFirst { first, .. } if *first == written.files[0]));
    let named: Vec<PathBuf> = written.files.clone();
    assert!(read_all(&*image::open(&named).unwrap()) == written.bytes);
    let surplus = [named, other.files[1..2].to_vec()].concat();
    let error = image::open(&surplus).err().unwrap();
    assert!(error.to_string().contains("is the last of its image"), "{error}");
}

#[test]
fn the_name_does_not_matter_only_the_signature() {
    let written = Written::new(&small(), mixed_bytes(50 * 4096, 8));
    let renamed = written.files[0].with_extension("bin");
    fs::rename(&written.files[0], &renamed).unwrap();
    let image = image::open(&[renamed]).unwrap();
    assert!(read_all(&*image) == written.bytes);
}

#[test]
fn descriptors_of_a_split_image_open_in_another_process_alike() {
    let recipe = Recipe { segment_len: ByteLen(40_000), ..small() };
    let written = Written::new(&recipe, mixed_bytes(50 * 4096, 8));
    let image = written.open().unwrap();
    let fds = image.descriptors().iter().map(|fd| fd.try_clone_to_owned().unwrap()).collect();
    let again = image::from_descriptors(fds, &image.provenance().segments).unwrap();
    assert!(read_all(&*again) == written.bytes);
}

/// Makes the checksums of sections, tables and geometry fit again after a change, so that
/// hostile values get past them.
fn mend_checksums(raw: &mut [u8]) {
    let mut at = 13_usize;
    for _ in 0..100 {
        let Some(head) = raw.get(at..at + 76) else { return };
        let next = u64::from_le_bytes(head[16..24].try_into().unwrap());
        let name = head[..16].to_vec();
        mend(raw, at, 72);
        let data = at + 76;
        if name.starts_with(b"volume") || name.starts_with(b"data") {
            mend(raw, data, 1048);
        } else if name.starts_with(b"table") && raw.len() > data + 24 {
            mend(raw, data, 20);
            let count = u32::from_le_bytes(raw[data..data + 4].try_into().unwrap()) as usize;
            mend(raw, data + 24, count.saturating_mul(4));
        }
        match usize::try_from(next) {
            Ok(next) if next > at => at = next,
            _ => return,
        }
    }
}

fn mend(raw: &mut [u8], from: usize, len: usize) {
    let end = from.saturating_add(len);
    if end.saturating_add(4) <= raw.len() {
        let sum = libdeflater::adler32(&raw[from..end]);
        raw[end..end + 4].copy_from_slice(&sum.to_le_bytes());
    }
}

/// The same random numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

#[test]
fn hostile_values_behind_sound_checksums_make_no_panic_and_no_hang() {
    let written = Written::new(&small(), mixed_bytes(40 * 4096, 12));
    let whole = fs::read(&written.files[0]).unwrap();
    let mut spots: Vec<usize> = Vec::new();
    for name in [&b"volume\0"[..], b"table\0", b"table2\0", b"sectors\0", b"digest\0", b"header\0"]
    {
        // The fields of the descriptor, and the first of the data.
        let at = find(&whole, name)[0];
        spots.extend((at + 16..at + 32).chain(at + 76..at + 180));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.E01");
    let mut random = Random(77);
    let (mut opened, mut lost) = (0, 0);
    for _ in 0..4000 {
        let mut raw = whole.clone();
        for _ in 0..=random.below(3) {
            let at = spots[random.below(spots.len())];
            raw[at] = if random.below(3) == 0 { 0xff } else { random.byte() };
        }
        mend_checksums(&mut raw);
        fs::write(&path, &raw).unwrap();
        let Ok(image) = image::open(std::slice::from_ref(&path)) else { continue };
        opened += 1;
        let mut next = 0;
        let _ = image::stream(&*image, two(), |block| {
            let (at, len) = match block {
                Block::Bytes { at, bytes } => (at.0, bytes.len() as u64),
                Block::Missing { at, len, .. } => (at.0, len.0),
            };
            assert_eq!(at, next);
            next += len;
            lost += u32::from(matches!(block, Block::Missing { .. }));
            ControlFlow::Continue(())
        });
        assert_eq!(next, image.len().0);
    }
    assert!(opened > 1500 && lost > 1000, "{opened} {lost}");
}

/// Flips and cuts bytes thousands of times. Whatever opens must account for every byte, and
/// what it hands over must be the true bytes: a chunk's checksum lets no wrong byte through.
#[test]
fn no_flipped_or_missing_byte_makes_a_panic_a_hang_or_a_wrong_byte() {
    let written = Written::new(&small(), mixed_bytes(40 * 4096, 12));
    let whole = fs::read(&written.files[0]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.E01");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut opened, mut refused, mut gaps) = (0, 0, 0);
    for round in 0..3000 {
        let mut raw = whole.clone();
        match round % 5 {
            0 => raw.truncate(random.below(whole.len())),
            1 => {
                let from = random.below(whole.len() - 200);
                raw.drain(from..from + 1 + random.below(199));
            }
            2 => {
                let from = random.below(whole.len() - 64);
                raw[from..from + 64].fill(0xff);
            }
            _ => {
                for _ in 0..=random.below(4) {
                    let at = random.below(whole.len());
                    raw[at] ^= random.byte();
                }
            }
        }
        fs::write(&path, &raw).unwrap();
        match image::open(std::slice::from_ref(&path)) {
            Ok(image) if image.provenance().format == image::Format::Raw => refused += 1,
            Ok(image) => {
                opened += 1;
                assert_eq!(image.len().0, written.bytes.len() as u64, "round {round}");
                gaps += blocks(&*image, &written.bytes).1.len();
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains(';'), "no advice: {error}");
            }
        }
    }
    assert!(opened > 1500 && refused > 20 && gaps > 500, "{opened} {refused} {gaps}");
}
