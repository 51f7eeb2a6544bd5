//! Many messages digested side by side, one to a lane of a vector.
//!
//! In: buffers of any lengths. Out: their three digests, in the order given. One stream of MD5
//! is bound by its own latency; many side by side are not. The longest messages go first, and a
//! lane that ends takes the next message at once, so that lanes stay full; when only a few are
//! left, these are finished one by one, which is then faster.
//!
//! The kernels ([`scalar`], `avx2`, `avx512`) are the same text ([`kernel`]) at different widths;
//! the processor is asked once which it can run.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
mod kernel;
pub(crate) mod scalar;

use std::cmp::Reverse;

use crate::Digests;
use crate::stream::{
    BLOCK, Chain, Chains, End, MD5_START, Md5Chain, SHA1_START, SHA256_START, ShaChain,
};

/// The chaining values of as many messages as there are lanes: word by word, lane by lane.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct State<const LANES: usize> {
    pub(crate) md5: [[u32; LANES]; 4],
    pub(crate) sha1: [[u32; LANES]; 5],
    pub(crate) sha256: [[u32; LANES]; 8],
}

impl<const LANES: usize> State<LANES> {
    fn new() -> Self {
        Self {
            md5: MD5_START.map(|word| [word; LANES]),
            sha1: SHA1_START.map(|word| [word; LANES]),
            sha256: SHA256_START.map(|word| [word; LANES]),
        }
    }

    fn restart(&mut self, lane: usize) {
        for (words, start) in self.md5.iter_mut().zip(MD5_START) {
            words[lane] = start;
        }
        for (words, start) in self.sha1.iter_mut().zip(SHA1_START) {
            words[lane] = start;
        }
        for (words, start) in self.sha256.iter_mut().zip(SHA256_START) {
            words[lane] = start;
        }
    }

    fn of_lane(&self, lane: usize) -> Chains {
        Chains {
            md5: Md5Chain(self.md5.map(|words| words[lane])),
            shas: ShaChain {
                sha1: self.sha1.map(|words| words[lane]),
                sha256: self.sha256.map(|words| words[lane]),
            },
        }
    }
}

/// Lengths of messages in bits, for the lanes whose block is their last; zero for the others.
#[derive(Clone, Copy)]
pub(crate) struct Length<const LANES: usize> {
    pub(crate) low: [u32; LANES],
    pub(crate) high: [u32; LANES],
}

/// Blocks to be added to each lane.
pub(crate) struct Batch<'a, const LANES: usize> {
    pub(crate) state: &'a mut State<LANES>,
    /// Each lane's bytes: at least `blocks` blocks, or none for a lane that idles.
    pub(crate) inputs: [&'a [u8]; LANES],
    /// How many blocks.
    pub(crate) blocks: usize,
    /// What to add to the last two words of each block.
    pub(crate) length: Option<&'a Length<LANES>>,
}

/// Where a lane's blocks lie.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    start: *const u8,
    step: usize,
}

impl Place {
    /// The block of this number, which must be below the batch's.
    #[inline]
    pub(crate) fn block(self, number: usize) -> *const u8 {
        self.start.wrapping_add(number * self.step)
    }
}

impl<const LANES: usize> Batch<'_, LANES> {
    /// Where each lane's blocks lie: for each block below `blocks`, 64 bytes may be read there.
    pub(crate) fn places(&self) -> [Place; LANES] {
        static IDLE: [u8; BLOCK] = [0; BLOCK];
        self.inputs.map(|input| {
            if input.is_empty() {
                return Place { start: IDLE.as_ptr(), step: 0 };
            }
            assert!(input.len() / BLOCK >= self.blocks, "a lane has too few blocks");
            Place { start: input.as_ptr(), step: BLOCK }
        })
    }
}

