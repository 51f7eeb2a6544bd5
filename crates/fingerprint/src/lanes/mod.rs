//! The digests of many buffers side by side, one per vector lane.
//!
//! In: buffers of any lengths. Out: their [`Digests`] in the order given. Nothing is refused.
//!
//! One MD5 cannot be hurried: each of its 64 steps per block waits for the one before. Sixteen of
//! them can, side by side in the lanes of a vector, and SHA-1 and SHA-256 with them. The parts:
//!
//! - `vector` says what the digests need of a vector; `md5`, `sha1` and `sha256` are written once
//!   over it;
//! - `x86` holds the vectors of 512 and 256 bits, the SHA instructions, and the detection of what
//!   the processor has;
//! - `schedule` refills a lane as soon as its buffer ends;
//! - `stream` takes one long stream, for what does not come in crowds;
//! - `scalar` is the twin by the RustCrypto crates that every kernel is tested against.
//!
//! Source: RFC 1321 (MD5), FIPS 180-4 (SHA-1, SHA-256).

mod kernel;
mod md5;
mod padding;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod schedule;
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for vectors only"))]
mod sha1;
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for vectors only"))]
mod sha256;
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "lanes for vectors only"))]
mod states;
mod stream;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use kernel::{Kernel, cpu_features, kernel_names};
pub(crate) use stream::of_halves;
pub use stream::{Md5Stream, ShaStream, Stream};

use crate::digest::Digests;

/// How many streams a vector kernel takes side by side.
const LANES: usize = 16;

/// Bytes per block of MD5, SHA-1 and SHA-256 alike.
const BLOCK: usize = 64;

/// The digests of each buffer, in the order given, by the fastest kernel of this processor.
///
/// Give it as many buffers at a time as memory allows: sixteen or more of similar length fill the
/// lanes. It uses one thread.
pub fn digest_many(buffers: &[&[u8]]) -> Vec<Digests> {
    digest_many_with(Kernel::chosen(), buffers)
}

/// The digests of each buffer, in the order given, by the kernel named: for tests and measurements.
pub fn digest_many_with(kernel: Kernel, buffers: &[&[u8]]) -> Vec<Digests> {
    kernel.digest_many(buffers)
}

/// Expands `$do` for the sixteen numbers from `$from` on: the rounds take theirs as a constant.
macro_rules! sixteen_times {
    ($do:ident, $from:literal) => {
        $do!($from);
        $do!($from + 1);
        $do!($from + 2);
        $do!($from + 3);
        $do!($from + 4);
        $do!($from + 5);
        $do!($from + 6);
        $do!($from + 7);
        $do!($from + 8);
        $do!($from + 9);
        $do!($from + 10);
        $do!($from + 11);
        $do!($from + 12);
        $do!($from + 13);
        $do!($from + 14);
        $do!($from + 15);
    };
}
use sixteen_times;
