//! The permutation Keccak-p[1600, 24] (FIPS 202 section 3), which SHAKE is made of.
//!
//! A lane is a word, and the state five planes of five lanes. A round is written out, so that it is straight-line code and
//! stays in registers as far as it can. Padding and blocks are `shake`'s.

#![allow(clippy::inline_always, reason = "only what is inlined is compiled for the caller's instructions")]

use super::ring::Computation;

/// The state: planes of lanes.
pub(super) type State = [[u64; 5]; 5];

/// The state before anything is absorbed.
pub(super) const ZERO: State = [[0; 5]; 5];

/// Permutes the state: 24 rounds.
pub(super) struct Permutation<'a>(pub(super) &'a mut State);

impl Computation for Permutation<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(state) = self;
        for constant in CONSTANTS {
            *state = round(state);
            state[0][0] ^= constant;
        }
    }
}

/// One round but for its constant: theta, then rho and pi in one, then chi on each plane (sections 3.2.1 to 3.2.4).
#[inline(always)]
fn round(a: &State) -> State {
    let c = [
        a[0][0] ^ a[1][0] ^ a[2][0] ^ a[3][0] ^ a[4][0],
        a[0][1] ^ a[1][1] ^ a[2][1] ^ a[3][1] ^ a[4][1],
        a[0][2] ^ a[1][2] ^ a[2][2] ^ a[3][2] ^ a[4][2],
        a[0][3] ^ a[1][3] ^ a[2][3] ^ a[3][3] ^ a[4][3],
        a[0][4] ^ a[1][4] ^ a[2][4] ^ a[3][4] ^ a[4][4],
    ];
    let d = [
        c[4] ^ c[1].rotate_left(1),
        c[0] ^ c[2].rotate_left(1),
        c[1] ^ c[3].rotate_left(1),
        c[2] ^ c[4].rotate_left(1),
        c[3] ^ c[0].rotate_left(1),
    ];
    [
        chi([
            a[0][0] ^ d[0],
            (a[1][1] ^ d[1]).rotate_left(44),
            (a[2][2] ^ d[2]).rotate_left(43),
            (a[3][3] ^ d[3]).rotate_left(21),
            (a[4][4] ^ d[4]).rotate_left(14),
        ]),
        chi([
            (a[0][3] ^ d[3]).rotate_left(28),
            (a[1][4] ^ d[4]).rotate_left(20),
            (a[2][0] ^ d[0]).rotate_left(3),
            (a[3][1] ^ d[1]).rotate_left(45),
            (a[4][2] ^ d[2]).rotate_left(61),
        ]),
        chi([
            (a[0][1] ^ d[1]).rotate_left(1),
            (a[1][2] ^ d[2]).rotate_left(6),
            (a[2][3] ^ d[3]).rotate_left(25),
            (a[3][4] ^ d[4]).rotate_left(8),
            (a[4][0] ^ d[0]).rotate_left(18),
        ]),
        chi([
            (a[0][4] ^ d[4]).rotate_left(27),
            (a[1][0] ^ d[0]).rotate_left(36),
            (a[2][1] ^ d[1]).rotate_left(10),
            (a[3][2] ^ d[2]).rotate_left(15),
            (a[4][3] ^ d[3]).rotate_left(56),
        ]),
        chi([
            (a[0][2] ^ d[2]).rotate_left(62),
            (a[1][3] ^ d[3]).rotate_left(55),
            (a[2][4] ^ d[4]).rotate_left(39),
            (a[3][0] ^ d[0]).rotate_left(41),
            (a[4][1] ^ d[1]).rotate_left(2),
        ]),
    ]
}

#[inline(always)]
fn chi(b: [u64; 5]) -> [u64; 5] {
    [b[0] ^ (!b[1] & b[2]), b[1] ^ (!b[2] & b[3]), b[2] ^ (!b[3] & b[4]), b[3] ^ (!b[4] & b[0]), b[4] ^ (!b[0] & b[1])]
}

/// What iota adds in each round (section 3.2.5).
const CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The permutation of zeros, and of that.
    #[test]
    fn permutes_zeros() {
        let mut state = ZERO;
        Permutation(&mut state).run();
        assert_eq!([0xf125_8f79_40e1_dde7, 0x84d5_ccf9_33c0_478a], state[0][..2]);
        Permutation(&mut state).run();
        assert_eq!([0x2d5c_954d_f96e_cb3c, 0x6a33_2cd0_7057_b56d], state[0][..2]);
    }
}
