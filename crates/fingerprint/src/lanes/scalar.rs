//! One lane, plain integers: the scalar twin of the vector kernels, and MD5 of single streams.

#![expect(unsafe_code, reason = "a fence for the compiler is written in assembler")]
#![cfg_attr(not(test), allow(dead_code, reason = "only MD5 is used outside the tests"))]

use super::kernel::kernel;
use super::{Batch, Kernel};

type V = u32;

#[inline]
fn add(a: V, b: V) -> V {
    a.wrapping_add(b)
}

#[inline]
fn splat(x: u32) -> V {
    x
}

#[inline]
fn rotl<const L: u32, const R: u32>(x: V) -> V {
    x.rotate_left(L)
}

#[inline]
fn shr<const N: u32>(x: V) -> V {
    x >> N
}

#[inline]
fn and(a: V, b: V) -> V {
    a & b
}

/// `!a & b`
#[inline]
fn and_not(a: V, b: V) -> V {
    !a & b
}

#[inline]
fn xor(a: V, b: V) -> V {
    a ^ b
}

#[inline]
fn xor3(a: V, b: V, c: V) -> V {
    a ^ b ^ c
}

/// `b` where `a` has a bit, `c` where it has none.
#[inline]
fn choose(a: V, b: V, c: V) -> V {
    c ^ (a & (b ^ c))
}

#[inline]
fn majority(a: V, b: V, c: V) -> V {
    (a & b) | (c & (a | b))
}

#[inline]
fn md5_i(b: V, c: V, d: V) -> V {
    c ^ (b | !d)
}

/// Gives `x` back, and keeps the compiler from looking through it.
#[inline]
fn fence(x: V) -> V {
    #[cfg(target_arch = "x86_64")]
    {
        let mut x = x;
        // SAFETY: no instruction at all; the value stays in its register.
        unsafe {
            std::arch::asm!("/* {0:e} */", inout(reg) x, options(pure, nomem, nostack, preserves_flags));
        }
        x
    }
    #[cfg(not(target_arch = "x86_64"))]
    x
}

kernel!();

/// MD5 of whole blocks of one stream.
pub(crate) fn md5_blocks(state: &mut [u32; 4], blocks: &[[u8; 64]]) {
    for block in blocks {
        md5(state, &words(block, u32::from_le_bytes));
    }
}

fn words(block: &[u8; 64], read: fn([u8; 4]) -> u32) -> [u32; 16] {
    let (words, _) = block.as_chunks::<4>();
    std::array::from_fn(|i| read(words[i]))
}

/// The scalar twin.
pub(crate) struct Scalar;

impl Kernel<1> for Scalar {
    fn compress(&self, batch: &mut Batch<'_, 1>) {
        let state = &mut *batch.state;
        let mut md5_state = state.md5.map(|[word]| word);
        let mut sha1_state = state.sha1.map(|[word]| word);
        let mut sha256_state = state.sha256.map(|[word]| word);
        let (blocks, _) = batch.inputs[0].as_chunks::<64>();
        for block in blocks.iter().take(batch.blocks) {
            let mut little = words(block, u32::from_le_bytes);
            let mut big = words(block, u32::from_be_bytes);
            if let Some(length) = batch.length {
                little[14] = little[14].wrapping_add(length.low[0]);
                little[15] = little[15].wrapping_add(length.high[0]);
                big[14] = big[14].wrapping_add(length.high[0]);
                big[15] = big[15].wrapping_add(length.low[0]);
            }
            md5(&mut md5_state, &little);
            sha1(&mut sha1_state, &big);
            sha256(&mut sha256_state, &big);
        }
        state.md5 = md5_state.map(|word| [word]);
        state.sha1 = sha1_state.map(|word| [word]);
        state.sha256 = sha256_state.map(|word| [word]);
    }
}
