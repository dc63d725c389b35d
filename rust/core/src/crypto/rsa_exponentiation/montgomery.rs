//! Montgomery multiplication and exponentiation modulo a prime of 1024 bits, in vectors of AVX2 (RFC 8017 section 5.1.2).
//!
//! A step multiplies one digit of one factor with all digits of the other, adds what makes the lowest digit of the sum
//! zero and drops that digit; 36 steps divide by R = 2^1044. The prime is first multiplied by what makes its lowest digit
//! -1 (`folded`), so that the lowest digit of the sum is itself the multiple to add; only the last step uses the prime
//! proper, which brings the result below two primes and a little more. With factors below 2^1027 in magnitude no result
//! has to be subtracted from between the multiplications.
//!
//! Why nothing overflows: digits are at most 2^28 + 2^6 in magnitude and multiples below 2^29, so each sum takes up at most
//! 36 products of 2^56 and 36 of 2^57 and a carry of 2^34, less than 2^63. AVX2 cannot shift signed numbers of 64 bits,
//! so sums start at 2^63: 2^63 - 2^34 and the 2^34 that the carry from below then brings.
//!
//! There is no branch and no address that depends on data: loops count digits, `vpmuldq` takes equally long for all
//! operands, and `select` reads the whole table. What is reached through `kernel!` runs on processors with AVX2 only.

#![allow(clippy::cast_possible_truncation, reason = "digits and windows are shorter than the words they come in")]

use core::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blend_epi32, _mm256_broadcastq_epi64, _mm256_castsi256_si128,
    _mm256_cmpeq_epi64, _mm256_extract_epi64, _mm256_mul_epi32, _mm256_mul_epu32, _mm256_or_si256,
    _mm256_permute4x64_epi64, _mm256_set_epi64x, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_srli_epi64,
};
use core::hint::black_box;

use fearless_simd::kernel;
use zeroize::Zeroizing;

use super::integers::{DIGIT_BITS, Digits, LANES, VECTORS, WORDS};
use crate::crypto::material::Wiped;

/// Bits of a window of the exponent.
const WINDOW: usize = 5;
/// Windows below the topmost, which is of four bits.
const WINDOWS: usize = 204;

/// A prime, prepared.
pub(super) struct Modulus {
    /// The prime.
    pub(super) prime: Wiped<Digits>,
    /// `(prime * negated_inverse + 1) / 2^29`.
    pub(super) folded: Wiped<Digits>,
    /// `-1 / prime` modulo 2^29.
    pub(super) negated_inverse: Wiped<i64>,
}

/// One expression for each vector of a number, written out: a loop would keep its vectors in memory.
macro_rules! vectors {
    ($index:ident => $vector:expr) => {
        vectors!($index => $vector, 0, 1, 2, 3, 4, 5, 6, 7, 8)
    };
    ($index:ident => $vector:expr, $($at:literal),*) => {
        [$({
            const $index: usize = $at;
            $vector
        }),*]
    };
}

kernel!(
    /// `a * b / R`, from just below zero to just above two primes: `Digits::reduced` takes it.
    pub(super) fn product(_avx2: Avx2, a: &Digits, b: &Digits, modulus: &Modulus) -> Wiped<Digits> {
        let mut product = Wiped::new(Digits::ZERO);
        multiply(&mut product, a, b, modulus);
        product
    }
);

kernel!(
    /// `a + b`, a factor and no more: two products may add up to more than `Digits::reduced` takes.
    pub(super) fn sum(_avx2: Avx2, a: &Digits, b: &Digits) -> Wiped<Digits> {
        let mut sums = start();
        for (sum, (a, b)) in sums.iter_mut().zip(a.0.iter().zip(&b.0)) {
            *sum = _mm256_add_epi64(*sum, _mm256_add_epi64(load(a), load(b)));
        }
        let mut out = Wiped::new(Digits::ZERO);
        settle(&mut out, &sums);
        out
    }
);

kernel!(
    /// `base^exponent`, where the base and the result are R times what they stand for, as is `one`.
    pub(super) fn power(
        _avx2: Avx2,
        base: &Digits,
        exponent: &[u64; WORDS],
        one: &Digits,
        modulus: &Modulus,
    ) -> Wiped<Digits> {
        let mut table = Zeroizing::new([Digits::ZERO; 1 << WINDOW]);
        let [mut last, mut one_of_two, mut other, mut factor] = [Digits::ZERO; 4].map(Zeroizing::new);
        *last = *one;
        if let Some((first, rest)) = table.split_first_mut() {
            *first = *last;
            for entry in rest {
                multiply(entry, &last, base, modulus);
                *last = *entry;
            }
        }
        let (mut power, mut next) = (&mut *one_of_two, &mut *other);
        select(power, &table, window(exponent, WINDOWS));
        for at in (0..WINDOWS).rev() {
            for _ in 0..WINDOW {
                multiply(next, power, power, modulus);
                core::mem::swap(&mut power, &mut next);
            }
            select(&mut factor, &table, window(exponent, at));
            multiply(next, power, &factor, modulus);
            core::mem::swap(&mut power, &mut next);
        }
        let mut out = Wiped::new(Digits::ZERO);
        *out = *power;
        out
    }
);

