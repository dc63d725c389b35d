//! ECDSA with r and s side by side (RFC 7518 section 3.4, RFC 8812 section 3.2).
//!
//! The curve fixes the digest. Points are uncompressed, of full length and on the curve; scalars are of the order's full
//! length. A signature is exactly twice that long before r and s are read, and AWS-LC holds both to 1..n-1. High s is
//! valid, as JOSE has no low-s rule, so a token's text never identifies it. Nonces are AWS-LC's, hedged with the key.
//! A key that verifies often is prepared, and then gives the same verdicts in less time.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED,
    ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, KeyPair, ParsedPublicKey,
};
use zeroize::Zeroizing;

use super::digest::{Digested, Hash, Message, Method};
use super::prepared::Prepared;
use super::public_key::PublicKey;
use crate::error::{Error, Result};
use crate::jwa::{Alg, Curve};

/// Parses an uncompressed point and checks that it is on the curve.
pub fn public_key(curve: Curve, point: &[u8]) -> Result<PublicKey> {
    let row = row(curve)?;
    if point.len() != 1 + 2 * row.field_len || point.first() != Some(&UNCOMPRESSED) {
        return Err(Error::key(format!(
            "a {} public key is an uncompressed point of {} bytes",
            curve.name(),
            1 + 2 * row.field_len
        )));
    }
    let key = ParsedPublicKey::new(row.verifying, point)
        .map_err(|_| Error::key(format!("this point is not on the curve {}", curve.name())))?;
    let prepared = Prepared::on_demand(row.alg, point);
    Ok(PublicKey { key, prepared, hash: Some(row.hash), signature_len: 2 * row.field_len })
}

/// A private key ready to sign.
pub struct PrivateKey {
    pub(super) key: EcdsaKeyPair,
    hash: Hash,
}

impl PrivateKey {
    /// Builds a key from its scalar and checks that a given point is its own.
    pub fn new(curve: Curve, d: &[u8], point: Option<&[u8]>) -> Result<Self> {
        let row = row(curve)?;
        if d.len() != row.field_len {
            return Err(Error::key(format!(
                "a {} private key has {} bytes, this one has {}",
                curve.name(),
                row.field_len,
                d.len()
            )));
        }
        let mut document = Zeroizing::new(Vec::with_capacity(row.pkcs8_start.len() + d.len()));
        document.extend_from_slice(row.pkcs8_start);
        document.extend_from_slice(d);
        let key = EcdsaKeyPair::from_pkcs8(row.signing, &document)
            .map_err(|_| Error::key(format!("this {} private key is out of range", curve.name())))?;
        if point.is_some_and(|point| point != key.public_key().as_ref()) {
            return Err(Error::key(format!("the public point does not belong to this {} private key", curve.name())));
        }
        // A key parsed without its point is also written without it; built from both it is written whole.
        EcdsaKeyPair::from_private_key_and_public_key(row.signing, d, key.public_key().as_ref())
            .map(|key| Self { key, hash: row.hash })
            .map_err(|_| unusable())
    }

    /// A new key on the algorithm's curve.
    pub fn generate(alg: Alg) -> Result<Self> {
        let curve = alg.spec().curve.ok_or_else(|| Error::key(format!("{alg} fixes no curve")))?;
        let row = row(curve)?;
        let key = EcdsaKeyPair::generate(row.signing).map_err(|_| unusable())?;
        Ok(Self { key, hash: row.hash })
    }

    /// Signs; r and s, each of full length.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        let digest = match message {
            // Hashing here saves AWS-LC two contexts that it would build, copy and clear.
            Message::Whole(message) => &self.hash.of(message),
            Message::Digest(Digested::Hash(digest)) => digest,
            Message::Digest(Digested::Mac(_)) => return Err(unusable()),
        };
        Ok(self.key.sign_digest(digest).map_err(|_| unusable())?.as_ref().to_vec())
    }

    /// How messages are hashed for it.
    #[must_use]
    pub const fn method(&self) -> Method {
        Method::Hash(self.hash)
    }
}

