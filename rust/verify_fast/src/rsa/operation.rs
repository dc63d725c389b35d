//! The public operation with the exponent 65537 (RFC 8017 section 5.2.2), on processors with vectors for it.
//!
//! Nothing here is secret, so branches may depend on any value. A result is below the modulus, and there is none for a signature
//! that is not. `encoding` says what a message representative has to be.

use super::OCTETS;
use super::blocks::{self, BLOCK_BITS, DIGIT_BITS, Digits, Factor, Modulus, R_BITS};
use super::integers::{self, Natural, WORDS};
use super::lanes::Lanes;

/// The public operation of one key.
pub(super) struct PublicOperation<L> {
    lanes: L,
    n: Natural,
    modulus: Modulus,
    r_squared: Factor,
}

impl<L: Lanes> PublicOperation<L> {
    /// Prepares a modulus; `None` for one that is even or not of 2048 bits.
    pub(super) fn new(lanes: L, n: &[u8]) -> Option<Self> {
        let n = integers::read(n.try_into().ok()?);
        if n.first()? & n.last()? >> 63 == 0 {
            return None;
        }
        let modulus = modulus(&n);
        let r_squared = r_squared(lanes, &n, &modulus);
        Some(Self { lanes, n, modulus, r_squared })
    }

    /// The signature to the public exponent; `None` for one that is not below the modulus.
    pub(super) fn apply(&self, signature: &[u8; OCTETS]) -> Option<[u8; OCTETS]> {
        let base = integers::read(signature);
        if !integers::is_below(&base, &self.n) {
            return None;
        }
        let power = blocks::power(self.lanes, &Digits::of(&base), &self.r_squared, &self.modulus);
        Some(integers::write(&reduced(&power, &self.n)))
    }
}

/// The least natural number that differs from this one by a multiple of the modulus.
fn reduced(digits: &Digits, n: &Natural) -> Natural {
    let (mut number, mut top) = digits.words();
    loop {
        let mut difference = number;
        let borrow = u64::from(integers::subtract(&mut difference, n));
        if top < borrow {
            return number;
        }
        top -= borrow;
        number = difference;
    }
}

fn modulus(n: &Natural) -> Modulus {
    let [first, second, ..] = *n;
    let low = u128::from(first) | u128::from(second) << 64;
    // Newton's iteration: each round doubles the bits that are right, from one.
    let inverse =
        (0..7).fold(1_u128, |inverse, _| inverse.wrapping_mul(2_u128.wrapping_sub(low.wrapping_mul(inverse))));
    let negated_inverse = inverse.wrapping_neg() & ((1 << BLOCK_BITS) - 1);
    Modulus { proper: Digits::of(n), folded: Digits::of(&folded(n, negated_inverse)), negated_inverse }
}

/// `(n * multiplier + 1) / 2^87`, which is exact for the multiplier that Montgomery's reduction uses.
#[allow(clippy::cast_possible_truncation, reason = "words are what is left of wider ones")]
fn folded(n: &Natural, multiplier: u128) -> Natural {
    let mut product = [0; WORDS + 2];
    // The one; the second round starts without a carry, for the first ends without.
    let mut carry = 1;
    for (shift, multiplier) in [multiplier as u64, (multiplier >> 64) as u64].into_iter().enumerate() {
        for (word, factor) in product.iter_mut().skip(shift).zip(n.iter().chain([&0])) {
            let wide = u128::from(*factor) * u128::from(multiplier) + u128::from(*word) + carry;
            (*word, carry) = (wide as u64, wide >> 64);
        }
    }
    let mut folded = [0; WORDS];
    let above = product.iter().skip(2);
    for (word, (low, high)) in folded.iter_mut().zip(product.iter().skip(1).zip(above)) {
        *word = low >> (BLOCK_BITS - 64) | high << (2 * 64 - BLOCK_BITS);
    }
    folded
}

/// R^2, from doublings and then squares.
fn r_squared<L: Lanes>(lanes: L, n: &Natural, modulus: &Modulus) -> Factor {
    let times = |a: &Factor, b: &Factor| blocks::product(lanes, a, &b.once, modulus);
    // 2^2048 less the modulus, doubled 40 times, is R; then 29 times more for 2^29.
    let mut doubled = n.map(|word| !word);
    if let Some(word) = doubled.first_mut() {
        *word |= 1;
    }
    (0..R_BITS - 2_048 + DIGIT_BITS).for_each(|_| integers::double(&mut doubled, n));
    let digit = Factor::of(&Digits::of(&doubled));
    // R is 2^29 to 72, and 72 is 8 times 9.
    let eight = (0..3).fold(digit, |power, _| times(&power, &power));
    let nine = times(&eight, &digit);
    (0..3).fold(nine, |power, _| times(&power, &power))
}

