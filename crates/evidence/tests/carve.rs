//! Carving: what is found, where it ends, and what is not found.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::num::NonZeroUsize;
use std::path::Path;

use common::made::{Jpeg, Noise, avi, film, jpeg, matroska, png, still};
use common::{memory, two};
use pendeen_evidence::carve::{
    self, Carved, Found, Kind, Known, Proof, Signature, Space, measure_at,
};
use pendeen_evidence::entry::{Content, Entry, Parts, Run, Times};
use pendeen_evidence::filesystem::FreeSpace;
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_evidence::volume::{self, Volume};
use pendeen_item::Origin;

/// A picture that ImageMagick made (samples/make.sh).
fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

fn picture(width: u16, height: u16, seed: u64) -> Vec<u8> {
    jpeg(&Jpeg { width, height, seed, ..Jpeg::default() })
}

/// A file of each form: its name, its kind, its bytes.
fn files() -> Vec<(&'static str, Kind, Vec<u8>)> {
    let restarting = Jpeg { width: 300, height: 200, seed: 5, restart: 7, inside: Vec::new() };
    let mut files = vec![
        ("jpeg", Kind::Jpeg, picture(320, 240, 1)),
        ("jpeg with restart markers", Kind::Jpeg, jpeg(&restarting)),
        ("png", Kind::Png, png(120, 90, 2)),
        ("mp4, header last", Kind::Mp4, film(b"isom", false, 40_000, 3)),
        ("mp4, header first", Kind::Mp4, film(b"mp42", true, 40_001, 4)),
        ("mov", Kind::QuickTime, film(b"qt  ", false, 30_000, 5)),
        ("3gp", Kind::ThreeGpp, film(b"3gp5", false, 30_002, 6)),
        ("heic", Kind::Heic, still(b"heic", 5_000, 7)),
        ("avif", Kind::Avif, still(b"avif", 5_000, 8)),
        ("avi", Kind::Avi, avi(30, 0, 9)),
        ("avi in parts", Kind::Avi, avi(20, 2, 10)),
        ("mkv", Kind::Matroska, matroska(b"matroska", true, 3, 11)),
        ("webm", Kind::WebM, matroska(b"webm", true, 3, 12)),
        ("webm, streamed", Kind::WebM, matroska(b"webm", false, 3, 13)),
    ];
    for (name, kind) in [
        ("sequential.jpg", Kind::Jpeg),
        ("progressive.jpg", Kind::Jpeg),
        ("grey.jpg", Kind::Jpeg),
        ("palette.png", Kind::Png),
        ("lossy.webp", Kind::Webp),
        ("lossless.webp", Kind::Webp),
        ("one.gif", Kind::Gif),
        ("three.gif", Kind::Gif),
        ("plain.bmp", Kind::Bmp),
        ("palette.bmp", Kind::Bmp),
        ("cloud.heic", Kind::Heic),
    ] {
        files.push((name, kind, sample(name)));
    }
    files
}

fn carve(bytes: Vec<u8>, threads: usize) -> Found {
    carve::find(&Space::whole(&memory::image(bytes)), NonZeroUsize::new(threads).unwrap(), &|_| ())
}

/// Kind, position and length of what was found in one piece.
fn places(found: &Found) -> Vec<(Kind, u64, u64)> {
    let place = |one: &Carved| match one.runs.as_slice() {
        [Run::Data { at, len }] => {
            assert_eq!(*len, one.len);
            (one.kind, at.0, len.0)
        }
        runs => panic!("{runs:?}"),
    };
    found.carved.iter().map(place).collect()
}

#[test]
fn each_kind_is_found_between_noise_with_its_true_end() {
    let mut noise = Noise::new(1);
    let mut bytes = noise.bytes(5_000);
    let mut wanted = Vec::new();
    for (name, kind, file) in files() {
        // What follows a file that does not state its length must not begin like a part of it.
        bytes.push(0);
        let at = bytes.len() as u64;
        wanted.push((name, (kind, at, file.len() as u64)));
        bytes.extend(file);
        bytes.push(0);
        bytes.extend(noise.bytes(3_001));
    }
    let found = carve(bytes, 2);
    let places = places(&found);
    for (name, place) in &wanted {
        assert!(places.contains(place), "{name} at {place:?}: {places:?}");
    }
    assert_eq!(places.len(), wanted.len());
    for one in &found.carved {
        let proven = matches!(one.kind, Kind::Jpeg | Kind::Png);
        assert_eq!(one.proof == Proof::Content, proven, "{one:?}");
    }
}

