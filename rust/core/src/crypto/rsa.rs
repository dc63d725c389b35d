//! RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 7518 sections 3.3 and 3.5, RFC 8017).
//!
//! A modulus is odd, of 2048 to 8192 bits and without the fingerprint of ROCA; an exponent is odd and from 3 to 2^33. A
//! signature is exactly as long as the modulus and below it. PKCS#1 v1.5 is compared with its one full encoding, and a PSS
//! salt is as long as the digest. Keys of any other shape cannot be built here.
//!
//! A public key with a modulus of 2048 bits and the exponent 65537 verifies prepared where that is faster (`verify_fast`).

use std::sync::Arc;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair, RsaParameters,
    RsaPublicKeyComponents,
};
use zeroize::Zeroizing;

use super::digest::Hash;
use super::material::{RsaPrimes, Secret};
use super::verify_fast::{self, PreparedKey};
use crate::error::{Error, Result};
use crate::jwa::Alg;

/// The least bits of a modulus (RFC 7518 section 3.3).
pub const MIN_BITS: usize = 2_048;
/// The most bits of a modulus: verifying costs the square of them.
pub const MAX_BITS: usize = 8_192;
/// The exponent 65537.
const F4: [u8; 3] = [1, 0, 1];

/// A public key ready to verify under one algorithm.
#[derive(Clone)]
pub struct Verifying {
    key: ParsedPublicKey,
    row: &'static Row,
    signature_len: usize,
    /// `None` where AWS-LC verifies.
    prepared: Option<Arc<dyn PreparedKey>>,
}

impl Verifying {
    /// Judges a modulus and an exponent and parses them for one algorithm.
    pub fn new(alg: Alg, n: &[u8], e: &[u8]) -> Result<Self> {
        judge(n, e)?;
        let row = row(alg)?;
        let key = RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(row.verifying)
            .map_err(|_| Error::key("this is no RSA public key"))?;
        let prepared = if e == F4 { verify_fast::prepare(alg, n).map(Arc::from) } else { None };
        Ok(Self { key, row, signature_len: n.len(), prepared })
    }

    /// The hash of a message.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.row.hash
    }

    pub(super) const fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// Verifies a signature over a message that was hashed.
    pub fn verify_digest(&self, digest: &Digest, signature: &[u8]) -> Result<()> {
        if signature.len() != self.signature_len {
            return Err(Error::InvalidSignature);
        }
        if let Some(prepared) = &self.prepared {
            let verified = self.row.hash.made(digest) && prepared.verify(digest.as_ref(), signature);
            return if verified { Ok(()) } else { Err(Error::InvalidSignature) };
        }
        self.key.verify_digest_sig(digest, signature).map_err(|_| Error::InvalidSignature)
    }

    /// Verifies a signature of exactly the modulus' length. Hashing first spares AWS-LC a context that it would build,
    /// copy and clear.
    #[inline]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        self.verify_digest(&self.row.hash.of(message), signature)
    }

    /// The same by AWS-LC's own way from message to verdict.
    pub fn verify_plain(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        if signature.len() != self.signature_len {
            return Err(Error::InvalidSignature);
        }
        self.key.verify_sig(message, signature).map_err(|_| Error::InvalidSignature)
    }
}

/// A private key ready to sign under one algorithm.
pub struct Signing {
    key: RsaKeyPair,
    row: &'static Row,
}

impl Signing {
    /// Builds a key of two primes; AWS-LC checks every part against every other.
    pub fn new(alg: Alg, n: &[u8], e: &[u8], d: &[u8], primes: &RsaPrimes) -> Result<Self> {
        judge(n, e)?;
        let parts = [d, &primes.p, &primes.q, &primes.dp, &primes.dq, &primes.qi];
        // No part of a sound key exceeds the modulus; a longer one only costs time.
        if parts.iter().any(|part| part.is_empty() || part.len() > n.len()) {
            return Err(Error::key("a part of this RSA private key is empty or longer than its modulus"));
        }
        let key = RsaKeyPair::from_components(&KeyPairComponents {
            public_key: RsaPublicKeyComponents { n, e },
            d,
            p: primes.p.as_slice(),
            q: primes.q.as_slice(),
            dP: primes.dp.as_slice(),
            dQ: primes.dq.as_slice(),
            qInv: primes.qi.as_slice(),
        })
        .map_err(|_| Error::key("the parts of this RSA private key do not belong together"))?;
        Ok(Self { key, row: row(alg)? })
    }

