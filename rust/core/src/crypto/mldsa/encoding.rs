//! The octets of public keys, signatures and commitments (FIPS 204 sections 7.1 and 7.2), read strictly.
//!
//! A signature has one encoding: what could be written in two ways is refused, or others could make a second signature of
//! one that they have seen.

use jwseal_vectors::ring::{DEGREE, Polynomial};

use super::parameters::{Bits, Parameters};
use super::rounding::Rounding;

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

/// The places of hints, polynomial after polynomial.
#[derive(Debug)]
pub(super) struct Hints<'a> {
    places: &'a [u8],
    ends: &'a [u8],
}

impl<'a> Hints<'a> {
    /// Judges what Algorithm 21 (HintBitUnpack) judges: ends in order and within the places, the places of one polynomial
    /// strictly increasing, and those that are not used zero.
    #[inline]
    fn read(octets: &'a [u8], omega: usize) -> Option<Self> {
        let (places, ends) = octets.split_at_checked(omega)?;
        let mut start = 0;
        for end in ends {
            let end = usize::from(*end);
            let strictly_increasing = places.get(start..end)?.is_sorted_by(|one, next| one < next);
            if !strictly_increasing {
                return None;
            }
            start = end;
        }
        let unused = places.get(start..)?;
        unused.iter().all(|place| *place == 0).then_some(Self { places, ends })
    }

    /// The places in each polynomial.
    #[inline]
    pub(super) fn polynomials(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = usize::from(*end);
            let places = self.places.get(start..end).unwrap_or_default();
            start = end;
            places
        })
    }
}

/// Reads one polynomial of z (Algorithm 19, BitUnpack); whether all coefficients are below the bound, gamma1 - beta.
#[inline]
pub(super) fn read_z(parameters: &Parameters, octets: &[u8], z: &mut Polynomial) -> bool {
    let gamma1 = parameters.gamma1();
    match parameters.z_bits {
        Bits::Eighteen => {
            for (four, octets) in z.0.as_chunks_mut().0.iter_mut().zip(octets.as_chunks().0) {
                *four = four_of_18(octets).map(|number| gamma1 - number);
            }
        }
        Bits::Twenty => {
            for (two, octets) in z.0.as_chunks_mut().0.iter_mut().zip(octets.as_chunks().0) {
                *two = two_of_20(octets).map(|number| gamma1 - number);
            }
        }
    }
    let bound = gamma1 - parameters.beta;
    z.0.iter().fold(0, |largest, number| largest.max(number.abs())) < bound
}

#[inline]
fn four_of_18([a, b, c, d, e, f, g, h, i]: &[u8; 9]) -> [i32; 4] {
    [
        i32::from_le_bytes([*a, *b, *c & 0x03, 0]),
        i32::from_le_bytes([*c, *d, *e & 0x0f, 0]) >> 2,
        i32::from_le_bytes([*e, *f, *g & 0x3f, 0]) >> 4,
        i32::from_le_bytes([*g, *h, *i, 0]) >> 6,
    ]
}

#[inline]
fn two_of_20([a, b, c, d, e]: &[u8; 5]) -> [i32; 2] {
    [i32::from_le_bytes([*a, *b, *c & 0x0f, 0]), i32::from_le_bytes([*c, *d, *e, 0]) >> 4]
}

/// Reads one polynomial of t1 (Algorithm 18, SimpleBitUnpack, ten bits each) and multiplies it by 2^13; it stays below q.
pub(super) fn read_t1(octets: &[u8]) -> Polynomial {
    let mut t1 = Polynomial::ZERO;
    for (four, [a, b, c, d, e]) in t1.0.as_chunks_mut::<4>().0.iter_mut().zip(octets.as_chunks().0) {
        *four = [
            i32::from_le_bytes([*a, *b & 0x03, 0, 0]),
            i32::from_le_bytes([*b, *c & 0x0f, 0, 0]) >> 2,
            i32::from_le_bytes([*c, *d & 0x3f, 0, 0]) >> 4,
            i32::from_le_bytes([*d, *e, 0, 0]) >> 6,
        ]
        .map(|number| number << 13);
    }
    t1
}

/// Writes the high bits of one polynomial (Algorithm 28, w1Encode), four or six bits each.
#[inline]
pub(super) fn write_high(rounding: Rounding, high: &[u8; DEGREE], out: &mut [u8]) {
    match rounding {
        Rounding::Into16 => {
            for (octet, [a, b]) in out.iter_mut().zip(high.as_chunks().0) {
                *octet = a | b << 4;
            }
        }
        Rounding::Into44 => {
            for (octets, [a, b, c, d]) in out.as_chunks_mut().0.iter_mut().zip(high.as_chunks().0) {
                *octets = [a | b << 6, b >> 2 | c << 4, c >> 4 | d << 2];
            }
        }
    }
}
