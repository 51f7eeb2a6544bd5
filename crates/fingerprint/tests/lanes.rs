//! Every kernel against the RustCrypto crates and the published vectors.

use md5::{Digest, Md5};
use pendeen_fingerprint::lanes::{
    Kernel, Stream, cpu_features, digest_many, digest_many_with, kernel_names,
};
use pendeen_fingerprint::{Digests, Md5Stream, ShaStream};
use proptest::prelude::*;
use sha1::Sha1;
use sha2::Sha256;

/// The digests by the RustCrypto crates.
fn expected(bytes: &[u8]) -> Digests {
    Digests {
        md5: Md5::digest(bytes).into(),
        sha1: Sha1::digest(bytes).into(),
        sha256: Sha256::digest(bytes).into(),
    }
}

/// Bytes that look random, the same for the same seed (xorshift64*).
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

#[track_caller]
fn assert_all_kernels_agree_with_rustcrypto(buffers: &[&[u8]]) {
    let expected: Vec<Digests> = buffers.iter().map(|bytes| expected(bytes)).collect();
    for kernel in Kernel::available() {
        let digests = digest_many_with(kernel, buffers);
        assert_eq!(digests.len(), buffers.len(), "{kernel}");
        for ((bytes, digests), expected) in buffers.iter().zip(digests).zip(&expected) {
            assert_eq!(digests, *expected, "{kernel}: a buffer of {} bytes", bytes.len());
        }
    }
}

#[test]
fn the_published_vectors_hold_in_every_kernel() {
    // RFC 1321, appendix A.5; FIPS 180-2, appendices A and B (SHA-1 and SHA-256).
    let million = vec![b'a'; 1_000_000];
    let texts: [&[u8]; 4] =
        [b"", b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", &million];
    let sha1 = [
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
        "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
    ];
    let sha256 = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ];
    let md5_texts: [&[u8]; 7] = [
        b"",
        b"a",
        b"abc",
        b"message digest",
        b"abcdefghijklmnopqrstuvwxyz",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        b"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
    ];
    let md5 = [
        "d41d8cd98f00b204e9800998ecf8427e",
        "0cc175b9c0f1b6a831c399e269772661",
        "900150983cd24fb0d6963f7d28e17f72",
        "f96b697d7cb7938d525a2f31aaf161d0",
        "c3fcd3d76192e4007dfb496cca67e13b",
        "d174ab98d277d9f5a5611c2c9f419d9f",
        "57edf4a22be3c955ac49da2e2107b67a",
    ];
    for kernel in Kernel::available() {
        // Four times over, so that enough lanes are busy to be worth a vector.
        let of_sha: Vec<&[u8]> = texts.iter().copied().cycle().take(16).collect();
        for (i, digests) in digest_many_with(kernel, &of_sha).iter().enumerate() {
            assert_eq!(hex::encode(digests.sha1), sha1[i % 4], "{kernel}");
            assert_eq!(hex::encode(digests.sha256), sha256[i % 4], "{kernel}");
        }
        let of_md5: Vec<&[u8]> = md5_texts.iter().copied().cycle().take(28).collect();
        for (i, digests) in digest_many_with(kernel, &of_md5).iter().enumerate() {
            assert_eq!(hex::encode(digests.md5), md5[i % 7], "{kernel}");
        }
    }
}

#[test]
fn every_length_up_to_4096_is_digested_beside_every_other() {
    let bytes = noise(1, 2 * 4096);
    // Each begins at another byte, so that no two are alike and most are unaligned.
    let buffers: Vec<&[u8]> = (0..=4096).map(|len| &bytes[len % 4001..][..len]).collect();
    assert_all_kernels_agree_with_rustcrypto(&buffers);
}

#[test]
fn every_length_is_digested_in_every_lane_beside_fifteen_others() {
    let bytes = noise(2, 2048);
    for len in 0..=320 {
        // Lanes are filled longest first: this one's lane is the number of those longer. Half of
        // those after it end with it, half sooner.
        for lane in 0..16 {
            let buffers: Vec<&[u8]> = (0..16)
                .map(|other: usize| match other {
                    _ if other < lane => &bytes[other..][..len + 64 * (16 - other)],
                    _ if other == lane || other.is_multiple_of(2) => &bytes[other + 100..][..len],
                    _ => &bytes[other..][..len * (16 - other) / 16],
                })
                .collect();
            let here = expected(buffers[lane]);
            for kernel in Kernel::available() {
                let digests = digest_many_with(kernel, &buffers);
                assert_eq!(digests[lane], here, "{kernel}: {len} bytes in lane {lane}");
            }
        }
    }
}

