//! The bytes of public keys, signatures and commitments (FIPS 204 sections 7.1 and 7.2), read strictly.
//!
//! A signature has one encoding. A second encoding is refused; otherwise others could make a second signature of one that they
//! have seen.

#![allow(clippy::inline_always, reason = "only what is inlined is compiled for the ring's instructions")]

use super::parameters::{Bits, Parameters};
use super::ring::{DEGREE, Polynomial};

/// A signature of the right length, whose hints are well-formed.
pub(super) struct Signature<'a> {
    pub(super) challenge: &'a [u8],
    pub(super) z: &'a [u8],
    pub(super) hints: Hints<'a>,
}

impl<'a> Signature<'a> {
    /// Splits a signature and reads its hints (Algorithm 27).
    #[inline]
    pub(super) fn read(parameters: &Parameters, octets: &'a [u8]) -> Option<Self> {
        if octets.len() != parameters.signature_len() {
            return None;
        }
        let (challenge, rest) = octets.split_at_checked(parameters.challenge_len)?;
        let (z, hints) = rest.split_at_checked(parameters.l * parameters.z_len())?;
        Some(Self { challenge, z, hints: Hints::read(hints, parameters.omega)? })
    }
}

/// The positions of hints, polynomial after polynomial.
#[derive(Debug)]
pub(super) struct Hints<'a> {
    positions: &'a [u8],
    ends: &'a [u8],
}

impl<'a> Hints<'a> {
    /// Judges what Algorithm 21 (HintBitUnpack) judges: ends in order and within the positions, the positions of one
    /// polynomial strictly increasing, and those that are not used zero.
    #[inline]
    fn read(octets: &'a [u8], omega: usize) -> Option<Self> {
        let (positions, ends) = octets.split_at_checked(omega)?;
        let mut start = 0;
        for end in ends {
            let end = usize::from(*end);
            let strictly_increasing = positions.get(start..end)?.is_sorted_by(|one, next| one < next);
            if !strictly_increasing {
                return None;
            }
            start = end;
        }
        let unused = positions.get(start..)?;
        unused.iter().all(|position| *position == 0).then_some(Self { positions, ends })
    }

    /// The positions in each polynomial.
    #[inline]
    pub(super) fn polynomials(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = usize::from(*end);
            let positions = self.positions.get(start..end).unwrap_or_default();
            start = end;
            positions
        })
    }
}

/// Reads one polynomial of z (Algorithm 19, BitUnpack); whether all coefficients are below the bound, gamma1 - beta.
#[inline(always)]
pub(super) fn read_z(parameters: &Parameters, octets: &[u8], z: &mut Polynomial) -> bool {
    let gamma1 = parameters.gamma1();
    match parameters.z_bits {
        Bits::Eighteen => unpack::<18, 9, 4>(octets, z),
        Bits::Twenty => unpack::<20, 5, 2>(octets, z),
    }
    for number in &mut z.0 {
        *number = gamma1 - *number;
    }
    let bound = gamma1 - parameters.beta;
    z.0.iter().fold(0, |largest, number| largest.max(number.abs())) < bound
}

/// Reads one polynomial of t1 (Algorithm 18, SimpleBitUnpack, ten bits each) and multiplies it by 2^13; it stays below q.
pub(super) fn read_t1(octets: &[u8]) -> Polynomial {
    let mut t1 = Polynomial::ZERO;
    unpack::<10, 5, 4>(octets, &mut t1);
    Polynomial(t1.0.map(|number| number << 13))
}

/// Reads integers of `BITS` bits, least significant bit first, in groups of `NUMBERS` integers in `OCTETS` bytes.
#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "no number has more than 20 bits")]
fn unpack<const BITS: usize, const OCTETS: usize, const NUMBERS: usize>(octets: &[u8], out: &mut Polynomial) {
    const { assert!(BITS * NUMBERS == 8 * OCTETS && OCTETS <= 16) };
    for (numbers, octets) in out.0.as_chunks_mut::<NUMBERS>().0.iter_mut().zip(octets.as_chunks::<OCTETS>().0) {
        let mut word = [0; 16];
        for (to, from) in word.iter_mut().zip(octets) {
            *to = *from;
        }
        let word = u128::from_le_bytes(word);
        for (position, number) in numbers.iter_mut().enumerate() {
            *number = (word >> (BITS * position)) as i32 & ((1 << BITS) - 1);
        }
    }
}

/// Writes the high bits of one polynomial (Algorithm 28, w1Encode), where they are below 16.
#[inline(always)]
pub(super) fn in_four_bits(high: &[u8; DEGREE]) -> [u8; DEGREE / 2] {
    let mut out = [0; DEGREE / 2];
    for (octet, [a, b]) in out.iter_mut().zip(high.as_chunks().0) {
        *octet = a | b << 4;
    }
    out
}

