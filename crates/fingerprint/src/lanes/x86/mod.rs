//! The kernels of x86-64 processors: detection, and the only calls into them.

#![expect(unsafe_code, reason = "calls of kernels after detection of what they need")]

mod avx2;
mod avx512;
mod sha_ni;

use std::arch::is_x86_feature_detected as detected;
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use super::states::{Chain, States};
use super::{BLOCK, LANES};

/// A kernel of sixteen lanes. A value comes from [`Wide::available`] alone and so proves that the
/// processor has what the kernel needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wide(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Lanes of 512 bits for all three digests.
    Avx512,
    /// MD5 in 256 bits twice, SHA by the processor's own instructions.
    Avx2ShaNi,
    /// All three digests in 256 bits twice.
    Avx2,
}

/// How many blocks the kernels of one digest each take before the next one reads the same bytes:
/// sixteen lanes of them stay in the second cache.
const TURN: usize = 32;

impl Wide {
    /// The kernels that this processor can run, the fastest first.
    pub(super) fn available() -> impl Iterator<Item = Self> {
        [Kind::Avx512, Kind::Avx2ShaNi, Kind::Avx2]
            .into_iter()
            .filter(|kind| match kind {
                Kind::Avx512 => detected!("avx512f") && detected!("avx512bw"),
                Kind::Avx2ShaNi => detected!("avx2") && has_sha(),
                Kind::Avx2 => detected!("avx2"),
            })
            .map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        match self.0 {
            Kind::Avx512 => "avx512",
            Kind::Avx2ShaNi => "avx2+sha",
            Kind::Avx2 => "avx2",
        }
    }

    /// With fewer lanes busy than this, streams one after the other take less time (measured).
    pub(super) fn fewest_lanes(self) -> usize {
        match self.0 {
            Kind::Avx512 => 6,
            Kind::Avx2ShaNi => 4,
            Kind::Avx2 => 5,
        }
    }

    /// Takes `blocks` blocks of each lane into the states. The lanes set in `active` count; those
    /// set in `last` take the last block of their padding, and then `blocks` is 1.
    pub(super) fn compress(
        self,
        states: &mut States,
        lanes: &[&[u8]; LANES],
        blocks: usize,
        last: u16,
        active: u16,
    ) {
        // SAFETY: this value proves the features.
        match self.0 {
            Kind::Avx512 => unsafe { avx512::compress(states, lanes, blocks, last) },
            Kind::Avx2 => unsafe { avx2::compress(states, lanes, blocks, last) },
            Kind::Avx2ShaNi => {
                for from in (0..blocks).step_by(TURN) {
                    let turn = TURN.min(blocks - from);
                    let lanes = lanes.map(|lane| &lane[from * BLOCK..(from + turn) * BLOCK]);
                    // SAFETY: this value proves the features.
                    unsafe {
                        avx2::compress_md5(states, &lanes, turn);
                        sha_ni::compress_lanes(states, &lanes, turn, last, active);
                    }
                }
            }
        }
    }
}

/// Asks for the first bytes of a buffer that will be read soon; memory fetches the rest in step.
pub(super) fn prefetch(bytes: &[u8]) {
    for line in bytes.chunks(BLOCK).take(4) {
        // SAFETY: a hint changes nothing, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

fn has_sha() -> bool {
    detected!("sha") && detected!("ssse3") && detected!("sse4.1")
}

/// Takes whole blocks of one stream into its three digests, if the processor has SHA instructions;
/// returns whether it did.
pub(super) fn compress(chain: &mut Chain, blocks: &[[u8; BLOCK]]) -> bool {
    let possible = has_sha();
    if possible {
        // SAFETY: the features were found.
        unsafe { sha_ni::compress(chain, blocks) };
    }
    possible
}

/// The same for SHA-1 and SHA-256 alone.
pub(super) fn compress_shas(chain: &mut Chain, blocks: &[[u8; BLOCK]]) -> bool {
    let possible = has_sha();
    if possible {
        // SAFETY: the features were found.
        unsafe { sha_ni::compress_shas(chain, blocks) };
    }
    possible
}

/// The features found among those that a kernel could use.
pub(super) fn features() -> Vec<&'static str> {
    [
        ("sse4.1", detected!("sse4.1")),
        ("sha", detected!("sha")),
        ("avx2", detected!("avx2")),
        ("avx512f", detected!("avx512f")),
        ("avx512bw", detected!("avx512bw")),
    ]
    .into_iter()
    .filter_map(|(name, found)| found.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{kernel, scalar};

    /// Bytes that look random (xorshift64*).
    fn noise(seed: u64, len: usize) -> Vec<u8> {
        let mut state = seed | 1;
        let next = |_| {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()[0]
        };
        (0..len).map(next).collect()
    }

    /// What the twin makes of the same blocks.
    fn expected(mut chain: Chain, bytes: &[u8], last: bool) -> Chain {
        let mut blocks = bytes.as_chunks().0.to_vec();
        kernel::compress_md5(&mut chain.md5, &blocks);
        if let (true, Some(block)) = (last, blocks.last_mut()) {
            block[BLOCK - 8..].reverse();
        }
        scalar::compress_shas(&mut chain, &blocks);
        chain
    }

    #[test]
    fn every_lane_takes_any_blocks_as_its_twin_does() {
        for wide in Wide::available() {
            let mut states = States::new();
            for seed in 1..200u64 {
                let bytes = noise(seed, LANES * 40 * BLOCK);
                // A last block stands alone; its length may be any eight bytes.
                let last = if seed % 3 == 0 { u16::from_le_bytes([bytes[0], bytes[1]]) } else { 0 };
                let blocks = if last == 0 { usize::from(bytes[2]) % 40 } else { 1 };
                let lanes: [&[u8]; LANES] = std::array::from_fn(|i| {
                    &bytes[i * 40 * BLOCK..][..(blocks + i % 2 * (40 - blocks)) * BLOCK]
                });
                let before = states.clone();
                wide.compress(&mut states, &lanes, blocks, last, u16::MAX);
                for (lane, bytes) in lanes.iter().enumerate() {
                    let is_last = last >> lane & 1 == 1;
                    let expected = expected(before.chain(lane), &bytes[..blocks * BLOCK], is_last);
                    let name = wide.name();
                    assert_eq!(states.chain(lane), expected, "{name}, lane {lane}, seed {seed}");
                }
            }
        }
    }

    #[test]
    fn an_idle_lane_changes_no_other() {
        for wide in Wide::available() {
            let bytes = noise(5, LANES * BLOCK);
            let lanes: [&[u8]; LANES] = std::array::from_fn(|i| &bytes[i * BLOCK..][..BLOCK]);
            for active in [1, 0x8000, 0x0f0f, 0x7ffe] {
                let mut states = States::new();
                wide.compress(&mut states, &lanes, 1, 0, active);
                for lane in (0..LANES).filter(|lane| active >> lane & 1 == 1) {
                    let expected = expected(Chain::INITIAL, lanes[lane], false);
                    assert_eq!(states.chain(lane), expected, "{}, lane {lane}", wide.name());
                }
            }
        }
    }

    #[test]
    fn a_lane_that_ends_too_early_is_refused() {
        let bytes = [0; 2 * BLOCK];
        let mut lanes: [&[u8]; LANES] = [&bytes; LANES];
        lanes[9] = &bytes[..2 * BLOCK - 1];
        for wide in Wide::available() {
            let run = || wide.compress(&mut States::new(), &lanes, 2, 0, u16::MAX);
            assert!(std::panic::catch_unwind(run).is_err(), "{}", wide.name());
        }
    }
}
