//! What a gap says of a volume that nothing here opens. Signatures are written by recipe, after
//! the descriptions of each format; two public images show BitLocker and shadow copies.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::process::Command;

use common::fixture::{NTFS_PROGRAMS, blank, have, run, text};
use common::listing::Listing;
use common::{memory, mixed_bytes, real_images};
use pendeen_evidence::image;
use pendeen_evidence::recognise;
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_evidence::volume::{self, Kind, Volume};
use pendeen_item::Stage;
use proptest::prelude::*;

const LEN: usize = 1 << 20;

/// What is said, bytes at their places, and what else is said.
type Case<'a> = (&'a str, Vec<(usize, &'a [u8])>, Vec<&'a str>);

/// What is said of a volume of 1 MiB of text with these bytes at these places.
fn told(places: &[(usize, &[u8])]) -> Option<String> {
    let mut bytes = b"sea wall ".repeat(LEN / 9 + 1);
    bytes.truncate(LEN);
    for (at, part) in places {
        bytes[*at..at + part.len()].copy_from_slice(part);
    }
    told_of(bytes)
}

fn told_of(bytes: Vec<u8>) -> Option<String> {
    let image = memory::image(bytes);
    recognise::volume(&*image, &whole(image.len()))
}

fn whole(len: ByteLen) -> Volume {
    Volume { index: 0, label: "p1".into(), offset: ByteOffset(0), len, kind: Kind::Whole }
}

/// A field of `len` bytes that begins with `value`.
fn field(value: &[u8], len: usize) -> Vec<u8> {
    let mut field = value.to_vec();
    field.resize(len, 0);
    field
}

/// Bytes as if by chance: of a generator whose output passes statistical tests.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend((mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[test]
fn file_systems_without_a_reader_are_named_with_label_and_identifier() {
    let id: [u8; 16] = std::array::from_fn(|n| u8::try_from(n + 1).unwrap());
    let shown = "UUID 01020304-0506-0708-090a-0b0c0d0e0f10";
    let wide: Vec<u8> = "data".encode_utf16().flat_map(u16::to_le_bytes).chain([0; 2]).collect();
    let label = field(b"data", 16);
    let cases: Vec<Case<'_>> = vec![
        (
            "an XFS file system",
            vec![(0, b"XFSB"), (32, &id), (108, &label[..12])],
            vec!["label \"data\"", shown],
        ),
        (
            "a Btrfs file system",
            vec![
                (0x1_0040, b"_BHRfS_M"),
                (0x1_0020, &id),
                (0x1_0088, &[2, 0, 0, 0, 0, 0, 0, 0]),
                (0x1_012b, &label),
            ],
            vec!["label \"data\"", shown, "one of 2 devices"],
        ),
        (
            "an F2FS file system",
            vec![(1024, &[0x10, 0x20, 0xf5, 0xf2]), (1024 + 108, &id), (1024 + 124, &wide)],
            vec!["label \"data\"", shown],
        ),
        (
            "an EROFS file system",
            vec![(1024, &[0xe2, 0xe1, 0xf5, 0xe0]), (1024 + 48, &id), (1024 + 64, &label)],
            vec!["label \"data\"", shown],
        ),
        ("a SquashFS file system", vec![(0, b"hsqs")], vec![]),
        (
            "a ReFS file system",
            vec![(3, b"ReFS\0\0\0\0"), (16, b"FSRS"), (40, &[3, 4])],
            vec!["version 3.4"],
        ),
        (
            "a JFS file system",
            vec![(0x8000, b"JFS1"), (0x8000 + 136, &id), (0x8000 + 152, &label)],
            vec!["label \"data\"", shown],
        ),
        (
            "a ReiserFS file system",
            vec![(0x1_0000 + 52, b"ReIsEr2Fs\0"), (0x1_0000 + 84, &id), (0x1_0000 + 100, &label)],
            vec!["label \"data\"", shown],
        ),
        ("a device of a ZFS pool", vec![(0x2_1400, &[0x0c, 0xb1, 0xba, 0, 0, 0, 0, 0])], vec![]),
        (
            "a UDF file system",
            vec![(0x8001, b"BEA01"), (0x8801, b"NSR03"), (0x9001, b"TEA01")],
            vec![],
        ),
        (
            "an APFS container",
            vec![(32, b"NXSB"), (72, &id), (184, &[1]), (185, &[0; 815])],
            vec![shown, "volumes: 1"],
        ),
    ];
    for (name, places, facts) in cases {
        let said = told(&places).unwrap_or_default();
        assert!(said.starts_with(&format!("it holds {name}")), "{name}: {said}");
        assert!(said.ends_with("which nothing here reads; its files were not listed"), "{said}");
        for fact in facts {
            assert!(said.contains(fact), "{name}: {said}");
        }
    }
}

