//! The fields of P-384 and P-521 by `fiat-crypto`, whose code is generated with a proof.

use fiat_crypto::{p384_64 as p384, p521_64 as p521};

use super::field::{Field, reversed};
use super::inversion::Modulus;
use super::limbs::{limbs, octets};

/// An element of the field of P-384, in Montgomery form and below the modulus.
#[derive(Clone, Copy)]
pub(super) struct P384Element(p384::fiat_p384_montgomery_domain_field_element);

impl P384Element {
    const ZERO: Self = Self(p384::fiat_p384_montgomery_domain_field_element([0; 6]));
}

impl Field for P384Element {
    const ONE: Self = {
        let mut one = Self::ZERO.0;
        p384::fiat_p384_set_one(&mut one);
        Self(one)
    };

    fn read(octets: &[u8]) -> Option<Self> {
        if octets >= P384_MODULUS {
            return None;
        }
        let mut integer = p384::fiat_p384_non_montgomery_domain_field_element([0; 6]);
        p384::fiat_p384_from_bytes(&mut integer.0, &reversed(octets)?);
        let mut element = Self::ZERO;
        p384::fiat_p384_to_montgomery(&mut element.0, &integer);
        Some(element)
    }

    #[inline]
    fn add(&self, other: &Self) -> Self {
        let mut sum = Self::ZERO;
        p384::fiat_p384_add(&mut sum.0, &self.0, &other.0);
        sum
    }

    #[inline]
    fn sub(&self, other: &Self) -> Self {
        let mut difference = Self::ZERO;
        p384::fiat_p384_sub(&mut difference.0, &self.0, &other.0);
        difference
    }

    #[inline]
    fn mul(&self, other: &Self) -> Self {
        let mut product = Self::ZERO;
        p384::fiat_p384_mul(&mut product.0, &self.0, &other.0);
        product
    }

    #[inline]
    fn square(&self) -> Self {
        let mut square = Self::ZERO;
        p384::fiat_p384_square(&mut square.0, &self.0);
        square
    }

    #[inline]
    fn negate(&self) -> Self {
        let mut negative = Self::ZERO;
        p384::fiat_p384_opp(&mut negative.0, &self.0);
        negative
    }

    fn invert(&self) -> Option<Self> {
        const MODULUS: Modulus<6> = Modulus::new([
            0x0000_0000_ffff_ffff,
            0xffff_ffff_0000_0000,
            0xffff_ffff_ffff_fffe,
            0xffff_ffff_ffff_ffff,
            0xffff_ffff_ffff_ffff,
            0xffff_ffff_ffff_ffff,
        ]);
        let mut integer = p384::fiat_p384_non_montgomery_domain_field_element([0; 6]);
        p384::fiat_p384_from_montgomery(&mut integer, &self.0);
        integer.0 = MODULUS.inverse(&integer.0)?;
        let mut inverse = Self::ZERO;
        p384::fiat_p384_to_montgomery(&mut inverse.0, &integer);
        self.mul(&inverse).sub(&Self::ONE).is_zero().then_some(inverse)
    }

    #[inline]
    fn is_zero(&self) -> bool {
        let mut limbs = 0;
        p384::fiat_p384_nonzero(&mut limbs, &self.0.0);
        limbs == 0
    }

    #[cfg(test)]
    fn written(&self) -> Vec<u8> {
        let mut integer = p384::fiat_p384_non_montgomery_domain_field_element([0; 6]);
        p384::fiat_p384_from_montgomery(&mut integer, &self.0);
        let mut octets = [0; 48];
        p384::fiat_p384_to_bytes(&mut octets, &integer.0);
        octets.into_iter().rev().collect()
    }
}

const P384_MODULUS: &[u8] = b"\
    \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\
    \xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff";

/// An element of the field of P-521 within the tight bounds, which do not make it unique.
#[derive(Clone, Copy)]
pub(super) struct P521Element(p521::fiat_p521_tight_field_element);

impl P521Element {
    const ZERO: Self = Self(p521::fiat_p521_tight_field_element([0; 9]));

    #[inline]
    fn relaxed(&self) -> p521::fiat_p521_loose_field_element {
        p521::fiat_p521_loose_field_element(self.0.0)
    }

    #[inline]
    fn carried(loose: &p521::fiat_p521_loose_field_element) -> Self {
        let mut element = Self::ZERO;
        p521::fiat_p521_carry(&mut element.0, loose);
        element
    }
}

impl Field for P521Element {
    const ONE: Self = Self(p521::fiat_p521_tight_field_element([1, 0, 0, 0, 0, 0, 0, 0, 0]));

    fn read(octets: &[u8]) -> Option<Self> {
        // The modulus is 2^521 - 1: of what has no more bits it is the only value that is not below it.
        let (first, rest) = octets.split_first()?;
        if *first > 1 || (*first == 1 && rest.iter().all(|octet| *octet == 0xff)) {
            return None;
        }
        let mut element = Self::ZERO;
        p521::fiat_p521_from_bytes(&mut element.0, &reversed(octets)?);
        Some(element)
    }

    #[inline]
    fn add(&self, other: &Self) -> Self {
        let mut sum = p521::fiat_p521_loose_field_element([0; 9]);
        p521::fiat_p521_add(&mut sum, &self.0, &other.0);
        Self::carried(&sum)
    }

    #[inline]
    fn sub(&self, other: &Self) -> Self {
        let mut difference = p521::fiat_p521_loose_field_element([0; 9]);
        p521::fiat_p521_sub(&mut difference, &self.0, &other.0);
        Self::carried(&difference)
    }

    #[inline]
    fn mul(&self, other: &Self) -> Self {
        let mut product = Self::ZERO;
        p521::fiat_p521_carry_mul(&mut product.0, &self.relaxed(), &other.relaxed());
        product
    }

    #[inline]
    fn square(&self) -> Self {
        let mut square = Self::ZERO;
        p521::fiat_p521_carry_square(&mut square.0, &self.relaxed());
        square
    }

    #[inline]
    fn negate(&self) -> Self {
        let mut negative = p521::fiat_p521_loose_field_element([0; 9]);
        p521::fiat_p521_opp(&mut negative, &self.0);
        Self::carried(&negative)
    }

    fn invert(&self) -> Option<Self> {
        const MODULUS: Modulus<9> =
            Modulus::new([u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, u64::MAX, 0x1ff]);
        let mut integer = [0; 66];
        p521::fiat_p521_to_bytes(&mut integer, &self.0);
        let integer = octets(&MODULUS.inverse(&limbs(&integer))?);
        let mut inverse = Self::ZERO;
        p521::fiat_p521_from_bytes(&mut inverse.0, &integer);
        self.mul(&inverse).sub(&Self::ONE).is_zero().then_some(inverse)
    }

    #[inline]
    fn is_zero(&self) -> bool {
        // Within the tight bounds a number is less than twice the modulus, and no other limbs make up zero or the modulus.
        let [limbs @ .., top] = self.0.0;
        (limbs == [0; 8] && top == 0) || (limbs == [(1 << 58) - 1; 8] && top == (1 << 57) - 1)
    }

    #[cfg(test)]
    fn written(&self) -> Vec<u8> {
        let mut octets = [0; 66];
        p521::fiat_p521_to_bytes(&mut octets, &self.0);
        octets.into_iter().rev().collect()
    }
}