/// Five bits of the exponent; which five is no secret.
fn window(exponent: &[u64; WORDS], at: usize) -> i64 {
    let (word, shift) = (at * WINDOW / 64, at * WINDOW % 64);
    let two = exponent.get(word).map_or(0, |low| u128::from(*low))
        | exponent.get(word + 1).map_or(0, |high| u128::from(*high) << 64);
    i64::from((two >> shift) as u8 & ((1 << WINDOW) - 1))
}

/// The entry at an index that is secret: every entry is read, and masked unless it is the one.
#[target_feature(enable = "avx2")]
fn select(out: &mut Digits, table: &[Digits; 1 << WINDOW], index: i64) {
    // The optimiser is not to learn that only one entry matters.
    let wanted = _mm256_set1_epi64x(black_box(index));
    let mut at = _mm256_setzero_si256();
    let mut chosen = [_mm256_setzero_si256(); VECTORS];
    for entry in table {
        let mask = _mm256_cmpeq_epi64(at, wanted);
        for (chosen, vector) in chosen.iter_mut().zip(&entry.0) {
            *chosen = _mm256_or_si256(*chosen, _mm256_and_si256(mask, load(vector)));
        }
        at = _mm256_add_epi64(at, _mm256_set1_epi64x(1));
    }
    for (out, vector) in out.0.iter_mut().zip(chosen) {
        *out = store(vector);
    }
}

/// `a * b / R`.
#[target_feature(enable = "avx2")]
#[inline(never)]
fn multiply(out: &mut Digits, a: &Digits, b: &Digits, modulus: &Modulus) {
    let mut sums = start();
    accumulate(&mut sums, a, _mm256_set1_epi64x(b.0[0][0]));
    // The other digits in order: the next is in the next vector, and after the last vector in the next lane.
    let (digits, mut at) = (b.0.as_flattened(), LANES);
    for _ in 1..digits.len() {
        if let Some(digit) = digits.get(at) {
            step(&mut sums, a, &modulus.folded, *digit);
        }
        at += LANES;
        if at >= digits.len() {
            at -= digits.len() - 1;
        }
    }
    let multiple = _mm256_mul_epu32(sums[0], _mm256_set1_epi64x(*modulus.negated_inverse));
    accumulate(&mut sums, &modulus.prime, lowest(multiple));
    settle(out, &shifted(&sums));
}

/// Drops the lowest digit of the sums, adds that multiple of the folded prime, and a digit's multiple of `a`.
#[target_feature(enable = "avx2")]
#[inline]
fn step(sums: &mut [__m256i; VECTORS], a: &Digits, folded: &Digits, digit: i64) {
    let multiple = lowest(sums[0]);
    // `vpmuldq` reads the lower half of each lane; a digit fits in it.
    let digit = _mm256_set1_epi32(digit as i32);
    *sums = shifted(sums);
    // Kept out of the optimiser's sight: it would hold these in registers through the loop, and the sums in memory.
    let (a, folded) = black_box((a, folded));
    *sums = vectors!(K => {
        let added = _mm256_add_epi64(sums[K], _mm256_mul_epi32(load(&a.0[K]), digit));
        _mm256_add_epi64(added, _mm256_mul_epi32(load(&folded.0[K]), multiple))
    });
}

#[target_feature(enable = "avx2")]
#[inline]
fn accumulate(sums: &mut [__m256i; VECTORS], factor: &Digits, digit: __m256i) {
    for (sum, vector) in sums.iter_mut().zip(&factor.0) {
        *sum = _mm256_add_epi64(*sum, _mm256_mul_epi32(load(vector), digit));
    }
}

/// Each sum one digit lower. What the lowest has beyond its 29 bits goes to the next; a fresh one comes in at the top.
#[target_feature(enable = "avx2")]
#[inline]
fn shifted(sums: &[__m256i; VECTORS]) -> [__m256i; VECTORS] {
    let [first, second, ..] = *sums;
    let carry = _mm256_blend_epi32::<LOWEST>(_mm256_setzero_si256(), _mm256_srli_epi64::<SHIFT>(first));
    let top = _mm256_permute4x64_epi64::<0b00_11_10_01>(_mm256_blend_epi32::<LOWEST>(first, _mm256_set1_epi64x(FRESH)));
    let second = _mm256_add_epi64(second, carry);
    [second, sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], sums[8], top]
}