#[test]
fn parts_of_something_are_named() {
    let id = [7; 16];
    let shown = "UUID 07070707-0707-0707-0707-070707070707";
    let label: Vec<u8> =
        [&b"LABELONE\x01\0\0\0\0\0\0\0....\x20\0\0\0LVM2 001"[..], &b"abcd".repeat(8), b"\0"]
            .concat();
    let magic = [0xfc, 0x4e, 0x2b, 0xa9];
    let newer: Vec<u8> = [&magic[..], &[1, 0, 0, 0], &[0; 8], &id, &field(b"host:0", 32)].concat();
    let newer = [field(&newer, 72), vec![5, 0, 0, 0], vec![0; 16], vec![3, 0, 0, 0]].concat();
    let older = [
        field(&[&magic[..], &[0, 0, 0, 0]].concat(), 28),
        vec![1, 0, 0, 0],
        vec![0; 8],
        vec![2, 0, 0, 0],
    ]
    .concat();
    let swap = field(b"", 12).into_iter().chain(id).chain(field(b"away", 16)).collect::<Vec<_>>();
    let table = [
        field(b"", 446),
        vec![0, 0, 0, 0, 7, 0, 0, 0, 63, 0, 0, 0, 99, 0, 0, 0],
        vec![0; 48],
        vec![0x55, 0xaa],
    ]
    .concat();
    let near_end = (LEN / 512 - 16) / 8 * 8 * 512;
    let cases: Vec<Case<'_>> = vec![
        ("it is a physical volume of LVM2", vec![(512, &label)], vec!["identifier abcdabcd"]),
        (
            "it is a member of a RAID of Linux",
            vec![(4096, &newer)],
            vec!["RAID 5 of 3 devices", "name \"host:0\"", shown],
        ),
        (
            "it is a member of a RAID of Linux",
            vec![(near_end, &newer)],
            vec!["RAID 5 of 3 devices"],
        ),
        (
            "it is a member of a RAID of Linux",
            vec![(LEN - (64 << 10), &older)],
            vec!["RAID 1 of 2 devices"],
        ),
        (
            "it is Linux swap space (",
            vec![(4086, b"SWAPSPACE2"), (1024, &swap)],
            vec!["label \"away\"", shown],
        ),
        ("it is Linux swap space", vec![((64 << 10) - 10, b"SWAPSPACE2")], vec!["it has no files"]),
        (
            "it is Linux swap space with the memory",
            vec![(4086, b"S1SUSPEND\0")],
            vec!["hibernates"],
        ),
        ("it holds a partition table of its own", vec![(0, &table)], vec![]),
        ("it holds a partition table of its own", vec![(512, b"EFI PART")], vec![]),
    ];
    for (begins, places, facts) in cases {
        let said = told(&places).unwrap_or_default();
        assert!(said.starts_with(begins), "{begins}: {said}");
        for fact in facts {
            assert!(said.contains(fact), "{begins}: {said}");
        }
    }
}

