//! Verdicts compared with AWS-LC's: on valid and changed signatures, and on encodings that only the holder of the private key
//! can sign.

#![allow(clippy::cast_possible_truncation, reason = "words are what is left of wider ones")]

use std::rc::Rc;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair, RsaParameters,
};

use super::encoding::{self, is_pss, pss};
use super::integers::{self, Natural, WORDS};
use super::lanes::Portable;
use super::operation::PublicOperation;
use super::{OCTETS, Prepared, ROWS, Scheme};
use crate::tests::differential::{Numbers, SignedMessage, Subject, flip};
use crate::tests::random;
use crate::{Algorithm, PreparedKey};

/// What AWS-LC calls an algorithm.
fn backend(row: &Scheme) -> (&'static RsaParameters, &'static dyn RsaEncoding) {
    match row.algorithm {
        Algorithm::Rs256 => (&RSA_PKCS1_2048_8192_SHA256, &RSA_PKCS1_SHA256),
        Algorithm::Rs384 => (&RSA_PKCS1_2048_8192_SHA384, &RSA_PKCS1_SHA384),
        Algorithm::Rs512 => (&RSA_PKCS1_2048_8192_SHA512, &RSA_PKCS1_SHA512),
        Algorithm::Ps256 => (&RSA_PSS_2048_8192_SHA256, &RSA_PSS_SHA256),
        Algorithm::Ps384 => (&RSA_PSS_2048_8192_SHA384, &RSA_PSS_SHA384),
        Algorithm::Ps512 => (&RSA_PSS_2048_8192_SHA512, &RSA_PSS_SHA512),
        other => panic!("{other:?} is not RSA"),
    }
}

fn is_pss_row(row: &Scheme) -> bool {
    std::ptr::fn_addr_eq(row.is_encoded, is_pss as super::IsEncoded)
}

fn hashed(row: &Scheme, message: &[u8]) -> Digest {
    digest::digest(row.hash, message)
}

/// A key whose private exponent is known, with the public half in AWS-LC's form.
struct Key {
    pair: RsaKeyPair,
    n: [u8; OCTETS],
    d: Vec<u8>,
    /// Under each algorithm: AWS-LC's, and prepared with the best instructions here and with portable ones.
    ways: Vec<(ParsedPublicKey, [Box<dyn PreparedKey>; 2])>,
}

