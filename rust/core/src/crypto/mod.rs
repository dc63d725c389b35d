//! The primitives: bytes in, bytes out, every key parsed and judged once (RFC 7518 section 3, RFC 8032, FIPS 204).
//!
//! AWS-LC computes all of them but Ed448. A public key that verifies often is prepared by `jwseal-verify-fast`, which
//! `verify_fast` calls; it then verifies in less time, with the same verdicts. This module checks at import what AWS-LC does
//! not: the size, parity and ROCA fingerprint of RSA keys, and canonical encoding and order on the Edwards curves. The length
//! of a signature is checked before any arithmetic. Nothing here depends on tokens, headers or key sets.

pub mod digest;
pub mod ecdsa;
pub mod eddsa;
pub mod hmac;
pub mod material;
pub mod mldsa;
mod prepared;
mod public_key;
pub mod rsa;
mod verify_fast;

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::KeyPair;
use zeroize::Zeroizing;

use self::digest::{Digested, Message, Method};
use self::eddsa::Ed448PublicKey;
use self::hmac::Mac;
use self::material::{PrivateParts, PublicParts, RsaUsage, Secret};
pub use self::prepared::{Due, LargeSet, due};
pub use self::public_key::PublicKey;
pub use self::verify_fast::{in_use, use_backend_alone};
use crate::error::{Error, Result};
use crate::jwa::{Alg, AlgSet, Curve, Kty, TABLE};

/// Compares bytes in a time that depends on their lengths alone.
#[must_use]
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

/// What a key verifies with under one algorithm, parsed and judged.
#[derive(Clone)]
pub enum KeyMaterial {
    /// HMAC.
    Hmac(Arc<Mac>),
    /// RSA, ECDSA, Ed25519 and ML-DSA.
    Public(PublicKey),
    /// EdDSA on Ed448, which AWS-LC does not have.
    Ed448(Box<Ed448PublicKey>),
}

impl KeyMaterial {
    /// Parses and judges a public key for this algorithm.
    pub fn new(alg: Alg, parts: &PublicParts) -> Result<Self> {
        let key = match parts {
            PublicParts::Rsa { n, e, .. } => rsa::public_key(alg, n, e),
            PublicParts::Ec { curve, point } => ecdsa::public_key(*curve, point),
            PublicParts::Okp { curve: Curve::Ed448, x } => {
                return Ed448PublicKey::new(x).map(|key| Self::Ed448(Box::new(key)));
            }
            PublicParts::Okp { x, .. } => eddsa::ed25519_public_key(x),
            PublicParts::Akp { alg, key } => mldsa::public_key(*alg, key),
        };
        key.map(Self::Public)
    }

    /// Verifies, or reports only that the signature is invalid.
    #[inline]
    pub fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<()> {
        match (self, message) {
            (Self::Hmac(mac), Message::Whole(message)) => mac.verify(message, signature),
            (Self::Hmac(_), Message::Digest(Digested::Mac(tag))) => tag.verify(signature),
            (Self::Hmac(_), Message::Digest(Digested::Hash(_))) => Err(Error::InvalidSignature),
            (Self::Public(key), _) => key.verify(message, signature),
            (Self::Ed448(key), _) => key.verify(message, signature),
        }
    }

    /// How messages are hashed for it.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Hmac(mac) => Method::Mac(Arc::clone(mac)),
            Self::Public(key) => key.method(),
            Self::Ed448(_) => Method::Whole,
        }
    }

    /// The same key, computed by AWS-LC alone, to compare the two.
    #[must_use]
    pub fn backend_alone(&self) -> Self {
        match self {
            Self::Hmac(mac) => Self::Hmac(Arc::new(mac.backend_alone())),
            Self::Public(key) => Self::Public(key.backend_alone()),
            Self::Ed448(_) => self.clone(),
        }
    }

    /// Prepares the key now, if it can be prepared and there is room; whether this call did so.
    #[must_use]
    pub fn prepare(&self) -> bool {
        matches!(self, Self::Public(key) if key.prepared.prepare())
    }

    /// Whether the key is prepared.
    #[must_use]
    pub fn is_prepared(&self) -> bool {
        matches!(self, Self::Public(key) if key.prepared.is_done())
    }

    /// Notes that the key belongs to a large key set.
    pub fn join(&self, set: LargeSet) {
        if let Self::Public(key) = self {
            key.prepared.join(set);
        }
    }
}

/// A private key ready to sign under one algorithm.
pub enum PrivateKey {
    /// RSASSA-PKCS1-v1_5 or RSASSA-PSS.
    Rsa(rsa::PrivateKey),
    /// ECDSA.
    Ecdsa(ecdsa::PrivateKey),
    /// EdDSA on Ed25519.
    Ed25519(eddsa::Ed25519PrivateKey),
    /// ML-DSA.
    MlDsa(mldsa::PrivateKey),
}

