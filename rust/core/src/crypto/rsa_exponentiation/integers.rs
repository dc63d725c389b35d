//! Integers of 1024 bits in machine words, and the digits that vectors multiply.
//!
//! Words are 64 bits, the least first. Digits are signed, to the base 2^29 and at most 2^28 and a little in magnitude, so
//! that many of their products can be summed up in 64 bits. Vector `k` holds the digits `k`, `k + 9`, `k + 18` and
//! `k + 27`: moving all digits down by one then renames eight vectors and rotates one.
//!
//! Everything takes the same time whatever the values are. Carries are numbers, conditions are masks.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "words are what is left of wider ones, and signs are two's complement on purpose"
)]

use core::hint::black_box;

use zeroize::{Zeroize, Zeroizing};

use crate::crypto::material::Wiped;

/// Bits of a digit.
pub(super) const DIGIT_BITS: u32 = 29;
/// Vectors of a number.
pub(super) const VECTORS: usize = 9;
/// Digits of a vector.
pub(super) const LANES: usize = 4;
/// Words of a prime.
pub(super) const WORDS: usize = 16;

const DIGIT_MASK: u128 = (1 << DIGIT_BITS) - 1;
const HALF: i64 = 1 << (DIGIT_BITS - 1);

/// A number of 36 digits, 1044 bits.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Digits(pub(super) [[i64; LANES]; VECTORS]);

/// A natural number below 2^1024.
pub(super) type Natural = Wiped<[u64; WORDS]>;

impl Digits {
    pub(super) const ZERO: Self = Self([[0; LANES]; VECTORS]);

    /// The number one.
    pub(super) const ONE: Self = {
        let mut one = Self::ZERO;
        one.0[0][0] = 1;
        one
    };

    /// The digits of a number below 2^1024.
    pub(super) fn of(words: &[u64; WORDS]) -> Wiped<Self> {
        let mut digits = Wiped::new(Self::ZERO);
        let mut words = words.iter();
        let (mut buffer, mut bits, mut carry) = (0_u128, 0, 0);
        for lane in 0..LANES {
            for digit in digits.0.iter_mut().filter_map(|vector| vector.get_mut(lane)) {
                if bits < DIGIT_BITS {
                    buffer |= u128::from(words.next().copied().unwrap_or(0)) << bits;
                    bits += u64::BITS;
                }
                let value = (buffer & DIGIT_MASK) as i64 + carry;
                buffer >>= DIGIT_BITS;
                bits -= DIGIT_BITS;
                carry = (value + HALF) >> DIGIT_BITS;
                *digit = value - (carry << DIGIT_BITS);
            }
        }
        digits
    }

    /// The least natural number that differs from this one by a multiple of the prime.
    ///
    /// For numbers from minus the prime to less than three of it.
    pub(super) fn reduced(&self, prime: &[u64; WORDS]) -> Natural {
        let (mut number, mut top) = self.words();
        let mut difference = Zeroizing::new([0; WORDS]);
        let negative = sign(top);
        add(&mut number, &mut top, prime, negative);
        for _ in 0..2 {
            *difference = *number;
            let lower = top.wrapping_sub(subtract(&mut difference, prime));
            let keep = sign(lower);
            for (word, less) in number.iter_mut().zip(difference.iter()) {
                *word = (*word & keep) | (less & !keep);
            }
            top = (top & keep) | (lower & !keep);
        }
        number
    }

    /// The number in two's complement, its 17th word apart.
    fn words(&self) -> (Natural, u64) {
        let mut number = Wiped::new([0; WORDS]);
        let mut words = number.iter_mut();
        let (mut buffer, mut bits) = (0_i128, 0);
        for lane in 0..LANES {
            for digit in self.0.iter().filter_map(|vector| vector.get(lane)) {
                buffer += i128::from(*digit) << bits;
                bits += DIGIT_BITS;
                if bits >= u64::BITS {
                    if let Some(word) = words.next() {
                        *word = buffer as u64;
                    }
                    buffer >>= u64::BITS;
                    bits -= u64::BITS;
                }
            }
        }
        drop(words);
        (number, buffer as u64)
    }
}

