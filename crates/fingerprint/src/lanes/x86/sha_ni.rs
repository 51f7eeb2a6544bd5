//! SHA-1 and SHA-256 by the processor's own instructions: two streams at a time for lanes, or one
//! stream fused with scalar MD5.
//!
//! Needs SHA, SSSE3 and SSE4.1. Each instruction waits several cycles for the one before; a second
//! stream, or the other digests of the same one, fill the wait.
//!
//! Source: FIPS 180-4; Intel, "SHA Extensions" (2013).

#![expect(clippy::many_single_char_names, reason = "the standard's names of the state words")]
#![expect(unsafe_code, reason = "vector loads and stores of checked arrays")]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_extract_epi32, _mm_loadu_si128,
    _mm_set_epi8, _mm_set_epi32, _mm_sha1msg1_epu32, _mm_sha1msg2_epu32, _mm_sha1nexte_epu32,
    _mm_sha1rnds4_epu32, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
    _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_storeu_si128, _mm_xor_si128,
};

use crate::lanes::states::{Chain, States};
use crate::lanes::{BLOCK, LANES, md5, sha256, sixteen_times};

/// SHA-1 under way: the state and the ring of the last sixteen words of the schedule.
#[derive(Clone, Copy)]
struct Sha1 {
    abcd: __m128i,
    e: __m128i,
    words: [__m128i; 4],
}

impl Sha1 {
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn new(state: &[u32; 5]) -> Self {
        // SAFETY: four words are read of the five.
        let abcd = unsafe { _mm_loadu_si128(state.as_ptr().cast()) };
        let e = _mm_set_epi32(state[4].cast_signed(), 0, 0, 0);
        Self { abcd: _mm_shuffle_epi32::<0x1b>(abcd), e, words: [e; 4] }
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn state(&self) -> [u32; 5] {
        let mut state = [0; 5];
        // SAFETY: four words are written of the five.
        unsafe {
            _mm_storeu_si128(state.as_mut_ptr().cast(), _mm_shuffle_epi32::<0x1b>(self.abcd));
        }
        state[4] = _mm_extract_epi32::<3>(self.e).cast_unsigned();
        state
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn load(&mut self, block: &[u8; BLOCK]) {
        let order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (i, words) in self.words.iter_mut().enumerate() {
            // SAFETY: sixteen bytes from byte 16, 32 or 48 at most of 64.
            let bytes = unsafe { _mm_loadu_si128(block.as_ptr().add(16 * i).cast()) };
            *words = _mm_shuffle_epi8(bytes, order);
        }
    }

    /// Four of the 80 rounds, group `G` of 20.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn group<const G: usize>(&mut self) {
        let w = &mut self.words;
        if G >= 4 {
            let sum = _mm_xor_si128(_mm_sha1msg1_epu32(w[G % 4], w[(G + 1) % 4]), w[(G + 2) % 4]);
            w[G % 4] = _mm_sha1msg2_epu32(sum, w[(G + 3) % 4]);
        }
        let e = if G == 0 {
            _mm_add_epi32(self.e, w[0])
        } else {
            _mm_sha1nexte_epu32(self.e, w[G % 4])
        };
        self.e = self.abcd;
        self.abcd = match G / 5 {
            0 => _mm_sha1rnds4_epu32::<0>(self.abcd, e),
            1 => _mm_sha1rnds4_epu32::<1>(self.abcd, e),
            2 => _mm_sha1rnds4_epu32::<2>(self.abcd, e),
            _ => _mm_sha1rnds4_epu32::<3>(self.abcd, e),
        };
    }

    /// Adds the state from before the block.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn close(&mut self, before: &Self) {
        self.e = _mm_sha1nexte_epu32(self.e, before.e);
        self.abcd = _mm_add_epi32(self.abcd, before.abcd);
    }
}

/// SHA-256 under way: the state and the ring of the last sixteen words of the schedule.
#[derive(Clone, Copy)]
struct Sha256 {
    abef: __m128i,
    cdgh: __m128i,
    words: [__m128i; 4],
}

