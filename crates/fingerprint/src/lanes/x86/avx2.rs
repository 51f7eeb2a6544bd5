//! MD5 of sixteen lanes as two interleaved vectors of eight, and SHA of eight lanes at a time, in
//! 256-bit vectors.
//!
//! Needs AVX2. One step of MD5 waits for the step before; two independent vectors fill the wait.
//! SHA has enough to do in one, and sixteen registers hold no more.

#![expect(unsafe_code, reason = "vector intrinsics and loads from checked slices")]
#![expect(clippy::inline_always, reason = "operations must melt into the kernel")]

use std::arch::asm;
use std::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_add_epi32, _mm256_and_si256,
    _mm256_andnot_si256, _mm256_blendv_epi8, _mm256_castsi128_si256, _mm256_inserti128_si256,
    _mm256_loadu_si256, _mm256_or_si256, _mm256_set1_epi32, _mm256_setr_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_sll_epi32, _mm256_srl_epi32, _mm256_storeu_si256,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

use crate::lanes::states::{Row, States};
use crate::lanes::vector::Vector;
use crate::lanes::{BLOCK, LANES, md5, sha1, sha256};

/// Eight words. A value exists only where AVX2 does.
#[derive(Clone, Copy)]
struct Words(__m256i);

/// One operation on [`Words`].
macro_rules! words {
    ($e:expr) => {
        // SAFETY: a value of `Words` exists only where the processor has AVX2.
        Words(unsafe { $e })
    };
}

