//! SHA-1's compression function over a vector of lanes.
//!
//! Source: FIPS 180-4, section 6.1.

#![expect(clippy::many_single_char_names, reason = "the standard's names of the state words")]
#![expect(clippy::inline_always, reason = "rounds must melt into the kernel that has the feature")]

use super::vector::Vector;

/// State before the first block.
pub(super) const INITIAL: [u32; 5] =
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

const ROUND: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

/// Step `I` of the 80. `words` is the ring of the last sixteen words of the schedule.
#[inline(always)]
pub(super) fn step<V: Vector, const I: usize>(state: &mut [V; 5], words: &mut [V; 16]) {
    let (a, b) = (state[(80 - I) % 5], state[(81 - I) % 5]);
    let (c, d) = (state[(82 - I) % 5], state[(83 - I) % 5]);
    let e = state[(84 - I) % 5];
    if I >= 16 {
        let next = words[(I + 13) % 16].xor3(words[(I + 8) % 16], words[(I + 2) % 16]);
        words[I % 16] = next.xor(words[I % 16]).rotate_left(1);
    }
    let function = match I / 20 {
        0 => b.choose(c, d),
        2 => b.majority(c, d),
        _ => b.xor3(c, d),
    };
    let ready = e.add(words[I % 16].add(e.splat(ROUND[I / 20])).settled());
    state[(84 - I) % 5] = ready.add(function).settled().add(a.rotate_left(5));
    state[(81 - I) % 5] = b.rotate_left(30);
}

/// Takes one block, its words already big-endian, into the state.
#[inline(always)]
pub(super) fn block<V: Vector>(state: &mut [V; 5], mut words: [V; 16]) {
    let before = *state;
    macro_rules! round {
        ($i:expr) => {
            step::<V, { $i }>(state, &mut words)
        };
    }
    super::sixteen_times!(round, 0);
    super::sixteen_times!(round, 16);
    super::sixteen_times!(round, 32);
    super::sixteen_times!(round, 48);
    super::sixteen_times!(round, 64);
    for (word, old) in state.iter_mut().zip(before) {
        *word = word.add(old);
    }
}
