//! EdDSA, pure and without a context (RFC 8032, RFC 8037 section 3.1).
//!
//! A public key is the canonical encoding of a point on the curve that is not of low order: with a low-order key anyone
//! can make signatures that verify. Points with a low-order component pass, as in AWS-LC. S is below the group's order.
//! Ed25519 is AWS-LC's; Ed448 is only verified here, and signed by an external signer.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use zeroize::Zeroizing;

use super::material::{PublicParts, Secret};
use crate::error::{Error, Result};
use crate::jwa::Curve;

/// Octets of an Ed25519 public key and of its seed.
pub const ED25519_LEN: usize = 32;
/// Octets of an Ed448 public key and of its seed.
pub const ED448_LEN: usize = 57;

/// Octets of a public key and of a seed; `None` where the curve is not one of EdDSA's.
#[must_use]
pub const fn key_len(curve: Curve) -> Option<usize> {
    match curve {
        Curve::Ed25519 => Some(ED25519_LEN),
        Curve::Ed448 => Some(ED448_LEN),
        Curve::P256 | Curve::P384 | Curve::P521 | Curve::Secp256k1 => None,
    }
}

/// An Ed25519 public key ready to verify.
#[derive(Clone)]
pub struct Ed25519Verifying(ParsedPublicKey);

impl Ed25519Verifying {
    /// Parses a public key.
    pub fn new(x: &[u8]) -> Result<Self> {
        let point = crrl::ed25519::Point::decode(x).ok_or_else(|| not_a_point(Curve::Ed25519))?;
        if point.has_low_order() != 0 {
            return Err(low_order(Curve::Ed25519));
        }
        ParsedPublicKey::new(&ED25519, x).map(Self).map_err(|_| not_a_point(Curve::Ed25519))
    }

    /// Verifies a signature of 64 octets.
    #[inline]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        if signature.len() != 2 * ED25519_LEN {
            return Err(Error::InvalidSignature);
        }
        self.0.verify_sig(message, signature).map_err(|_| Error::InvalidSignature)
    }
}

/// An Ed448 public key ready to verify.
#[derive(Clone)]
pub struct Ed448Verifying(crrl::ed448::PublicKey);

impl Ed448Verifying {
    /// Parses a public key.
    pub fn new(x: &[u8]) -> Result<Self> {
        let key = crrl::ed448::PublicKey::decode(x).ok_or_else(|| not_a_point(Curve::Ed448))?;
        if key.point.has_low_order() != 0 {
            return Err(low_order(Curve::Ed448));
        }
        Ok(Self(key))
    }

    /// Verifies a signature of 114 octets.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        if signature.len() != 2 * ED448_LEN || !self.0.verify_raw(signature, message) {
            return Err(Error::InvalidSignature);
        }
        Ok(())
    }
}

/// An Ed25519 private key ready to sign.
pub struct Ed25519Signing(Ed25519KeyPair);

impl Ed25519Signing {
    /// Builds a key from its seed and checks that a given public key is its own: signing under a foreign one would
    /// give the private key away (RUSTSEC-2022-0093).
    pub fn new(seed: &[u8], x: Option<&[u8]>) -> Result<Self> {
        if seed.len() != ED25519_LEN {
            return Err(Error::key(format!("an Ed25519 private key has 32 octets, this one has {}", seed.len())));
        }
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| unusable())?;
        if x.is_some_and(|x| x != key.public_key().as_ref()) {
            return Err(Error::key("the public key does not belong to this Ed25519 private key"));
        }
        Ok(Self(key))
    }

    /// A new key.
    pub fn generate() -> Result<Self> {
        Ed25519KeyPair::generate().map(Self).map_err(|_| unusable())
    }

    /// Signs; the same message gives the same signature.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signature = self.0.try_sign(message).map_err(|_| unusable())?;
        Ok(signature.as_ref().to_vec())
    }

    /// The public half as SPKI (RFC 5280 section 4.1.2.7).
    pub fn to_spki(&self) -> Result<Vec<u8>> {
        let document = self.0.public_key().as_der().map_err(|_| unusable())?;
        Ok(document.as_ref().to_vec())
    }

    /// The key as plain PKCS#8, version 1.
    pub fn to_pkcs8(&self) -> Result<Secret> {
        let document = self.0.to_pkcs8v1().map_err(|_| unusable())?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }
}

/// The public key of an Ed448 seed; nothing is signed with it.
pub fn ed448_public(seed: &[u8]) -> Result<PublicParts> {
    if seed.len() != ED448_LEN {
        return Err(Error::key(format!("an Ed448 private key has 57 octets, this one has {}", seed.len())));
    }
    let x = crrl::ed448::PrivateKey::from_seed(seed).public_key.encode().to_vec();
    Ok(PublicParts::Okp { curve: Curve::Ed448, x })
}

fn not_a_point(curve: Curve) -> Error {
    Error::key(format!("this is not the canonical encoding of a point on {}", curve.name()))
}

fn low_order(curve: Curve) -> Error {
    Error::key(format!("this {} public key is of low order: anyone can sign for it", curve.name()))
}

fn unusable() -> Error {
    Error::key("this Ed25519 private key cannot be used")
}
