//! All three digests of sixteen lanes in 512-bit vectors.
//!
//! Needs AVX-512 F and BW. Each block of sixteen lanes is loaded and transposed once for the three
//! digests; only its byte order is changed for the two of SHA.

#![expect(unsafe_code, reason = "vector intrinsics and loads from checked slices")]
#![expect(clippy::inline_always, reason = "operations must melt into the kernel")]

use std::arch::asm;
use std::arch::x86_64::{
    __m512i, _mm_loadu_si128, _mm512_add_epi32, _mm512_castsi128_si512, _mm512_inserti32x4,
    _mm512_load_si512, _mm512_mask_blend_epi32, _mm512_rolv_epi32, _mm512_set1_epi32,
    _mm512_set4_epi32, _mm512_shuffle_epi8, _mm512_srlv_epi32, _mm512_store_si512,
    _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
    _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use crate::lanes::states::{Row, States};
use crate::lanes::vector::Vector;
use crate::lanes::{BLOCK, LANES, md5, sha1, sha256};

/// Sixteen words. A value exists only where AVX-512 F does.
#[derive(Clone, Copy)]
struct Words(__m512i);

/// One operation on [`Words`].
macro_rules! words {
    ($e:expr) => {
        // SAFETY: a value of `Words` exists only where the processor has AVX-512 F.
        Words(unsafe { $e })
    };
}

impl Vector for Words {
    #[inline(always)]
    fn splat(self, word: u32) -> Self {
        words!(_mm512_set1_epi32(word.cast_signed()))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        words!(_mm512_add_epi32(self.0, other.0))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        words!(_mm512_xor_si512(self.0, other.0))
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        words!(_mm512_ternarylogic_epi32::<0x96>(self.0, b.0, c.0))
    }
    #[inline(always)]
    fn choose(self, yes: Self, no: Self) -> Self {
        words!(_mm512_ternarylogic_epi32::<0xca>(self.0, yes.0, no.0))
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        words!(_mm512_ternarylogic_epi32::<0xe8>(self.0, b.0, c.0))
    }
    #[inline(always)]
    fn md5_i(b: Self, c: Self, d: Self) -> Self {
        words!(_mm512_ternarylogic_epi32::<0x39>(b.0, c.0, d.0))
    }
    #[inline(always)]
    fn rotate_left(self, bits: u32) -> Self {
        words!(_mm512_rolv_epi32(self.0, _mm512_set1_epi32(bits.cast_signed())))
    }
    #[inline(always)]
    fn shift_right(self, bits: u32) -> Self {
        words!(_mm512_srlv_epi32(self.0, _mm512_set1_epi32(bits.cast_signed())))
    }
    #[inline(always)]
    fn settled_before(self, other: Self) -> (Self, Self) {
        // SAFETY: a value of `Words` exists only where the processor has AVX-512 F.
        let (first, second) = unsafe { settle_before(self.0, other.0) };
        (Words(first), Words(second))
    }
    #[inline(always)]
    fn settled(self) -> Self {
        words!(settle(self.0))
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn settle_before(mut first: __m512i, mut second: __m512i) -> (__m512i, __m512i) {
    // SAFETY: no instruction at all; the values only pass through registers.
    unsafe {
        asm!(
            "/* {0} {1} */", inout(zmm_reg) first, inout(zmm_reg) second,
            options(pure, nomem, nostack, preserves_flags)
        );
    };
    (first, second)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn settle(mut value: __m512i) -> __m512i {
    // SAFETY: no instruction at all; the value only passes through a register.
    unsafe {
        asm!("/* {0} */", inout(zmm_reg) value, options(pure, nomem, nostack, preserves_flags));
    };
    value
}

/// Takes `blocks` blocks of every lane into its state.
///
/// A lane of which `last` is set takes its padding's last block, whose bit length stands as MD5
/// wants it; `blocks` is then 1.
///
/// Panics if a lane holds fewer bytes than that.
#[target_feature(enable = "avx512f,avx512bw")]
pub(in crate::lanes) fn compress(
    states: &mut States,
    lanes: &[&[u8]; LANES],
    blocks: usize,
    last: u16,
) {
    assert!(lanes.iter().all(|lane| lane.len() / BLOCK >= blocks), "a lane ends too early");
    let mut md5 = load(&states.md5);
    let mut sha1 = load(&states.sha1);
    let mut sha256 = load(&states.sha256);
    for block in 0..blocks {
        // SAFETY: every lane has `blocks` whole blocks, checked above.
        let words = unsafe { transposed(lanes, block * BLOCK) };
        md5::block(&mut md5, &words);
        let words = big_endian(&words, last);
        sha1::block(&mut sha1, words);
        sha256::block(&mut sha256, words);
    }
    store(&mut states.md5, md5);
    store(&mut states.sha1, sha1);
    store(&mut states.sha256, sha256);
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load<const N: usize>(rows: &[Row; N]) -> [Words; N] {
    let mut words = [Words(_mm512_set1_epi32(0)); N];
    for (word, row) in words.iter_mut().zip(rows) {
        // SAFETY: a row is 64 bytes long and every row of `States` begins at a multiple of 64.
        *word = Words(unsafe { _mm512_load_si512(row.as_ptr().cast()) });
    }
    words
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store<const N: usize>(rows: &mut [Row; N], words: [Words; N]) {
    for (row, word) in rows.iter_mut().zip(words) {
        // SAFETY: a row is 64 bytes long and every row of `States` begins at a multiple of 64.
        unsafe { _mm512_store_si512(row.as_mut_ptr().cast(), word.0) };
    }
}

/// The sixteen words of the block at byte `at` of each lane: word `i` of all lanes in vector `i`.
///
/// # Safety
///
/// Every lane holds at least `at + 64` bytes.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn transposed(lanes: &[&[u8]; LANES], at: usize) -> [Words; 16] {
    let mut words = [Words(_mm512_set1_epi32(0)); 16];
    for quarter in 0..4 {
        // SAFETY: the caller vouches for `at + 64` bytes in every lane.
        let (a, b, c, d) = unsafe {
            let at = at + 16 * quarter;
            (
                gathered(lanes, 0, at),
                gathered(lanes, 1, at),
                gathered(lanes, 2, at),
                gathered(lanes, 3, at),
            )
        };
        let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        words[4 * quarter] = Words(_mm512_unpacklo_epi64(ab_low, cd_low));
        words[4 * quarter + 1] = Words(_mm512_unpackhi_epi64(ab_low, cd_low));
        words[4 * quarter + 2] = Words(_mm512_unpacklo_epi64(ab_high, cd_high));
        words[4 * quarter + 3] = Words(_mm512_unpackhi_epi64(ab_high, cd_high));
    }
    words
}

/// Sixteen bytes from each of the lanes `row`, `row + 4`, `row + 8`, `row + 12`.
///
/// # Safety
///
/// Each of these lanes holds at least `at + 16` bytes.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn gathered(lanes: &[&[u8]; LANES], row: usize, at: usize) -> __m512i {
    // SAFETY: the caller vouches for these bytes.
    unsafe {
        let all = _mm512_castsi128_si512(part(lanes[row], at));
        let all = _mm512_inserti32x4::<1>(all, part(lanes[row + 4], at));
        let all = _mm512_inserti32x4::<2>(all, part(lanes[row + 8], at));
        _mm512_inserti32x4::<3>(all, part(lanes[row + 12], at))
    }
}

/// The words as SHA reads them. Where `last` is set, words 14 and 15 hold the bit length, low word
/// first and in no need of swapping: SHA wants the high one first.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn big_endian(words: &[Words; 16], last: u16) -> [Words; 16] {
    let order = _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203);
    let mut swapped = *words;
    for word in &mut swapped {
        *word = Words(_mm512_shuffle_epi8(word.0, order));
    }
    swapped[14] = Words(_mm512_mask_blend_epi32(last, swapped[14].0, words[15].0));
    swapped[15] = Words(_mm512_mask_blend_epi32(last, swapped[15].0, words[14].0));
    swapped
}

#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn part(lane: &[u8], at: usize) -> std::arch::x86_64::__m128i {
    unsafe { _mm_loadu_si128(lane.as_ptr().add(at).cast()) }
}