#[test]
fn quicktime_without_its_first_box_is_found_at_the_beginning_of_a_sector() {
    let file = film(b"none", false, 20_000, 3);
    let mut bytes = Noise::new(4).bytes(1024);
    bytes.extend(&file);
    bytes.extend(vec![0; 5000]);
    assert_eq!(places(&carve(bytes, 1)), [(Kind::QuickTime, 1024, file.len() as u64)]);
}

#[test]
fn a_file_cut_short_is_not_found_wherever_it_is_cut() {
    for (name, kind, file) in files() {
        let step = file.len() / 40 + 1;
        for len in (0..file.len()).step_by(step).chain([file.len() - 1]) {
            // A film in parts may end behind each, a streamed one behind each block, and of a
            // film whose header is first nothing tells when media is missing but its length.
            if matches!(name, "avi in parts" | "webm, streamed") {
                continue;
            }
            let found = carve(file[..len].to_vec(), 1);
            let longest = found.carved.iter().map(|one| one.len.0).max().unwrap_or(0);
            assert!(longest == 0, "{name} ({kind:?}) cut to {len}: {:?}", found.carved);
        }
    }
}

#[test]
fn a_proven_file_with_a_changed_byte_in_its_data_is_not_found() {
    let png = png(120, 90, 2);
    for at in (8..png.len()).step_by(61) {
        let mut bad = png.clone();
        bad[at] ^= 0x10;
        assert_eq!(carve(bad, 1).carved, [], "PNG, byte {at}");
    }
    // Of a JPEG some changes only change the picture; foreign data is another matter.
    let (mut missed, jpeg) = (0, sample("sequential.jpg"));
    for seed in 0..50 {
        let mut bad = jpeg.clone();
        let foreign = Noise::new(seed).bytes(1024);
        bad[2500..2500 + foreign.len()].copy_from_slice(&foreign);
        missed += carve(bad, 1).carved.len();
    }
    assert_eq!(missed, 0);
}

#[test]
fn changed_bytes_never_panic_and_what_is_found_lies_in_the_space() {
    let mut noise = Noise::new(77);
    for (name, _, file) in files() {
        for round in 0..60 {
            let mut bad = file.clone();
            for _ in 0..=round % 5 {
                let at = usize::try_from(noise.below(bad.len() as u64)).unwrap();
                bad[at] = [0, 0xff, noise.next().to_le_bytes()[3]][round % 3];
            }
            if round % 4 == 3 {
                bad.truncate(usize::try_from(noise.below(bad.len() as u64)).unwrap());
            }
            let len = bad.len() as u64;
            for signature in Signature::ALL {
                let shape = measure_at(signature, &bad, 0, 1 << 24);
                assert!(shape.is_none_or(|shape| shape.len <= len), "{name}: {shape:?}");
            }
            for one in carve(bad, 1).carved {
                let end = |run: &Run| matches!(run, Run::Data { at, len: n } if at.0 + n.0 <= len);
                assert!(one.runs.iter().all(end), "{name}: {one:?}");
            }
        }
    }
}

#[test]
fn a_thumbnail_belongs_to_its_picture_and_counts_by_itself_where_the_picture_is_lost() {
    let inside = picture(64, 48, 3);
    let outer =
        jpeg(&Jpeg { width: 640, height: 480, seed: 4, inside: inside.clone(), restart: 0 });
    let whole = carve(outer.clone(), 1);
    assert_eq!(places(&whole), [(Kind::Jpeg, 0, outer.len() as u64)]);
    let cut = outer[..outer.len() / 2].to_vec();
    assert_eq!(places(&carve(cut, 1)), [(Kind::Jpeg, 12, inside.len() as u64)]);
}

#[test]
fn a_picture_that_overwrote_part_of_a_film_is_found_beside_it_but_no_part_of_a_film_is() {
    let mut film = film(b"isom", false, 400_000, 3);
    let later = picture(200, 100, 9);
    let (aligned, odd) = (16 * 4096, 40 * 4096 + 30);
    film[aligned..aligned + later.len()].copy_from_slice(&later);
    film[odd..odd + later.len()].copy_from_slice(&later);
    assert_eq!(
        places(&carve(film.clone(), 1)),
        [(Kind::Mp4, 0, film.len() as u64), (Kind::Jpeg, aligned as u64, later.len() as u64)]
    );
}