#[test]
fn equal_lengths_keep_the_order_of_the_buffers() {
    let bytes = noise(3, 200 * 64);
    for len in [0, 1, 55, 56, 63, 64, 119, 120, 128, 2048] {
        let buffers: Vec<&[u8]> = (0..50).map(|i| &bytes[i * 64..][..len]).collect();
        assert_all_kernels_agree_with_rustcrypto(&buffers);
    }
}

#[test]
fn any_number_of_buffers_is_digested_and_a_giant_among_them_too() {
    let bytes = noise(4, 3_000_000);
    for count in 0..=40 {
        let mut buffers: Vec<&[u8]> =
            (0..count).map(|i| &bytes[i..][..i * 7919 % 10_000]).collect();
        assert_all_kernels_agree_with_rustcrypto(&buffers);
        if count % 8 == 5 {
            buffers.insert(count / 2, &bytes);
            assert_all_kernels_agree_with_rustcrypto(&buffers);
        }
    }
}

#[test]
fn lengths_spread_as_those_of_files_are_digested_alike() {
    let bytes = noise(5, 1 << 21);
    let mut dice = noise(6, 8 * 600).into_iter();
    let buffers: Vec<&[u8]> = (0..600)
        .map(|_| {
            let (low, high, shift) = (dice.next(), dice.next(), dice.next());
            let number = usize::from(low.unwrap_or(0)) << 8 | usize::from(high.unwrap_or(0));
            // A uniform exponent: from nothing to a megabyte.
            let len = number << 5 >> (shift.unwrap_or(0) % 21);
            &bytes[number..][..len.min(1 << 20)]
        })
        .collect();
    assert_all_kernels_agree_with_rustcrypto(&buffers);
}

#[test]
fn the_default_is_the_first_kernel_named_and_rustcrypto_is_always_there() {
    println!("features: {}; kernels: {}", cpu_features().join(" "), kernel_names().join(" "));
    assert_eq!(Kernel::available().first(), Some(&Kernel::best()));
    assert_eq!(kernel_names().first(), Some(&Kernel::best().name()));
    assert_eq!(kernel_names().last(), Some(&"rustcrypto"));
    let bytes = noise(7, 100);
    assert_eq!(digest_many(&[&bytes]), [expected(&bytes)]);
}

#[test]
fn a_stream_of_any_length_in_pieces_of_any_length_has_the_digests_of_the_whole() {
    let bytes = noise(8, 5000);
    for len in (0..=260).chain([1023, 1024, 1025, 4999, 5000]) {
        assert_eq!(Stream::of(&bytes[..len]), expected(&bytes[..len]), "{len} bytes");
        for piece in [1, 7, 63, 64, 65, 200, 1000] {
            let mut stream = Stream::new();
            bytes[..len].chunks(piece).for_each(|chunk| stream.update(chunk));
            assert_eq!(stream.finish(), expected(&bytes[..len]), "{len} in pieces of {piece}");
            let (mut md5, mut shas) = (Md5Stream::default(), ShaStream::default());
            bytes[..len].chunks(piece).for_each(|chunk| md5.update(chunk));
            shas.update(&bytes[..len]);
            let halves = Digests::of_halves(md5, shas);
            assert_eq!(halves, expected(&bytes[..len]), "{len} in pieces of {piece}, apart");
        }
    }
}

proptest! {
    #[test]
    fn any_batch_of_any_lengths_is_digested_as_by_rustcrypto(
        seed in any::<u64>(),
        lengths in prop::collection::vec(
            prop_oneof![0usize..300, 0usize..5000, 0usize..70_000], 0..60),
    ) {
        let bytes = noise(seed, 70_000 + 64);
        let buffers: Vec<&[u8]> =
            lengths.iter().enumerate().map(|(i, &len)| &bytes[i..][..len]).collect();
        assert_all_kernels_agree_with_rustcrypto(&buffers);
    }
}