/// Bytes of a coordinate and of a scalar; `None` where the curve is not one of ECDSA's.
#[must_use]
pub fn field_len(curve: Curve) -> Option<usize> {
    row(curve).ok().map(|row| row.field_len)
}

/// The first byte of an uncompressed point (SEC 1 section 2.3.3).
pub const UNCOMPRESSED: u8 = 4;

struct EcdsaRow {
    curve: Curve,
    alg: Alg,
    field_len: usize,
    hash: Hash,
    verifying: &'static EcdsaVerificationAlgorithm,
    signing: &'static EcdsaSigningAlgorithm,
    /// PKCS#8 up to the scalar of a key without its point, from which AWS-LC computes the point (RFC 5915).
    pkcs8_start: &'static [u8],
}

static ROWS: [EcdsaRow; 4] = [
    EcdsaRow {
        curve: Curve::P256,
        alg: Alg::Es256,
        field_len: 32,
        hash: Hash::SHA256,
        verifying: &ECDSA_P256_SHA256_FIXED,
        signing: &ECDSA_P256_SHA256_FIXED_SIGNING,
        pkcs8_start: b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
            \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20",
    },
    EcdsaRow {
        curve: Curve::P384,
        alg: Alg::Es384,
        field_len: 48,
        hash: Hash::SHA384,
        verifying: &ECDSA_P384_SHA384_FIXED,
        signing: &ECDSA_P384_SHA384_FIXED_SIGNING,
        pkcs8_start: b"\x30\x4e\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
            \x06\x05\x2b\x81\x04\x00\x22\x04\x37\x30\x35\x02\x01\x01\x04\x30",
    },
    EcdsaRow {
        curve: Curve::P521,
        alg: Alg::Es512,
        field_len: 66,
        hash: Hash::SHA512,
        verifying: &ECDSA_P521_SHA512_FIXED,
        signing: &ECDSA_P521_SHA512_FIXED_SIGNING,
        pkcs8_start: b"\x30\x60\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
            \x06\x05\x2b\x81\x04\x00\x23\x04\x49\x30\x47\x02\x01\x01\x04\x42",
    },
    EcdsaRow {
        curve: Curve::Secp256k1,
        alg: Alg::Es256k,
        field_len: 32,
        hash: Hash::SHA256,
        verifying: &ECDSA_P256K1_SHA256_FIXED,
        signing: &ECDSA_P256K1_SHA256_FIXED_SIGNING,
        pkcs8_start: b"\x30\x3e\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
            \x06\x05\x2b\x81\x04\x00\x0a\x04\x27\x30\x25\x02\x01\x01\x04\x20",
    },
];

fn row(curve: Curve) -> Result<&'static EcdsaRow> {
    ROWS.iter()
        .find(|row| row.curve == curve)
        .ok_or_else(|| Error::key(format!("{} is not a curve of ECDSA", curve.name())))
}

fn unusable() -> Error {
    Error::key("this EC private key cannot be used")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points off the curve, compressed or of another curve's length are refused.
    #[test]
    fn malformed_points_are_refused() {
        for row in &ROWS {
            let point = PrivateKey::generate(row.alg).unwrap().key.public_key().as_ref().to_vec();
            let mut off = point.clone();
            *off.last_mut().unwrap() ^= 1;
            let mut hybrid = point.clone();
            hybrid[0] = 6 | (hybrid.last().unwrap() & 1);
            let compressed = [&[2 | (point.last().unwrap() & 1)], &point[1..=row.field_len]].concat();
            for bad in [off, hybrid, compressed, point[..point.len() - 1].to_vec(), vec![0], vec![]] {
                assert_eq!("invalid_key", public_key(row.curve, &bad).err().unwrap().code());
            }
        }
        let point = PrivateKey::generate(Alg::Es256).unwrap().key.public_key().as_ref().to_vec();
        assert_eq!("invalid_key", public_key(Curve::Secp256k1, &point).err().unwrap().code());
        assert_eq!("invalid_key", public_key(Curve::Ed25519, &point).err().unwrap().code());
    }
}