    /// A new key.
    pub fn generate(alg: Alg, bits: usize) -> Result<Self> {
        let size = match bits {
            2_048 => KeySize::Rsa2048,
            3_072 => KeySize::Rsa3072,
            4_096 => KeySize::Rsa4096,
            8_192 => KeySize::Rsa8192,
            _ => return Err(Error::key("bits must be 2048, 3072, 4096 or 8192")),
        };
        let row = row(alg)?;
        let key = RsaKeyPair::generate(size).map_err(|_| unusable())?;
        Ok(Self { key, row })
    }

    /// Signs; the signature is as long as the modulus.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(self.row.signing, &SystemRandom::new(), message, &mut signature).map_err(|_| unusable())?;
        Ok(signature)
    }

    /// The hash of a message.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.row.hash
    }

    /// Signs a message that was hashed.
    pub fn sign_digest(&self, digest: &Digest) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign_digest(self.row.signing, digest, &mut signature).map_err(|_| unusable())?;
        Ok(signature)
    }

    /// The public half as SPKI (RFC 5280 section 4.1.2.7).
    pub fn to_spki(&self) -> Result<Vec<u8>> {
        let document = self.key.public_key().as_der().map_err(|_| unusable())?;
        Ok(document.as_ref().to_vec())
    }

    /// The key as plain PKCS#8.
    pub fn to_pkcs8(&self) -> Result<Secret> {
        let document = self.key.as_der().map_err(|_| unusable())?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }
}

/// Whether the algorithm is one of RSASSA-PSS.
#[must_use]
pub fn is_pss(alg: Alg) -> bool {
    ROWS.iter().any(|row| row.alg == alg && row.pss)
}

struct Row {
    alg: Alg,
    pss: bool,
    hash: Hash,
    verifying: &'static RsaParameters,
    signing: &'static dyn RsaEncoding,
}

const fn row_of(
    alg: Alg,
    pss: bool,
    hash: Hash,
    verifying: &'static RsaParameters,
    signing: &'static dyn RsaEncoding,
) -> Row {
    Row { alg, pss, hash, verifying, signing }
}

static ROWS: [Row; 6] = [
    row_of(Alg::Rs256, false, Hash::SHA256, &RSA_PKCS1_2048_8192_SHA256, &RSA_PKCS1_SHA256),
    row_of(Alg::Rs384, false, Hash::SHA384, &RSA_PKCS1_2048_8192_SHA384, &RSA_PKCS1_SHA384),
    row_of(Alg::Rs512, false, Hash::SHA512, &RSA_PKCS1_2048_8192_SHA512, &RSA_PKCS1_SHA512),
    row_of(Alg::Ps256, true, Hash::SHA256, &RSA_PSS_2048_8192_SHA256, &RSA_PSS_SHA256),
    row_of(Alg::Ps384, true, Hash::SHA384, &RSA_PSS_2048_8192_SHA384, &RSA_PSS_SHA384),
    row_of(Alg::Ps512, true, Hash::SHA512, &RSA_PSS_2048_8192_SHA512, &RSA_PSS_SHA512),
];

fn row(alg: Alg) -> Result<&'static Row> {
    ROWS.iter().find(|row| row.alg == alg).ok_or_else(|| Error::key(format!("{alg} does not use an RSA key")))
}

/// What AWS-LC leaves open or decides at the first use only.
fn judge(n: &[u8], e: &[u8]) -> Result<()> {
    let (Some(first), Some(last)) = (n.first(), n.last()) else {
        return Err(Error::key("this RSA modulus is empty"));
    };
    if *first == 0 || e.first().is_none_or(|first| *first == 0) {
        return Err(Error::key("an RSA modulus and exponent start with an octet other than zero"));
    }
    let bits = n.len().saturating_mul(8) - first.leading_zeros() as usize;
    if !(MIN_BITS..=MAX_BITS).contains(&bits) {
        return Err(Error::key(format!("an RSA modulus has {MIN_BITS} to {MAX_BITS} bits, this one has {bits}")));
    }
    if last & 1 == 0 {
        return Err(Error::key("this RSA modulus is even: it is not a product of two odd primes"));
    }
    let exponent =
        e.iter().try_fold(0_u64, |value, octet| (value < MAX_EXPONENT).then_some(value << 8 | u64::from(*octet)));
    if !exponent.is_some_and(|value| value & 1 == 1 && (3..MAX_EXPONENT).contains(&value)) {
        return Err(Error::key("an RSA exponent is odd and from 3 to 2^33"));
    }
    if has_roca_fingerprint(n) {
        return Err(Error::key("this RSA modulus can be factored (ROCA, CVE-2017-15361): replace the key"));
    }
    Ok(())
}