#[cfg(test)]
mod tests {
    use super::super::blocks::{LANES, VECTORS};
    use super::super::lanes::on_all_lanes;
    use super::*;
    use crate::tests::random;

    fn drawn() -> Natural {
        integers::read(random(OCTETS).as_slice().try_into().unwrap())
    }

    fn small(number: u64) -> Natural {
        let mut words = [0; WORDS];
        words[0] = number;
        words
    }

    /// Odd numbers of 2048 bits: the arithmetic asks no more of a modulus. The third and the fourth fold to a number of all
    /// ones and to a sparse one.
    fn moduli() -> Vec<Natural> {
        let mut least = small(1);
        least[31] = 1 << 63;
        let mut ones_folded = [u64::MAX; WORDS];
        (ones_folded[0], ones_folded[1]) = (1, u64::MAX << 23);
        let mut drawn = drawn();
        drawn[0] |= 1;
        drawn[31] |= 1 << 63;
        let mut alternating = [0x5555_5555_5555_5555; WORDS];
        alternating[31] |= 1 << 63;
        vec![least, drawn, ones_folded, [u64::MAX; WORDS], alternating]
    }

    /// `a + b` modulo `n`, word by word.
    fn added(a: &Natural, b: &Natural, n: &Natural) -> Natural {
        let (mut sum, mut carry) = ([0; WORDS], false);
        for ((word, a), b) in sum.iter_mut().zip(a).zip(b) {
            let (partial, over) = a.overflowing_add(*b);
            let (whole, beyond) = partial.overflowing_add(u64::from(carry));
            (*word, carry) = (whole, over || beyond);
        }
        if carry || sum.iter().rev().ge(n.iter().rev()) {
            let mut borrow = false;
            for (word, less) in sum.iter_mut().zip(n) {
                let (partial, under) = word.overflowing_sub(*less);
                let (whole, below) = partial.overflowing_sub(u64::from(borrow));
                (*word, borrow) = (whole, under || below);
            }
        }
        sum
    }

    /// `a * b` modulo `n`, bit by bit.
    fn multiplied(a: &Natural, b: &Natural, n: &Natural) -> Natural {
        let mut product = [0; WORDS];
        for bit in (0..2_048).rev() {
            product = added(&product, &product, n);
            if b[bit / 64] >> (bit % 64) & 1 == 1 {
                product = added(&product, a, n);
            }
        }
        product
    }

    fn times_r(a: &Natural, n: &Natural) -> Natural {
        (0..2_088).fold(*a, |number, _| added(&number, &number, n))
    }

    fn less_one(n: &Natural) -> Natural {
        let mut less_one = *n;
        less_one[0] -= 1;
        less_one
    }

    fn below(n: &Natural) -> Vec<Natural> {
        let mut drawn = drawn();
        drawn[31] >>= 1;
        vec![[0; WORDS], small(1), less_one(n), drawn]
    }

    /// The value of digits modulo `n`, whatever their size, by Horner's rule.
    fn value(digits: &Digits, n: &Natural) -> Natural {
        let mut sum = [0; WORDS];
        for lane in (0..LANES).rev() {
            for vector in digits.0.iter().rev() {
                sum = (0..29).fold(sum, |sum, _| added(&sum, &sum, n));
                sum = added(&sum, &small(vector[lane]), n);
            }
        }
        sum
    }

    const LARGEST: u64 = (1 << 29) + (1 << 7);

    /// Digits are as large as the proof of the sums allows, and the topmost is zero.
    fn are_factors(digits: &Digits) -> bool {
        digits.0.as_flattened().iter().all(|digit| *digit < LARGEST) && digits.0[VECTORS - 1][LANES - 1] == 0
    }

    on_all_lanes! {
        /// A product times R is the product for all pairs of edges and random numbers, and a square is a product with itself; so
        /// are those of results as they come.
        products_are_those_of_plain_arithmetic;
        /// Factors whose digits are all as large as they get do not overflow, alone or in any one position.
        the_largest_digits_do_not_overflow;
        /// Powers are those of plain arithmetic, and a base that is not below the modulus has none.
        powers_are_those_of_plain_arithmetic;
        /// Other sizes and even moduli cannot be prepared.
        other_moduli_are_refused;
    }

    /// The words that digits were made of come out again.
    #[test]
    fn digits_and_words_are_the_same_number() {
        for number in moduli().into_iter().chain([[0; WORDS], small(1)]) {
            let digits = Digits::of(&number);
            assert!(are_factors(&digits) && digits.0.as_flattened().iter().all(|digit| *digit < 1 << 29));
            assert_eq!((number, 0), digits.words());
        }
        let twice = Digits(Digits::of(&[u64::MAX; WORDS]).0.map(|vector| vector.map(|digit| 2 * digit)));
        let mut expected = [u64::MAX; WORDS];
        expected[0] -= 1;
        assert_eq!((expected, 1), twice.words());
    }

