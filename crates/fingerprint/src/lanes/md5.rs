//! MD5's compression function over a vector of lanes.
//!
//! The word and its constant are added to the oldest state word first, while the step before is
//! still under way; only one function, one addition, the rotation and one more addition wait for it.
//!
//! Source: RFC 1321, section 3.4.

#![expect(clippy::inline_always, reason = "rounds must melt into the kernel that has the feature")]

use super::BLOCK;
use super::vector::Vector;

/// State before the first block.
pub(super) const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// `floor(2^32 * abs(sin(i + 1)))`.
#[rustfmt::skip] // eight a line
const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// Which word of the block step `i` takes.
const fn word_of(i: usize) -> usize {
    match i / 16 {
        0 => i,
        1 => (1 + 5 * i) % 16,
        2 => (5 + 3 * i) % 16,
        _ => (7 * i) % 16,
    }
}

/// Step `I` of the 64.
#[inline(always)]
pub(super) fn step<V: Vector, const I: usize>(state: &mut [V; 4], words: &[V; 16]) {
    let (a, b) = (state[(64 - I) % 4], state[(65 - I) % 4]);
    let (c, d) = (state[(66 - I) % 4], state[(67 - I) % 4]);
    let ready = a.add(words[word_of(I)].add(a.splat(SINES[I])).settled());
    let sum = match I / 16 {
        0 => ready.add(b.choose(c, d)),
        1 => ready.add_md5_g(b, c, d),
        2 => ready.add(b.xor3(c, d)),
        _ => ready.add(V::md5_i(b, c, d)),
    };
    state[(64 - I) % 4] = sum.rotate_left(TURNS[I / 16][I % 4]).add(b);
}

/// Takes one block into the state.
#[inline(always)]
pub(super) fn block<V: Vector>(state: &mut [V; 4], words: &[V; 16]) {
    let before = *state;
    macro_rules! round {
        ($i:expr) => {
            step::<V, { $i }>(state, words)
        };
    }
    super::sixteen_times!(round, 0);
    super::sixteen_times!(round, 16);
    super::sixteen_times!(round, 32);
    super::sixteen_times!(round, 48);
    for (word, old) in state.iter_mut().zip(before) {
        *word = word.add(old);
    }
}

/// The words of a block of one lane.
pub(super) fn words(block: &[u8; BLOCK]) -> [u32; 16] {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}
