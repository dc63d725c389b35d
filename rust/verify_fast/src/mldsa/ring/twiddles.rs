//! The powers of zeta as vectors of eight numbers, in the order in which the passes on vectors use them.
//!
//! Beside each number stands its product with the inverse of q modulo 2^32: what a reduction multiplies the other factor
//! with is then a product that need not wait for the first one.

#![allow(clippy::indexing_slicing, reason = "evaluated by the compiler, where an index out of bounds is an error")]

use super::DEGREE;
use super::roots::Q_INVERSE;

/// Eight factors.
pub(super) struct Twiddle {
    pub(super) value: [i32; 8],
    pub(super) scaled: [i32; 8],
}

/// The factors of one direction.
pub(super) struct Twiddles {
    /// Of the layers over 256, 128 and 64 numbers: one, two and four.
    pub(super) wide: [Twiddle; 7],
    /// Of the layers within each 32 numbers.
    pub(super) blocks: [Block; 8],
}

/// The factors of 32 numbers, which are two pairs of vectors.
pub(super) struct Block {
    pub(super) whole: Twiddle,
    pub(super) halves: [Twiddle; 2],
    /// Of the layers over 8, 4 and 2 numbers, for either pair of vectors.
    pub(super) eights: [Twiddle; 2],
    pub(super) fours: [Twiddle; 2],
    pub(super) pairs: [Twiddle; 2],
}

impl Twiddle {
    const fn new(powers: &[i32; DEGREE], positions: [usize; 8]) -> Self {
        let mut twiddle = Self { value: [0; 8], scaled: [0; 8] };
        let mut lane = 0;
        while lane < 8 {
            twiddle.value[lane] = powers[positions[lane]];
            twiddle.scaled[lane] = twiddle.value[lane].wrapping_mul(Q_INVERSE);
            lane += 1;
        }
        twiddle
    }

    /// The same number eight times.
    pub(super) const fn constant(number: i32) -> Self {
        Self { value: [number; 8], scaled: [number.wrapping_mul(Q_INVERSE); 8] }
    }
}

impl Twiddles {
    /// From the powers in the standard's order.
    pub(super) const fn new(powers: &[i32; DEGREE]) -> Self {
        Self {
            wide: [
                Twiddle::constant(powers[1]),
                Twiddle::constant(powers[2]),
                Twiddle::constant(powers[3]),
                Twiddle::constant(powers[4]),
                Twiddle::constant(powers[5]),
                Twiddle::constant(powers[6]),
                Twiddle::constant(powers[7]),
            ],
            blocks: [
                Block::new(powers, 0),
                Block::new(powers, 1),
                Block::new(powers, 2),
                Block::new(powers, 3),
                Block::new(powers, 4),
                Block::new(powers, 5),
                Block::new(powers, 6),
                Block::new(powers, 7),
            ],
        }
    }
}

impl Block {
    const fn new(powers: &[i32; DEGREE], block: usize) -> Self {
        Self {
            whole: Twiddle::constant(powers[8 + block]),
            halves: [Twiddle::constant(powers[16 + 2 * block]), Twiddle::constant(powers[17 + 2 * block])],
            eights: [eights(powers, 32 + 4 * block), eights(powers, 34 + 4 * block)],
            fours: [fours(powers, 64 + 8 * block), fours(powers, 68 + 8 * block)],
            pairs: [pairs(powers, 128 + 16 * block), pairs(powers, 136 + 16 * block)],
        }
    }
}

const fn eights(powers: &[i32; DEGREE], position: usize) -> Twiddle {
    Twiddle::new(
        powers,
        [position, position, position, position, position + 1, position + 1, position + 1, position + 1],
    )
}

const fn fours(powers: &[i32; DEGREE], position: usize) -> Twiddle {
    Twiddle::new(
        powers,
        [position, position, position + 1, position + 1, position + 2, position + 2, position + 3, position + 3],
    )
}

/// The exchange of single numbers leaves the pairs of each half in the order 0, 2, 1, 3.
const fn pairs(powers: &[i32; DEGREE], position: usize) -> Twiddle {
    Twiddle::new(
        powers,
        [position, position + 2, position + 1, position + 3, position + 4, position + 6, position + 5, position + 7],
    )
}