impl Key {
    fn generate() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let document = pair.as_der().unwrap();
        // The integers of PKCS#8 are its version, then those of RSAPrivateKey: the version, n, e, d.
        let integers = integers(document.as_ref());
        let [n, e, d] = [2, 3, 4].map(|at| integers[at].as_slice());
        assert_eq!(&[1, 0, 1], e);
        let ways = ROWS.iter().map(|row| {
            let backend = ParsedPublicKey::new(backend(row).0, pair.public_key().as_ref()).unwrap();
            let portable = Prepared { operation: PublicOperation::new(Portable, n).unwrap(), row };
            (backend, [row.algorithm.prepare(n).unwrap(), Box::new(portable)])
        });
        Self { n: n.try_into().unwrap(), d: d.to_vec(), ways: ways.collect(), pair }
    }

    fn sign(&self, row: &Scheme, message: &[u8]) -> [u8; OCTETS] {
        let mut signature = [0; OCTETS];
        self.pair.sign(backend(row).1, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// The verdict, which is AWS-LC's too.
    fn verdict(&self, row: &Scheme, message: &[u8], signature: &[u8]) -> bool {
        let at = ROWS.iter().position(|other| other.algorithm == row.algorithm).unwrap();
        let (backend, prepared) = &self.ways[at];
        let expected = backend.verify_sig(message, signature).is_ok();
        for prepared in prepared {
            let verdict = prepared.verify(hashed(row, message).as_ref(), signature);
            assert_eq!(expected, verdict, "{:?}", row.algorithm);
        }
        expected
    }

    /// Signs any message representative below the modulus.
    fn forge(&self, representative: &[u8; OCTETS]) -> [u8; OCTETS] {
        assert!(representative < &self.n);
        let signature = raised(representative, &self.d, &self.n);
        assert_eq!(*representative, PublicOperation::new(Portable, &self.n).unwrap().apply(&signature).unwrap());
        signature
    }
}

/// A key under each algorithm for `make differential`, with encodings that are right but for one rule.
pub(crate) fn subjects() -> Vec<Subject> {
    let key = Rc::new(Key::generate());
    let subject = |(at, row): (usize, &'static Scheme)| {
        let (verifying, signing) = (Rc::clone(&key), Rc::clone(&key));
        let n = key.n;
        Subject {
            name: NAMES[at],
            public: n.to_vec(),
            verdicts: Box::new(move |(message, signature)| {
                let (backend, prepared) = &verifying.ways[at];
                let digest = hashed(row, message);
                let [fast, portable] = prepared.each_ref().map(|way| way.verify(digest.as_ref(), signature));
                [backend.verify_sig(message, signature).is_ok(), fast, portable]
            }),
            sign: Box::new(move |message| (message.to_vec(), signing.sign(row, message).to_vec())),
            craft: Box::new(move |signature, numbers| changed(signature, &n, numbers)),
            crafted: crafted(&key, row),
        }
    };
    ROWS.iter().enumerate().map(subject).collect()
}

const NAMES: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/// Signatures of encodings: the right one, and some with a byte changed or a salt of another length.
fn crafted(key: &Key, row: &Scheme) -> Vec<SignedMessage> {
    let mut numbers = Numbers::new(u64::from_le_bytes(random(8).try_into().unwrap()));
    let message = random(40);
    let digest = hashed(row, &message);
    let len = digest.as_ref().len();
    let information = OCTETS - 19 - len;
    let encoding = |kind: usize, numbers: &mut Numbers| {
        let mut right = if is_pss_row(row) {
            let salt_len = if kind == 1 { numbers.below(OCTETS - 2 - len) } else { len };
            let salt = numbers.octets(salt_len);
            let (at, bit) = (numbers.below(OCTETS - 1 - len - salt.len()), 1 << numbers.below(8));
            pss(&digest, &salt, |block| block[at] ^= if kind == 2 { bit } else { 0 })
        } else {
            encoding::pkcs1(digest.as_ref(), row.hash).unwrap()
        };
        match kind {
            3 => right[OCTETS - 1] = numbers.octets(1)[0],
            4 => flip(&mut right[1..], numbers),
            5 => flip(&mut right[information..information + 19], numbers),
            6 => right[2 + numbers.below(8)] = 0,
            7 => right[0] = numbers.below(usize::from(key.n[0])).to_le_bytes()[0],
            _ => {}
        }
        right
    };
    let encodings = (0..8).map(|kind| encoding(kind, &mut numbers)).filter(|encoding| encoding < &key.n);
    encodings.map(|encoding| (message.clone(), key.forge(&encoding).to_vec())).collect()
}

/// The signature with n added, n less it, or a number beside n or at an end.
fn changed(signature: &[u8], n: &[u8; OCTETS], numbers: &mut Numbers) -> Vec<u8> {
    let Ok(own) = <[u8; OCTETS]>::try_from(signature) else { return signature.to_vec() };
    let combined = |one: &[u8; OCTETS], other: &[u8; OCTETS], invert: u8, mut carry: u16| {
        let mut sum = [0; OCTETS];
        for ((sum, one), other) in sum.iter_mut().zip(one).zip(other).rev() {
            let wide = u16::from(*one) + u16::from(*other ^ invert) + carry;
            (*sum, carry) = (wide.to_le_bytes()[0], wide >> 8);
        }
        sum
    };
    let mut small = [0; OCTETS];
    small[OCTETS - 1] = numbers.octets(1)[0];
    match numbers.below(6) {
        0 => combined(&own, n, 0, 0).to_vec(),
        1 => combined(n, &own, 0xff, 1).to_vec(),
        2 => combined(n, &small, 0, 0).to_vec(),
        3 => combined(n, &small, 0xff, 1).to_vec(),
        4 => combined(&own, &small, 0, 0).to_vec(),
        _ => small.to_vec(),
    }
}

/// A number to an exponent, modulo an odd number: bit by bit, with Montgomery's multiplication word by word.
fn raised(base: &[u8; OCTETS], exponent: &[u8], n: &[u8; OCTETS]) -> [u8; OCTETS] {
    let (base, n) = (integers::read(base), integers::read(n));
    let inverse = (0..6).fold(1_u64, |i, _| i.wrapping_mul(2_u64.wrapping_sub(n[0].wrapping_mul(i))));
    let times = |a: &Natural, b: &Natural| {
        let mut sum = [0; WORDS + 1];
        for factor in a {
            add_multiple(&mut sum, *factor, b);
            let multiple = sum[0].wrapping_mul(inverse.wrapping_neg());
            let beyond = add_multiple(&mut sum, multiple, &n);
            sum.copy_within(1.., 0);
            sum[WORDS] = beyond;
        }
        let mut reduced = sum[..WORDS].try_into().unwrap();
        if sum[WORDS] > 0 || !integers::is_below(&reduced, &n) {
            integers::subtract(&mut reduced, &n);
        }
        reduced
    };
    let mut one = [0; WORDS];
    one[0] = 1;
    let in_form = |number: &Natural| {
        let mut form = *number;
        (0..64 * WORDS).for_each(|_| integers::double(&mut form, &n));
        form
    };
    let (base, mut power) = (in_form(&base), in_form(&one));
    for bit in exponent.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1)) {
        power = times(&power, &power);
        if bit == 1 {
            power = times(&power, &base);
        }
    }
    integers::write(&times(&power, &one))
}

