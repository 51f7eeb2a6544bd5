//! SHA-256's compression function over a vector of lanes.
//!
//! Source: FIPS 180-4, section 6.2.

#![expect(clippy::many_single_char_names, reason = "the standard's names of the state words")]
#![expect(clippy::inline_always, reason = "rounds must melt into the kernel that has the feature")]

use super::vector::Vector;

/// State before the first block.
pub(super) const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
#[rustfmt::skip] // eight a line
pub(super) const ROUND: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// Word `N` of the schedule with its constant added. `words` is the ring of the last sixteen.
#[inline(always)]
fn scheduled<V: Vector, const N: usize>(words: &mut [V; 16]) -> V {
    if N >= 16 {
        let (far, near) = (words[(N + 1) % 16], words[(N + 14) % 16]);
        let small0 = far.rotate_left(25).xor3(far.rotate_left(14), far.shift_right(3));
        let small1 = near.rotate_left(15).xor3(near.rotate_left(13), near.shift_right(10));
        words[N % 16] = words[N % 16].add(words[(N + 9) % 16]).add(small0).add(small1);
    }
    words[N % 16].add(words[N % 16].splat(ROUND[N])).settled()
}

/// Step `I` of the 64; `h` already holds its word and constant, and `g` gets those of the next
/// step, of which it will be the `h`. Added before `g` is used the last time, so that the vector
/// it stood in can take the choice.
#[inline(always)]
fn step<V: Vector, const I: usize>(state: &mut [V; 8], next: Option<V>) {
    let (a, b) = (state[(64 - I) % 8], state[(65 - I) % 8]);
    let (c, d) = (state[(66 - I) % 8], state[(67 - I) % 8]);
    let (e, f) = (state[(68 - I) % 8], state[(69 - I) % 8]);
    let (mut g, h) = (state[(70 - I) % 8], state[(71 - I) % 8]);
    if let Some(next) = next {
        (state[(70 - I) % 8], g) = g.add(next).settled_before(g);
    }
    let big1 = e.rotate_left(26).xor3(e.rotate_left(21), e.rotate_left(7));
    let big0 = a.rotate_left(30).xor3(a.rotate_left(19), a.rotate_left(10));
    let first = h.add(e.choose(f, g)).settled().add(big1);
    state[(67 - I) % 8] = d.add(first);
    state[(71 - I) % 8] = first.add(big0.add(a.majority(b, c)));
}

/// Takes one block, its words already big-endian, into the state.
#[inline(always)]
pub(super) fn block<V: Vector>(state: &mut [V; 8], mut words: [V; 16]) {
    let before = *state;
    state[7] = state[7].add(scheduled::<V, 0>(&mut words));
    macro_rules! round {
        ($i:expr) => {
            let next =
                if $i < 63 { Some(scheduled::<V, { ($i + 1) % 64 }>(&mut words)) } else { None };
            step::<V, { $i }>(state, next)
        };
    }
    super::sixteen_times!(round, 0);
    super::sixteen_times!(round, 16);
    super::sixteen_times!(round, 32);
    super::sixteen_times!(round, 48);
    for (word, old) in state.iter_mut().zip(before) {
        *word = word.add(old);
    }
}
