//! The private operation from the primes of a key (RFC 8017 section 5.1.2, step 2.b), on processors with vectors for it.
//!
//! The message is reduced modulo both primes, raised to both exponents, and the results are joined by Garner's formula.
//! Either prime may be the larger. See the folder's `mod.rs` for what the caller has to do with a result.

use fearless_simd::{Avx2, Level};
use zeroize::Zeroizing;

use super::OCTETS;
use super::integers::{self, DIGIT_BITS, Digits, Natural, WORDS};
use super::montgomery::{self, Modulus};
use crate::crypto::material::{RsaPrimes, Secret, Wiped};

/// The private operation of one key.
pub struct PrivateOperation {
    avx2: Avx2,
    p: Prime,
    q: Prime,
    /// The inverse of q modulo p.
    qi: Wiped<Digits>,
}

impl PrivateOperation {
    /// Prepares the primes of a key that AWS-LC accepted; `None` where AWS-LC is faster or the modulus is not of 2048 bits.
    #[must_use]
    pub fn new(n: &[u8], primes: &RsaPrimes) -> Option<Self> {
        if n.len() != OCTETS || n.first()? >> 7 == 0 || !is_faster() {
            return None;
        }
        Self::on_vectors(primes)
    }

    /// The same wherever there are vectors, faster or not, for those who examine it rather than use it: tools that run a
    /// program instruction by instruction hide what `new` asks the processor for.
    #[must_use]
    pub fn on_vectors(primes: &RsaPrimes) -> Option<Self> {
        Self::prepared(Level::new().as_avx2()?, primes)
    }

    fn prepared(avx2: Avx2, primes: &RsaPrimes) -> Option<Self> {
        let p = Prime::new(avx2, &primes.p, &primes.dp)?;
        let q = Prime::new(avx2, &primes.q, &primes.dq)?;
        let qi = natural(&primes.qi)?;
        Some(Self { avx2, p, q, qi: Digits::of(&qi) })
    }

    /// The message representative to the private exponent, unchecked.
    #[must_use]
    pub fn apply(&self, message: &[u8; OCTETS]) -> Wiped<[u8; OCTETS]> {
        let (high, low) = message.split_at(OCTETS / 2);
        let halves = [high, low].map(|octets| {
            let mut words = Zeroizing::new([0; WORDS]);
            integers::read(&mut *words, octets);
            Digits::of(&words)
        });
        let m1 = self.p.power(self.avx2, &halves);
        let m2 = self.q.power(self.avx2, &halves);
        let m2 = montgomery::product(self.avx2, &m2, &Digits::ONE, &self.q.modulus).reduced(&self.q.number);
        let h = self.p.garner(self.avx2, &m1, &m2, &self.qi);
        let joined = integers::multiply_add(&h, &self.q.number, &m2);
        let mut signature = Wiped::new([0; OCTETS]);
        integers::write(&mut *signature, &*joined);
        signature
    }
}

/// Whether vectors beat AWS-LC here: it has code of its own for AVX-512 IFMA, and processors from before VAES multiply
/// vectors of 256 bits too slowly.
pub(super) fn is_faster() -> bool {
    std::arch::is_x86_feature_detected!("vaes") && !std::arch::is_x86_feature_detected!("avx512ifma")
}

/// One prime, its exponent and what a message is brought into Montgomery's form with.
struct Prime {
    number: Natural,
    exponent: Natural,
    modulus: Modulus,
    /// R, R^2 and 2^1024 * R^2.
    one: Wiped<Digits>,
    square: Wiped<Digits>,
    high: Wiped<Digits>,
}