impl Vector for Words {
    #[inline(always)]
    fn splat(self, word: u32) -> Self {
        words!(_mm256_set1_epi32(word.cast_signed()))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        words!(_mm256_add_epi32(self.0, other.0))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        words!(_mm256_xor_si256(self.0, other.0))
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }
    #[inline(always)]
    fn choose(self, yes: Self, no: Self) -> Self {
        no.xor(words!(_mm256_and_si256(self.0, yes.xor(no).0)))
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        let either = words!(_mm256_or_si256(self.0, b.0));
        let both = words!(_mm256_and_si256(self.0, b.0));
        words!(_mm256_or_si256(both.0, _mm256_and_si256(either.0, c.0)))
    }
    #[inline(always)]
    fn md5_i(b: Self, c: Self, d: Self) -> Self {
        let not_d = d.xor(d.splat(u32::MAX));
        c.xor(words!(_mm256_or_si256(b.0, not_d.0)))
    }
    #[inline(always)]
    fn rotate_left(self, bits: u32) -> Self {
        let (left, right) = (bits.cast_signed(), (32 - bits).cast_signed());
        words!(_mm256_or_si256(
            _mm256_sll_epi32(self.0, _mm_cvtsi32_si128(left)),
            _mm256_srl_epi32(self.0, _mm_cvtsi32_si128(right)),
        ))
    }
    #[inline(always)]
    fn shift_right(self, bits: u32) -> Self {
        words!(_mm256_srl_epi32(self.0, _mm_cvtsi32_si128(bits.cast_signed())))
    }
    #[inline(always)]
    fn settled(self) -> Self {
        words!(settle(self.0))
    }
    #[inline(always)]
    fn add_md5_g(self, b: Self, c: Self, d: Self) -> Self {
        let without = words!(_mm256_andnot_si256(d.0, c.0));
        self.add(without).settled().add(words!(_mm256_and_si256(b.0, d.0)))
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn settle(mut value: __m256i) -> __m256i {
    // SAFETY: no instruction at all; the value only passes through a register.
    unsafe {
        asm!("/* {0} */", inout(ymm_reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}

/// Sixteen words in two vectors whose operations interleave.
#[derive(Clone, Copy)]
struct Pair(Words, Words);

impl Vector for Pair {
    #[inline(always)]
    fn splat(self, word: u32) -> Self {
        let half = self.0.splat(word);
        Self(half, half)
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0.xor(other.0), self.1.xor(other.1))
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        Self(self.0.xor3(b.0, c.0), self.1.xor3(b.1, c.1))
    }
    #[inline(always)]
    fn choose(self, yes: Self, no: Self) -> Self {
        Self(self.0.choose(yes.0, no.0), self.1.choose(yes.1, no.1))
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        Self(self.0.majority(b.0, c.0), self.1.majority(b.1, c.1))
    }
    #[inline(always)]
    fn md5_i(b: Self, c: Self, d: Self) -> Self {
        Self(Words::md5_i(b.0, c.0, d.0), Words::md5_i(b.1, c.1, d.1))
    }
    #[inline(always)]
    fn rotate_left(self, bits: u32) -> Self {
        Self(self.0.rotate_left(bits), self.1.rotate_left(bits))
    }
    #[inline(always)]
    fn shift_right(self, bits: u32) -> Self {
        Self(self.0.shift_right(bits), self.1.shift_right(bits))
    }
    #[inline(always)]
    fn settled(self) -> Self {
        Self(self.0.settled(), self.1.settled())
    }
    #[inline(always)]
    fn add_md5_g(self, b: Self, c: Self, d: Self) -> Self {
        Self(self.0.add_md5_g(b.0, c.0, d.0), self.1.add_md5_g(b.1, c.1, d.1))
    }
}

/// Takes `blocks` blocks of every lane into its MD5 alone.
///
/// Panics if a lane holds fewer bytes than that.
#[target_feature(enable = "avx2")]
pub(in crate::lanes) fn compress_md5(states: &mut States, lanes: &[&[u8]; LANES], blocks: usize) {
    assert!(lanes.iter().all(|lane| lane.len() / BLOCK >= blocks), "a lane ends too early");
    let mut state = load(&states.md5);
    for block in 0..blocks {
        // SAFETY: every lane has `blocks` whole blocks, checked above.
        let words = unsafe { transposed(lanes, block * BLOCK) };
        md5::block(&mut state, &words);
    }
    store(&mut states.md5, &state);
}

/// Takes `blocks` blocks of every lane into its three digests.
///
/// A lane of which `last` is set takes its padding's last block, whose bit length stands as MD5
/// wants it; `blocks` is then 1.
///
/// Panics if a lane holds fewer bytes than that.
#[target_feature(enable = "avx2")]
pub(in crate::lanes) fn compress(
    states: &mut States,
    lanes: &[&[u8]; LANES],
    blocks: usize,
    last: u16,
) {
    assert!(lanes.iter().all(|lane| lane.len() / BLOCK >= blocks), "a lane ends too early");
    let mut md5 = load(&states.md5);
    let (mut sha1_low, mut sha1_high) = halves(&load(&states.sha1));
    let (mut sha256_low, mut sha256_high) = halves(&load(&states.sha256));
    let mut is_last = [0u32; LANES];
    for (lane, word) in is_last.iter_mut().enumerate() {
        *word = if last >> lane & 1 == 1 { u32::MAX } else { 0 };
    }
    let [is_last] = load(&[is_last]);
    for block in 0..blocks {
        // SAFETY: every lane has `blocks` whole blocks, checked above.
        let words = unsafe { transposed(lanes, block * BLOCK) };
        md5::block(&mut md5, &words);
        let (low, high) = halves(&words);
        let low = big_endian(&low, is_last.0);
        sha1::block(&mut sha1_low, low);
        sha256::block(&mut sha256_low, low);
        let high = big_endian(&high, is_last.1);
        sha1::block(&mut sha1_high, high);
        sha256::block(&mut sha256_high, high);
    }
    store(&mut states.md5, &md5);
    store(&mut states.sha1, &joined(&sha1_low, &sha1_high));
    store(&mut states.sha256, &joined(&sha256_low, &sha256_high));
}

#[target_feature(enable = "avx2")]
#[inline]
fn halves<const N: usize>(pairs: &[Pair; N]) -> ([Words; N], [Words; N]) {
    let (mut low, mut high) = ([pairs[0].0; N], [pairs[0].1; N]);
    for i in 0..N {
        (low[i], high[i]) = (pairs[i].0, pairs[i].1);
    }
    (low, high)
}

#[target_feature(enable = "avx2")]
#[inline]
fn joined<const N: usize>(low: &[Words; N], high: &[Words; N]) -> [Pair; N] {
    let mut pairs = [Pair(low[0], high[0]); N];
    for i in 0..N {
        pairs[i] = Pair(low[i], high[i]);
    }
    pairs
}

#[target_feature(enable = "avx2")]
#[inline]
fn load<const N: usize>(rows: &[Row; N]) -> [Pair; N] {
    let zero = Words(_mm256_setzero_si256());
    let mut pairs = [Pair(zero, zero); N];
    for (pair, row) in pairs.iter_mut().zip(rows) {
        let row: *const __m256i = row.as_ptr().cast();
        // SAFETY: a row is 64 bytes long.
        *pair =
            unsafe { Pair(Words(_mm256_loadu_si256(row)), Words(_mm256_loadu_si256(row.add(1)))) };
    }
    pairs
}

#[target_feature(enable = "avx2")]
#[inline]
fn store<const N: usize>(rows: &mut [Row; N], pairs: &[Pair; N]) {
    for (row, pair) in rows.iter_mut().zip(pairs) {
        let row: *mut __m256i = row.as_mut_ptr().cast();
        // SAFETY: a row is 64 bytes long.
        unsafe {
            _mm256_storeu_si256(row, pair.0.0);
            _mm256_storeu_si256(row.add(1), pair.1.0);
        }
    }
}

/// The sixteen words of the block at byte `at` of each lane: word `i` of all lanes in pair `i`.
///
/// # Safety
///
/// Every lane holds at least `at + 64` bytes.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn transposed(lanes: &[&[u8]; LANES], at: usize) -> [Pair; 16] {
    let zero = Words(_mm256_setzero_si256());
    let mut pairs = [Pair(zero, zero); 16];
    for quarter in 0..4 {
        let at = at + 16 * quarter;
        // SAFETY: the caller vouches for these bytes.
        let (low, high) =
            unsafe { (quarter_of_eight(lanes, 0, at), quarter_of_eight(lanes, 8, at)) };
        for i in 0..4 {
            pairs[4 * quarter + i] = Pair(low[i], high[i]);
        }
    }
    pairs
}

/// The four words at byte `at` of the eight lanes from `first` on.
///
/// # Safety
///
/// Each of these lanes holds at least `at + 16` bytes.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn quarter_of_eight(lanes: &[&[u8]; LANES], first: usize, at: usize) -> [Words; 4] {
    // SAFETY: the caller vouches for these bytes.
    let (a, b, c, d) = unsafe {
        (
            two_rows(lanes[first], lanes[first + 4], at),
            two_rows(lanes[first + 1], lanes[first + 5], at),
            two_rows(lanes[first + 2], lanes[first + 6], at),
            two_rows(lanes[first + 3], lanes[first + 7], at),
        )
    };
    let (ab_low, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    [
        Words(_mm256_unpacklo_epi64(ab_low, cd_low)),
        Words(_mm256_unpackhi_epi64(ab_low, cd_low)),
        Words(_mm256_unpacklo_epi64(ab_high, cd_high)),
        Words(_mm256_unpackhi_epi64(ab_high, cd_high)),
    ]
}

/// Sixteen bytes of one lane, then sixteen of another.
///
/// # Safety
///
/// Both hold at least `at + 16` bytes.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn two_rows(low: &[u8], high: &[u8], at: usize) -> __m256i {
    // SAFETY: the caller vouches for these bytes.
    let (low, high) = unsafe {
        (
            _mm_loadu_si128(low.as_ptr().add(at).cast()),
            _mm_loadu_si128(high.as_ptr().add(at).cast()),
        )
    };
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
}

/// The words as SHA reads them. Where `is_last` is set, words 14 and 15 hold the bit length, low
/// word first and in no need of swapping: SHA wants the high one first.
#[target_feature(enable = "avx2")]
#[inline]
fn big_endian(words: &[Words; 16], is_last: Words) -> [Words; 16] {
    let order = _mm256_setr_epi8(
        3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8,
        15, 14, 13, 12,
    );
    let mut swapped = *words;
    for word in &mut swapped {
        *word = Words(_mm256_shuffle_epi8(word.0, order));
    }
    swapped[14] = Words(_mm256_blendv_epi8(swapped[14].0, words[15].0, is_last.0));
    swapped[15] = Words(_mm256_blendv_epi8(swapped[15].0, words[14].0, is_last.0));
    swapped
}
