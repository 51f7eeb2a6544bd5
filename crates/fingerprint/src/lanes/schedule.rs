//! Keeps the sixteen lanes of a kernel busy with buffers of any lengths.
//!
//! Buffers are taken longest first, each by the first lane that falls free, so that lanes hold
//! work of about the same length and end together. All lanes advance by the same number of blocks
//! at a time: as many as the lane nearest to its end has left. Once nothing waits and so few lanes
//! are busy that streams are faster, each is finished as a stream from where it stands.

use std::cmp::Reverse;

use super::padding::Tail;
use super::states::{Chain, States};
use super::stream::Stream;
use super::x86::{self, Wide};
use super::{BLOCK, LANES};
use crate::digest::Digests;

/// One lane: what is left of its buffer, in whole blocks and a padded tail.
struct Lane<'a> {
    /// Which buffer, none if the lane is idle.
    input: Option<usize>,
    bytes: &'a [u8],
    /// The whole blocks not taken yet.
    body: &'a [u8],
    /// Made when the body has been taken: the end of the buffer is then in the cache.
    tail: Tail,
}

impl<'a> Lane<'a> {
    const IDLE: Self = Self { input: None, bytes: &[], body: &[], tail: Tail::FINISHED };

    fn new(input: usize, bytes: &'a [u8]) -> Self {
        let (body, _) = bytes.split_at(bytes.len() / BLOCK * BLOCK);
        let mut lane = Self { input: Some(input), bytes, body, tail: Tail::FINISHED };
        if body.is_empty() {
            lane.tail = lane.new_tail();
        }
        lane
    }

    fn new_tail(&self) -> Tail {
        let rest = &self.bytes[self.bytes.len() / BLOCK * BLOCK..];
        Tail::new(rest, self.bytes.len() as u64)
    }

    /// The blocks that can be taken next in one go.
    fn run(&self) -> &[u8] {
        match self.body {
            [] => self.tail.blocks()[0].as_slice(),
            body => body,
        }
    }

    fn takes_last(&self) -> bool {
        self.body.is_empty() && self.tail.at_last()
    }

    /// Drops blocks that were taken. Returns whether the buffer is finished.
    fn advance(&mut self, blocks: usize) -> bool {
        if self.body.is_empty() {
            self.tail.advance();
            return self.tail.blocks().is_empty();
        }
        self.body = &self.body[blocks * BLOCK..];
        if self.body.is_empty() {
            self.tail = self.new_tail();
        }
        false
    }

    /// Finishes the buffer as a stream.
    fn finish_alone(&self, chain: Chain) -> Digests {
        let whole = self.bytes.len() / BLOCK * BLOCK;
        let mut stream = Stream::resumed(chain, (whole - self.body.len()) as u64);
        stream.update(self.body);
        stream.closed_by(if self.body.is_empty() { self.tail } else { self.new_tail() })
    }
}

/// The buffers that wait for a lane, longest first.
struct Queue<'a, 'b> {
    inputs: &'b [&'a [u8]],
    order: std::vec::IntoIter<usize>,
}

impl<'a, 'b> Queue<'a, 'b> {
    fn new(inputs: &'b [&'a [u8]]) -> Self {
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by_key(|&input| Reverse(inputs[input].len() / BLOCK));
        Self { inputs, order: order.into_iter() }
    }

    /// Gives a lane the next buffer that waits, if any does.
    fn refill(&mut self, lane: &mut Lane<'a>, number: usize, states: &mut States) {
        let Some(input) = self.order.next() else {
            *lane = Lane::IDLE;
            return;
        };
        if let Some(&soon) = self.order.as_slice().get(LANES) {
            x86::prefetch(self.inputs[soon]);
        }
        *lane = Lane::new(input, self.inputs[input]);
        states.set_chain(number, &Chain::INITIAL);
    }
}

/// The digests of each buffer, in the order given.
pub(super) fn digest_many(wide: Wide, inputs: &[&[u8]]) -> Vec<Digests> {
    let mut digests = vec![Digests { md5: [0; 16], sha1: [0; 20], sha256: [0; 32] }; inputs.len()];
    let mut queue = Queue::new(inputs);
    let mut states = States::new();
    let mut lanes = [Lane::IDLE; LANES];
    for (number, lane) in lanes.iter_mut().enumerate() {
        queue.refill(lane, number, &mut states);
    }
    loop {
        let busy = lanes.iter().filter(|lane| lane.input.is_some()).count();
        if busy < wide.fewest_lanes() {
            break;
        }
        step(wide, &mut lanes, &mut states, |number, lane, states| {
            if let Some(input) = lane.input {
                digests[input] = states.chain(number).digests();
            }
            queue.refill(lane, number, states);
        });
    }
    for (number, lane) in lanes.iter().enumerate() {
        if let Some(input) = lane.input {
            digests[input] = lane.finish_alone(states.chain(number));
        }
    }
    digests
}

/// Advances every lane by as many blocks as the nearest to its end has left; calls `ended` for each
/// lane whose buffer is finished.
fn step<'a>(
    wide: Wide,
    lanes: &mut [Lane<'a>; LANES],
    states: &mut States,
    mut ended: impl FnMut(usize, &mut Lane<'a>, &mut States),
) {
    let mut active = 0u16;
    let mut last = 0u16;
    let mut shortest: &[u8] = &[];
    for (number, lane) in lanes.iter().enumerate().filter(|(_, lane)| lane.input.is_some()) {
        active |= 1 << number;
        last |= u16::from(lane.takes_last()) << number;
        let run = lane.run();
        if shortest.is_empty() || run.len() < shortest.len() {
            shortest = run;
        }
    }
    // An idle lane follows the shortest one; nobody reads its state.
    let runs: [&[u8]; LANES] = std::array::from_fn(|number| match lanes[number].input {
        Some(_) => lanes[number].run(),
        None => shortest,
    });
    let blocks = shortest.len() / BLOCK;
    wide.compress(states, &runs, blocks, last, active);
    for (number, lane) in lanes.iter_mut().enumerate().filter(|(_, lane)| lane.input.is_some()) {
        if lane.advance(blocks) {
            ended(number, lane, states);
        }
    }
}