#[test]
fn encrypted_volumes_are_named_with_cipher_and_key_slots() {
    let slot = [0x00, 0xac, 0x71, 0xf3];
    let json = br#"{"keyslots":{"0":{"type":"luks2","key_size":64},"3":{"type":"luks2"}},
        "segments":{"0":{"type":"crypt","encryption":"aes-xts-plain64"}},"config":{}}"#;
    let name = field(b"2f1c0a4e-0000-4000-8000-00000000abcd", 40);
    let block = [&field(b"-FVE-FS-", 64)[..], &[0; 16], &[9; 16], &[0; 4], &[4, 0x80]].concat();
    let to_go = [
        0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 1,
    ];
    let cases: Vec<Case<'_>> = vec![
        (
            "BitLocker (",
            vec![(3, b"-FVE-FS-"), (176, &[0, 0, 2, 0, 0, 0, 0, 0]), (0x2_0000, &block)],
            vec!["AES-XTS, 128 bits", "identifier 09090909-0909"],
        ),
        ("BitLocker;", vec![(3, b"-FVE-FS-"), (176, &[0xff; 8])], vec![]),
        (
            "BitLocker To Go (",
            vec![
                (3, b"MSWIN4.1"),
                (424, &to_go),
                (440, &[0, 0, 2, 0, 0, 0, 0, 0]),
                (0x2_0000, &block),
            ],
            vec!["AES-XTS"],
        ),
        (
            "LUKS1 (",
            vec![
                (0, b"LUKS\xba\xbe\0\x01aes\0"),
                (40, b"xts-plain64\0"),
                (168, &name),
                (208, &slot),
                (208 + 48 * 7, &slot),
            ],
            vec!["aes-xts-plain64", "UUID 2f1c0a4e", "2 of 8 key slots in use"],
        ),
        (
            "LUKS2 (",
            vec![
                (0, b"LUKS\xba\xbe\0\x02\0\0\0\0\0\0\x40\0"),
                (24, b"safe\0"),
                (168, &name),
                (4096, json),
                (4096 + json.len(), b"\0"),
            ],
            vec![
                "aes-xts-plain64",
                "label \"safe\"",
                "UUID 2f1c0a4e",
                "2 key slots of type \"luks2\"",
            ],
        ),
        (
            "LUKS2 (",
            vec![(0, b"LUKS\xba\xbe\0\x02\xff\xff\xff\xff\0\0\x40\0"), (168, &name)],
            vec!["UUID 2f1c0a4e"],
        ),
        (
            "FileVault 2",
            vec![(8, &[1, 0, 0x10, 0]), (88, b"CS"), (172, &[2, 0, 0, 0])],
            vec!["Core Storage", "AES-XTS"],
        ),
    ];
    for (name, places, facts) in cases {
        let said = told(&places).unwrap_or_default();
        assert!(said.starts_with(&format!("it is encrypted with {name}")), "{name}: {said}");
        assert!(said.ends_with("its files were not read"), "{said}");
        for fact in facts {
            assert!(said.contains(fact), "{name}: {said}");
        }
    }
}

#[test]
fn a_volume_of_one_byte_is_empty_and_one_of_noise_looks_random() {
    let random = "it looks random all over";
    for byte in [0x00, 0xff] {
        let said = told_of(vec![byte; 3 << 20]).unwrap();
        assert_eq!(said, format!("it is empty: every byte that was sampled is {byte:02x}"));
    }
    for seed in 1..20 {
        for len in [64 << 10, 2 << 20, 5 << 20] {
            let said = told_of(noise(len, seed)).unwrap_or_default();
            assert!(said.starts_with(random), "{seed} {len}: {said}");
        }
    }
    let mut half = noise(4 << 20, 5);
    half[2 << 20..].fill(0);
    let mut compressed = vec![0; 8 << 20];
    let text = (0..1_500_000_u64).map(|n| format!("{:x}", n * n)).collect::<String>();
    let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::best());
    let len = packer.deflate_compress(text.as_bytes(), &mut compressed).unwrap();
    compressed.truncate(len);
    assert!(len > 4 << 20, "{len}");
    for (what, bytes) in [
        ("half", half),
        ("text", mixed_bytes(3 << 20, 1)),
        ("short", noise(4000, 1)),
        ("compressed", compressed),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(told_of(bytes), None, "{what}");
    }
}