/// Adds a multiple; what is beyond the words, of which the last one takes up a carry.
fn add_multiple(sum: &mut [u64; WORDS + 1], multiple: u64, number: &Natural) -> u64 {
    let mut carry = 0;
    for (word, factor) in sum.iter_mut().zip(number.iter().chain([&0])) {
        let wide = u128::from(*factor) * u128::from(multiple) + u128::from(*word) + carry;
        (*word, carry) = (wide as u64, wide >> 64);
    }
    carry as u64
}

/// The integers anywhere in DER, without the zero that keeps them positive.
fn integers(der: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = der;
    while let [tag, length, after @ ..] = rest {
        let count = if *length < 0x80 { 0 } else { usize::from(length & 0x7f) };
        let len = after[..count].iter().fold(0, |len, octet| len << 8 | usize::from(*octet));
        let (content, next) = after[count..].split_at(if count == 0 { usize::from(*length) } else { len });
        match tag {
            0x02 => found.push(content.strip_prefix(&[0]).unwrap_or(content).to_vec()),
            0x04 | 0x30 => found.extend(integers(content)),
            _ => {}
        }
        rest = next;
    }
    found
}

/// Signatures of many keys and messages verify under all six algorithms, and mutated ones do not.
#[test]
fn verdicts_are_those_of_aws_lc() {
    for _ in 0..6 {
        let key = Key::generate();
        for row in &ROWS {
            for len in [0, 1, 31, 200] {
                let message = &random(200)[..len];
                let signature = key.sign(row, message);
                assert!(key.verdict(row, message, &signature));
                assert!(!key.verdict(row, b"another", &signature));
                for other in &ROWS {
                    assert_eq!(other.algorithm == row.algorithm, key.verdict(other, message, &signature));
                }
                assert!(!key.verdict(row, message, &random(OCTETS)));
            }
        }
    }
}

