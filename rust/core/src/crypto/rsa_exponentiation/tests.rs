//! Verdicts of the public operation beside AWS-LC's, and forgeries that the private operation made.

use aws_lc_rs::digest::{self, Digest};

use super::{OCTETS, PrivateOperation, PublicOperation};
use crate::crypto::digest::Hash;
use crate::crypto::material::{PrivateParts, RsaPrimes};
use crate::crypto::rsa::{Signing, Verifying, is_pss};
use crate::crypto::rsa_encoding;
use crate::der::pkcs8;
use crate::jwa::Alg;

const ALGS: [Alg; 6] = [Alg::Rs256, Alg::Rs384, Alg::Rs512, Alg::Ps256, Alg::Ps384, Alg::Ps512];
const F4: [u8; 3] = [1, 0, 1];

fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    aws_lc_rs::rand::fill(&mut octets).unwrap();
    octets
}

/// Larger moduli and other exponents go to AWS-LC.
#[test]
fn other_keys_verify_all_the_same() {
    for bits in [3_072, 4_096] {
        let key = Key::generate(bits);
        assert!(PublicOperation::new(&key.n, &F4).is_none());
        for alg in ALGS {
            let signature = key.signing(alg).sign(b"message").unwrap();
            assert!(key.verdict(alg, b"message", &signature));
            assert!(!key.verdict(alg, b"massage", &signature));
        }
    }
    let n = Key::generate(2_048).n;
    for alg in ALGS {
        let three = Verifying::new(alg, &n, &[3]).unwrap();
        assert!(three.verify(b"message", &[0; OCTETS]).is_err());
    }
}

struct Key {
    n: Vec<u8>,
    d: Vec<u8>,
    primes: RsaPrimes,
}

impl Key {
    fn generate(bits: usize) -> Self {
        let pkcs8 = Signing::generate(Alg::Rs256, bits).unwrap().to_pkcs8().unwrap();
        let PrivateParts::Rsa { n, e, d, primes: Some(primes), .. } = pkcs8::read(&pkcs8).unwrap() else {
            panic!("not RSA")
        };
        assert_eq!(F4.as_slice(), e);
        Self { n, d: d.to_vec(), primes }
    }

    fn signing(&self, alg: Alg) -> Signing {
        Signing::new(alg, &self.n, &F4, &self.d, &self.primes).unwrap()
    }

    /// The verdict, which is AWS-LC's too.
    fn verdict(&self, alg: Alg, message: &[u8], signature: &[u8]) -> bool {
        let verifying = Verifying::new(alg, &self.n, &F4).unwrap();
        let verdict = verifying.verify(message, signature).is_ok();
        assert_eq!(verifying.verify_plain(message, signature).is_ok(), verdict, "{alg}");
        assert_eq!(verifying.verify_digest(&verifying.hash().of(message), signature).is_ok(), verdict, "{alg}");
        verdict
    }
}

/// Signatures of many keys and messages verify under all six algorithms, and mutated ones do not.
#[test]
fn verdicts_are_those_of_aws_lc() {
    for _ in 0..6 {
        let key = Key::generate(2_048);
        for alg in ALGS {
            let signing = key.signing(alg);
            for len in [0, 1, 31, 200] {
                let message = &random::<200>()[..len];
                let signature = signing.sign(message).unwrap();
                assert!(key.verdict(alg, message, &signature));
                assert!(!key.verdict(alg, b"another", &signature));
                for other in ALGS {
                    assert_eq!(other == alg, key.verdict(other, message, &signature), "{alg} as {other}");
                }
                assert!(!key.verdict(alg, message, &random::<OCTETS>()));
            }
        }
    }
}

/// No bit of a signature may change, it is below the modulus, and edges and other lengths are refused.
#[test]
fn mutated_signatures_are_refused() {
    let key = Key::generate(2_048);
    for alg in ALGS {
        let signature: [u8; OCTETS] = key.signing(alg).sign(b"message").unwrap().try_into().unwrap();
        for at in 0..OCTETS {
            let mut changed = signature;
            changed[at] ^= 1 << (at % 8);
            assert!(!key.verdict(alg, b"message", &changed), "octet {at}");
        }
        let edge = |last: u8, first: u8| {
            let mut edge = [0; OCTETS];
            (edge[0], edge[OCTETS - 1]) = (first, last);
            edge
        };
        let beside = |step: u8| {
            let mut n: [u8; OCTETS] = key.n.as_slice().try_into().unwrap();
            n[OCTETS - 1] = n[OCTETS - 1].wrapping_add(step);
            n
        };
        for edge in
            [edge(0, 0), edge(1, 0), edge(2, 0), edge(0, 0x80), beside(0), beside(1), beside(0xff), [0xff; OCTETS]]
        {
            assert!(!key.verdict(alg, b"message", &edge));
        }
        for len in [0, 1, 255] {
            assert!(!key.verdict(alg, b"message", &signature[..len]));
            assert!(!key.verdict(alg, b"message", &signature[OCTETS - len..]));
        }
        assert!(!key.verdict(alg, b"message", &[&signature[..], &[0]].concat()));
        assert!(!key.verdict(alg, b"message", &[&[0], &signature[..]].concat()));
    }
}