#[test]
fn the_gap_of_a_volume_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disk.raw");
    for (bytes, part) in [
        (field(b"XFSB", LEN), "XFS"),
        (field(b"LUKS\xba\xbe\0\x01aes\0", LEN), "LUKS1"),
        (vec![0; LEN], "empty"),
        (noise(LEN, 3), "random"),
    ] {
        fs::write(&image, bytes).unwrap();
        let listing = Listing::of_file(&image);
        assert_eq!(listing.gaps.len(), 1, "{:?}", listing.gaps);
        let gap = &listing.gaps[0];
        assert!(gap.reason.contains(part), "{gap:?}");
        assert_eq!(
            (gap.stage, gap.wanted.as_str()),
            (Stage::FileSystem, "the files of the volume")
        );
        assert_eq!((gap.offset_bytes, gap.size_bytes), (Some(0), Some(LEN as u64)));
    }
}

/// A header of shadow copies and catalogue blocks: where each is, where it says the next is, and
/// how many copies it lists.
fn with_copies(len: usize, blocks: &[(usize, u64, usize)]) -> Vec<u8> {
    let id =
        [0x6b, 0x87, 0x08, 0x38, 0x76, 0xc1, 0x48, 0x4e, 0xb7, 0xae, 4, 4, 0x6e, 0x6c, 0xc7, 0x52];
    let mut bytes = vec![0; len];
    bytes[0x1e00..0x1e10].copy_from_slice(&id);
    bytes[0x1e10] = 1;
    bytes[0x1e14] = 1;
    bytes[0x1e30..0x1e38].copy_from_slice(&(blocks[0].0 as u64).to_le_bytes());
    for (at, next, copies) in blocks {
        bytes[*at..at + 16].copy_from_slice(&id);
        bytes[at + 16] = 1;
        bytes[at + 20] = 2;
        bytes[at + 40..at + 48].copy_from_slice(&next.to_le_bytes());
        for copy in 0..*copies {
            bytes[at + 128 + copy * 256] = 2;
            bytes[at + 256 + copy * 256] = 3;
        }
    }
    bytes
}

#[test]
fn shadow_copies_are_counted_whatever_their_catalogue_says() {
    let counted = |blocks: &[_]| {
        let image = memory::image(with_copies(LEN, blocks));
        recognise::shadow_copies(&*image, &whole(image.len()))
            .map(|found| (found.count, found.whole))
    };
    let here = 0x1_0000;
    assert_eq!(counted(&[(here, 0, 3)]), Some((3, true)));
    assert_eq!(counted(&[(here, 0x2_0000, 3), (0x2_0000, 0, 1)]), Some((4, true)));
    assert_eq!(counted(&[(here, 0x1_0000, 3)]), Some((3, false)), "it leads back to itself");
    assert_eq!(counted(&[(here, u64::MAX, 3)]), Some((3, false)));
    assert_eq!(counted(&[(here, 0, 0)]), None, "none was made");
    let image = memory::image(vec![0; LEN]);
    assert_eq!(recognise::shadow_copies(&*image, &whole(image.len())), None);
}

