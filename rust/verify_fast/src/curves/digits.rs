//! A scalar as signed digits, least significant first.
//!
//! The digits of width w lie in -2^(w-1)..=2^(w-1) and their sum, each weighted with 2^(w i), is the scalar as an integer:
//! nothing is reduced. Half of the digits are negative, and a negative point costs nothing, so a table needs half as many
//! entries as without the sign.

use std::slice::Iter;

/// The digits of one scalar; zeros without end follow the last.
pub(super) struct ScalarDigits<'a> {
    octets: Iter<'a, u8>,
    width: u32,
    /// Bits taken from the bytes and not yet given out.
    buffer: u32,
    held: u32,
    /// One if the last digit was lowered by 2^w.
    carry: u32,
}

impl<'a> ScalarDigits<'a> {
    /// Of a little-endian scalar; the width is at most `MAX_WIDTH`.
    pub(super) fn new(scalar: &'a [u8], width: u32) -> Self {
        Self { octets: scalar.iter(), width, buffer: 0, held: 0, carry: 0 }
    }
}

impl Iterator for ScalarDigits<'_> {
    type Item = Digit;

    #[inline]
    fn next(&mut self) -> Option<Digit> {
        while self.held < self.width {
            self.buffer |= u32::from(self.octets.next().copied().unwrap_or(0)) << self.held;
            self.held += 8;
        }
        let whole = 1 << self.width;
        let raw = (self.buffer & (whole - 1)) + self.carry;
        self.buffer >>= self.width;
        self.held -= self.width;
        let negative = raw > whole / 2;
        self.carry = u32::from(negative);
        Some(Digit { magnitude: if negative { whole - raw } else { raw }, negative })
    }
}

/// One digit. The magnitude of a negative one may be zero, where a carry made it up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digit {
    pub(super) magnitude: u32,
    pub(super) negative: bool,
}

/// The widest digit: the buffer holds one and a byte more.
pub(super) const MAX_WIDTH: u32 = 16;

/// The number of digits of a scalar of `bits` bits. The last digit has room for a carry.
pub(super) const fn count(bits: u32, width: u32) -> u32 {
    bits / width + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts the digits together again; the second value is what is left beyond the bytes.
    fn sum(scalar: &[u8], width: u32) -> (Vec<u8>, i64) {
        let bits = u32::try_from(8 * scalar.len()).unwrap();
        let digits: Vec<Digit> = ScalarDigits::new(scalar, width).take(count(bits, width) as usize).collect();
        let mut bits = vec![0_i64; 8 * scalar.len() + 40];
        for (index, digit) in digits.iter().enumerate() {
            assert!(digit.magnitude <= 1 << (width - 1), "{digit:?}");
            let sign = if digit.negative { -1 } else { 1 };
            for bit in 0..width as usize {
                bits[index * width as usize + bit] += sign * i64::from(digit.magnitude >> bit & 1);
            }
        }
        let mut carry = 0;
        for bit in &mut bits {
            let total = *bit + carry;
            (*bit, carry) = (total.rem_euclid(2), total.div_euclid(2));
        }
        let octets = bits[..8 * scalar.len()].chunks(8);
        let octets =
            octets.map(|bits| bits.iter().rev().fold(0, |octet, bit| octet << 1 | u8::try_from(*bit).unwrap()));
        (octets.collect(), bits[8 * scalar.len()..].iter().sum::<i64>() + carry)
    }

    /// Zero, one, all ones, carries through every digit, and everything between come back as they were.
    #[test]
    fn digits_make_up_the_scalar() {
        for len in [32, 48, 66] {
            for width in 2..=10 {
                let mut one = vec![0; len];
                one[0] = 1;
                let mut scalars =
                    vec![vec![0; len], one, vec![0xff; len], vec![0x55; len], vec![0xaa; len], vec![0x80; len]];
                scalars.extend((0..=255).map(|fill| vec![fill; len]));
                let mut high = vec![0; len];
                high[len - 1] = 0x80;
                scalars.push(high);
                let mut ripple = vec![0xff; len];
                ripple[len - 1] = 0x7f;
                scalars.push(ripple);
                for scalar in scalars {
                    assert_eq!((scalar.clone(), 0), sum(&scalar, width), "width {width}");
                }
            }
        }
    }

    /// The border between positive and negative: half of the range stays positive, one more is lowered and carries.
    #[test]
    fn the_half_stays_positive() {
        let digits = |octet: u8| -> Vec<(u32, bool)> {
            ScalarDigits::new(&[octet], 4).take(3).map(|digit| (digit.magnitude, digit.negative)).collect()
        };
        assert_eq!(vec![(8, false), (0, false), (0, false)], digits(0x08));
        assert_eq!(vec![(7, true), (1, false), (0, false)], digits(0x09));
        assert_eq!(vec![(7, true), (8, false), (0, false)], digits(0x79));
        assert_eq!(vec![(7, true), (7, true), (1, false)], digits(0x89));
        assert_eq!(vec![(1, true), (0, true), (1, false)], digits(0xff));
    }
}
