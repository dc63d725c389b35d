//! The integers modulo the orders of P-384 and P-521, on 64-bit limbs.
//!
//! Products are Montgomery's.

use std::marker::PhantomData;

use super::field::{Scalar, padded, reversed};
use super::inversion::Modulus;
use super::limbs::{limbs, low, lowest, octets, one, product, subtract};

/// An integer modulo the order of P-384.
pub(super) type P384Scalar = Modular<P384Order, 6, 48>;
/// An integer modulo the order of P-521.
pub(super) type P521Scalar = Modular<P521Order, 9, 66>;

/// An odd prime.
pub(super) trait Order<const LIMBS: usize>: Copy {
    const MODULUS: Modulus<LIMBS>;
    /// R^2 modulo MODULUS, where R is 2^(64 LIMBS).
    const R_SQUARED: [u64; LIMBS];
}

/// An integer below the order, least significant limb first. Its encoding has `OCTETS` bytes.
#[derive(Clone, Copy)]
pub(super) struct Modular<O, const LIMBS: usize, const OCTETS: usize>([u64; LIMBS], PhantomData<O>);

impl<O: Order<LIMBS>, const LIMBS: usize, const OCTETS: usize> Scalar for Modular<O, LIMBS, OCTETS> {
    type Octets = [u8; OCTETS];

    fn read(octets: &[u8]) -> Option<Self> {
        let limbs = limbs(&reversed::<OCTETS>(octets)?);
        is_less(&limbs, &O::MODULUS.limbs).then_some(Self(limbs, PhantomData))
    }

    fn reduce(octets: &[u8]) -> Option<Self> {
        let limbs = limbs(&padded::<OCTETS>(octets)?);
        let once = Self::montgomery(&limbs, &O::R_SQUARED);
        Some(Self(Self::montgomery(&once, &one()), PhantomData))
    }

    fn mul(&self, other: &Self) -> Self {
        let over_r = Self::montgomery(&self.0, &other.0);
        Self(Self::montgomery(&over_r, &O::R_SQUARED), PhantomData)
    }

    fn invert(&self) -> Option<Self> {
        let inverse = Self(O::MODULUS.inverse(&self.0)?, PhantomData);
        (self.mul(&inverse).0 == one()).then_some(inverse)
    }

    fn is_zero(&self) -> bool {
        self.0 == [0; LIMBS]
    }

    fn octets(&self) -> [u8; OCTETS] {
        octets(&self.0)
    }
}

impl<O: Order<LIMBS>, const LIMBS: usize, const OCTETS: usize> Modular<O, LIMBS, OCTETS> {
    /// one * other / R modulo the order; only the second must be below the order.
    fn montgomery(one: &[u64; LIMBS], other: &[u64; LIMBS]) -> [u64; LIMBS] {
        let mut sum = [0; LIMBS];
        let mut high = 0;
        for limb in one {
            let carry = add_product(&mut sum, other, *limb);
            let (top, over) = with_carry(high, carry);
            let factor = lowest(&sum).wrapping_mul(O::MODULUS.minus_inverse);
            let carry = add_product(&mut sum, &O::MODULUS.limbs, factor);
            // The lowest limb is zero now: all move down by one.
            sum.rotate_left(1);
            let (top, over_again) = with_carry(top, carry);
            if let Some(last) = sum.last_mut() {
                *last = top;
            }
            high = over + over_again;
        }
        let (reduced, below) = subtract(&sum, &O::MODULUS.limbs);
        if high == 0 && below { sum } else { reduced }
    }
}

fn is_less<const LIMBS: usize>(number: &[u64; LIMBS], other: &[u64; LIMBS]) -> bool {
    number.iter().rev().lt(other.iter().rev())
}

/// Adds a multiple; what did not fit.
fn add_product<const LIMBS: usize>(number: &mut [u64; LIMBS], other: &[u64; LIMBS], factor: u64) -> u64 {
    let mut carry = 0;
    for (limb, other) in number.iter_mut().zip(other) {
        let sum = product(*other, factor) + u128::from(*limb) + u128::from(carry);
        (*limb, carry) = (low(sum), low(sum >> 64));
    }
    carry
}

/// A sum and its carry.
fn with_carry(one: u64, other: u64) -> (u64, u64) {
    let (sum, over) = one.overflowing_add(other);
    (sum, u64::from(over))
}

/// The order of P-384.
#[derive(Clone, Copy)]
pub(super) struct P384Order;

impl Order<6> for P384Order {
    const MODULUS: Modulus<6> = Modulus::new([
        0xecec_196a_ccc5_2973,
        0x581a_0db2_48b0_a77a,
        0xc763_4d81_f437_2ddf,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
    ]);
    const R_SQUARED: [u64; 6] = [
        0x2d31_9b24_19b4_09a9,
        0xff3d_81e5_df1a_a419,
        0xbc3e_483a_fcb8_2947,
        0xd40d_4917_4aab_1cc5,
        0x3fb0_5b7a_2826_6895,
        0x0c84_ee01_2b39_bf21,
    ];
}