/// Something that compresses blocks of several messages at once.
pub(crate) trait Kernel<const LANES: usize> {
    /// Adds the batch's blocks to its state.
    fn compress(&self, batch: &mut Batch<'_, LANES>);
}

/// Digests all buffers with this kernel. When no more than `few` lanes are busy and nothing
/// waits, the rest is done one by one.
pub(crate) fn digest_all<const LANES: usize>(
    kernel: &impl Kernel<LANES>,
    buffers: &[&[u8]],
    few: usize,
) -> Vec<Digests> {
    let mut order: Vec<usize> = (0..buffers.len()).collect();
    order.sort_by_key(|index| Reverse(buffers[*index].len()));
    let mut waiting = order.into_iter();
    let mut digests = vec![Digests { md5: [0; 16], sha1: [0; 20], sha256: [0; 32] }; buffers.len()];
    let mut state = State::<LANES>::new();
    let mut lanes: [Option<Lane<'_>>; LANES] = std::array::from_fn(|_| None);
    loop {
        for (number, lane) in lanes.iter_mut().enumerate() {
            if lane.is_none()
                && let Some(index) = waiting.next()
            {
                *lane = Some(Lane::new(index, buffers[index]));
                state.restart(number);
            }
        }
        let busy = lanes.iter().flatten().count();
        if busy <= few && waiting.len() == 0 {
            break;
        }
        advance(kernel, &mut state, &mut lanes);
        for (number, lane) in lanes.iter_mut().enumerate() {
            if let Some(done) = lane.take_if(|lane| lane.is_done()) {
                digests[done.index] = state.of_lane(number).digests();
            }
        }
    }
    for (number, lane) in lanes.into_iter().enumerate() {
        if let Some(lane) = lane {
            let index = lane.index;
            digests[index] = lane.finish(state.of_lane(number));
        }
    }
    digests
}

/// Adds as many blocks as all busy lanes have in one piece.
fn advance<const LANES: usize>(
    kernel: &impl Kernel<LANES>,
    state: &mut State<LANES>,
    lanes: &mut [Option<Lane<'_>>; LANES],
) {
    let shortest = lanes.iter().flatten().map(|lane| lane.body.len() / BLOCK).min().unwrap_or(0);
    if shortest > 0 {
        let inputs = std::array::from_fn(|i| lanes[i].as_ref().map_or(&[][..], |lane| lane.body));
        kernel.compress(&mut Batch { state, inputs, blocks: shortest, length: None });
        for lane in lanes.iter_mut().flatten() {
            lane.body = &lane.body[shortest * BLOCK..];
        }
        return;
    }
    // Some lane is at its end: one block of each, the end from the lane's own copy.
    let mut length = Length { low: [0; LANES], high: [0; LANES] };
    for (number, lane) in lanes.iter().enumerate() {
        if let Some(bits) = lane.as_ref().and_then(Lane::length_due) {
            length.low[number] = (bits & 0xffff_ffff) as u32;
            length.high[number] = (bits >> 32) as u32;
        }
    }
    let inputs = std::array::from_fn(|i| lanes[i].as_ref().map_or(&[][..], Lane::next_block));
    kernel.compress(&mut Batch { state, inputs, blocks: 1, length: Some(&length) });
    for lane in lanes.iter_mut().flatten() {
        lane.step();
    }
}

/// A message in a lane.
struct Lane<'a> {
    index: usize,
    /// Whole blocks not yet added.
    body: &'a [u8],
    /// What follows them. The length is added by the kernel, since the functions write it
    /// differently.
    end: End,
    /// Bytes of the end that were added.
    end_done: usize,
    /// Length of the message in bits.
    bits: u64,
}

impl<'a> Lane<'a> {
    fn new(index: usize, message: &'a [u8]) -> Self {
        let (body, rest) = message.split_at(message.len() - message.len() % BLOCK);
        let bits = (message.len() as u64).wrapping_mul(8);
        Self { index, body, end: End::of(rest), end_done: 0, bits }
    }

    fn next_block(&self) -> &[u8] {
        if self.body.is_empty() { &self.end.bytes()[self.end_done..] } else { self.body }
    }

    /// The length in bits, if the next block is the last.
    fn length_due(&self) -> Option<u64> {
        let last = self.end_done + BLOCK == self.end.bytes().len();
        (self.body.is_empty() && last).then_some(self.bits)
    }

    fn step(&mut self) {
        if self.body.is_empty() {
            self.end_done += BLOCK;
        } else {
            self.body = &self.body[BLOCK..];
        }
    }

    fn is_done(&self) -> bool {
        self.body.is_empty() && self.end_done == self.end.bytes().len()
    }

    /// Adds what is left with the functions for one stream.
    fn finish(self, mut state: Chains) -> Digests {
        state.add(self.body.as_chunks().0);
        state.finish(&self.end.bytes()[self.end_done..], self.bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{noise, reference};

    /// Digests the buffers with every kernel that this processor can run, with lanes finished
    /// one by one and without.
    fn with_every_kernel(buffers: &[&[u8]]) -> Vec<(&'static str, Vec<Digests>)> {
        let mut all = vec![("scalar", digest_all(&scalar::Scalar, buffers, 0))];
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(kernel) = avx2::Avx2::detect() {
                all.push(("avx2", digest_all(&kernel, buffers, 0)));
                all.push(("avx2, few alone", digest_all(&kernel, buffers, 3)));
            } else {
                println!("this processor has no AVX2: that kernel is not tested here");
            }
            if let Some(kernel) = avx512::Avx512::detect() {
                all.push(("avx512", digest_all(&kernel, buffers, 0)));
                all.push(("avx512, few alone", digest_all(&kernel, buffers, 5)));
            } else {
                println!("this processor has no AVX-512: that kernel is not tested here");
            }
        }
        all
    }

    fn hold(buffers: &[&[u8]]) {
        let wanted: Vec<Digests> = buffers.iter().map(|buffer| reference(buffer)).collect();
        for (kernel, digests) in with_every_kernel(buffers) {
            for ((digests, wanted), buffer) in digests.iter().zip(&wanted).zip(buffers) {
                assert_eq!(digests, wanted, "{kernel}, {} bytes", buffer.len());
            }
        }
    }

    #[test]
    fn every_kernel_agrees_with_the_reference_at_every_length_to_4096() {
        let bytes = noise(1, 2 * 4096);
        // Each length at a place of its own, so that a lane that reads another's bytes shows.
        let buffers: Vec<&[u8]> = (0..=4096).map(|len| &bytes[len..2 * len]).collect();
        hold(&buffers);
    }

    #[test]
    fn every_kernel_agrees_with_the_reference_when_lanes_idle() {
        let bytes = noise(2, 300_000);
        for count in 0..=34 {
            let buffers: Vec<&[u8]> =
                (0..count).map(|n| &bytes[n..n + 1000 + n * n * 53 % 7000]).collect();
            hold(&buffers);
        }
        hold(&[&bytes, &[], &bytes[1..100], &bytes[5..299_999]]);
    }

    #[test]
    fn lengths_that_do_not_fit_32_bits_of_bits_are_counted_right() {
        // The length in bits has more than 32 bits from half a gigabyte on: checked on the
        // arithmetic, not on such a message.
        let mut lane = Lane::new(0, b"end");
        lane.bits = (1 << 33) + 24;
        assert_eq!(lane.length_due(), Some((1 << 33) + 24));
        let due = |kernel: &dyn Fn(&mut Batch<'_, 1>)| {
            let mut state = State::<1>::new();
            let length = Length { low: [24], high: [2] };
            let inputs = [lane.next_block()];
            kernel(&mut Batch { state: &mut state, inputs, blocks: 1, length: Some(&length) });
            state.of_lane(0).digests()
        };
        let by_kernel = due(&|batch| scalar::Scalar.compress(batch));
        assert_eq!(by_kernel, lane.finish(Chains::default()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_kernel_agrees_with_the_reference_on_mixed_lengths(
            lengths in proptest::collection::vec(
                prop_oneof![0..200_usize, 0..20_000_usize, 0..300_000_usize],
                0..60,
            ),
            seed in any::<u64>(),
        ) {
            let bytes = noise(seed, 300_100);
            let buffers: Vec<&[u8]> = lengths
                .iter()
                .enumerate()
                .map(|(n, len)| &bytes[n..n + len])
                .collect();
            hold(&buffers);
        }
    }
}