#[test]
fn files_across_the_borders_of_chunks_are_found_the_same_on_any_number_of_threads() {
    let mut noise = Noise::new(3);
    let mut bytes = noise.bytes(13 << 20);
    let mut wanted = Vec::new();
    for (number, (_, kind, file)) in files().into_iter().enumerate().take(24) {
        let border = (4 << 20) * (1 + number / 8);
        // Around each border: before it, across it, just behind it, and signatures cut by it.
        let place = [-90_000, -45_000, -7, -1, 0, 3, 90_000, 150_000][number % 8];
        let at = usize::try_from(i64::try_from(border).unwrap() + place).unwrap();
        if wanted.iter().any(|(_, from, len): &(Kind, u64, u64)| {
            (at as u64) < from + len + 2 && *from < (at + file.len() + 2) as u64
        }) {
            continue;
        }
        bytes[at..at + file.len()].copy_from_slice(&file);
        bytes[at + file.len()] = 0;
        wanted.push((kind, at as u64, file.len() as u64));
    }
    wanted.sort_unstable_by_key(|(_, at, _)| *at);
    assert!(wanted.len() > 10);
    let one = carve(bytes.clone(), 1);
    assert_eq!(places(&one), wanted);
    for threads in [2, 3, 7] {
        assert_eq!(carve(bytes.clone(), threads).carved, one.carved, "{threads} threads");
    }
}

#[test]
fn nothing_is_found_in_noise_in_text_and_in_packed_text() {
    let mut noise = Noise::new(9);
    let words = ["tide", "harbour", "BM", "GIF89a", "RIFF", "moov", "ftyp", "lamp", "\u{fffd}PNG"];
    let mut text = String::new();
    while text.len() < 8 << 20 {
        text.push_str(words[usize::try_from(noise.below(9)).unwrap()]);
        text.push(if noise.below(12) == 0 { '\n' } else { ' ' });
    }
    let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut packed = vec![0; packer.zlib_compress_bound(text.len())];
    let len = packer.zlib_compress(text.as_bytes(), &mut packed).unwrap();
    packed.truncate(len);
    for (what, bytes) in
        [("noise", noise.bytes(32 << 20)), ("text", text.into_bytes()), ("packed text", packed)]
    {
        let found = carve(bytes, 2);
        assert_eq!(found.carved, [], "{what}");
        assert_eq!(found.given_up, []);
    }
}

fn live(at: u64, len: u64) -> Entry {
    Entry::from(Parts {
        forensic_path: "ext4:/a".into(),
        path: "/a".into(),
        name: b"a".to_vec(),
        origin: Origin::Live,
        recovery: None,
        fs_type: "ext4",
        fs_address: "5".into(),
        size: ByteLen(len),
        times: Times::default(),
        zone_unknown: false,
        content: Content::Runs(vec![Run::Data { at: ByteOffset(at), len: ByteLen(len) }].into()),
    })
}

/// A volume that fills the image; of it, `free` is not used, in units of 4096 bytes.
fn known(free: &[(u64, u64)]) -> Known {
    let stretches = free.iter().map(|(at, len)| (ByteOffset(*at), ByteLen(*len))).collect();
    let free = FreeSpace { stretches, unit: ByteLen(4096), fs_type: "ext4" };
    Known { free: Some(free), complete: true }
}

fn volume_of(len: usize) -> Volume {
    Volume {
        index: 0,
        label: "p1".into(),
        offset: ByteOffset(0),
        len: ByteLen(len as u64),
        kind: volume::Kind::Whole,
    }
}

#[test]
fn a_file_written_around_a_live_one_is_whole_again() {
    let file = png(200, 150, 5);
    let mut bytes = vec![0; 1 << 20];
    bytes[40_960..49_152].copy_from_slice(&file[..8192]);
    bytes[49_152..57_344].fill(b'x');
    bytes[57_344..57_344 + file.len() - 8192].copy_from_slice(&file[8192..]);
    let len = bytes.len();
    let free = known(&[(40_960, 8192), (57_344, 500_000)]);
    let entry = live(49_152, 8192);
    let spaces = carve::spaces(&memory::image(bytes), &[volume_of(len)], &[free], &[&entry]);
    let found = carve::find(&spaces[0], two(), &|_| ());
    let data = |at, len: usize| Run::Data { at: ByteOffset(at), len: ByteLen(len as u64) };
    assert_eq!(found.carved.len(), 1);
    assert_eq!(found.carved[0].runs, [data(40_960, 8192), data(57_344, file.len() - 8192)]);
    assert_eq!(spaces[0].label, "p1/ext4:");
}

