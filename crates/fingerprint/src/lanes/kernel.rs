//! Which kernels there are, which of them this processor can run, and the way into each.
//!
//! A [`Kernel`] exists only where the processor has what it needs, so that holding one is the
//! proof that running it is sound.

use std::fmt;
use std::sync::LazyLock;

use super::states::Chain;
use super::stream::Stream;
use super::{BLOCK, md5, scalar};
#[cfg(target_arch = "x86_64")]
use super::{schedule, x86};
use crate::digest::Digests;

/// How many blocks one digest takes before the next reads the same bytes: they stay in the first
/// cache.
const TURN: usize = 256;

/// A way to digest many buffers that this processor can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Side by side in vectors.
    #[cfg(target_arch = "x86_64")]
    Wide(x86::Wide),
    /// One after the other, each as a [`Stream`].
    Streams,
    /// One after the other by the RustCrypto crates: the twin that the others are held against.
    RustCrypto,
}

impl Kernel {
    /// The kernels that this processor can run, the fastest first.
    pub fn available() -> Vec<Self> {
        let others = [Self(Kind::Streams), Self(Kind::RustCrypto)];
        #[cfg(target_arch = "x86_64")]
        return x86::Wide::available().map(|wide| Self(Kind::Wide(wide))).chain(others).collect();
        #[cfg(not(target_arch = "x86_64"))]
        others.to_vec()
    }

    /// The fastest kernel that this processor can run.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(wide) = x86::Wide::available().next() {
            return Self(Kind::Wide(wide));
        }
        Self(Kind::Streams)
    }

    /// The one that `PENDEEN_KERNEL` names, if this processor can run it, else the fastest: so
    /// that one machine can tell how fast another would be.
    pub(super) fn chosen() -> Self {
        static CHOSEN: LazyLock<Kernel> = LazyLock::new(|| {
            let named = std::env::var("PENDEEN_KERNEL").ok();
            let by_name =
                |name: String| Kernel::available().into_iter().find(|kernel| kernel.name() == name);
            named.and_then(by_name).unwrap_or_else(Kernel::best)
        });
        *CHOSEN
    }

    /// What it is called in figures.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Wide(wide) => wide.name(),
            Kind::Streams => "streams",
            Kind::RustCrypto => "rustcrypto",
        }
    }

    /// The digests of each buffer, in the order given.
    pub(super) fn digest_many(self, buffers: &[&[u8]]) -> Vec<Digests> {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Wide(wide) => schedule::digest_many(wide, buffers),
            Kind::Streams => buffers.iter().map(|bytes| Stream::of(bytes)).collect(),
            Kind::RustCrypto => buffers.iter().map(|bytes| scalar::digests(bytes)).collect(),
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The names of the kernels that this processor can run, the fastest first.
pub fn kernel_names() -> Vec<&'static str> {
    Kernel::available().into_iter().map(Kernel::name).collect()
}

/// The processor features found that a kernel could use, for the record beside a measurement.
pub fn cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    return x86::features();
    #[cfg(not(target_arch = "x86_64"))]
    Vec::new()
}

/// Takes whole blocks of one stream into its three digests.
pub(super) fn compress(chain: &mut Chain, blocks: &[[u8; BLOCK]]) {
    #[cfg(target_arch = "x86_64")]
    if x86::compress(chain, blocks) {
        return;
    }
    for turn in blocks.chunks(TURN) {
        compress_md5(&mut chain.md5, turn);
        scalar::compress_shas(chain, turn);
    }
}

/// Takes whole blocks of one stream into its MD5.
pub(super) fn compress_md5(state: &mut [u32; 4], blocks: &[[u8; BLOCK]]) {
    for block in blocks {
        md5::block(state, &md5::words(block));
    }
}

/// Takes whole blocks of one stream into its SHA-1 and SHA-256.
pub(super) fn compress_shas(chain: &mut Chain, blocks: &[[u8; BLOCK]]) {
    #[cfg(target_arch = "x86_64")]
    if x86::compress_shas(chain, blocks) {
        return;
    }
    for turn in blocks.chunks(TURN) {
        scalar::compress_shas(chain, turn);
    }
}