impl Sha256 {
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn new(state: &[u32; 8]) -> Self {
        let [a, b, c, d, e, f, g, h] = state.map(u32::cast_signed);
        let abef = _mm_set_epi32(a, b, e, f);
        Self { abef, cdgh: _mm_set_epi32(c, d, g, h), words: [abef; 4] }
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn state(&self) -> [u32; 8] {
        let (abef, ghcd) =
            (_mm_shuffle_epi32::<0x1b>(self.abef), _mm_shuffle_epi32::<0xb1>(self.cdgh));
        let abcd = _mm_blend_epi16::<0xf0>(abef, ghcd);
        let efgh = _mm_alignr_epi8::<8>(ghcd, abef);
        let mut state = [0; 8];
        // SAFETY: two times four words are written of the eight.
        unsafe {
            _mm_storeu_si128(state.as_mut_ptr().cast(), abcd);
            _mm_storeu_si128(state.as_mut_ptr().add(4).cast(), efgh);
        }
        state
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn load(&mut self, block: &[u8; BLOCK]) {
        let order = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
        for (i, words) in self.words.iter_mut().enumerate() {
            // SAFETY: sixteen bytes from byte 16, 32 or 48 at most of 64.
            let bytes = unsafe { _mm_loadu_si128(block.as_ptr().add(16 * i).cast()) };
            *words = _mm_shuffle_epi8(bytes, order);
        }
    }

    /// Four of the 64 rounds, group `G` of 16.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn group<const G: usize>(&mut self) {
        let w = &mut self.words;
        if G >= 4 {
            let seven_back = _mm_alignr_epi8::<4>(w[(G + 3) % 4], w[(G + 2) % 4]);
            let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[G % 4], w[(G + 1) % 4]), seven_back);
            w[G % 4] = _mm_sha256msg2_epu32(sum, w[(G + 3) % 4]);
        }
        // SAFETY: four constants from number 60 at most of 64.
        let round = unsafe { _mm_loadu_si128(sha256::ROUND.as_ptr().add(4 * G).cast()) };
        let sum = _mm_add_epi32(w[G % 4], round);
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, sum);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, _mm_shuffle_epi32::<0x0e>(sum));
    }

    /// Adds the state from before the block.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn close(&mut self, before: &Self) {
        self.abef = _mm_add_epi32(self.abef, before.abef);
        self.cdgh = _mm_add_epi32(self.cdgh, before.cdgh);
    }
}

/// Takes `blocks` blocks of the lanes set in `active` into their SHA-1 and SHA-256, two by two.
///
/// A lane of which `last` is set takes its padding's last block, whose bit length stands as MD5
/// wants it; `blocks` is then 1.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(in crate::lanes) fn compress_lanes(
    states: &mut States,
    lanes: &[&[u8]; LANES],
    blocks: usize,
    last: u16,
    active: u16,
) {
    let mut patched = [[0; BLOCK]; LANES];
    let mut waiting: Option<usize> = None;
    for lane in (0..LANES).filter(|lane| active >> lane & 1 == 1) {
        if last >> lane & 1 == 1 {
            patched[lane].copy_from_slice(&lanes[lane][..BLOCK]);
            patched[lane][BLOCK - 8..].reverse();
        }
        if let Some(other) = waiting.take() {
            let (mut a, mut b) = (states.chain(other), states.chain(lane));
            let whole = |lane: usize| match last >> lane & 1 {
                1 => &patched[lane..=lane],
                _ => &lanes[lane].as_chunks().0[..blocks],
            };
            compress_two(&mut a, &mut b, whole(other), whole(lane));
            states.set_shas(other, &a);
            states.set_shas(lane, &b);
        } else {
            waiting = Some(lane);
        }
    }
    if let Some(lane) = waiting {
        let mut chain = states.chain(lane);
        let whole = match last >> lane & 1 {
            1 => &patched[lane..=lane],
            _ => &lanes[lane].as_chunks().0[..blocks],
        };
        compress_two(&mut chain, &mut Chain::INITIAL.clone(), whole, whole);
        states.set_shas(lane, &chain);
    }
}