#[test]
fn what_a_live_file_owns_is_not_searched_but_its_slack_and_unowned_blocks_are() {
    let (owned, slack, unowned) = (picture(48, 32, 1), picture(16, 16, 2), png(20, 20, 3));
    assert!(slack.len() < 3000);
    let mut bytes = vec![0; 256 << 10];
    bytes[8192..8192 + owned.len()].copy_from_slice(&owned);
    let end = 8192 + owned.len();
    bytes[end + 5..end + 5 + slack.len()].copy_from_slice(&slack);
    bytes[131_072..131_072 + unowned.len()].copy_from_slice(&unowned);
    let volume = volume_of(bytes.len());
    let image = memory::image(bytes);
    let entry = live(8192, owned.len() as u64);
    let find = |known: Known| {
        let spaces = carve::spaces(&image, std::slice::from_ref(&volume), &[known], &[&entry]);
        let found = spaces.iter().flat_map(|space| {
            let origin = space.origin;
            carve::find(space, two(), &|_| ()).carved.into_iter().map(move |one| (origin, one.kind))
        });
        found.collect::<Vec<_>>()
    };
    let all = find(known(&[(200 << 10, 4096)]));
    assert_eq!(all, [(Origin::Slack, Kind::Jpeg), (Origin::Carved, Kind::Png)]);
    // Where not all live files are known, their blocks are not told from others.
    let partly = find(Known { complete: false, ..known(&[(200 << 10, 4096)]) });
    assert_eq!(partly, [(Origin::Slack, Kind::Jpeg)]);
    // Without a file system, all is searched that no listed file owns.
    let nothing = find(Known::default());
    assert_eq!(nothing, [(Origin::Carved, Kind::Jpeg), (Origin::Carved, Kind::Png)]);
}

#[test]
fn a_sequential_jpeg_in_two_pieces_is_put_together_and_marked() {
    for (name, file) in [
        ("made", picture(640, 480, 8)),
        (
            "restarting",
            jpeg(&Jpeg { width: 640, height: 480, seed: 8, restart: 9, inside: vec![] }),
        ),
    ] {
        for (cut, gap) in [(5, 1), (6, 3), (7, 5), (9, 40), (8, 300)] {
            let (cut, gap) = (cut * 4096, gap * 4096);
            assert!(file.len() > cut + 4096, "{name}: {}", file.len());
            let mut bytes = vec![0; 3 * 4096];
            bytes.extend(&file[..cut]);
            bytes.extend(match gap / 4096 % 3 {
                0 => vec![0; gap],
                1 => Noise::new(gap as u64).bytes(gap),
                _ => b"Tide tables, harbour by harbour. ".repeat(gap)[..gap].to_vec(),
            });
            bytes.extend(&file[cut..]);
            bytes.resize(bytes.len() + 50_000, 0);
            let found = carve(bytes, 2);
            assert_eq!(found.carved.len(), 1, "{name} {cut} {gap}");
            let one = &found.carved[0];
            let data = |at: usize, len: usize| Run::Data {
                at: ByteOffset(at as u64),
                len: ByteLen(len as u64),
            };
            assert!(one.pieced);
            let start = 3 * 4096;
            assert_eq!(
                one.runs,
                [data(start, cut), data(start + cut + gap, file.len() - cut)],
                "{name} {cut} {gap}"
            );
        }
    }
}

#[test]
fn a_stretch_that_cannot_be_read_is_told_and_what_lies_around_it_is_found() {
    let file = picture(160, 120, 1);
    let mut bytes = vec![0; 1 << 20];
    bytes[1000..1000 + file.len()].copy_from_slice(&file);
    let second = 900_000;
    bytes[second..second + file.len()].copy_from_slice(&file);
    let image = memory::damaged(bytes, 500_000..500_001);
    let found = carve::find(&Space::whole(&image), two(), &|_| ());
    assert_eq!(found.carved.len(), 2);
    let [(at, len)] = found.unreadable[..] else { panic!("{:?}", found.unreadable) };
    assert!(at.0 <= 500_000 && at.0 + len.0 > 500_000 && len.0 <= 64 << 10);
}

#[test]
fn signatures_without_end_cost_bounded_time_and_are_told() {
    // A PNG header every 64 bytes, each with a chunk as long as the rest.
    let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10\x08\0\0\0\0".to_vec();
    let sum = libdeflater::crc32(&head[12..29]).to_be_bytes();
    head.extend(sum);
    head.extend(b"\x00\x2f\0\0IDAT");
    head.resize(64, 7);
    let found = carve(head.repeat((8 << 20) / 64), 2);
    assert_eq!(found.carved, []);
    assert!(!found.given_up.is_empty());
}