impl Prime {
    /// `None` for a prime that is even or not of exactly 1024 bits.
    fn new(avx2: Avx2, prime: &Secret, exponent: &Secret) -> Option<Self> {
        let (prime, exponent) = (natural(prime)?, natural(exponent)?);
        let (lowest, highest) = (prime.first()?, prime.last()?);
        // The same for each key that gets on: this branch tells nothing.
        if lowest & highest >> 63 == 0 {
            return None;
        }
        // Newton's iteration: each round doubles the bits that are right, from one.
        let inverse =
            (0..6).fold(1_u64, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse))));
        let negated_inverse = inverse.wrapping_neg() & ((1 << DIGIT_BITS) - 1);
        let modulus = Modulus {
            prime: Digits::of(&prime),
            folded: Digits::of(&integers::folded(&prime, negated_inverse)),
            negated_inverse: Wiped::new(negated_inverse.cast_signed()),
        };
        let times = |a: &Digits, b: &Digits| montgomery::product(avx2, a, b, &modulus);
        // 2^1024 less the prime, doubled 20 times, is R; then 9 and 20 times more for 2^9 and 2^29.
        let mut doubled = Zeroizing::new([0; WORDS]);
        for (word, of_prime) in doubled.iter_mut().zip(prime.iter()) {
            *word = !of_prime;
        }
        if let Some(word) = doubled.first_mut() {
            *word |= 1;
        }
        let mut shifted = |bits: usize| {
            (0..bits).for_each(|_| integers::double(&mut doubled, &prime));
            Digits::of(&doubled)
        };
        let (one, nine, digit) = (shifted(20), shifted(9), shifted(20));
        // 35 digits and 9 bits are 1024 bits, 36 digits R.
        let two = times(&digit, &digit);
        let thirty_two = (0..3).fold(times(&two, &two), |power, _| times(&power, &power));
        let thirty_five = times(&times(&thirty_two, &two), &digit);
        let square = times(&thirty_five, &digit);
        let high = times(&times(&thirty_five, &nine), &square);
        Some(Self { number: prime, exponent, modulus, one, square, high })
    }

    /// The message, in halves, to the exponent; R times that.
    fn power(&self, avx2: Avx2, [high, low]: &[Wiped<Digits>; 2]) -> Wiped<Digits> {
        let high = montgomery::product(avx2, high, &self.high, &self.modulus);
        let low = montgomery::product(avx2, low, &self.square, &self.modulus);
        let base = montgomery::sum(avx2, &high, &low);
        montgomery::power(avx2, &base, &self.exponent, &self.one, &self.modulus)
    }

    /// `(m1 - m2) * qi`, where `m1` comes as R times that.
    fn garner(&self, avx2: Avx2, m1: &Digits, m2: &Natural, qi: &Digits) -> Natural {
        let mut negative = montgomery::product(avx2, &Digits::of(m2), &self.square, &self.modulus);
        for digit in negative.0.as_flattened_mut() {
            *digit = -*digit;
        }
        let difference = montgomery::sum(avx2, m1, &negative);
        montgomery::product(avx2, &difference, qi, &self.modulus).reduced(&self.number)
    }
}

