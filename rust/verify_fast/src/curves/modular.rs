//! The integers modulo the orders of P-384 and P-521, on 64-bit limbs.
//!
//! Products are Montgomery's. An inverse is found by binary division with remainder and multiplied out before it is believed,
//! so an error in finding it could refuse a signature and never accept one.

use std::marker::PhantomData;

use super::field::{Scalar, padded, reversed};

/// An integer modulo the order of P-384.
pub(super) type P384Scalar = Modular<P384Order, 6, 48>;
/// An integer modulo the order of P-521.
pub(super) type P521Scalar = Modular<P521Order, 9, 66>;

/// An odd prime.
pub(super) trait Order<const LIMBS: usize>: Copy {
    const MODULUS: [u64; LIMBS];
    /// -1 / MODULUS modulo 2^64.
    const MINUS_INVERSE: u64;
    /// R^2 modulo MODULUS, where R is 2^(64 LIMBS).
    const R_SQUARED: [u64; LIMBS];
}

/// An integer below the order, least significant limb first; it has so many bytes.
#[derive(Clone, Copy)]
pub(super) struct Modular<O, const LIMBS: usize, const OCTETS: usize>([u64; LIMBS], PhantomData<O>);

impl<O: Order<LIMBS>, const LIMBS: usize, const OCTETS: usize> Scalar for Modular<O, LIMBS, OCTETS> {
    type Octets = [u8; OCTETS];

    fn read(octets: &[u8]) -> Option<Self> {
        let limbs = limbs(&reversed::<OCTETS>(octets)?);
        is_less(&limbs, &O::MODULUS).then_some(Self(limbs, PhantomData))
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

    fn invert(&self) -> Self {
        let zero = Self([0; LIMBS], PhantomData);
        if self.is_zero() {
            return zero;
        }
        let inverse = Self(Self::inverse(&self.0), PhantomData);
        if self.mul(&inverse).0 == one() { inverse } else { zero }
    }

    fn is_zero(&self) -> bool {
        self.0 == [0; LIMBS]
    }

    fn octets(&self) -> [u8; OCTETS] {
        let mut octets = [0; OCTETS];
        for (octets, limb) in octets.chunks_mut(8).zip(self.0) {
            for (octet, own) in octets.iter_mut().zip(limb.to_le_bytes()) {
                *octet = own;
            }
        }
        octets
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
            let factor = lowest(&sum).wrapping_mul(O::MINUS_INVERSE);
            let carry = add_product(&mut sum, &O::MODULUS, factor);
            // The lowest limb is zero now: all move down by one.
            sum.rotate_left(1);
            let (top, over_again) = with_carry(top, carry);
            if let Some(last) = sum.last_mut() {
                *last = top;
            }
            high = over + over_again;
        }
        if high != 0 || !is_less(&sum, &O::MODULUS) {
            subtract(&mut sum, &O::MODULUS);
        }
        sum
    }

    /// The inverse of a number from 1 below the order (Kaliski's almost inverse).
    ///
    /// Throughout, number * s = v 2^halved and number * r = -u 2^halved modulo the order, and u s + v r is the order, so that
    /// neither r nor s can outgrow it. u and v stay odd and the larger one shrinks, until both are one, their divisor.
    fn inverse(number: &[u64; LIMBS]) -> [u64; LIMBS] {
        let (mut u, mut v, mut r, mut s) = (O::MODULUS, *number, [0; LIMBS], one());
        let mut halved = strip(&mut v, &mut r);
        while u != v {
            if is_less(&v, &u) {
                subtract(&mut u, &v);
                add(&mut r, &s);
                halved += strip(&mut u, &mut s);
            } else {
                subtract(&mut v, &u);
                add(&mut s, &r);
                halved += strip(&mut v, &mut r);
            }
        }
        while halved > 0 {
            let bits = halved.min(63);
            Self::halve(&mut s, bits);
            halved -= bits;
        }
        s
    }

    /// Divides by 2^bits modulo the order, adding the multiple of it that makes the division come out even.
    fn halve(number: &mut [u64; LIMBS], bits: u32) {
        let factor = lowest(number).wrapping_mul(O::MINUS_INVERSE) & ((1 << bits) - 1);
        let high = add_product(number, &O::MODULUS, factor);
        shift_down(number, bits);
        if let Some(last) = number.last_mut() {
            *last |= high << (64 - bits);
        }
    }
}

/// Makes an even number odd by halving it, doubling the other as often; how often that was.
fn strip<const LIMBS: usize>(even: &mut [u64; LIMBS], other: &mut [u64; LIMBS]) -> u32 {
    let mut stripped = 0;
    while lowest(even) & 1 == 0 {
        let bits = lowest(even).trailing_zeros().min(63);
        shift_down(even, bits);
        shift_up(other, bits);
        stripped += bits;
    }
    stripped
}

