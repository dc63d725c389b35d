//! EdDSA, pure and without a context (RFC 8032, RFC 8037 section 3.1).
//!
//! A public key is the canonical encoding of a point on the curve that is not of low order: with a low-order key anyone
//! can make signatures that verify. Points with a low-order component pass, as in AWS-LC. S is below the group's order.
//! AWS-LC computes Ed25519; a key that verifies often is prepared, with the same verdicts. Ed448 is verified here by
//! `crrl`, and signed by an external signer.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};

use super::digest::Message;
use super::material::PublicParts;
use super::prepared::Prepared;
use super::public_key::PublicKey;
use crate::error::{Error, Result};
use crate::jwa::{Alg, Curve};

/// Bytes of an Ed25519 public key and of its seed.
pub const ED25519_LEN: usize = 32;
/// Bytes of an Ed448 public key and of its seed.
pub const ED448_LEN: usize = 57;

/// Bytes of a public key and of a seed; `None` where the curve is not one of EdDSA's.
#[must_use]
pub const fn key_len(curve: Curve) -> Option<usize> {
    match curve {
        Curve::Ed25519 => Some(ED25519_LEN),
        Curve::Ed448 => Some(ED448_LEN),
        Curve::P256 | Curve::P384 | Curve::P521 | Curve::Secp256k1 => None,
    }
}

/// Parses an Ed25519 public key.
pub fn ed25519_public_key(x: &[u8]) -> Result<PublicKey> {
    let point = crrl::ed25519::Point::decode(x).ok_or_else(|| not_a_point(Curve::Ed25519))?;
    if point.has_low_order() != 0 {
        return Err(low_order(Curve::Ed25519));
    }
    let key = ParsedPublicKey::new(&ED25519, x).map_err(|_| not_a_point(Curve::Ed25519))?;
    let prepared = Prepared::on_demand(Alg::Ed25519, x);
    Ok(PublicKey { key, prepared, hash: None, signature_len: 2 * ED25519_LEN })
}

/// An Ed448 public key ready to verify.
#[derive(Clone)]
pub struct Ed448PublicKey(crrl::ed448::PublicKey);

impl Ed448PublicKey {
    /// Parses a public key.
    pub fn new(x: &[u8]) -> Result<Self> {
        let key = crrl::ed448::PublicKey::decode(x).ok_or_else(|| not_a_point(Curve::Ed448))?;
        if key.point.has_low_order() != 0 {
            return Err(low_order(Curve::Ed448));
        }
        Ok(Self(key))
    }

    /// Verifies a signature of 114 bytes.
    pub fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<()> {
        match message {
            Message::Whole(message) if signature.len() == 2 * ED448_LEN && self.0.verify_raw(signature, message) => {
                Ok(())
            }
            _ => Err(Error::InvalidSignature),
        }
    }
}

/// An Ed25519 private key ready to sign.
pub struct Ed25519PrivateKey(pub(super) Ed25519KeyPair);

impl Ed25519PrivateKey {
    /// Builds a key from its seed and checks that a given public key is its own: signing under a foreign one would
    /// give the private key away (RUSTSEC-2022-0093).
    pub fn new(seed: &[u8], x: Option<&[u8]>) -> Result<Self> {
        if seed.len() != ED25519_LEN {
            return Err(Error::key(format!("an Ed25519 private key has 32 bytes, this one has {}", seed.len())));
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
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        let signature = self.0.try_sign(message.whole()?).map_err(|_| unusable())?;
        Ok(signature.as_ref().to_vec())
    }
}

/// The public key of an Ed448 seed; nothing is signed with it. The library leaves its copy of the seed on the stack.
pub fn ed448_public(seed: &[u8]) -> Result<PublicParts> {
    if seed.len() != ED448_LEN {
        return Err(Error::key(format!("an Ed448 private key has 57 bytes, this one has {}", seed.len())));
    }
    let x = crrl::ed448::PrivateKey::from_seed(seed).public_key.encode().to_vec();
    Ok(PublicParts::Okp { curve: Curve::Ed448, x })
}

fn not_a_point(curve: Curve) -> Error {
    Error::key(format!("this is not the canonical encoding of a point on {}", curve.name()))
}

fn low_order(curve: Curve) -> Error {
    Error::key(format!("this {} public key has a low order: anyone can forge its signatures", curve.name()))
}

fn unusable() -> Error {
    Error::key("this Ed25519 private key cannot be used")
}