/// The same signature with the modulus added, where it fits into as many octets, is refused.
#[test]
fn signatures_plus_the_modulus_are_refused() {
    let mut fitted = 0;
    while fitted < 3 {
        let key = Key::generate(2_048);
        for (alg, octet) in ALGS.into_iter().flat_map(|alg| (0..4).map(move |octet| (alg, octet))) {
            let signature: [u8; OCTETS] = key.signing(alg).sign(&[octet]).unwrap().try_into().unwrap();
            let (mut sum, mut carry) = ([0; OCTETS], 0);
            for ((sum, a), b) in sum.iter_mut().zip(&signature).zip(&key.n).rev() {
                let wide = u16::from(*a) + u16::from(*b) + carry;
                (*sum, carry) = (wide.to_le_bytes()[0], wide >> 8);
            }
            if carry == 0 {
                fitted += 1;
                assert!(key.verdict(alg, &[octet], &signature));
                assert!(!key.verdict(alg, &[octet], &sum));
            }
        }
    }
}

/// A digest of another hash is refused, of the right length or not, and so is a signature under the wrong one.
#[test]
fn digests_of_other_hashes_are_refused() {
    let key = Key::generate(2_048);
    for alg in ALGS {
        let verifying = Verifying::new(alg, &key.n, &F4).unwrap();
        let signature = key.signing(alg).sign(b"message").unwrap();
        for hash in [Hash::SHA256, Hash::SHA384, Hash::SHA512] {
            let own = hash == verifying.hash();
            assert_eq!(own, verifying.verify_digest(&hash.of(b"message"), &signature).is_ok());
        }
        for same_length in [&digest::SHA512_256, &digest::SHA3_256, &digest::SHA3_384, &digest::SHA3_512] {
            let digest = digest::digest(same_length, b"message");
            assert!(verifying.verify_digest(&digest, &signature).is_err());
        }
    }
}

/// Signs any message representative, as long as it is below the modulus.
fn forged(key: &Key, private: &PrivateOperation, representative: &[u8; OCTETS]) -> [u8; OCTETS] {
    assert!(representative.as_slice() < key.n.as_slice());
    let signature = *private.apply(representative);
    if let Some(public) = PublicOperation::new(&key.n, &F4) {
        assert_eq!(*representative, public.apply(&signature).unwrap());
    }
    signature
}

/// PKCS#1 encodings with garbage, less padding, another DigestInfo or other lengths are refused (Bleichenbacher 2006).
#[test]
fn forged_pkcs1_encodings_are_refused() {
    let key = Key::generate(2_048);
    let Some(private) = PrivateOperation::new(&key.n, &key.primes) else { return };
    for alg in ALGS.into_iter().filter(|alg| !is_pss(*alg)) {
        let hash = Verifying::new(alg, &key.n, &F4).unwrap().hash();
        let digest = hash.of(b"message");
        let right = rsa_encoding::pkcs1(&digest).unwrap();
        assert!(key.verdict(alg, b"message", &forged(&key, &private, &right)));
        let information = right[OCTETS - 19 - digest.as_ref().len()..].to_vec();
        // As many octets of padding as bring it to 256, or garbage at the end after this few.
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
            assert!(!key.verdict(alg, b"message", &forged(&key, &private, &other)));
        }
    }
}

/// EMSA-PSS by the letter (RFC 8017 section 9.1.1), for a block of zeros, a one and a salt that may be others.
fn pss(digest: &Digest, salt: &[u8], change: impl Fn(&mut [u8])) -> [u8; OCTETS] {
    let algorithm = digest.algorithm();
    let hash = digest::digest(algorithm, &[&[0; 8], digest.as_ref(), salt].concat());
    let mut block = vec![0; OCTETS - 1 - hash.as_ref().len()];
    let start = block.len() - salt.len();
    block[start..].copy_from_slice(salt);
    block[start - 1] = 1;
    change(&mut block);
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(hash.as_ref().len())) {
        let mask = digest::digest(algorithm, &[hash.as_ref(), &counter.to_be_bytes()].concat());
        chunk.iter_mut().zip(mask.as_ref()).for_each(|(octet, masking)| *octet ^= masking);
    }
    block[0] &= 0x7f;
    [block.as_slice(), hash.as_ref(), &[0xbc]].concat().try_into().unwrap()
}

/// PSS with another salt length, trailer, padding or a set top bit is refused; any salt of the right length verifies.
#[test]
fn forged_pss_encodings_are_refused() {
    // The top bit can be set in a representative below the modulus only if the modulus is large enough.
    let key = std::iter::repeat_with(|| Key::generate(2_048)).find(|key| key.n[0] >= 0xc0).unwrap();
    let Some(private) = PrivateOperation::new(&key.n, &key.primes) else { return };
    for alg in ALGS.into_iter().filter(|alg| is_pss(*alg)) {
        let digest = Verifying::new(alg, &key.n, &F4).unwrap().hash().of(b"message");
        let len = digest.as_ref().len();
        let salt = random::<200>();
        let verdict =
            |representative: [u8; OCTETS]| key.verdict(alg, b"message", &forged(&key, &private, &representative));
        let right = pss(&digest, &salt[..len], |_| {});
        assert!(verdict(right) && verdict(pss(&digest, &vec![0; len], |_| {})));
        for other in [0, 1, 20, len - 1, len + 1, 2 * len, OCTETS - 2 - len] {
            if other != len && other <= OCTETS - 2 - len && other <= salt.len() {
                assert!(!verdict(pss(&digest, &salt[..other], |_| {})), "a salt of {other} octets");
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
        // Below the modulus with the bit set: the rest of the first octet is small for one salt in a few.
        let small = (0..=255_u8).map(|octet| pss(&digest, &vec![octet; len], |_| {})).find(|right| right[0] < 0x40);
        let mut set = small.unwrap();
        assert!(verdict(set));
        set[0] |= 0x80;
        assert!(!verdict(set), "the top bit is set");
        for at in [1, OCTETS - 2 - len, OCTETS - 1 - len, OCTETS - 2] {
            let mut changed = right;
            changed[at] ^= 0x10;
            assert!(!verdict(changed), "octet {at}");
        }
    }
}