/// The lowest 29 bits of the lowest lane, in all lanes.
#[target_feature(enable = "avx2")]
#[inline]
fn lowest(sums: __m256i) -> __m256i {
    _mm256_broadcastq_epi64(_mm256_castsi256_si128(_mm256_and_si256(sums, _mm256_set1_epi64x(MASK))))
}

/// Sums of nothing.
#[target_feature(enable = "avx2")]
#[inline]
fn start() -> [__m256i; VECTORS] {
    let fresh = _mm256_set1_epi64x(FRESH);
    let mut sums = [fresh; VECTORS];
    sums[0] = _mm256_blend_epi32::<LOWEST>(fresh, _mm256_set1_epi64x(i64::MIN));
    sums
}

/// Makes digits of sums: two rounds of carries, all at once, bring them to 2^28 and 2^6.
///
/// The topmost keeps all it has. The constants take off what the sums and the carries have too much.
#[target_feature(enable = "avx2")]
#[inline]
fn settle(out: &mut Digits, sums: &[__m256i; VECTORS]) {
    let sums = carried(sums, &FIRST_ROUND);
    let sums = carried(&sums, &SECOND_ROUND);
    for (out, vector) in out.0.iter_mut().zip(sums) {
        *out = store(vector);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn carried(sums: &[__m256i; VECTORS], constants: &[[i64; LANES]; VECTORS]) -> [__m256i; VECTORS] {
    let mask = _mm256_set1_epi64x(MASK);
    let wrapped = _mm256_permute4x64_epi64::<0b10_01_00_11>(_mm256_srli_epi64::<SHIFT>(sums[VECTORS - 1]));
    let mut carry = _mm256_blend_epi32::<LOWEST>(wrapped, _mm256_setzero_si256());
    let mut digits = *sums;
    digits[VECTORS - 1] = _mm256_blend_epi32::<HIGHEST>(_mm256_and_si256(sums[VECTORS - 1], mask), sums[VECTORS - 1]);
    for digit in digits.iter_mut().take(VECTORS - 1) {
        *digit = _mm256_and_si256(*digit, mask);
    }
    for (digit, (sum, constant)) in digits.iter_mut().zip(sums.iter().zip(constants)) {
        *digit = _mm256_add_epi64(_mm256_add_epi64(*digit, load(constant)), carry);
        carry = _mm256_srli_epi64::<SHIFT>(*sum);
    }
    digits
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(lanes: &[i64; LANES]) -> __m256i {
    let [a, b, c, d] = *lanes;
    _mm256_set_epi64x(d, c, b, a)
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(vector: __m256i) -> [i64; LANES] {
    [
        _mm256_extract_epi64::<0>(vector),
        _mm256_extract_epi64::<1>(vector),
        _mm256_extract_epi64::<2>(vector),
        _mm256_extract_epi64::<3>(vector),
    ]
}

const SHIFT: i32 = DIGIT_BITS.cast_signed();
const MASK: i64 = (1 << DIGIT_BITS) - 1;
/// The halves of the lowest and of the highest lane.
const LOWEST: i32 = 0b0000_0011;
const HIGHEST: i32 = 0b1100_0000;

/// What 2^63 in a sum becomes in the carry to the next.
const CARRIED: i64 = 1 << 34;
/// Where a sum starts, but for the lowest, to which nothing is carried: at 2^63.
const FRESH: i64 = i64::MIN.wrapping_sub(CARRIED);
/// What makes a carry round to the nearest, and keeps it positive in the second round.
const HALF: i64 = 1 << (DIGIT_BITS - 1);
const LIFT: i64 = 1 << 40;

/// The carry of a sum that started at `FRESH` is too large by `CARRIED - 32`.
const FIRST_ROUND: [[i64; LANES]; VECTORS] = {
    let mut constants = [[HALF + LIFT - (CARRIED - 32); LANES]; VECTORS];
    constants[0][0] = HALF + LIFT;
    constants[1][0] = HALF + LIFT - CARRIED;
    constants[VECTORS - 1][LANES - 1] = (HALF + LIFT - (CARRIED - 32)).wrapping_sub(FRESH);
    constants
};

const SECOND_ROUND: [[i64; LANES]; VECTORS] = {
    let carried = LIFT >> DIGIT_BITS;
    let mut constants = [[-HALF - carried; LANES]; VECTORS];
    constants[0][0] = -HALF;
    constants[VECTORS - 1][LANES - 1] = -HALF - LIFT - carried;
    constants
};

#[cfg(test)]
mod tests {
    use fearless_simd::Level;

    use super::*;
    use crate::crypto::rsa_exponentiation::integers::{double, folded};

    /// R modulo the prime comes of doubling one this often.
    const R_BITS: usize = 1_044;

    /// Odd numbers of 1024 bits: Montgomery's reduction asks no more of a modulus.
    fn primes() -> Vec<[u64; WORDS]> {
        let mut least = [0; WORDS];
        (least[0], least[15]) = (1, 1 << 63);
        let mut drawn = random();
        drawn[0] |= 1;
        drawn[15] |= 1 << 63;
        let mut alternating = [0x5555_5555_5555_5555; WORDS];
        alternating[15] = 0xd555_5555_5555_5555;
        vec![least, [u64::MAX; WORDS], drawn, alternating]
    }

    fn random() -> [u64; WORDS] {
        std::array::from_fn(|_| {
            let mut octets = [0; 8];
            aws_lc_rs::rand::fill(&mut octets).unwrap();
            u64::from_le_bytes(octets)
        })
    }

    fn modulus(prime: &[u64; WORDS]) -> Modulus {
        let inverse = (0..6).fold(1, |i: u64, _| i.wrapping_mul(2_u64.wrapping_sub(prime[0].wrapping_mul(i))));
        let negated_inverse = inverse.wrapping_neg() & ((1 << 29) - 1);
        assert_eq!((1 << 29) - 1, prime[0].wrapping_mul(negated_inverse) & ((1 << 29) - 1));
        Modulus {
            prime: Digits::of(prime),
            folded: Digits::of(&folded(prime, negated_inverse)),
            negated_inverse: Wiped::new(negated_inverse.cast_signed()),
        }
    }

    fn added(a: &[u64; WORDS], b: &[u64; WORDS], prime: &[u64; WORDS]) -> [u64; WORDS] {
        let mut sum = [0; WORDS + 1];
        let mut carry = 0;
        for ((word, a), b) in sum.iter_mut().zip(a).zip(b) {
            let wide = u128::from(*a) + u128::from(*b) + carry;
            (*word, carry) = (wide as u64, wide >> 64);
        }
        sum[WORDS] = carry as u64;
        let prime = [prime.as_slice(), &[0]].concat();
        if sum.iter().rev().ge(prime.iter().rev()) {
            let mut borrow = 0;
            for (word, less) in sum.iter_mut().zip(&prime) {
                let wide = i128::from(*word) - i128::from(*less) - borrow;
                (*word, borrow) = (wide.cast_unsigned() as u64, i128::from(wide < 0));
            }
        }
        sum[..WORDS].try_into().unwrap()
    }

    /// `a * b` modulo the prime, bit by bit.
    fn multiplied(a: &[u64; WORDS], b: &[u64; WORDS], prime: &[u64; WORDS]) -> [u64; WORDS] {
        let mut product = [0; WORDS];
        for bit in (0..1_024).rev() {
            product = added(&product, &product, prime);
            if b[bit / 64] >> (bit % 64) & 1 == 1 {
                product = added(&product, a, prime);
            }
        }
        product
    }

    fn times_r(a: &[u64; WORDS], prime: &[u64; WORDS]) -> [u64; WORDS] {
        (0..R_BITS).fold(*a, |number, _| added(&number, &number, prime))
    }

    fn below(prime: &[u64; WORDS]) -> Vec<[u64; WORDS]> {
        let mut one = [0; WORDS];
        one[0] = 1;
        let mut less_one = *prime;
        less_one[0] -= 1;
        let mut drawn = random();
        drawn[15] >>= 1;
        vec![[0; WORDS], one, less_one, drawn]
    }

    /// A product times R is the product, for all pairs of edges and random numbers; so are products of products.
    #[test]
    fn products_are_those_of_plain_arithmetic() {
        let Some(avx2) = Level::new().as_avx2() else { return };
        for prime in &primes() {
            let modulus = modulus(prime);
            let unit = Digits::of(&times_r(&below(prime)[1], prime));
            for a in &below(prime) {
                for b in &below(prime) {
                    let once = product(avx2, &Digits::of(a), &Digits::of(b), &modulus);
                    let expected = multiplied(a, b, prime);
                    assert_eq!(expected, times_r(&once.reduced(prime), prime));
                    // Unreduced as they come out, results are factors and summands.
                    let twice = product(avx2, &once, &once, &modulus);
                    let doubled = product(avx2, &sum(avx2, &twice, &twice), &unit, &modulus);
                    let squared = multiplied(&once.reduced(prime), &once.reduced(prime), prime);
                    assert_eq!(added(&squared, &squared, prime), times_r(&doubled.reduced(prime), prime));
                }
            }
        }
    }

    /// Factors whose digits are all as large as they get do not overflow, in either sign.
    #[test]
    fn the_largest_digits_do_not_overflow() {
        let Some(avx2) = Level::new().as_avx2() else { return };
        // The digits of a number and of its negation, as far as 2^28 + 2^6 and with a topmost of 2^11.
        let extreme = |digit: i64, top: i64| {
            let mut digits = Digits([[digit; LANES]; VECTORS]);
            digits.0[VECTORS - 1][LANES - 1] = top;
            digits
        };
        for prime in &primes() {
            let modulus = modulus(prime);
            // Horner's rule over the digits of one sign.
            let part = |digits: &Digits, sign: i64| {
                let mut sum = [0; WORDS];
                for lane in (0..LANES).rev() {
                    for vector in digits.0.iter().rev() {
                        sum = (0..DIGIT_BITS).fold(sum, |sum, _| added(&sum, &sum, prime));
                        let mut digit = [0; WORDS];
                        digit[0] = u64::try_from(vector[lane] * sign).unwrap_or(0);
                        sum = added(&sum, &digit, prime);
                    }
                }
                sum
            };
            let less_one = below(prime)[2];
            let value =
                |digits: &Digits| added(&part(digits, 1), &multiplied(&part(digits, -1), &less_one, prime), prime);
            let largest = (1 << 28) + (1 << 6);
            for a in [extreme(largest, 1 << 11), extreme(-largest, -(1 << 11)), extreme(largest, -(1 << 11))] {
                for b in [extreme(largest, 1 << 11), extreme(-largest, -(1 << 11))] {
                    let once = product(avx2, &a, &b, &modulus);
                    assert!(once.0.as_flattened().iter().all(|digit| digit.abs() <= largest));
                    assert_eq!(multiplied(&value(&a), &value(&b), prime), times_r(&once.reduced(prime), prime));
                }
            }
        }
    }

    /// Powers to exponents of all ones, one bit, none and random ones.
    #[test]
    fn powers_are_those_of_plain_arithmetic() {
        let Some(avx2) = Level::new().as_avx2() else { return };
        let (mut one, mut highest) = ([0; WORDS], [0; WORDS]);
        (one[0], highest[15]) = (1, 1 << 63);
        for prime in &primes()[1..3] {
            let modulus = modulus(prime);
            let unit = times_r(&one, prime);
            let base = below(prime)[3];
            for exponent in [[0; WORDS], one, highest, [u64::MAX; WORDS], random()] {
                let form = Digits::of(&times_r(&base, prime));
                let raised = power(avx2, &form, &exponent, &Digits::of(&unit), &modulus);
                let raised = product(avx2, &raised, &Digits::ONE, &modulus).reduced(prime);
                let mut expected = one;
                for bit in (0..1_024).rev() {
                    expected = multiplied(&expected, &expected, prime);
                    if exponent[bit / 64] >> (bit % 64) & 1 == 1 {
                        expected = multiplied(&expected, &base, prime);
                    }
                }
                assert_eq!(expected, *raised);
            }
        }
    }

    /// Every entry of a table is found under its index, and an exponent's windows are all of its bits.
    #[test]
    fn tables_and_windows_are_complete() {
        if let Some(avx2) = Level::new().as_avx2() {
            kernel!(
                fn selected(_avx2: Avx2, table: &[Digits; 1 << WINDOW], index: i64) -> Digits {
                    let mut out = Digits::ZERO;
                    select(&mut out, table, index);
                    out
                }
            );
            let table = std::array::from_fn(|_| *Digits::of(&random()));
            for (index, entry) in (0..).zip(&table) {
                assert_eq!(entry.0, selected(avx2, &table, index).0);
            }
        }
        let exponent = random();
        for at in 0..=WINDOWS {
            let bits = (0..WINDOW).filter(|bit| {
                let bit = at * WINDOW + bit;
                bit < 1_024 && exponent[bit / 64] >> (bit % 64) & 1 == 1
            });
            assert_eq!(bits.map(|bit| 1 << bit).sum::<i64>(), window(&exponent, at));
        }
        let mut number = exponent;
        double(&mut number, &[u64::MAX; WORDS]);
        assert_eq!(added(&exponent, &exponent, &[u64::MAX; WORDS]), number);
    }
}
