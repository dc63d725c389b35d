//! High bits of coefficients, and hints that correct them (FIPS 204 section 7.4).
//!
//! The high bits of a number in 0..q are the index of the nearest multiple of 2 gamma2. A hint says to go one multiple further,
//! to the side on which the number lies.

#![allow(clippy::inline_always, reason = "only what is inlined is compiled for the ring's instructions")]

use super::ring::{DEGREE, Polynomial, Q};

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
    #[inline(always)]
    pub(super) fn use_hints(self, numbers: &Polynomial, hints: &[u8]) -> [u8; DEGREE] {
        let mut high = [0; DEGREE];
        match self {
            Self::Into16 => high.iter_mut().zip(&numbers.0).for_each(|(high, number)| *high = high_bits_of_16(*number)),
            Self::Into44 => high.iter_mut().zip(&numbers.0).for_each(|(high, number)| *high = high_bits_of_44(*number)),
        }
        for position in hints {
            if let (Some(high), Some(number)) =
                (high.get_mut(usize::from(*position)), numbers.0.get(usize::from(*position)))
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

/// A number from 0..q divided by 2 gamma2 and rounded, half down; what would be 16 is 0. 1025 / 2^22 is nearly
/// 128 / (2 gamma2), and a test compares all numbers.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "four bits are left")]
fn high_bits_of_16(number: i32) -> u8 {
    (((((number + 127) >> 7) * 1025 + (1 << 21)) >> 22) & 15) as u8
}

/// The same for 44; what would be 44 is 0.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0..44")]
fn high_bits_of_44(number: i32) -> u8 {
    let high = (((number + 127) >> 7) * 11_275 + (1 << 23)) >> 24;
    (if high == 44 { 0 } else { high }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Algorithm 36 (Decompose), line by line.
    fn decompose(number: i32, gamma2: i32) -> (i32, i32) {
        let alpha = 2 * gamma2;
        let remainder = number % alpha;
        let low = if remainder > gamma2 { remainder - alpha } else { remainder };
        if number - low == Q - 1 { (0, low - 1) } else { ((number - low) / alpha, low) }
    }

    /// Algorithm 40 (UseHint), line by line.
    fn use_hint(hint: bool, number: i32, gamma2: i32) -> i32 {
        let m = (Q - 1) / (2 * gamma2);
        let (high, low) = decompose(number, gamma2);
        match (hint, low > 0) {
            (true, true) => (high + 1).rem_euclid(m),
            (true, false) => (high - 1).rem_euclid(m),
            (false, _) => high,
        }
    }

    /// Every number from 0..q is rounded as the standard rounds it, with a hint and without.
    #[test]
    fn every_number_is_rounded() {
        let everywhere: Vec<u8> = (0..=255).collect();
        for rounding in [Rounding::Into16, Rounding::Into44] {
            for start in (0..Q).step_by(DEGREE) {
                let numbers =
                    Polynomial(std::array::from_fn(|position| (start + i32::try_from(position).unwrap()) % Q));
                for (hints, hint) in [(&[][..], false), (&everywhere, true)] {
                    let expected = numbers.0.map(|number| use_hint(hint, number, rounding.gamma2()));
                    assert_eq!(expected, rounding.use_hints(&numbers, hints).map(i32::from), "{rounding:?} {start}");
                }
            }
        }
    }

    /// The ends of the first, the second and the last interval.
    #[test]
    fn edges() {
        for rounding in [Rounding::Into16, Rounding::Into44] {
            let (gamma2, most) = (rounding.gamma2(), i32::from(rounding.multiples()) - 1);
            for (number, high, hinted) in [
                (0, 0, most),
                (1, 0, 1),
                (gamma2, 0, 1),
                (gamma2 + 1, 1, 0),
                (2 * gamma2, 1, 0),
                (2 * gamma2 + 1, 1, 2),
                (Q - 1 - gamma2, most, 0),
                (Q - gamma2, 0, most),
                (Q - 1, 0, most),
            ] {
                let numbers = Polynomial([number; DEGREE]);
                assert_eq!(high, i32::from(rounding.use_hints(&numbers, &[])[7]), "{rounding:?} {number}");
                assert_eq!(hinted, i32::from(rounding.use_hints(&numbers, &[7])[7]), "{rounding:?} {number}");
            }
        }
    }
}