impl PrivateKey {
    /// Builds a private key and checks every public part that came with it; only RSA needs the algorithm.
    pub fn new(alg: Option<Alg>, parts: &PrivateParts) -> Result<Self> {
        match parts {
            PrivateParts::Rsa { n, e, d, primes: Some(primes), .. } => {
                let alg = alg.ok_or_else(|| Error::key("an RSA private key needs its algorithm: give alg"))?;
                rsa::PrivateKey::new(alg, n, e, d, primes).map(Self::Rsa)
            }
            PrivateParts::Rsa { primes: None, .. } => {
                Err(Error::key("this RSA private key lacks its primes p and q: export it with them"))
            }
            PrivateParts::Ec { curve, d, point } => {
                ecdsa::PrivateKey::new(*curve, d, point.as_deref()).map(Self::Ecdsa)
            }
            PrivateParts::Okp { curve: Curve::Ed448, .. } => {
                Err(Error::key("an Ed448 private key signs through an external signer"))
            }
            PrivateParts::Okp { d, x, .. } => eddsa::Ed25519PrivateKey::new(d, x.as_deref()).map(Self::Ed25519),
            PrivateParts::Akp { alg, seed, key, expanded } => {
                mldsa::PrivateKey::new(*alg, seed, key.as_deref(), expanded.as_ref().map(|octets| octets.as_slice()))
                    .map(Self::MlDsa)
            }
        }
    }

    /// A new key; `bits` is the size of an RSA modulus and ignored elsewhere.
    pub fn generate(alg: Alg, bits: usize) -> Result<Self> {
        let spec = alg.spec();
        match spec.kty {
            Kty::Rsa => rsa::PrivateKey::generate(alg, bits).map(Self::Rsa),
            Kty::Ec => ecdsa::PrivateKey::generate(alg).map(Self::Ecdsa),
            Kty::Okp => eddsa::Ed25519PrivateKey::generate().map(Self::Ed25519),
            Kty::Akp => mldsa::PrivateKey::generate(alg).map(Self::MlDsa),
            Kty::Oct => Err(Error::key(format!("{alg} uses a secret: generate a SecretKey"))),
        }
    }

    /// Signs; the result has JOSE's form.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(key) => key.sign(message),
            Self::Ecdsa(key) => key.sign(message),
            Self::Ed25519(key) => key.sign(message),
            Self::MlDsa(key) => key.sign(message),
        }
    }

    /// How messages are hashed for it.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Rsa(key) => key.method(),
            Self::Ecdsa(key) => key.method(),
            Self::Ed25519(_) | Self::MlDsa(_) => Method::Whole,
        }
    }

    /// The public half as SPKI (RFC 5280 section 4.1.2.7).
    pub fn to_spki(&self) -> Result<Vec<u8>> {
        let document = match self {
            Self::Rsa(key) => key.key.public_key().as_der(),
            Self::Ecdsa(key) => key.key.public_key().as_der(),
            Self::Ed25519(key) => key.0.public_key().as_der(),
            Self::MlDsa(key) => key.0.public_key().as_der(),
        };
        document.map(|document| document.as_ref().to_vec()).map_err(|_| Error::key("this public key cannot be written"))
    }

    /// The key as plain PKCS#8 (RFC 5958), version 1; an ML-DSA key by its seed.
    pub fn to_pkcs8(&self) -> Result<Secret> {
        let secret = |document: &[u8]| Zeroizing::new(document.to_vec());
        match self {
            Self::Rsa(key) => key.key.as_der().map(|document| secret(document.as_ref())),
            Self::Ecdsa(key) => key.key.to_pkcs8v1().map(|document| secret(document.as_ref())),
            Self::Ed25519(key) => key.0.to_pkcs8v1().map(|document| secret(document.as_ref())),
            Self::MlDsa(key) => key.0.to_pkcs8v1().map(|document| secret(document.as_ref())),
        }
        .map_err(|_| Error::key("this private key cannot be written"))
    }
}

/// The algorithms a public key can be used with; a key of one curve or parameter set has no choice.
#[must_use]
pub fn choices(parts: &PublicParts) -> AlgSet {
    TABLE
        .iter()
        .filter(|spec| spec.kty == parts.kty())
        .filter(|spec| match parts {
            PublicParts::Rsa { usage: RsaUsage::Any, .. } => true,
            PublicParts::Rsa { usage: RsaUsage::Pss, .. } => rsa::is_pss(spec.alg),
            PublicParts::Ec { curve, .. } => spec.curve == Some(*curve),
            // A row without a curve is EdDSA, which takes the key's own.
            PublicParts::Okp { curve, .. } => spec.curve.is_none_or(|fixed| fixed == *curve),
            PublicParts::Rsa { usage: RsaUsage::PssWith(alg), .. } | PublicParts::Akp { alg, .. } => spec.alg == *alg,
        })
        .map(|spec| spec.alg)
        .collect()
}

/// SHA-256 (FIPS 180-4), for thumbprints.
#[must_use]
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets).as_ref());
    out
}

/// Random bytes for a new secret or seed.
pub fn random(len: usize) -> Result<Secret> {
    let mut octets = Zeroizing::new(vec![0; len]);
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| Error::key("the operating system returned no random bytes"))?;
    Ok(octets)
}

#[cfg(test)]
mod tests;
