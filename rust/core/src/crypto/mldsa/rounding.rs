//! Rounding off what a signature leaves open (FIPS 204 section 7.4): high bits, and hints that correct them.
//!
//! A number from 0..q lies nearest to one of so many multiples of 2 gamma2, and its high bits say to which. A hint says to
//! go one multiple further, to the side on which the number lies.

use jwseal_vectors::ring::{DEGREE, Polynomial, Q};

/// How many multiples there are: (q - 1) / (2 gamma2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// gamma2 is (q - 1) / 32.
    Into16,
    /// gamma2 is (q - 1) / 88.
    Into44,
}

impl Rounding {
    /// The high bits of 256 numbers, corrected where there are hints (Algorithm 40).
    #[inline]
    pub(super) fn use_hints(self, numbers: &Polynomial, hints: &[u8]) -> [u8; DEGREE] {
        let mut high = match self {
            Self::Into16 => numbers.0.map(high_bits_of_16),
            Self::Into44 => numbers.0.map(high_bits_of_44),
        };
        for place in hints {
            if let (Some(high), Some(number)) =
                (high.get_mut(usize::from(*place)), numbers.0.get(usize::from(*place)))
            {
                *high = self.hinted(*number, *high);
            }
        }
        high
    }

    #[inline]
    fn hinted(self, number: i32, high: u8) -> u8 {
        let low = number - i32::from(high) * 2 * self.gamma2();
        // A number close below q belongs to the multiple 0 and lies below it.
        let above = low > 0 && low <= self.gamma2();
        let most = self.multiples() - 1;
        match (above, high) {
            (true, high) if high == most => 0,
            (true, high) => high + 1,
            (false, 0) => most,
            (false, high) => high - 1,
        }
    }

    /// Octets in which the high bits of 256 numbers are written.
    pub(super) const fn octets(self) -> usize {
        match self {
            Self::Into16 => DEGREE / 8 * 4,
            Self::Into44 => DEGREE / 8 * 6,
        }
    }

    const fn multiples(self) -> u8 {
        match self {
            Self::Into16 => 16,
            Self::Into44 => 44,
        }
    }

    const fn gamma2(self) -> i32 {
        match self {
            Self::Into16 => (Q - 1) / 32,
            Self::Into44 => (Q - 1) / 88,
        }
    }
}

/// A number from 0..q divided by 2 gamma2 and rounded, half down; what would be 16 is 0. 1025 / 2^22 is 128 / (2 gamma2), nearly:
/// a test compares all numbers.
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "four bits are left")]
fn high_bits_of_16(number: i32) -> u8 {
    (((((number + 127) >> 7) * 1025 + (1 << 21)) >> 22) & 15) as u8
}

/// The same for 44; what would be 44 is 0.
#[inline]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0..44")]
fn high_bits_of_44(number: i32) -> u8 {
    let high = (((number + 127) >> 7) * 11_275 + (1 << 23)) >> 24;
    (if high == 44 { 0 } else { high }) as u8
}
