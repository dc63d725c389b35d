//! RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 7518 sections 3.3 and 3.5, RFC 8017).
//!
//! A modulus is odd, of 2048 to 8192 bits and without the fingerprint of ROCA; an exponent is odd and from 3 to 2^33. A
//! signature is exactly as long as the modulus and below it. PKCS#1 v1.5 is compared with its one full encoding, and a PSS
//! salt is as long as the digest. Keys of any other shape cannot be built here.
//!
//! A public key with a modulus of 2048 bits and the exponent 65537 verifies prepared where that is faster (`verify_fast`).

use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair, RsaParameters, RsaPublicKeyComponents,
};

use super::digest::{Digested, Hash, Message, Method};
use super::material::RsaPrimes;
use super::prepared::Prepared;
use super::public_key::PublicKey;
use crate::error::{Error, Result};
use crate::jwa::Alg;

/// The least bits of a modulus (RFC 7518 section 3.3).
pub const MIN_BITS: usize = 2_048;
/// The most bits of a modulus: verifying costs the square of them.
pub const MAX_BITS: usize = 8_192;
/// The exponent 65537.
const F4: [u8; 3] = [1, 0, 1];

/// Judges a modulus and an exponent and parses them for one algorithm.
pub fn public_key(alg: Alg, n: &[u8], e: &[u8]) -> Result<PublicKey> {
    check_public(n, e)?;
    let row = row(alg)?;
    let key = RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(row.verifying)
        .map_err(|_| Error::key("this is not an RSA public key"))?;
    let prepared = if e == F4 { Prepared::at_once(alg, n) } else { Prepared::Never };
    Ok(PublicKey { key, prepared, hash: Some(row.hash), signature_len: n.len() })
}

/// A private key ready to sign under one algorithm.
pub struct PrivateKey {
    pub(super) key: RsaKeyPair,
    row: &'static RsaRow,
}

impl PrivateKey {
    /// Builds a key of two primes; AWS-LC checks every part against every other.
    pub fn new(alg: Alg, n: &[u8], e: &[u8], d: &[u8], primes: &RsaPrimes) -> Result<Self> {
        check_public(n, e)?;
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
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        let digest = match message {
            // Hashing here saves AWS-LC two contexts that it would build, copy and clear.
            Message::Whole(message) => &self.row.hash.of(message),
            Message::Digest(Digested::Hash(digest)) => digest,
            Message::Digest(Digested::Mac(_)) => return Err(unusable()),
        };
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign_digest(self.row.signing, digest, &mut signature).map_err(|_| unusable())?;
        Ok(signature)
    }

    /// How messages are hashed for it.
    #[must_use]
    pub const fn method(&self) -> Method {
        Method::Hash(self.row.hash)
    }
}

/// Whether the algorithm is one of RSASSA-PSS.
#[must_use]
pub fn is_pss(alg: Alg) -> bool {
    ROWS.iter().any(|row| row.alg == alg && row.pss)
}

struct RsaRow {
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
) -> RsaRow {
    RsaRow { alg, pss, hash, verifying, signing }
}

static ROWS: [RsaRow; 6] = [
    row_of(Alg::Rs256, false, Hash::SHA256, &RSA_PKCS1_2048_8192_SHA256, &RSA_PKCS1_SHA256),
    row_of(Alg::Rs384, false, Hash::SHA384, &RSA_PKCS1_2048_8192_SHA384, &RSA_PKCS1_SHA384),
    row_of(Alg::Rs512, false, Hash::SHA512, &RSA_PKCS1_2048_8192_SHA512, &RSA_PKCS1_SHA512),
    row_of(Alg::Ps256, true, Hash::SHA256, &RSA_PSS_2048_8192_SHA256, &RSA_PSS_SHA256),
    row_of(Alg::Ps384, true, Hash::SHA384, &RSA_PSS_2048_8192_SHA384, &RSA_PSS_SHA384),
    row_of(Alg::Ps512, true, Hash::SHA512, &RSA_PSS_2048_8192_SHA512, &RSA_PSS_SHA512),
];

fn row(alg: Alg) -> Result<&'static RsaRow> {
    ROWS.iter().find(|row| row.alg == alg).ok_or_else(|| Error::key(format!("{alg} does not use an RSA key")))
}

/// Judges a modulus and an exponent: what AWS-LC leaves open or decides at the first use only.
pub fn check_public(n: &[u8], e: &[u8]) -> Result<()> {
    let (Some(first), Some(last)) = (n.first(), n.last()) else {
        return Err(Error::key("this RSA modulus is empty"));
    };
    if *first == 0 || e.first().is_none_or(|first| *first == 0) {
        return Err(Error::key("an RSA modulus and exponent start with a byte other than zero"));
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
/// About one sound modulus in 2^27 is refused with them. Most are told apart by the first prime, modulo which 65537 has six
/// powers.
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
    97, 37, 79, 11, 61, 73, 127, 151, 13, 17, 19, 53, 71, 103, 107, 109, 157, 3, 5, 7, 23, 29, 31, 41, 43, 47, 59, 67,
    83, 89, 101, 113, 131, 137, 139, 149, 163, 167,
];

fn unusable() -> Error {
    Error::key("this RSA private key cannot be used")
}