/// The order of P-521.
#[derive(Clone, Copy)]
pub(super) struct P521Order;

impl Order<9> for P521Order {
    const MODULUS: Modulus<9> = Modulus::new([
        0xbb6f_b71e_9138_6409,
        0x3bb5_c9b8_899c_47ae,
        0x7fcc_0148_f709_a5d0,
        0x5186_8783_bf2f_966b,
        0xffff_ffff_ffff_fffa,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0x0000_0000_0000_01ff,
    ]);
    const R_SQUARED: [u64; 9] = [
        0x137c_d04d_cf15_dd04,
        0xf707_badc_e554_7ea3,
        0x12a7_8d38_7945_73ff,
        0xd372_1ef5_57f7_5e06,
        0xdd6e_23d8_2e49_c7db,
        0xcff3_d142_b775_6e3e,
        0x5bcc_6d61_a8e5_67bc,
        0x2d8e_03d1_492d_0d45,
        0x0000_0000_0000_003d,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small<O: Order<L>, const L: usize, const N: usize>(value: u64) -> Modular<O, L, N> {
        let mut limbs = [0; L];
        limbs[0] = value;
        Modular(limbs, PhantomData)
    }

    /// The order less a small number, big-endian.
    fn below<O: Order<L>, const L: usize, const N: usize>(less: u64) -> Vec<u8> {
        let (limbs, _) = subtract(&O::MODULUS.limbs, &small::<O, L, N>(less).0);
        let mut octets = Modular::<O, L, N>(limbs, PhantomData).octets().to_vec();
        octets.reverse();
        octets
    }

    fn check<O: Order<L>, const L: usize, const N: usize>() {
        type Number<O, const L: usize, const N: usize> = Modular<O, L, N>;
        // The order and larger integers are refused, except where reduction is requested.
        assert!(Number::<O, L, N>::read(&below::<O, L, N>(0)).is_none());
        assert!(Number::<O, L, N>::read(&vec![0xff; N]).is_none());
        for wrong in [N - 1, N + 1, 0] {
            assert!(Number::<O, L, N>::read(&vec![0; wrong]).is_none());
        }
        assert!(Number::<O, L, N>::reduce(&vec![0; N + 1]).is_none());
        assert!(Number::<O, L, N>::reduce(&below::<O, L, N>(0)).unwrap().is_zero());
        assert!(Number::<O, L, N>::reduce(&[]).unwrap().is_zero());
        assert_eq!(small::<O, L, N>(0x0102).0, Number::<O, L, N>::reduce(&[1, 2]).unwrap().0);
        let top = Number::<O, L, N>::reduce(&below::<O, L, N>(1)).unwrap();
        assert_eq!(Number::<O, L, N>::read(&below::<O, L, N>(1)).unwrap().0, top.0);
        // (-1)^2 = 1, and all ones is what squaring 2^(4 N) less one says it is.
        assert_eq!(one::<L>(), top.mul(&top).0);
        let half = Number::<O, L, N>::reduce(&[vec![1], vec![0; N / 2]].concat()).unwrap();
        let ones = Number::<O, L, N>::reduce(&vec![0xff; N]).unwrap();
        assert_eq!(subtract(&half.mul(&half).0, &one()).0, ones.0);
        // Zero has no inverse; every other number has the one that multiplies to one.
        assert!(small::<O, L, N>(0).invert().is_none());
        let mut numbers = vec![small(1), small(2), small(3), small(1 << 63), top, half, ones];
        for seed in 1..200_u8 {
            numbers.push(
                Number::<O, L, N>::reduce(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, &[seed]).as_ref())
                    .unwrap(),
            );
        }
        for shift in 0..8 * N - 8 {
            let mut octets = vec![0; N];
            octets[N - 1 - shift / 8] = 1 << (shift % 8);
            numbers.push(Number::<O, L, N>::reduce(&octets).unwrap());
        }
        for number in numbers {
            let inverse = number.invert().unwrap();
            assert!(is_less(&inverse.0, &O::MODULUS.limbs));
            assert_eq!(one::<L>(), number.mul(&inverse).0);
            assert_eq!(number.0, inverse.invert().unwrap().0);
        }
        // What is read is what is written.
        let mut octets = top.octets();
        octets.reverse();
        assert_eq!(below::<O, L, N>(1), octets);
    }

    /// Reading, reduction, products and inverses at the borders: zero, one, powers of two, n - 1, n, all ones.
    #[test]
    fn integers_modulo_the_orders() {
        check::<P384Order, 6, 48>();
        check::<P521Order, 9, 66>();
    }
}