impl Zeroize for Digits {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A number of exactly as many octets as `words` has, most significant first.
pub(super) fn read(words: &mut [u64], octets: &[u8]) {
    for (word, chunk) in words.iter_mut().zip(octets.rchunks(8)) {
        *word = chunk.iter().fold(0, |value, octet| value << 8 | u64::from(*octet));
    }
}

/// The octets of a number, most significant first.
pub(super) fn write(octets: &mut [u8], words: &[u64]) {
    for (chunk, word) in octets.rchunks_mut(8).zip(words) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
}

/// Twice a number, modulo a prime above it, or another modulus.
pub(super) fn double<const N: usize>(number: &mut [u64; N], prime: &[u64; N]) {
    let mut carry = 0;
    for word in number.iter_mut() {
        (*word, carry) = (*word << 1 | carry, *word >> 63);
    }
    let mut difference = Zeroizing::new([0; N]);
    *difference = *number;
    let keep = sign(carry.wrapping_sub(subtract(&mut difference, prime)));
    for (word, less) in number.iter_mut().zip(difference.iter()) {
        *word = (*word & keep) | (less & !keep);
    }
}

/// `factor * other + addend`, which 32 words hold.
pub(super) fn multiply_add(
    factor: &[u64; WORDS],
    other: &[u64; WORDS],
    addend: &[u64; WORDS],
) -> Wiped<[u64; 2 * WORDS]> {
    let mut sum = Wiped::new([0; 2 * WORDS]);
    for (word, added) in sum.iter_mut().zip(addend) {
        *word = *added;
    }
    for (shift, multiplier) in factor.iter().enumerate() {
        let mut carry = 0;
        for (word, multiplicand) in sum.iter_mut().skip(shift).zip(other.iter().chain([&0; WORDS])) {
            let wide = u128::from(*multiplier) * u128::from(*multiplicand) + u128::from(*word) + carry;
            (*word, carry) = (wide as u64, wide >> 64);
        }
    }
    sum
}

/// `(prime * multiplier + 1) / 2^29`, which is exact for the multiplier that Montgomery's reduction uses.
pub(super) fn folded(prime: &[u64; WORDS], multiplier: u64) -> Natural {
    let mut folded = Wiped::new([0; WORDS]);
    let mut wide = 1_u128;
    let mut below = 0;
    let mut products = prime.iter().map(|word| {
        wide += u128::from(*word) * u128::from(multiplier);
        let product = wide as u64;
        wide >>= 64;
        product
    });
    if let Some(first) = products.next() {
        below = first >> DIGIT_BITS;
    }
    let mut words = folded.iter_mut();
    for (product, word) in products.zip(words.by_ref()) {
        *word = below | product << (u64::BITS - DIGIT_BITS);
        below = product >> DIGIT_BITS;
    }
    if let Some(last) = words.next() {
        *last = below | (wide as u64) << (u64::BITS - DIGIT_BITS);
    }
    folded
}

/// All ones for a negative word, else zero.
fn sign(word: u64) -> u64 {
    // The optimiser is not to learn that this has two values: it has made branches of such masks.
    black_box(((word as i64) >> 63) as u64)
}

/// Adds `other & mask`.
fn add(number: &mut [u64; WORDS], top: &mut u64, other: &[u64; WORDS], mask: u64) {
    let mut carry = 0;
    for (word, added) in number.iter_mut().zip(other) {
        let wide = u128::from(*word) + u128::from(added & mask) + carry;
        (*word, carry) = (wide as u64, wide >> 64);
    }
    *top = top.wrapping_add(carry as u64);
}

/// Subtracts and returns what was borrowed, 0 or 1.
pub(super) fn subtract<const N: usize>(number: &mut [u64; N], other: &[u64; N]) -> u64 {
    let mut borrow = 0;
    for (word, subtracted) in number.iter_mut().zip(other) {
        let wide = u128::from(*word).wrapping_sub(u128::from(*subtracted)).wrapping_sub(u128::from(borrow));
        (*word, borrow) = (wide as u64, (wide >> 64) as u64 & 1);
    }
    borrow
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONES: [u64; WORDS] = [u64::MAX; WORDS];

    fn edges() -> Vec<[u64; WORDS]> {
        let mut one = [0; WORDS];
        one[0] = 1;
        let mut top = [0; WORDS];
        top[15] = 1 << 63;
        vec![
            [0; WORDS],
            one,
            top,
            ONES,
            [0x5555_5555_5555_5555; WORDS],
            std::array::from_fn(|at| (at as u64) << 57 | 9),
        ]
    }

    /// Digits are at most 2^28, and the words that they were made of come out again.
    #[test]
    fn digits_and_words_are_the_same_number() {
        for number in &edges() {
            let digits = Digits::of(number);
            assert!(digits.0.as_flattened().iter().all(|digit| digit.abs() <= HALF));
            let (words, top) = digits.words();
            assert_eq!((*number, 0), (*words, top));
        }
    }

    /// Minus the prime, zero, the prime, twice it and all one less or more are reduced.
    #[test]
    fn everything_up_to_three_primes_is_reduced() {
        let mut prime = ONES;
        prime[3] = 77;
        let digits = Digits::of(&prime);
        for times in -1..=2 {
            for offset in [-1, 0, 1] {
                if (times, offset) == (-1, -1) {
                    continue;
                }
                let mut number = Digits(digits.0.map(|vector| vector.map(|digit| digit * times)));
                number.0[0][0] += offset;
                let mut expected = [0; WORDS];
                if offset == -1 {
                    expected = prime;
                    expected[0] -= 1;
                } else {
                    expected[0] = offset.unsigned_abs();
                }
                assert_eq!(expected, *number.reduced(&prime), "{times} primes and {offset}");
            }
        }
    }

    /// The largest product and addend, and one that is checked by hand.
    #[test]
    fn products_carry_to_the_end() {
        // (2^1024 - 1)^2 + 2^1024 - 1 = (2^1024 - 1) * 2^1024.
        let product = multiply_add(&ONES, &ONES, &ONES);
        assert_eq!((&[0; WORDS][..], &ONES[..]), product.split_at(WORDS));
        let mut two = [0; WORDS];
        two[0] = 2;
        let mut expected = [0; 2 * WORDS];
        (expected[0], expected[16]) = (1, 2);
        expected[1..WORDS].fill(0);
        assert_eq!(expected[16] - 1, multiply_add(&ONES, &two, &[0; WORDS])[16]);
        let mut three = two;
        three[0] = 3;
        assert_eq!(expected, *multiply_add(&ONES, &two, &three));
    }

    /// The fold times 2^29 is the product and one.
    #[test]
    fn the_fold_is_exact() {
        // 2^1024 - 1 has the multiplier 1: its fold is 2^995.
        let mut expected = [0; WORDS];
        expected[15] = 1 << 35;
        assert_eq!(expected, *folded(&ONES, 1));
        // 2^1023 + 1 has the multiplier 2^29 - 1: (2^1023 + 1) * (2^29 - 1) + 1 = 2^29 * (2^1023 - 2^994 + 1).
        let mut prime = [0; WORDS];
        (prime[0], prime[15]) = (1, 1 << 63);
        let mut expected = [0; WORDS];
        (expected[0], expected[15]) = (1, (1 << 63) - (1 << 34));
        assert_eq!(expected, *folded(&prime, (1 << 29) - 1));
    }

    /// Octets come out as they went in.
    #[test]
    fn octets_and_words_are_the_same_number() {
        let octets: Vec<u8> = (0..128).collect();
        let (mut words, mut written) = ([0; WORDS], [0xff; 128]);
        read(&mut words, &octets);
        assert_eq!((0x7879_7a7b_7c7d_7e7f, 0x0001_0203_0405_0607), (words[0], words[15]));
        write(&mut written, &words);
        assert_eq!(octets, written);
        read(&mut words[..2], &[1, 2]);
        assert_eq!(0x102, words[0]);
    }
}
