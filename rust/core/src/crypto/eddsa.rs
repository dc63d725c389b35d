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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::prepared::due;
    use crate::crypto::verify_fast::is_faster;
    use crate::limits::KEY_TABLE_AFTER;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn ends(first: &[u8], fill: u8, len: usize, last: u8) -> Vec<u8> {
        let mut octets = first.to_vec();
        octets.resize(len - 1, fill);
        octets.push(last);
        octets
    }

    /// RFC 8032 section 7.1, test 2, and what a changed message or S makes of it.
    #[test]
    fn ed25519_vector() {
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let x = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let key = Ed25519PrivateKey::new(&seed, Some(&x)).unwrap();
        let signature = key.sign(Message::Whole(&[0x72])).unwrap();
        let verifying = ed25519_public_key(&x).unwrap();
        assert_eq!(hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"), signature[..32]);
        let prepared = ed25519_public_key(&x).unwrap();
        assert_eq!(is_faster(Alg::Ed25519), prepared.prepared.prepare());
        for verifying in [&verifying, &prepared] {
            verifying.verify(Message::Whole(&[0x72]), &signature).unwrap();
            assert_eq!("invalid_signature", verifying.verify(Message::Whole(&[0x73]), &signature).unwrap_err().code());
        }
        // S + L is the same scalar and must not be the same signature.
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let mut carry = 0;
        let mut malleated = signature.clone();
        for (octet, more) in malleated[32..].iter_mut().zip(order) {
            let sum = u16::from(*octet) + u16::from(more) + carry;
            (*octet, carry) = ((sum & 0xff) as u8, sum >> 8);
        }
        for bad in [malleated, signature[..63].to_vec(), [signature.as_slice(), &[0]].concat(), vec![0; 64], vec![]] {
            assert_eq!("invalid_signature", verifying.verify(Message::Whole(&[0x72]), &bad).unwrap_err().code());
            assert_eq!("invalid_signature", prepared.verify(Message::Whole(&[0x72]), &bad).unwrap_err().code());
        }
    }

    /// The prepared key takes over after the count, for all clones, and changes no verdict; refusals do not count.
    #[test]
    fn the_prepared_key_takes_over() {
        let key = Ed25519PrivateKey::generate().unwrap();
        let verifying = ed25519_public_key(key.0.public_key().as_ref()).unwrap();
        let valid = key.sign(Message::Whole(b"message")).unwrap();
        let refused = |key: &PublicKey| key.verify(Message::Whole(b"massage"), &valid).is_err();
        for _ in 0..2 * KEY_TABLE_AFTER {
            assert!(refused(&verifying));
        }
        let clone = verifying.clone();
        for count in 1..=KEY_TABLE_AFTER + 2 {
            if count % 2 == 0 { &verifying } else { &clone }.verify(Message::Whole(b"message"), &valid).unwrap();
            if let Some(due) = due() {
                assert_eq!(KEY_TABLE_AFTER, count);
                due.prepare();
            }
            assert_eq!(is_faster(Alg::Ed25519) && count >= KEY_TABLE_AFTER, verifying.prepared.is_done());
            assert!(refused(&verifying) && refused(&clone));
        }
        assert!(!clone.prepared.prepare() && !verifying.prepared.prepare());
        verifying.backend_alone().verify(Message::Whole(b"message"), &valid).unwrap();
        for bad in [&[0; 64][..], &valid[1..], &[]] {
            assert_eq!(
                "invalid_signature",
                verifying.backend_alone().verify(Message::Whole(b"message"), bad).unwrap_err().code()
            );
        }
    }

    /// RFC 8032 section 7.4, the blank test, and what a changed message, S or length makes of it.
    #[test]
    fn ed448_vector() {
        let seed = hex(
            "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a200\
             98f95b",
        );
        let x = hex(
            "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8\
             256180",
        );
        assert_eq!(PublicParts::Okp { curve: Curve::Ed448, x: x.clone() }, ed448_public(&seed).unwrap());
        let signature = hex(
            "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21b\
             fd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d958\
             08ff2e652600",
        );
        let verifying = Ed448PublicKey::new(&x).unwrap();
        verifying.verify(Message::Whole(b""), &signature).unwrap();
        assert_eq!("invalid_signature", verifying.verify(Message::Whole(b"x"), &signature).unwrap_err().code());
        let mut raised = signature.clone();
        raised[113] = 0x40;
        for bad in [raised, signature[..113].to_vec(), [signature.as_slice(), &[0]].concat(), vec![0; 114], vec![]] {
            assert_eq!("invalid_signature", verifying.verify(Message::Whole(b""), &bad).unwrap_err().code());
        }
    }

    /// Bytes that encode no point, of a wrong length, and private halves with a foreign public one are refused.
    #[test]
    fn malformed_keys_are_refused() {
        for x in [vec![2; 31], vec![2; 33], vec![], ends(&[2], 0, 32, 0)] {
            assert_eq!("invalid_key", ed25519_public_key(&x).err().unwrap().code(), "{x:?}");
        }
        for x in [vec![2; 56], vec![2; 58], vec![]] {
            assert_eq!("invalid_key", Ed448PublicKey::new(&x).err().unwrap().code(), "{x:?}");
        }
        for seed in [vec![1; 31], vec![1; 33], vec![]] {
            assert_eq!("invalid_key", Ed25519PrivateKey::new(&seed, None).err().unwrap().code());
            assert_eq!("invalid_key", ed448_public(&seed).unwrap_err().code());
        }
        assert_eq!("invalid_key", Ed25519PrivateKey::new(&[1; 32], Some(&[1; 32])).err().unwrap().code());
    }
}