fn one<const LIMBS: usize>() -> [u64; LIMBS] {
    let mut one = [0; LIMBS];
    if let Some(lowest) = one.first_mut() {
        *lowest = 1;
    }
    one
}

fn lowest<const LIMBS: usize>(number: &[u64; LIMBS]) -> u64 {
    number.first().copied().unwrap_or(0)
}

fn limbs<const LIMBS: usize>(octets: &[u8]) -> [u64; LIMBS] {
    let mut limbs = [0; LIMBS];
    for (limb, octets) in limbs.iter_mut().zip(octets.chunks(8)) {
        *limb = octets.iter().rev().fold(0, |limb, octet| limb << 8 | u64::from(*octet));
    }
    limbs
}

fn is_less<const LIMBS: usize>(number: &[u64; LIMBS], other: &[u64; LIMBS]) -> bool {
    number.iter().rev().lt(other.iter().rev())
}

fn add<const LIMBS: usize>(number: &mut [u64; LIMBS], other: &[u64; LIMBS]) {
    let mut carry = 0;
    for (limb, other) in number.iter_mut().zip(other) {
        let (sum, over) = with_carry(*limb, *other);
        let (sum, over_again) = with_carry(sum, carry);
        (*limb, carry) = (sum, over + over_again);
    }
}

fn subtract<const LIMBS: usize>(number: &mut [u64; LIMBS], other: &[u64; LIMBS]) {
    let mut borrow = false;
    for (limb, other) in number.iter_mut().zip(other) {
        let (difference, under) = limb.overflowing_sub(*other);
        let (difference, under_again) = difference.overflowing_sub(u64::from(borrow));
        (*limb, borrow) = (difference, under || under_again);
    }
}

/// Adds a multiple; what did not fit.
fn add_product<const LIMBS: usize>(number: &mut [u64; LIMBS], other: &[u64; LIMBS], factor: u64) -> u64 {
    let mut carry = 0;
    for (limb, other) in number.iter_mut().zip(other) {
        let sum = u128::from(*other) * u128::from(factor) + u128::from(*limb) + u128::from(carry);
        (*limb, carry) = (low(sum), low(sum >> 64));
    }
    carry
}

/// By 1 to 63 bits.
fn shift_down<const LIMBS: usize>(number: &mut [u64; LIMBS], bits: u32) {
    let mut above = 0;
    for limb in number.iter_mut().rev() {
        let own = *limb;
        *limb = own >> bits | above;
        above = own << (64 - bits);
    }
}

/// By 1 to 63 bits.
fn shift_up<const LIMBS: usize>(number: &mut [u64; LIMBS], bits: u32) {
    let mut below = 0;
    for limb in number {
        let own = *limb;
        *limb = own << bits | below;
        below = own >> (64 - bits);
    }
}

/// A sum and its carry.
fn with_carry(one: u64, other: u64) -> (u64, u64) {
    let (sum, over) = one.overflowing_add(other);
    (sum, u64::from(over))
}

#[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn low(number: u128) -> u64 {
    number as u64
}

/// The order of P-384.
#[derive(Clone, Copy)]
pub(super) struct P384Order;

impl Order<6> for P384Order {
    const MODULUS: [u64; 6] = [
        0xecec_196a_ccc5_2973,
        0x581a_0db2_48b0_a77a,
        0xc763_4d81_f437_2ddf,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
    ];
    const MINUS_INVERSE: u64 = 0x6ed4_6089_e88f_dc45;
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
    const MODULUS: [u64; 9] = [
        0xbb6f_b71e_9138_6409,
        0x3bb5_c9b8_899c_47ae,
        0x7fcc_0148_f709_a5d0,
        0x5186_8783_bf2f_966b,
        0xffff_ffff_ffff_fffa,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0x0000_0000_0000_01ff,
    ];
    const MINUS_INVERSE: u64 = 0x1d2f_5ccd_79a9_95c7;
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
        let mut limbs = O::MODULUS;
        subtract(&mut limbs, &small::<O, L, N>(less).0);
        let mut octets = Modular::<O, L, N>(limbs, PhantomData).octets().to_vec();
        octets.reverse();
        octets
    }

    fn check<O: Order<L>, const L: usize, const N: usize>() {
        type Number<O, const L: usize, const N: usize> = Modular<O, L, N>;
        // The order and what lies above it is no number; it is reduced only where that is asked for.
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
        let mut raised = ones.0;
        add(&mut raised, &one());
        assert_eq!(half.mul(&half).0, raised);
        // Zero has no inverse; every other number has the one that multiplies to one.
        assert!(small::<O, L, N>(0).invert().is_zero());
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
            let inverse = number.invert();
            assert!(is_less(&inverse.0, &O::MODULUS));
            assert_eq!(one::<L>(), number.mul(&inverse).0);
            assert_eq!(number.0, inverse.invert().0);
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