/// A part of a key; `None` if it is longer than a prime. Its length is as public as the modulus'.
fn natural(octets: &Secret) -> Option<Natural> {
    let mut number: Natural = Wiped::new([0; WORDS]);
    let excess = octets.len().saturating_sub(OCTETS / 2);
    let (padding, octets) = octets.split_at_checked(excess)?;
    if padding.iter().any(|octet| *octet != 0) {
        return None;
    }
    integers::read(&mut *number, octets);
    Some(number)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{Digest, SHA256};
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

    use super::*;
    use crate::crypto::material::PrivateParts;
    use crate::crypto::rsa_encoding;
    use crate::der::pkcs8;

    struct Drawn {
        key: RsaKeyPair,
        n: Vec<u8>,
        primes: RsaPrimes,
    }

    fn drawn(size: KeySize) -> Drawn {
        let key = RsaKeyPair::generate(size).unwrap();
        let private = pkcs8::read(key.as_der().unwrap().as_ref()).unwrap();
        let PrivateParts::Rsa { n, primes: Some(primes), .. } = private else { panic!("not RSA") };
        Drawn { key, n, primes }
    }

    /// The same key with its primes in the other order.
    fn exchanged(avx2: Avx2, primes: &RsaPrimes) -> RsaPrimes {
        // By Fermat's little theorem, p to q - 2 is the inverse of p modulo q.
        let mut exponent = primes.q.clone();
        *exponent.last_mut().unwrap() -= 2;
        let q = Prime::new(avx2, &primes.q, &exponent).unwrap();
        let halves = [Digits::of(&[0; WORDS]), Digits::of(&natural(&primes.p).unwrap())];
        let power = q.power(avx2, &halves);
        let inverse = montgomery::product(avx2, &power, &Digits::ONE, &q.modulus).reduced(&q.number);
        let mut qi = vec![0; OCTETS / 2];
        integers::write(&mut qi, &*inverse);
        RsaPrimes {
            p: primes.q.clone(),
            q: primes.p.clone(),
            dp: primes.dq.clone(),
            dq: primes.dp.clone(),
            qi: Secret::new(qi),
        }
    }

    /// Digests of zeros, of ones and of messages have AWS-LC's own signatures, with the primes in either order.
    #[test]
    fn signatures_are_those_of_aws_lc() {
        let Some(avx2) = Level::new().as_avx2() else { return };
        for _ in 0..8 {
            let Drawn { key, primes, .. } = drawn(KeySize::Rsa2048);
            let other = exchanged(avx2, &primes);
            assert_ne!(*primes.p > *primes.q, *other.p > *other.q);
            let operations = [&primes, &other].map(|primes| PrivateOperation::prepared(avx2, primes).unwrap());
            let digests = [[0; 32], [0xff; 32]].map(|octets| Digest::import_less_safe(&octets, &SHA256).unwrap());
            let messages = (0_u8..32).map(|octet| aws_lc_rs::digest::digest(&SHA256, &[octet]));
            for digest in digests.into_iter().chain(messages) {
                let mut expected = [0; OCTETS];
                key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut expected).unwrap();
                for operation in &operations {
                    assert_eq!(expected, *operation.apply(&rsa_encoding::pkcs1(&digest).unwrap()));
                }
            }
        }
    }

    /// Zero, one and the modulus less one are their own roots; a multiple of a prime stays one.
    #[test]
    fn edges_of_the_representatives() {
        let Some(avx2) = Level::new().as_avx2() else { return };
        let Drawn { n, primes, .. } = drawn(KeySize::Rsa2048);
        let mut one = [0; OCTETS];
        one[OCTETS - 1] = 1;
        let mut less_one: [u8; OCTETS] = n.as_slice().try_into().unwrap();
        less_one[OCTETS - 1] -= 1;
        for primes in [&primes, &exchanged(avx2, &primes)] {
            let operation = PrivateOperation::prepared(avx2, primes).unwrap();
            for edge in [[0; OCTETS], one, less_one] {
                assert_eq!(edge, *operation.apply(&edge));
            }
            // Zero modulo one prime, and not modulo the other.
            for (prime, place) in [(&primes.p, &operation.p), (&primes.q, &operation.q)] {
                let mut multiple = [0; OCTETS];
                multiple[OCTETS - prime.len()..].copy_from_slice(prime);
                let signature = operation.apply(&multiple);
                assert_ne!([0; OCTETS], *signature);
                let (high, low) = signature.split_at(OCTETS / 2);
                let [high, low] =
                    [high, low].map(|octets| Digits::of(&natural(&Secret::new(octets.to_vec())).unwrap()));
                let high = montgomery::product(avx2, &high, &place.high, &place.modulus);
                let low = montgomery::product(avx2, &low, &place.square, &place.modulus);
                let sum = montgomery::sum(avx2, &high, &low);
                let residue = montgomery::product(avx2, &sum, &Digits::ONE, &place.modulus).reduced(&place.number);
                assert_eq!([0; WORDS], *residue);
            }
        }
    }

    /// Other sizes, and parts that no sound key has, are left to AWS-LC.
    #[test]
    fn other_keys_are_left_alone() {
        let larger = drawn(KeySize::Rsa3072);
        assert!(PrivateOperation::new(&larger.n, &larger.primes).is_none());
        let Drawn { n, primes, .. } = drawn(KeySize::Rsa2048);
        assert!(PrivateOperation::new(&[], &primes).is_none());
        assert!(PrivateOperation::new(&[&[0x7f], &n[1..]].concat(), &primes).is_none());
        assert_eq!(is_faster(), PrivateOperation::new(&n, &primes).is_some());
        let Some(avx2) = Level::new().as_avx2() else { return };
        assert!(PrivateOperation::prepared(avx2, &larger.primes).is_none());
        let changed = |at: usize, octet: u8| {
            let mut p = primes.p.clone();
            p[at] = octet;
            PrivateOperation::prepared(avx2, &RsaPrimes { p, ..primes.clone() }).is_none()
        };
        assert!(changed(0, 0x7f), "a prime of 1023 bits");
        assert!(changed(127, primes.p[127] - 1), "an even prime");
        let padded = Secret::new([&[0], primes.p.as_slice()].concat());
        assert!(PrivateOperation::prepared(avx2, &RsaPrimes { p: padded, ..primes.clone() }).is_some());
        let longer = Secret::new([&[1], primes.p.as_slice()].concat());
        assert!(PrivateOperation::prepared(avx2, &RsaPrimes { p: longer, ..primes.clone() }).is_none());
    }
}