/// No bit of a signature may change, it is below the modulus, and edges and other lengths are refused.
#[test]
fn mutated_signatures_are_refused() {
    let key = Key::generate();
    for row in &ROWS {
        let signature = key.sign(row, b"message");
        for at in 0..OCTETS {
            let mut changed = signature;
            changed[at] ^= 1 << (at % 8);
            assert!(!key.verdict(row, b"message", &changed), "byte {at}");
        }
        let edge = |last: u8, first: u8| {
            let mut edge = [0; OCTETS];
            (edge[0], edge[OCTETS - 1]) = (first, last);
            edge
        };
        let beside = |step: u8| {
            let mut n = key.n;
            n[OCTETS - 1] = n[OCTETS - 1].wrapping_add(step);
            n
        };
        for edge in
            [edge(0, 0), edge(1, 0), edge(2, 0), edge(0, 0x80), beside(0), beside(1), beside(0xff), [0xff; OCTETS]]
        {
            assert!(!key.verdict(row, b"message", &edge));
        }
        for len in [0, 1, 255] {
            assert!(!key.verdict(row, b"message", &signature[..len]));
            assert!(!key.verdict(row, b"message", &signature[OCTETS - len..]));
        }
        assert!(!key.verdict(row, b"message", &[&signature[..], &[0]].concat()));
        assert!(!key.verdict(row, b"message", &[&[0], &signature[..]].concat()));
    }
}

/// The same signature with the modulus added, where it fits into as many bytes, is refused.
#[test]
fn signatures_plus_the_modulus_are_refused() {
    let mut fitted = 0;
    while fitted < 3 {
        let key = Key::generate();
        for (row, octet) in ROWS.iter().flat_map(|row| (0..4).map(move |octet| (row, octet))) {
            let signature = key.sign(row, &[octet]);
            let (mut sum, mut carry) = ([0; OCTETS], 0);
            for ((sum, a), b) in sum.iter_mut().zip(&signature).zip(&key.n).rev() {
                let wide = u16::from(*a) + u16::from(*b) + carry;
                (*sum, carry) = (wide.to_le_bytes()[0], wide >> 8);
            }
            if carry == 0 {
                fitted += 1;
                assert!(key.verdict(row, &[octet], &signature));
                assert!(!key.verdict(row, &[octet], &sum));
            }
        }
    }
}

/// A digest of another length is refused.
#[test]
fn digests_of_other_hashes_are_refused() {
    let key = Key::generate();
    for row in &ROWS {
        let signature = key.sign(row, b"message");
        let prepared = row.algorithm.prepare(&key.n).unwrap();
        for hash in [&digest::SHA256, &digest::SHA384, &digest::SHA512, &digest::SHA1_FOR_LEGACY_USE_ONLY] {
            let digest = digest::digest(hash, b"message");
            assert_eq!(hash == row.hash, prepared.verify(digest.as_ref(), &signature));
        }
        assert!(!prepared.verify(&[], &signature));
    }
}

