//! The powers of zeta = 1753, a 512th root of unity modulo q, that a transform multiplies by (FIPS 204 appendix B).
//!
//! All are in Montgomery's form, times 2^32, from 0..q. The index of a power is its index in the standard's array, so
//! the n blocks of one layer have the indices n..2n, in order.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, where an index out of bounds is an error; numbers below q fit"
)]

use super::{DEGREE, Q};

const MODULUS: u64 = Q.unsigned_abs() as u64;

/// 2^32 modulo q.
const R: u64 = (1 << 32) % MODULUS;

/// The inverse of q modulo 2^32.
pub(super) const Q_INVERSE: i32 = 58_728_449;

/// The powers of zeta, by which the transform multiplies.
pub(super) static FORWARD: [i32; DEGREE] = powers();

/// Their inverses, by the same indices: of the n blocks of a layer, the mth has minus the power of the (n - 1 - m)th.
pub(super) static BACKWARD: [i32; DEGREE] = inverses();

/// 1/256 times 2^64: takes back the factor of the inverse transform, and the 2^-32 of a product.
pub(super) const SCALE: i32 = (R * R % MODULUS * (MODULUS - (MODULUS - 1) / 256) % MODULUS) as i32;

const fn powers() -> [i32; DEGREE] {
    let mut powers = [0; DEGREE];
    let mut power = R;
    let mut exponent: usize = 0;
    while exponent < DEGREE {
        powers[(exponent as u8).reverse_bits() as usize] = power as i32;
        power = power * 1753 % MODULUS;
        exponent += 1;
    }
    powers
}

const fn inverses() -> [i32; DEGREE] {
    let powers = powers();
    let mut inverses = [0; DEGREE];
    let mut blocks = 1;
    while blocks < DEGREE {
        let mut block = 0;
        while block < blocks {
            inverses[blocks + block] = Q - powers[2 * blocks - 1 - block];
            block += 1;
        }
        blocks *= 2;
    }
    inverses
}