/// The first exponent that is too large.
const MAX_EXPONENT: u64 = 1 << 33;

/// Whether the modulus is a power of 65537 modulo each of 38 small primes, as all of an Infineon library's are.
///
/// About one sound modulus in 2^27 is refused with them.
fn has_roca_fingerprint(n: &[u8]) -> bool {
    ROCA_PRIMES.iter().all(|prime| {
        let residue = n.iter().fold(0_u32, |rest, octet| (rest << 8 | u32::from(*octet)) % prime);
        let mut power = 1_u32;
        loop {
            if power == residue {
                return true;
            }
            power = power * 65_537 % prime;
            if power == 1 {
                return false;
            }
        }
    })
}

const ROCA_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

fn unusable() -> Error {
    Error::key("this RSA private key cannot be used")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::digest::{Digested, Method};
    use crate::crypto::material::{PrivateParts, PublicParts};
    use crate::der::{pkcs8, spki};

    fn parts(key: &Signing) -> (Vec<u8>, Vec<u8>) {
        let PublicParts::Rsa { n, e, .. } = spki::read(&key.to_spki().unwrap()).unwrap() else { panic!("not RSA") };
        (n, e)
    }

    fn refusal(n: &[u8], e: &[u8]) -> String {
        let error = Verifying::new(Alg::Rs256, n, e).err().unwrap();
        assert_eq!("invalid_key", error.code());
        error.to_string()
    }

    /// A signature verifies under its own algorithm and key only, and at its exact length only.
    #[test]
    fn signs_and_verifies() {
        let first = Signing::generate(Alg::Rs256, 2_048).unwrap();
        let (n, e) = parts(&first);
        let private = pkcs8::read(&first.to_pkcs8().unwrap()).unwrap();
        let PrivateParts::Rsa { d, primes: Some(primes), .. } = private else { panic!("not RSA") };
        for row in &ROWS {
            let key = Signing::new(row.alg, &n, &e, &d, &primes).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert_eq!(256, signature.len());
            for other in &ROWS {
                let verifying = Verifying::new(other.alg, &n, &e).unwrap();
                let verified = verifying.verify(b"message", &signature);
                assert_eq!(row.alg == other.alg, verified.is_ok(), "{} as {}", row.alg, other.alg);
            }
            let verifying = Verifying::new(row.alg, &n, &e).unwrap();
            let prefixed = [&[0], signature.as_slice()].concat();
            let suffixed = [signature.as_slice(), &[0]].concat();
            for bad in [&prefixed[..], &suffixed, &signature[1..], &[], &[0; 256], &n] {
                assert_eq!("invalid_signature", verifying.verify(b"message", bad).unwrap_err().code());
            }
            assert_eq!("invalid_signature", verifying.verify(b"massage", &signature).unwrap_err().code());
        }
    }

    /// Hashed first or not, a message has the same signatures; a digest of another hash is good for nothing.
    #[test]
    fn digests_stand_for_messages() {
        for row in &ROWS {
            let key = Signing::generate(row.alg, 2_048).unwrap();
            let (n, e) = parts(&key);
            let verifying = Verifying::new(row.alg, &n, &e).unwrap();
            assert!(key.hash() == row.hash && verifying.hash() == row.hash);
            for hash in [Hash::SHA256, Hash::SHA384, Hash::SHA512] {
                let Digested::Hash(digest) = digested(hash, b"message") else { panic!("not a hash") };
                if hash != row.hash {
                    assert_eq!("invalid_key", key.sign_digest(&digest).unwrap_err().code());
                    let signature = key.sign(b"message").unwrap();
                    assert_eq!("invalid_signature", verifying.verify_digest(&digest, &signature).unwrap_err().code());
                    continue;
                }
                verifying.verify(b"message", &key.sign_digest(&digest).unwrap()).unwrap();
                let signature = key.sign(b"message").unwrap();
                verifying.verify_digest(&digest, &signature).unwrap();
                for bad in [&signature[1..], &[], &[0; 256], &n] {
                    assert_eq!("invalid_signature", verifying.verify_digest(&digest, bad).unwrap_err().code());
                }
            }
        }
    }

    fn digested(hash: Hash, message: &[u8]) -> Digested {
        let mut context = Method::Hash(hash).start().unwrap();
        context.update(message);
        context.finish()
    }

    /// Moduli too small, too large, even, padded or empty are refused.
    #[test]
    fn unsound_moduli_are_refused() {
        let (n, e) = parts(&Signing::generate(Alg::Rs256, 2_048).unwrap());
        let mut even = n.clone();
        *even.last_mut().unwrap() ^= 1;
        assert!(refusal(&even, &e).contains("even"));
        let mut short = n.clone();
        short[0] = 0x7f;
        assert!(refusal(&short, &e).contains("2047"));
        assert!(refusal(&n[128..], &e).contains("2048 to 8192"));
        assert!(refusal(&[&[1], n.repeat(4).as_slice()].concat(), &e).contains("8193"));
        assert!(refusal(&[&[0], n.as_slice()].concat(), &e).contains("zero"));
        assert!(refusal(&[], &e).contains("empty"));
    }

    /// Exponents of 1, even, padded, empty or beyond 2^33 are refused; 3 and 2^32 + 1 pass.
    #[test]
    fn unsound_exponents_are_refused() {
        let (n, _) = parts(&Signing::generate(Alg::Rs256, 2_048).unwrap());
        for e in [&[1][..], &[2], &[1, 0], &[], &[0], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 1], &[0xff; 512]] {
            assert!(refusal(&n, e).contains("exponent"), "{e:?}");
        }
        assert!(refusal(&n, &[0, 3]).contains("zero"));
        for e in [&[3][..], &[1, 0, 1], &[1, 0, 0, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert!(Verifying::new(Alg::Rs256, &n, e).is_ok(), "{e:?}");
        }
    }

    /// A power of 65537 has the fingerprint that the moduli of CVE-2017-15361 have.
    #[test]
    fn roca_moduli_are_refused() {
        let mut power = vec![1_u8];
        for _ in 0..128 {
            let mut product = [power.as_slice(), &[0, 0]].concat();
            let mut carry = 0;
            for (digit, shifted) in product.iter_mut().rev().zip([&[0, 0], power.as_slice()].concat().iter().rev()) {
                let sum = u16::from(*digit) + u16::from(*shifted) + carry;
                (*digit, carry) = ((sum & 0xff) as u8, sum >> 8);
            }
            power = if carry > 0 { [&[1], product.as_slice()].concat() } else { product };
        }
        assert_eq!(257, power.len());
        assert!(refusal(&power, &[1, 0, 1]).contains("ROCA"));
        assert_eq!(vec![1, 0, 1], parts(&Signing::generate(Alg::Ps256, 3_072).unwrap()).1);
    }

    /// Private parts of another key, missing or oversized, are refused; so are sizes that cannot be generated.
    #[test]
    fn foreign_private_parts_are_refused() {
        let read = |key: &Signing| {
            let private = pkcs8::read(&key.to_pkcs8().unwrap()).unwrap();
            let PrivateParts::Rsa { n, e, d, primes: Some(primes), .. } = private else { panic!("not RSA") };
            (n, e, d, primes)
        };
        let (n, e, d, primes) = read(&Signing::generate(Alg::Rs256, 2_048).unwrap());
        let (_, _, foreign_d, foreign) = read(&Signing::generate(Alg::Rs256, 2_048).unwrap());
        let refused = |d: &[u8], primes: &RsaPrimes| {
            assert_eq!("invalid_key", Signing::new(Alg::Rs256, &n, &e, d, primes).err().unwrap().code());
        };
        refused(&foreign_d, &primes);
        refused(&d, &foreign);
        refused(&[], &primes);
        refused(&[7; 257], &primes);
        refused(&d, &RsaPrimes { qi: foreign.qi.clone(), ..primes.clone() });
        refused(&d, &RsaPrimes { dp: foreign.dp.clone(), ..primes.clone() });
        refused(&d, &RsaPrimes { p: primes.q.clone(), q: primes.p.clone(), ..primes.clone() });
        for bits in [0, 1_024, 2_047, 2_049, 16_384] {
            assert_eq!("invalid_key", Signing::generate(Alg::Rs256, bits).err().unwrap().code());
        }
    }
}