    fn products_are_those_of_plain_arithmetic(lanes: impl Lanes) {
        for n in &moduli() {
            let modulus = modulus(n);
            for a in &below(n) {
                for b in &below(n) {
                    let once = blocks::product(lanes, &Factor::of(&Digits::of(a)), &Digits::of(b), &modulus);
                    assert!(are_factors(&once.once));
                    assert_eq!(multiplied(a, b, n), times_r(&reduced(&once.once, n), n));
                    let squared = blocks::squared(lanes, &once, &modulus);
                    assert!(are_factors(&squared.once));
                    let product = blocks::product(lanes, &once, &once.once, &modulus);
                    assert_eq!(reduced(&product.once, n), reduced(&squared.once, n));
                    let residue = reduced(&once.once, n);
                    assert_eq!(multiplied(&residue, &residue, n), times_r(&reduced(&squared.once, n), n));
                }
            }
        }
    }

    fn the_largest_digits_do_not_overflow(lanes: impl Lanes) {
        let mut largest = Digits([[LARGEST; LANES]; VECTORS]);
        largest.0[VECTORS - 1][LANES - 1] = 0;
        // Digit 70 less, for a factor below 2^2060.
        largest.0[VECTORS - 2][LANES - 1] = 1 << 29;
        let n = &moduli()[2];
        let mut others = vec![largest, Digits::of(&less_one(n))];
        others.extend((0..VECTORS * LANES - 1).map(|at| {
            let mut one = Digits([[0; LANES]; VECTORS]);
            one.0[at % VECTORS][at / VECTORS] = LARGEST;
            one
        }));
        for n in &moduli() {
            let modulus = modulus(n);
            for other in others.iter().take(if n == &moduli()[2] { usize::MAX } else { 2 }) {
                let expected = multiplied(&value(&largest, n), &value(other, n), n);
                for (a, b) in [(&largest, other), (other, &largest)] {
                    let product = blocks::product(lanes, &Factor::of(a), b, &modulus);
                    assert!(are_factors(&product.once));
                    assert_eq!(expected, times_r(&reduced(&product.once, n), n));
                }
                let squared = blocks::squared(lanes, &Factor::of(other), &modulus);
                assert!(are_factors(&squared.once));
                let expected = multiplied(&value(other, n), &value(other, n), n);
                assert_eq!(expected, times_r(&reduced(&squared.once, n), n));
            }
        }
    }

    fn powers_are_those_of_plain_arithmetic(lanes: impl Lanes) {
        for n in &moduli() {
            let operation = PublicOperation::new(lanes, &integers::write(n)).unwrap();
            for base in below(n) {
                let power = (0..16).fold(base, |power, _| multiplied(&power, &power, n));
                assert_eq!(
                    integers::write(&multiplied(&power, &base, n)),
                    operation.apply(&integers::write(&base)).unwrap()
                );
            }
            assert!(operation.apply(&integers::write(n)).is_none());
            assert!(operation.apply(&[0xff; OCTETS]).is_none());
            if let (word, false) = n[0].overflowing_add(2) {
                let mut more = *n;
                more[0] = word;
                assert!(operation.apply(&integers::write(&more)).is_none());
            }
        }
    }

    /// Numbers up to three moduli are reduced to the least.
    #[test]
    fn results_are_fully_reduced() {
        for n in &moduli() {
            let digits = Digits::of(n);
            for times in 0..4 {
                for offset in [0, 1] {
                    let mut number = Digits(digits.0.map(|vector| vector.map(|digit| digit * times)));
                    number.0[0][0] += offset;
                    assert_eq!(small(offset), reduced(&number, n));
                }
                if times > 0 {
                    let mut number = Digits(digits.0.map(|vector| vector.map(|digit| digit * times)));
                    number.0[0][0] -= 1;
                    assert_eq!(less_one(n), reduced(&number, n));
                }
            }
        }
    }

    fn other_moduli_are_refused(lanes: impl Lanes) {
        let n = integers::write(&moduli()[1]);
        let changed = |at: usize, octet: u8| {
            let mut n = n;
            n[at] = octet;
            PublicOperation::new(lanes, &n).is_none()
        };
        assert!(changed(0, 0x7f), "2047 bits");
        assert!(changed(OCTETS - 1, n[OCTETS - 1] - 1), "even");
        for len in [0, 1, 255, 257, 384, 512] {
            assert!(PublicOperation::new(lanes, &[n.as_slice(), &n].concat()[..len]).is_none());
        }
    }
}
