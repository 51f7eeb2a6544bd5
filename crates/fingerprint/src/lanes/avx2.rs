//! Eight lanes in 256-bit vectors.
//!
//! Needs AVX2; [`Avx2::detect`] is the only way to one.

#![expect(unsafe_code, reason = "vector loads and stores, after the processor was asked")]

use std::arch::x86_64::{
    __m256i, _mm_set_epi8, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256,
    _mm256_broadcastsi128_si256, _mm256_loadu_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::kernel::kernel;
use super::{Batch, Kernel, State};
use crate::stream::BLOCK;

/// Messages side by side.
pub(crate) const LANES: usize = 8;

type V = __m256i;

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: V, b: V) -> V {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(x: u32) -> V {
    _mm256_set1_epi32(x.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotl<const L: i32, const R: i32>(x: V) -> V {
    _mm256_or_si256(_mm256_slli_epi32::<L>(x), _mm256_srli_epi32::<R>(x))
}

#[inline]
#[target_feature(enable = "avx2")]
fn shr<const N: i32>(x: V) -> V {
    _mm256_srli_epi32::<N>(x)
}

#[inline]
#[target_feature(enable = "avx2")]
fn and(a: V, b: V) -> V {
    _mm256_and_si256(a, b)
}

/// `!a & b`
#[inline]
#[target_feature(enable = "avx2")]
fn and_not(a: V, b: V) -> V {
    _mm256_andnot_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor(a: V, b: V) -> V {
    _mm256_xor_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor3(a: V, b: V, c: V) -> V {
    xor(xor(c, b), a)
}

/// `b` where `a` has a bit, `c` where it has none.
#[inline]
#[target_feature(enable = "avx2")]
fn choose(a: V, b: V, c: V) -> V {
    xor(c, and(a, xor(b, c)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn majority(a: V, b: V, c: V) -> V {
    _mm256_or_si256(and(b, c), and(a, _mm256_or_si256(b, c)))
}

/// `c ^ (b | !d)`
#[inline]
#[target_feature(enable = "avx2")]
fn md5_i(b: V, c: V, d: V) -> V {
    xor(c, _mm256_or_si256(b, xor(d, splat(u32::MAX))))
}

/// Gives `x` back, and keeps the compiler from looking through it.
#[inline]
#[target_feature(enable = "avx2")]
fn fence(mut x: V) -> V {
    // SAFETY: no instruction at all; the value stays in its register.
    unsafe {
        std::arch::asm!("/* {0} */", inout(ymm_reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}

kernel!(#[target_feature(enable = "avx2")]);

/// The kernel, on a processor that has what it needs.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The kernel, if this processor can run it.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Kernel<LANES> for Avx2 {
    fn compress(&self, batch: &mut Batch<'_, LANES>) {
        // SAFETY: a value of this type exists only where `detect` found the feature.
        unsafe { compress(batch) }
    }
}

#[target_feature(enable = "avx2")]
fn compress(batch: &mut Batch<'_, LANES>) {
    let places = batch.places();
    let State { md5: md5_words, sha1: sha1_words, sha256: sha256_words } = &mut *batch.state;
    // Loops, not closures: a closure is not compiled into a function without the features.
    let mut md5_state = [_mm256_setzero_si256(); 4];
    let mut sha1_state = [_mm256_setzero_si256(); 5];
    let mut sha256_state = [_mm256_setzero_si256(); 8];
    for (to, from) in md5_state.iter_mut().zip(&*md5_words) {
        *to = load(from);
    }
    for (to, from) in sha1_state.iter_mut().zip(&*sha1_words) {
        *to = load(from);
    }
    for (to, from) in sha256_state.iter_mut().zip(&*sha256_words) {
        *to = load(from);
    }
    let length = batch.length.map(|length| (load(&length.low), load(&length.high)));
    for number in 0..batch.blocks {
        let mut rows = [_mm256_setzero_si256(); LANES];
        let mut last = rows;
        for ((row, last), place) in rows.iter_mut().zip(&mut last).zip(&places) {
            let block = place.block(number);
            // SAFETY: `places` holds for `batch.blocks` blocks, and a block is two vectors long.
            unsafe {
                *row = _mm256_loadu_si256(block.cast());
                *last = _mm256_loadu_si256(block.add(BLOCK / 2).cast());
            }
        }
        let mut words = [_mm256_setzero_si256(); 16];
        words[..8].copy_from_slice(&transpose(rows));
        words[8..].copy_from_slice(&transpose(last));
        let mut big = turn(&words);
        if let Some((low, high)) = length {
            words[14] = add(words[14], low);
            words[15] = add(words[15], high);
            big[14] = add(big[14], high);
            big[15] = add(big[15], low);
        }
        md5(&mut md5_state, &words);
        sha1(&mut sha1_state, &big);
        sha256(&mut sha256_state, &big);
    }
    for (to, from) in md5_words.iter_mut().zip(md5_state) {
        store(to, from);
    }
    for (to, from) in sha1_words.iter_mut().zip(sha1_state) {
        store(to, from);
    }
    for (to, from) in sha256_words.iter_mut().zip(sha256_state) {
        store(to, from);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u32; LANES]) -> V {
    // SAFETY: reads the 32 bytes of the array; any alignment will do.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: &mut [u32; LANES], v: V) {
    // SAFETY: writes the 32 bytes of the array; any alignment will do.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), v) }
}

/// Turns the bytes of every word round.
#[inline]
#[target_feature(enable = "avx2")]
fn turn(words: &[V; 16]) -> [V; 16] {
    let order = _mm256_broadcastsi128_si256(_mm_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
    ));
    let mut turned = *words;
    for word in &mut turned {
        *word = _mm256_shuffle_epi8(*word, order);
    }
    turned
}

/// From eight rows of eight words to eight words of eight rows.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(r: [V; 8]) -> [V; 8] {
    let mut pairs = r;
    for i in (0..8).step_by(2) {
        pairs[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    let mut fours = pairs;
    for i in [0, 4] {
        fours[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    let mut out = fours;
    for c in 0..4 {
        out[c] = _mm256_permute2x128_si256::<0x20>(fours[c], fours[4 + c]);
        out[4 + c] = _mm256_permute2x128_si256::<0x31>(fours[c], fours[4 + c]);
    }
    out
}
