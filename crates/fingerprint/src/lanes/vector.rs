//! What the three digests need of a vector of 32-bit words, one word per lane.
//!
//! The rounds in [`super::md5`], [`super::sha1`] and [`super::sha256`] are written once over
//! [`Vector`]; a `u32` is the vector of one lane. A vector type that needs a processor feature can
//! be made only by an `unsafe` constructor, so that every value of it proves the feature and the
//! operations on it are safe.
//!
//! Everything between a kernel and an instruction must be inlined, or each operation becomes a call:
//! so no closure is handed to the standard library here, whose functions lack the feature.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "an empty assembler fence"))]
#![expect(clippy::inline_always, reason = "rounds must melt into the kernel that has the feature")]

/// Words of as many lanes as the type holds; every operation acts on each lane alone.
pub(super) trait Vector: Copy {
    /// The same word in every lane. Takes a vector as proof that the processor has the feature.
    fn splat(self, word: u32) -> Self;
    /// Sum modulo 2^32.
    fn add(self, other: Self) -> Self;
    /// Exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Exclusive or of three.
    fn xor3(self, b: Self, c: Self) -> Self;
    /// Where a bit of `self` is set, that of `yes`, else that of `no`.
    fn choose(self, yes: Self, no: Self) -> Self;
    /// The bit that at least two of the three have.
    fn majority(self, b: Self, c: Self) -> Self;
    /// `b ^ (self | !d)` with `self` the middle operand: the fourth function of MD5.
    fn md5_i(b: Self, c: Self, d: Self) -> Self;
    /// Each lane turned left by `bits`, a constant in `1..32`.
    fn rotate_left(self, bits: u32) -> Self;
    /// Each lane shifted right by `bits`, a constant in `1..32`.
    fn shift_right(self, bits: u32) -> Self;
    /// The same value, computed before whatever uses it: keeps the compiler from moving an addition
    /// of ready operands behind one that is waited for.
    fn settled(self) -> Self;
    /// Both, but whatever uses the second is computed after the first: the second's register is
    /// then free to be overwritten.
    #[inline(always)]
    fn settled_before(self, other: Self) -> (Self, Self) {
        (self.settled(), other)
    }
    /// `sum + G(b, c, d)`, the second function of MD5. `b` arrives last.
    #[inline(always)]
    fn add_md5_g(self, b: Self, c: Self, d: Self) -> Self {
        self.add(d.choose(b, c))
    }
}

impl Vector for u32 {
    #[inline(always)]
    fn splat(self, word: u32) -> Self {
        word
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }
    #[inline(always)]
    fn xor3(self, b: Self, c: Self) -> Self {
        self ^ b ^ c
    }
    #[inline(always)]
    fn choose(self, yes: Self, no: Self) -> Self {
        no ^ (self & (yes ^ no))
    }
    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        (self & b) | (c & (self | b))
    }
    #[inline(always)]
    fn md5_i(b: Self, c: Self, d: Self) -> Self {
        c ^ (b | !d)
    }
    #[inline(always)]
    fn rotate_left(self, bits: u32) -> Self {
        u32::rotate_left(self, bits)
    }
    #[inline(always)]
    fn shift_right(self, bits: u32) -> Self {
        self >> bits
    }
    #[inline(always)]
    #[cfg(target_arch = "x86_64")]
    fn settled(mut self) -> Self {
        // SAFETY: no instruction at all; the value only passes through a register.
        unsafe {
            std::arch::asm!(
                "/* {0:e} */", inout(reg) self, options(pure, nomem, nostack, preserves_flags)
            );
        }
        self
    }
    #[inline(always)]
    #[cfg(not(target_arch = "x86_64"))]
    fn settled(self) -> Self {
        self
    }
    #[inline(always)]
    fn add_md5_g(self, b: Self, c: Self, d: Self) -> Self {
        self.add(c & !d).add(b & d)
    }
}
