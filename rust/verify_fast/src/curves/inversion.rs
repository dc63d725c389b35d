//! The inverse modulo an odd prime, in variable time: algorithm 2 of Thomas Pornin, "Optimized Binary GCD for Modular
//! Inversion" (2020, <https://eprint.iacr.org/2020/972>).
//!
//! The greatest common divisor of the number, a, and the modulus, b, is found by halving and subtracting: an even a is halved;
//! while it is odd, the smaller of a and b is subtracted from the larger, which becomes a. 31 halvings at a time are made on
//! one word for each of the two, which holds its upper 33 and its lower 31 bits. The lower bits say what is even. The upper
//! ones say which is larger, and may be wrong about two that are nearly equal: then a difference comes out negative, and its
//! sign is changed. What was done to the words is a matrix, and the numbers are multiplied with it.
//!
//! The paper proves that a and b together lose 31 bits each time, so the rounds are enough for every number. Its algorithm
//! takes constant time; here the zeros at the end of a are shifted out at once, and the rounds end when a is zero.

use super::limbs::{low, lowest, one, product, subtract};

/// An odd prime.
pub(super) struct Modulus<const LIMBS: usize> {
    pub(super) limbs: [u64; LIMBS],
    /// -1 / modulus modulo 2^64.
    pub(super) minus_inverse: u64,
}

impl<const LIMBS: usize> Modulus<LIMBS> {
    /// Of 62 halvings each. a and b together have at most 128 bits per limb before the first; after the last they have one.
    const ROUNDS: usize = (128 * LIMBS).div_ceil(62);

    pub(super) const fn new(limbs: [u64; LIMBS]) -> Self {
        // Newton's iteration: each step doubles the bits that are right, of which there is one at first.
        let mut inverse = 1_u64;
        let mut bits = 1;
        while bits < 64 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(lowest(&limbs).wrapping_mul(inverse)));
            bits *= 2;
        }
        Self { limbs, minus_inverse: inverse.wrapping_neg() }
    }

    /// The inverse of a number, below the modulus; `None` for a multiple of the modulus.
    #[inline]
    pub(super) fn inverse(&self, number: &[u64; LIMBS]) -> Option<[u64; LIMBS]> {
        let (mut a, mut b) = (*number, self.limbs);
        // Throughout, number * u = a and number * v = b modulo the modulus.
        let (mut u, mut v) = (one(), [0; LIMBS]);
        for _ in 0..Self::ROUNDS {
            let first = halve(&mut a, &mut b);
            let [of_a, of_b] = after(&halve(&mut a, &mut b), &first);
            (u, v) = (self.combine(of_a, &u, &v), self.combine(of_b, &u, &v));
            if a == [0; LIMBS] {
                break;
            }
        }
        (b == one()).then_some(v)
    }

    /// (f u + g v) / 2^62 modulo the modulus, below it. u and v are below it too, and |f| + |g| is at most 2^62.
    #[inline]
    fn combine(&self, [f, g]: [i64; 2], u: &[u64; LIMBS], v: &[u64; LIMBS]) -> [u64; LIMBS] {
        let (minus_u, minus_v) = (subtract(&self.limbs, u).0, subtract(&self.limbs, v).0);
        let (u, f) = (if f < 0 { &minus_u } else { u }, f.unsigned_abs());
        let (v, g) = (if g < 0 { &minus_v } else { v }, g.unsigned_abs());
        let factor = lowest(u).wrapping_mul(f).wrapping_add(lowest(v).wrapping_mul(g)).wrapping_mul(self.minus_inverse)
            & (u64::MAX >> 2);
        let mut sum = [0; LIMBS];
        let mut carry = 0_u128;
        for (((sum, u), v), modulus) in sum.iter_mut().zip(u).zip(v).zip(&self.limbs) {
            carry += product(*u, f) + product(*v, g) + product(*modulus, factor);
            (*sum, carry) = (low(carry), carry >> 64);
        }
        // The sum is below 2^62 times twice the modulus.
        let mut above = low(carry);
        let over = above >> 62;
        for limb in sum.iter_mut().rev() {
            (*limb, above) = (*limb >> 62 | above << 2, *limb);
        }
        let (reduced, below) = subtract(&sum, &self.limbs);
        if over == 0 && below { sum } else { reduced }
    }
}

