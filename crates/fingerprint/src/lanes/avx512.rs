//! Sixteen lanes in 512-bit vectors.
//!
//! Needs AVX-512F and AVX-512BW (for turning bytes); [`Avx512::detect`] is the only way to one.

#![expect(unsafe_code, reason = "vector loads and stores, after the processor was asked")]

use std::arch::x86_64::{
    __m512i, _mm_set_epi8, _mm512_add_epi32, _mm512_and_si512, _mm512_andnot_si512,
    _mm512_broadcast_i32x4, _mm512_loadu_si512, _mm512_rol_epi32, _mm512_set1_epi32,
    _mm512_setzero_si512, _mm512_shuffle_epi8, _mm512_shuffle_i32x4, _mm512_srli_epi32,
    _mm512_storeu_si512, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64, _mm512_xor_si512,
};

use super::kernel::kernel;
use super::{Batch, Kernel, State};

/// Messages side by side.
pub(crate) const LANES: usize = 16;

type V = __m512i;

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: V, b: V) -> V {
    _mm512_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(x: u32) -> V {
    _mm512_set1_epi32(x.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rotl<const L: i32, const R: i32>(x: V) -> V {
    _mm512_rol_epi32::<L>(x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn shr<const N: u32>(x: V) -> V {
    _mm512_srli_epi32::<N>(x)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn and(a: V, b: V) -> V {
    _mm512_and_si512(a, b)
}

/// `!a & b`
#[inline]
#[target_feature(enable = "avx512f")]
fn and_not(a: V, b: V) -> V {
    _mm512_andnot_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor(a: V, b: V) -> V {
    _mm512_xor_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn xor3(a: V, b: V, c: V) -> V {
    _mm512_ternarylogic_epi32::<0x96>(a, b, c)
}

/// `b` where `a` has a bit, `c` where it has none.
#[inline]
#[target_feature(enable = "avx512f")]
fn choose(a: V, b: V, c: V) -> V {
    _mm512_ternarylogic_epi32::<0xca>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn majority(a: V, b: V, c: V) -> V {
    _mm512_ternarylogic_epi32::<0xe8>(a, b, c)
}

/// `c ^ (b | !d)`
#[inline]
#[target_feature(enable = "avx512f")]
fn md5_i(b: V, c: V, d: V) -> V {
    _mm512_ternarylogic_epi32::<0x39>(b, c, d)
}

/// Gives `x` back, and keeps the compiler from looking through it.
#[inline]
#[target_feature(enable = "avx512f")]
fn fence(mut x: V) -> V {
    // SAFETY: no instruction at all; the value stays in its register.
    unsafe {
        std::arch::asm!("/* {0} */", inout(zmm_reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}

kernel!(#[target_feature(enable = "avx512f,avx512bw")]);

/// The kernel, on a processor that has what it needs.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The kernel, if this processor can run it.
    pub(crate) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        there.then_some(Self(()))
    }
}

impl Kernel<LANES> for Avx512 {
    fn compress(&self, batch: &mut Batch<'_, LANES>) {
        // SAFETY: a value of this type exists only where `detect` found both features.
        unsafe { compress(batch) }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn compress(batch: &mut Batch<'_, LANES>) {
    let places = batch.places();
    let State { md5: md5_words, sha1: sha1_words, sha256: sha256_words } = &mut *batch.state;
    // Loops, not closures: a closure is not compiled into a function without the features.
    let mut md5_state = [_mm512_setzero_si512(); 4];
    let mut sha1_state = [_mm512_setzero_si512(); 5];
    let mut sha256_state = [_mm512_setzero_si512(); 8];
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
        let mut rows = [_mm512_setzero_si512(); LANES];
        for (row, place) in rows.iter_mut().zip(&places) {
            // SAFETY: `places` holds for `batch.blocks` blocks.
            *row = unsafe { _mm512_loadu_si512(place.block(number).cast()) };
        }
        let mut words = transpose(&rows);
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
#[target_feature(enable = "avx512f")]
fn load(words: &[u32; LANES]) -> V {
    // SAFETY: reads the 64 bytes of the array; any alignment will do.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u32; LANES], v: V) {
    // SAFETY: writes the 64 bytes of the array; any alignment will do.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), v) }
}

/// Turns the bytes of every word round.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn turn(words: &[V; 16]) -> [V; 16] {
    let order =
        _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    let mut turned = *words;
    for word in &mut turned {
        *word = _mm512_shuffle_epi8(*word, order);
    }
    turned
}

/// From sixteen blocks of sixteen words to sixteen words of sixteen blocks.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(r: &[V; 16]) -> [V; 16] {
    // Within each quarter of 128 bits: pairs of rows, then fours.
    let mut pairs = *r;
    for i in (0..16).step_by(2) {
        pairs[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    let mut fours = pairs;
    for i in (0..16).step_by(4) {
        fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    // fours[4g + c] holds word 4q + c of rows 4g to 4g + 3 in its quarter q: gather the quarters.
    let mut out = fours;
    for c in 0..4 {
        let even_low = _mm512_shuffle_i32x4::<0x88>(fours[c], fours[4 + c]);
        let odd_low = _mm512_shuffle_i32x4::<0xdd>(fours[c], fours[4 + c]);
        let even_high = _mm512_shuffle_i32x4::<0x88>(fours[8 + c], fours[12 + c]);
        let odd_high = _mm512_shuffle_i32x4::<0xdd>(fours[8 + c], fours[12 + c]);
        out[c] = _mm512_shuffle_i32x4::<0x88>(even_low, even_high);
        out[4 + c] = _mm512_shuffle_i32x4::<0x88>(odd_low, odd_high);
        out[8 + c] = _mm512_shuffle_i32x4::<0xdd>(even_low, even_high);
        out[12 + c] = _mm512_shuffle_i32x4::<0xdd>(odd_low, odd_high);
    }
    out
}