/// PKCS#1 encodings with garbage, less padding, another DigestInfo or other lengths are refused (Bleichenbacher 2006).
#[test]
fn forged_pkcs1_encodings_are_refused() {
    let key = Key::generate();
    for row in ROWS.iter().filter(|row| !is_pss_row(row)) {
        let digest = hashed(row, b"message");
        let right = encoding::pkcs1(digest.as_ref(), row.hash).unwrap();
        assert!(key.verdict(row, b"message", &key.forge(&right)));
        let information = right[OCTETS - 19 - digest.as_ref().len()..].to_vec();
        // As many bytes of padding as bring it to 256, or garbage at the end after this few.
        let built = |kind: u8, information: &[u8], padding: Option<usize>| {
            let most = OCTETS - 3 - information.len();
            let ones = vec![0xff; padding.unwrap_or(most)];
            let mut built = [&[0, kind], ones.as_slice(), &[0], information].concat();
            built.resize(OCTETS, 0xa5);
            <[u8; OCTETS]>::try_from(built).unwrap()
        };
        assert_eq!(right, built(1, &information, None));
        let digest_less_null = {
            let mut shorter = [&information[..15], &information[17..]].concat();
            (shorter[1], shorter[3]) = (shorter[1] - 2, shorter[3] - 2);
            shorter
        };
        let mut others = vec![
            built(1, &information, Some(8)),
            built(1, &information, Some(0)),
            built(1, &information, Some(OCTETS - 4 - information.len())),
            built(0, &information, None),
            built(2, &information, None),
            built(1, &digest_less_null, None),
            built(1, digest.as_ref(), None),
            built(1, &[&information[..], &[0]].concat(), None),
            built(1, &[&[0], &information[..]].concat(), None),
        ];
        for at in 0..19 {
            let mut changed = information.clone();
            changed[at] ^= 1;
            others.push(built(1, &changed, None));
        }
        for at in [0, 2, 9, 100, OCTETS - 20 - digest.as_ref().len()] {
            let mut changed = right;
            changed[at] ^= 1;
            others.push(changed);
        }
        for other in others {
            assert_ne!(right, other);
            assert!(!key.verdict(row, b"message", &key.forge(&other)));
        }
    }
}

/// PSS with another salt length, trailer, padding or a set top bit is refused; any salt of the right length verifies.
#[test]
fn forged_pss_encodings_are_refused() {
    // The top bit can be set in a representative below the modulus only if the modulus is large enough.
    let key = std::iter::repeat_with(Key::generate).find(|key| key.n[0] >= 0xc0).unwrap();
    for row in ROWS.iter().filter(|row| is_pss_row(row)) {
        let digest = hashed(row, b"message");
        let len = digest.as_ref().len();
        let salt = random(200);
        let verdict = |representative: [u8; OCTETS]| key.verdict(row, b"message", &key.forge(&representative));
        let right = pss(&digest, &salt[..len], |_| {});
        assert!(verdict(right) && verdict(pss(&digest, &vec![0; len], |_| {})));
        for other in [0, 1, 20, len - 1, len + 1, 2 * len, OCTETS - 2 - len] {
            if other != len && other <= OCTETS - 2 - len && other <= salt.len() {
                assert!(!verdict(pss(&digest, &salt[..other], |_| {})), "a salt of {other} bytes");
            }
        }
        let one = OCTETS - 2 - 2 * len;
        for at in 0..one {
            assert!(!verdict(pss(&digest, &salt[..len], |block| block[at] ^= 1)), "padding {at}");
        }
        for wrong in [0, 2, 3, 0x81, 0xff] {
            assert!(!verdict(pss(&digest, &salt[..len], |block| block[one] = wrong)), "{wrong} for one");
        }
        // The bit that the mask covers and that is cleared afterwards is of no account before.
        assert!(verdict(pss(&digest, &salt[..len], |block| block[0] ^= 0x80)));
        assert!(!verdict(pss(&digest, &salt[..len], |block| block[0] ^= 0x40)));
        for trailer in [0, 0xbd, 0xcc, 0xff, 0x3c] {
            let mut changed = right;
            changed[OCTETS - 1] = trailer;
            assert!(!verdict(changed), "a trailer of {trailer}");
        }
        // Below the modulus with the bit set: the rest of the first byte is small for one salt in a few.
        let small = (0..=255_u8).map(|octet| pss(&digest, &vec![octet; len], |_| {})).find(|right| right[0] < 0x40);
        let mut set = small.unwrap();
        assert!(verdict(set));
        set[0] |= 0x80;
        assert!(!verdict(set), "the top bit is set");
        for at in [1, OCTETS - 2 - len, OCTETS - 1 - len, OCTETS - 2] {
            let mut changed = right;
            changed[at] ^= 0x10;
            assert!(!verdict(changed), "byte {at}");
        }
    }
}