/// What 31 or 62 halvings did: the new a is f a + g b, and the new b likewise, both divided by the power of two.
type Matrix = [[i64; 2]; 2];

/// Halves 31 times.
#[inline]
fn halve<const LIMBS: usize>(a: &mut [u64; LIMBS], b: &mut [u64; LIMBS]) -> Matrix {
    let [of_a, of_b] = steps(approximation(a, b));
    let ((next_a, row_a), (next_b, row_b)) = (difference(a, b, of_a), difference(a, b, of_b));
    (*a, *b) = (next_a, next_b);
    [row_a, row_b]
}

/// The upper 33 bits of two numbers, counted from the longer one's first, and the lower 31; all bits of numbers of one limb.
#[inline]
fn approximation<const LIMBS: usize>(a: &[u64; LIMBS], b: &[u64; LIMBS]) -> [u64; 2] {
    let mut pairs = a.iter().zip(b).rev().skip_while(|(a, b)| **a | **b == 0);
    let (Some((high_a, high_b)), Some((next_a, next_b))) = (pairs.next(), pairs.next()) else {
        return [lowest(a), lowest(b)];
    };
    let zeros = (high_a | high_b).leading_zeros();
    let upper = |high: u64, next: u64| low(((u128::from(high) << 64 | u128::from(next)) << zeros) >> 64) & !LOWER;
    [upper(*high_a, *next_a) | lowest(a) & LOWER, upper(*high_b, *next_b) | lowest(b) & LOWER]
}

/// 31 bits.
const LOWER: u64 = (1 << 31) - 1;

/// The factors of 31 halvings, as f a - g b or g b - f a: in both rows the two have opposite signs throughout, as in the end
/// one of them is subtracted from the other. The sum of two factors is at most 2^31.
#[inline]
fn steps([mut a, mut b]: [u64; 2]) -> [[u64; 2]; 2] {
    // f in the lower half, g in the upper one.
    let (mut of_a, mut of_b) = (1_u64, 1_u64 << 32);
    let mut left = 31;
    loop {
        let zeros = (a | 1 << 63).trailing_zeros();
        if zeros >= left {
            of_b <<= left;
            return [of_a, of_b].map(|row| [row & 0xffff_ffff, row >> 32]);
        }
        a >>= zeros;
        of_b <<= zeros;
        left -= zeros;
        let (difference, less) = a.overflowing_sub(b);
        if less {
            b = a;
            (of_a, of_b) = (of_b, of_a);
        }
        a = if less { difference.wrapping_neg() } else { difference };
        of_a += of_b;
    }
}

/// |f a - g b| / 2^31, which is an integer of no more limbs, and the factors with the signs that lead to it.
#[inline]
fn difference<const LIMBS: usize>(a: &[u64; LIMBS], b: &[u64; LIMBS], [f, g]: [u64; 2]) -> ([u64; LIMBS], [i64; 2]) {
    let mut quotient = [0; LIMBS];
    let mut carry = 0_i128;
    for ((quotient, a), b) in quotient.iter_mut().zip(a).zip(b) {
        carry += product(*a, f).cast_signed() - product(*b, g).cast_signed();
        (*quotient, carry) = (low(carry.cast_unsigned()), carry >> 64);
    }
    let mut above = low(carry.cast_unsigned());
    let sign = above.cast_signed() >> 63;
    for limb in quotient.iter_mut().rev() {
        (*limb, above) = (*limb >> 31 | above << 33, *limb);
    }
    let mut carry = sign < 0;
    for limb in &mut quotient {
        (*limb, carry) = (*limb ^ sign.cast_unsigned()).overflowing_add(u64::from(carry));
    }
    let signed = |factor: u64| (factor.cast_signed() ^ sign) - sign;
    (quotient, [signed(f), -signed(g)])
}

/// One matrix after another.
#[inline]
fn after(second: &Matrix, first: &Matrix) -> Matrix {
    let [[a, b], [c, d]] = first;
    second.map(|[f, g]| [f * a + g * c, f * b + g * d])
}