#[test]
fn a_volume_with_shadow_copies_is_listed_and_has_a_gap_that_counts_them() {
    if !have(NTFS_PROGRAMS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ntfs.img");
    blank(&path, 8 << 20);
    run("mkntfs", &["-q", "-F", "-s", "512", text(&path)]);
    let mut bytes = fs::read(&path).unwrap();
    // The boot file has 8 KiB: Windows puts the header at its end, which is unused.
    let made = with_copies(0x10_4000, &[(0x10_0000, 0, 1)]);
    bytes[0x1e00..0x2000].copy_from_slice(&made[0x1e00..0x2000]);
    bytes[0x40_0000..0x40_4000].copy_from_slice(&made[0x10_0000..]);
    bytes[0x1e30..0x1e38].copy_from_slice(&0x40_0000_u64.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let listing = Listing::of_file(&path);
    assert!(listing.paths().contains(&"/$MFT"));
    let reasons: Vec<_> = listing.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(reasons, ["1 shadow copy exists and was not opened"]);
    assert_eq!(listing.gaps[0].offset_bytes, Some(0x40_0000));
}

#[test]
fn the_two_shadow_copies_of_the_public_image_are_counted() {
    let Some(real) = real_images() else { return };
    let image = image::open(&[real.join("vsstest.qcow2")]).unwrap();
    let volumes = volume::open_all(&*image, &mut Vec::new());
    let counts: Vec<_> =
        volumes.iter().filter_map(|v| recognise::shadow_copies(&*image, v)).collect();
    assert_eq!(
        counts.iter().map(|found| (found.count, found.whole)).collect::<Vec<_>>(),
        [(2, true)]
    );
}

#[test]
fn the_public_bitlocker_volume_is_named_with_its_cipher() {
    let Some(real) = real_images() else { return };
    let Ok(made) =
        Command::new("xz").arg("-dc").arg(real.join("bitlk-aes-xts-128.img.xz")).output()
    else {
        println!("xz is not installed: this test is left out");
        return;
    };
    let said = told_of(made.stdout).unwrap();
    assert!(said.starts_with("it is encrypted with BitLocker (AES-XTS, 128 bits, "), "{said}");
}

#[test]
fn volumes_that_other_programs_made_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.raw");
    let made: [(&str, &[&str], &str); 5] = [
        ("mkswap", &["-L", "away"], "swap space (label \"away\""),
        ("mkfs.xfs", &["-q", "-f", "-L", "data"], "XFS file system (label \"data\""),
        ("mkfs.btrfs", &["-q", "-L", "data"], "Btrfs file system (label \"data\""),
        ("mkfs.f2fs", &["-q", "-l", "data"], "F2FS file system (label \"data\""),
        ("mkfs.erofs", &[], "EROFS file system"),
    ];
    for (program, args, part) in made {
        if !have(&[program]) {
            continue;
        }
        blank(&path, 512 << 20);
        let empty = tempfile::tempdir().unwrap();
        let mut args = [args, &[text(&path)]].concat();
        if program == "mkfs.erofs" {
            args.push(text(empty.path()));
        }
        run(program, &args);
        let image = image::open(std::slice::from_ref(&path)).unwrap();
        let said = recognise::volume(&*image, &whole(image.len())).unwrap_or_default();
        assert!(said.contains(part), "{program}: {said}");
    }
    if have(&["cryptsetup"]) {
        let key = folder.path().join("key");
        fs::write(&key, "a key of no use").unwrap();
        for (kind, part) in
            [("luks1", "1 of 8 key slots"), ("luks2", "1 key slot of type \"luks2\"")]
        {
            blank(&path, 32 << 20);
            let quick = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "-q"];
            let args = [&["luksFormat", "--type", kind][..], &quick, &[text(&path), text(&key)]];
            run("cryptsetup", &args.concat());
            let image = image::open(std::slice::from_ref(&path)).unwrap();
            let said = recognise::volume(&*image, &whole(image.len())).unwrap_or_default();
            assert!(said.contains(part) && said.contains("aes-xts-plain64"), "{said}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_panic(
        start in prop::collection::vec(any::<u8>(), 0..6000),
        signature in prop::sample::select(vec![
            (0, &b"LUKS\xba\xbe\0\x02"[..]), (0, b"LUKS\xba\xbe\0\x01"), (3, b"-FVE-FS-"),
            (0, b"XFSB"), (32, b"NXSB"), (512, b"LABELONE"), (4086, b"SWAPSPACE2"),
        ]),
        len in 0_usize..200_000,
    ) {
        let mut bytes = start;
        bytes.resize(len.max(signature.0 + signature.1.len()), 0x41);
        bytes[signature.0..signature.0 + signature.1.len()].copy_from_slice(signature.1);
        let image = memory::image(bytes);
        let _ = recognise::volume(&*image, &whole(image.len()));
        let _ = recognise::shadow_copies(&*image, &whole(image.len()));
    }
}