/// The same where they are below 44.
#[inline(always)]
pub(super) fn in_six_bits(high: &[u8; DEGREE]) -> [u8; DEGREE / 4 * 3] {
    let mut out = [0; DEGREE / 4 * 3];
    for (octets, [a, b, c, d]) in out.as_chunks_mut().0.iter_mut().zip(high.as_chunks().0) {
        *octets = [a | b << 6, b >> 2 | c << 4, c >> 4 | d << 2];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the standard's Algorithm 21 reads, line by line; `None` for its bottom.
    fn transcription(octets: &[u8], omega: usize, k: usize) -> Option<Vec<Vec<u8>>> {
        let mut hints = Vec::new();
        let mut index = 0;
        for i in 0..k {
            let end = usize::from(octets[omega + i]);
            if end < index || end > omega {
                return None;
            }
            let first = index;
            let mut positions = Vec::new();
            while index < end {
                if index > first && octets[index - 1] >= octets[index] {
                    return None;
                }
                positions.push(octets[index]);
                index += 1;
            }
            hints.push(positions);
        }
        (index..omega).all(|unused| octets[unused] == 0).then_some(hints)
    }

    fn read(octets: &[u8], omega: usize) -> Option<Vec<Vec<u8>>> {
        Hints::read(octets, omega).map(|hints| hints.polynomials().map(<[u8]>::to_vec).collect())
    }

    /// Over every string of a small alphabet, hints are read as the standard reads them: two polynomials of three hints.
    #[test]
    fn hints_are_the_standards() {
        let mut accepted = 0;
        for number in 0..5_usize.pow(5) {
            let octets: Vec<u8> = (0..5).map(|digit| u8::try_from(number / 5_usize.pow(digit) % 5).unwrap()).collect();
            let expected = transcription(&octets, 3, 2);
            accepted += usize::from(expected.is_some());
            assert_eq!(expected, read(&octets, 3), "{octets:?}");
        }
        // No more than three of ten: two polynomials have five positions each.
        assert_eq!(1 + 10 + 45 + 120, accepted);
    }

    /// Each rule refuses on its own.
    #[test]
    fn each_rule_of_hints_refuses() {
        assert_eq!(Some(vec![vec![3, 7], vec![0]]), read(&[3, 7, 0, 0, 2, 3], 4));
        for (broken, octets) in [
            ("a count below the one before", [3, 7, 0, 0, 2, 1]),
            ("a count above omega", [3, 7, 8, 9, 2, 5]),
            ("positions that decrease", [7, 3, 0, 0, 2, 3]),
            ("a position twice", [3, 3, 0, 0, 2, 3]),
            ("a byte after the last position", [3, 7, 0, 1, 2, 3]),
        ] {
            assert_eq!(None, read(&octets, 4), "{broken}");
        }
    }

    /// Every width of bits is read least significant bit first, and a bound is the first number that is too large.
    #[test]
    fn numbers_are_read_bit_by_bit() {
        use super::super::parameters::{ML_DSA_44, ML_DSA_65};
        for parameters in [&ML_DSA_44, &ML_DSA_65] {
            let octets: Vec<u8> =
                (0..parameters.z_len()).map(|position| u8::try_from(position * position * 7 % 251).unwrap()).collect();
            let mut z = Polynomial::ZERO;
            read_z(parameters, &octets, &mut z);
            let gamma1 = parameters.gamma1();
            assert_eq!(z.0.to_vec(), bits(&octets, parameters.z_bits as usize).map(|n| gamma1 - n).collect::<Vec<_>>());
        }
        let octets: Vec<u8> = (0..320).map(|position| u8::try_from(position * position * 7 % 251).unwrap()).collect();
        assert_eq!(read_t1(&octets).0.to_vec(), bits(&octets, 10).map(|number| number << 13).collect::<Vec<_>>());
        assert_eq!(read_t1(&[255; 320]).0, [1023 << 13; DEGREE]);
    }

    fn bits(octets: &[u8], width: usize) -> impl Iterator<Item = i32> {
        (0..octets.len() * 8 / width).map(move |number| {
            (0..width)
                .map(|bit| (number * width + bit, bit))
                .fold(0, |sum, (from, bit)| sum | i32::from(octets[from / 8] >> (from % 8) & 1) << bit)
        })
    }

    /// High bits are written least significant bit first.
    #[test]
    fn high_bits_are_written_bit_by_bit() {
        let high = std::array::from_fn(|position| u8::try_from(position % 16).unwrap());
        assert_eq!(high.map(i32::from).to_vec(), bits(&in_four_bits(&high), 4).collect::<Vec<_>>());
        let high = std::array::from_fn(|position| u8::try_from(position % 44).unwrap());
        assert_eq!(high.map(i32::from).to_vec(), bits(&in_six_bits(&high), 6).collect::<Vec<_>>());
    }
}
