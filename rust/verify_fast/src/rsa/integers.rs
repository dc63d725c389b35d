//! Integers of 2048 bits in machine words, 64 bits each, the least significant first.

/// Words of a modulus.
pub(super) const WORDS: usize = 32;

/// A natural number below 2^2048.
pub(super) type Natural = [u64; WORDS];

/// A number of 256 bytes, the most significant first.
pub(super) fn read(octets: &[u8; 8 * WORDS]) -> Natural {
    let mut words = [0; WORDS];
    for (word, octets) in words.iter_mut().rev().zip(octets.as_chunks().0) {
        *word = u64::from_be_bytes(*octets);
    }
    words
}

/// The bytes of a number, the most significant first.
pub(super) fn write(words: &Natural) -> [u8; 8 * WORDS] {
    let mut octets = [0; 8 * WORDS];
    for (octets, word) in octets.as_chunks_mut().0.iter_mut().zip(words.iter().rev()) {
        *octets = word.to_be_bytes();
    }
    octets
}

/// Subtracts another number, modulo 2^2048; whether it was larger.
pub(super) fn subtract(number: &mut Natural, other: &Natural) -> bool {
    let mut borrow = false;
    for (word, less) in number.iter_mut().zip(other) {
        let (difference, under) = word.overflowing_sub(*less);
        let (difference, below) = difference.overflowing_sub(u64::from(borrow));
        (*word, borrow) = (difference, under || below);
    }
    borrow
}

/// Twice a number below the modulus, modulo that.
pub(super) fn double(number: &mut Natural, modulus: &Natural) {
    let mut carry = 0;
    for word in number.iter_mut() {
        (*word, carry) = (*word << 1 | carry, *word >> 63);
    }
    let mut difference = *number;
    if !subtract(&mut difference, modulus) || carry == 1 {
        *number = difference;
    }
}

/// Whether a number is below another.
pub(super) fn is_below(number: &Natural, other: &Natural) -> bool {
    number.iter().rev().lt(other.iter().rev())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(number: u64) -> Natural {
        let mut words = [0; WORDS];
        words[0] = number;
        words
    }

    /// Bytes come out as they went in, the most significant first.
    #[test]
    fn octets_and_words_are_the_same_number() {
        let octets = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let words = read(&octets);
        assert_eq!((0x0001_0203_0405_0607, 0xf8f9_fafb_fcfd_feff), (words[31], words[0]));
        assert_eq!(octets, write(&words));
    }

    /// A difference borrows to the end.
    #[test]
    fn differences_borrow_to_the_end() {
        let mut number = small(0);
        assert!(subtract(&mut number, &small(1)));
        assert_eq!([u64::MAX; WORDS], number);
        assert!(!subtract(&mut number, &small(1)) && !subtract(&mut number, &[u64::MAX - 1; WORDS]));
        assert_eq!(0, number[0]);
    }

    /// Doubling reduces where the double is the modulus or above, also beyond 2^2048.
    #[test]
    fn doubles_are_reduced() {
        let mut modulus = small(1);
        modulus[31] = 1 << 63;
        let mut half = small(1);
        half[31] = 1 << 62;
        double(&mut half, &modulus);
        assert_eq!(small(1), half);
        let mut below = modulus;
        below[0] = 0;
        double(&mut below, &modulus);
        let mut expected = modulus;
        expected[0] = 0;
        assert!(subtract(&mut expected, &small(1)) || expected != modulus);
        assert_eq!(expected, below);
        let mut ones = [u64::MAX; WORDS];
        ones[0] -= 1;
        double(&mut ones, &[u64::MAX; WORDS]);
        assert_eq!((u64::MAX - 2, u64::MAX), (ones[0], ones[31]));
    }

    /// The most significant word decides first, and a number is not below itself.
    #[test]
    fn order_is_by_the_most_significant_word() {
        let mut large = small(0);
        large[31] = 1;
        assert!(is_below(&small(9), &large) && !is_below(&large, &small(9)) && !is_below(&large, &large));
    }
}