/// Takes the blocks of two streams, as many of one as of the other, into their SHA-1 and SHA-256.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(in crate::lanes) fn compress_two(
    first: &mut Chain,
    second: &mut Chain,
    first_blocks: &[[u8; BLOCK]],
    second_blocks: &[[u8; BLOCK]],
) {
    let (mut a, mut b) = (Sha1::new(&first.sha1), Sha1::new(&second.sha1));
    for (a_block, b_block) in first_blocks.iter().zip(second_blocks) {
        let (a_before, b_before) = (a, b);
        a.load(a_block);
        b.load(b_block);
        macro_rules! both {
            ($g:expr) => {
                a.group::<{ $g }>();
                b.group::<{ $g }>();
            };
        }
        sixteen_times!(both, 0);
        both!(16);
        both!(17);
        both!(18);
        both!(19);
        a.close(&a_before);
        b.close(&b_before);
    }
    (first.sha1, second.sha1) = (a.state(), b.state());
    let (mut a, mut b) = (Sha256::new(&first.sha256), Sha256::new(&second.sha256));
    for (a_block, b_block) in first_blocks.iter().zip(second_blocks) {
        let (a_before, b_before) = (a, b);
        a.load(a_block);
        b.load(b_block);
        macro_rules! both {
            ($g:expr) => {
                a.group::<{ $g }>();
                b.group::<{ $g }>();
            };
        }
        sixteen_times!(both, 0);
        a.close(&a_before);
        b.close(&b_before);
    }
    (first.sha256, second.sha256) = (a.state(), b.state());
}

/// Takes the blocks of one stream into its three digests.
///
/// MD5's steps are scalar and stand between the rounds of the other two, which run beside them.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(in crate::lanes) fn compress(chain: &mut Chain, blocks: &[[u8; BLOCK]]) {
    let mut sha1 = Sha1::new(&chain.sha1);
    let mut sha256 = Sha256::new(&chain.sha256);
    let mut state = chain.md5;
    for block in blocks {
        let (sha1_before, sha256_before, md5_before) = (sha1, sha256, state);
        let words = md5::words(block);
        sha1.load(block);
        sha256.load(block);
        macro_rules! step {
            ($g:expr) => {
                md5::step::<u32, { 4 * $g }>(&mut state, &words);
                sha256.group::<{ $g }>();
                md5::step::<u32, { 4 * $g + 1 }>(&mut state, &words);
                md5::step::<u32, { 4 * $g + 2 }>(&mut state, &words);
                sha1.group::<{ $g }>();
                md5::step::<u32, { 4 * $g + 3 }>(&mut state, &words);
            };
        }
        sixteen_times!(step, 0);
        sha1.group::<16>();
        sha1.group::<17>();
        sha1.group::<18>();
        sha1.group::<19>();
        sha1.close(&sha1_before);
        sha256.close(&sha256_before);
        for (word, old) in state.iter_mut().zip(md5_before) {
            *word = word.wrapping_add(old);
        }
    }
    *chain = Chain { md5: state, sha1: sha1.state(), sha256: sha256.state() };
}

/// Takes the blocks of one stream into its SHA-1 and SHA-256.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(in crate::lanes) fn compress_shas(chain: &mut Chain, blocks: &[[u8; BLOCK]]) {
    let mut sha1 = Sha1::new(&chain.sha1);
    let mut sha256 = Sha256::new(&chain.sha256);
    for block in blocks {
        let (sha1_before, sha256_before) = (sha1, sha256);
        sha1.load(block);
        sha256.load(block);
        macro_rules! both {
            ($g:expr) => {
                sha1.group::<{ $g }>();
                sha256.group::<{ $g }>();
            };
        }
        sixteen_times!(both, 0);
        sha1.group::<16>();
        sha1.group::<17>();
        sha1.group::<18>();
        sha1.group::<19>();
        sha1.close(&sha1_before);
        sha256.close(&sha256_before);
    }
    (chain.sha1, chain.sha256) = (sha1.state(), sha256.state());
}
