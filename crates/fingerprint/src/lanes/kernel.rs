//! MD5, SHA-1 and SHA-256 compression, written once for any width.
//!
//! [`kernel!`] expands inside a module that names its vector type `V`, its width `LANES` and a
//! handful of operations on them, and makes `compress` from these. One vector holds the same
//! word of as many independent messages as it has lanes. The expansion with plain `u32` is the
//! scalar twin that the others are tested against.
//!
//! Source: RFC 1321; FIPS 180-4, sections 4 to 6.

/// Sines of RFC 1321, section 3.4.
pub(super) const MD5_K: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// Constants of FIPS 180-4, section 4.2.2.
pub(super) const SHA256_K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// Makes `md5`, `sha1` and `sha256` of the surrounding module: each takes its state and the
/// sixteen words of one block, transposed, and adds the block in.
macro_rules! kernel {
    ($(#[$attribute:meta])*) => {
        /// One block of MD5; the words are little-endian.
        #[inline]
        $(#[$attribute])*
        pub(super) fn md5(state: &mut [V; 4], w: &[V; 16]) {
            use crate::lanes::kernel::MD5_K as K;
            let [mut a, mut b, mut c, mut d] = *state;
            // a = b + rotl(a + f(b, c, d) + (k + w), s). The sum of constant and word is fenced
            // off: the compiler would move it on to the path from one step to the next.
            macro_rules! step {
                ($f:ident, $a:ident $b:ident $c:ident $d:ident, $i:expr, $w:expr, $l:literal $r:literal) => {
                    let early = fence(add($a, add(splat(K[$i]), w[$w])));
                    $a = add($b, rotl::<$l, $r>(add(early, $f($b, $c, $d))));
                };
            }
            // G has two terms without a common bit, so that the one that does not wait for the
            // step before may be added early.
            macro_rules! step_g {
                ($a:ident $b:ident $c:ident $d:ident, $i:expr, $w:expr, $l:literal $r:literal) => {
                    let early = fence(add($a, add(splat(K[$i]), w[$w])));
                    let early = fence(add(early, and_not($d, $c)));
                    $a = add($b, rotl::<$l, $r>(add(early, and($b, $d))));
                };
            }
            macro_rules! four {
                ($f:ident, $i:expr, [$w0:literal $w1:literal $w2:literal $w3:literal],
                 [$l0:literal $r0:literal, $l1:literal $r1:literal, $l2:literal $r2:literal, $l3:literal $r3:literal]) => {
                    step!($f, a b c d, $i, $w0, $l0 $r0);
                    step!($f, d a b c, $i + 1, $w1, $l1 $r1);
                    step!($f, c d a b, $i + 2, $w2, $l2 $r2);
                    step!($f, b c d a, $i + 3, $w3, $l3 $r3);
                };
            }
            macro_rules! four_g {
                ($i:expr, [$w0:literal $w1:literal $w2:literal $w3:literal]) => {
                    step_g!(a b c d, $i, $w0, 5 27);
                    step_g!(d a b c, $i + 1, $w1, 9 23);
                    step_g!(c d a b, $i + 2, $w2, 14 18);
                    step_g!(b c d a, $i + 3, $w3, 20 12);
                };
            }
            four!(choose, 0, [0 1 2 3], [7 25, 12 20, 17 15, 22 10]);
            four!(choose, 4, [4 5 6 7], [7 25, 12 20, 17 15, 22 10]);
            four!(choose, 8, [8 9 10 11], [7 25, 12 20, 17 15, 22 10]);
            four!(choose, 12, [12 13 14 15], [7 25, 12 20, 17 15, 22 10]);
            four_g!(16, [1 6 11 0]);
            four_g!(20, [5 10 15 4]);
            four_g!(24, [9 14 3 8]);
            four_g!(28, [13 2 7 12]);
            four!(xor3, 32, [5 8 11 14], [4 28, 11 21, 16 16, 23 9]);
            four!(xor3, 36, [1 4 7 10], [4 28, 11 21, 16 16, 23 9]);
            four!(xor3, 40, [13 0 3 6], [4 28, 11 21, 16 16, 23 9]);
            four!(xor3, 44, [9 12 15 2], [4 28, 11 21, 16 16, 23 9]);
            four!(md5_i, 48, [0 7 14 5], [6 26, 10 22, 15 17, 21 11]);
            four!(md5_i, 52, [12 3 10 1], [6 26, 10 22, 15 17, 21 11]);
            four!(md5_i, 56, [8 15 6 13], [6 26, 10 22, 15 17, 21 11]);
            four!(md5_i, 60, [4 11 2 9], [6 26, 10 22, 15 17, 21 11]);
            *state = [add(state[0], a), add(state[1], b), add(state[2], c), add(state[3], d)];
        }

        /// One block of SHA-1; the words are big-endian, already turned.
        #[inline]
        $(#[$attribute])*
        pub(super) fn sha1(state: &mut [V; 5], words: &[V; 16]) {
            let [mut a, mut b, mut c, mut d, mut e] = *state;
            let mut w = *words;
            macro_rules! step {
                ($f:ident, $k:expr, $a:ident $b:ident $c:ident $d:ident $e:ident, $i:expr) => {
                    if $i >= 16 {
                        let mixed = xor(xor3(w[($i + 13) & 15], w[($i + 8) & 15], w[($i + 2) & 15]), w[$i & 15]);
                        w[$i & 15] = rotl::<1, 31>(mixed);
                    }
                    let early = add($e, add(splat($k), w[$i & 15]));
                    $e = add(add(early, $f($b, $c, $d)), rotl::<5, 27>($a));
                    $b = rotl::<30, 2>($b);
                };
            }
            macro_rules! five {
                ($f:ident, $k:expr, $i:literal) => {
                    step!($f, $k, a b c d e, $i);
                    step!($f, $k, e a b c d, $i + 1);
                    step!($f, $k, d e a b c, $i + 2);
                    step!($f, $k, c d e a b, $i + 3);
                    step!($f, $k, b c d e a, $i + 4);
                };
            }
            five!(choose, 0x5a82_7999, 0);
            five!(choose, 0x5a82_7999, 5);
            five!(choose, 0x5a82_7999, 10);
            five!(choose, 0x5a82_7999, 15);
            five!(xor3, 0x6ed9_eba1, 20);
            five!(xor3, 0x6ed9_eba1, 25);
            five!(xor3, 0x6ed9_eba1, 30);
            five!(xor3, 0x6ed9_eba1, 35);
            five!(majority, 0x8f1b_bcdc, 40);
            five!(majority, 0x8f1b_bcdc, 45);
            five!(majority, 0x8f1b_bcdc, 50);
            five!(majority, 0x8f1b_bcdc, 55);
            five!(xor3, 0xca62_c1d6, 60);
            five!(xor3, 0xca62_c1d6, 65);
            five!(xor3, 0xca62_c1d6, 70);
            five!(xor3, 0xca62_c1d6, 75);
            *state = [
                add(state[0], a), add(state[1], b), add(state[2], c), add(state[3], d),
                add(state[4], e),
            ];
        }

        /// One block of SHA-256; the words are big-endian, already turned.
        #[inline]
        $(#[$attribute])*
        pub(super) fn sha256(state: &mut [V; 8], words: &[V; 16]) {
            use crate::lanes::kernel::SHA256_K as K;
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
            let mut w = *words;
            macro_rules! step {
                ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $i:expr) => {
                    if $i >= 16 {
                        let x = w[($i + 1) & 15];
                        let y = w[($i + 14) & 15];
                        let s0 = xor3(rotl::<25, 7>(x), rotl::<14, 18>(x), shr::<3>(x));
                        let s1 = xor3(rotl::<15, 17>(y), rotl::<13, 19>(y), shr::<10>(y));
                        w[$i & 15] = add(add(w[$i & 15], s0), add(w[($i + 9) & 15], s1));
                    }
                    let sigma1 = xor3(rotl::<26, 6>($e), rotl::<21, 11>($e), rotl::<7, 25>($e));
                    let early = add($h, add(splat(K[$i]), w[$i & 15]));
                    let t1 = add(add(early, choose($e, $f, $g)), sigma1);
                    let sigma0 = xor3(rotl::<30, 2>($a), rotl::<19, 13>($a), rotl::<10, 22>($a));
                    $d = add($d, t1);
                    $h = add(t1, add(sigma0, majority($a, $b, $c)));
                };
            }
            macro_rules! eight {
                ($i:literal) => {
                    step!(a b c d e f g h, $i);
                    step!(h a b c d e f g, $i + 1);
                    step!(g h a b c d e f, $i + 2);
                    step!(f g h a b c d e, $i + 3);
                    step!(e f g h a b c d, $i + 4);
                    step!(d e f g h a b c, $i + 5);
                    step!(c d e f g h a b, $i + 6);
                    step!(b c d e f g h a, $i + 7);
                };
            }
            eight!(0);
            eight!(8);
            eight!(16);
            eight!(24);
            eight!(32);
            eight!(40);
            eight!(48);
            eight!(56);
            *state = [
                add(state[0], a), add(state[1], b), add(state[2], c), add(state[3], d),
                add(state[4], e), add(state[5], f), add(state[6], g), add(state[7], h),
            ];
        }
    };
}

pub(super) use kernel;
