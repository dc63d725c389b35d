#![forbid(unsafe_code)]
//! Verifies signatures faster than AWS-LC with prepared public keys, with the same verdicts (RFC 7518, RFC 8037, RFC 9964).
//!
//! Preparing a key computes once what depends on the key alone: multiples of a point, an expanded ML-DSA key, the numbers of
//! Montgomery's reduction. Everything here is public: keys, messages, signatures. It takes variable time, there is no private
//! key in any type, and nothing secret may be passed in. AWS-LC has validated each key before.

mod curves;
mod mldsa;
mod processor;
mod rsa;
#[cfg(test)]
mod tests;

pub use self::processor::{instructions, not_run};

/// A public key, prepared to verify under one algorithm.
pub trait PreparedKey: Send + Sync {
    /// Whether a signature is valid.
    ///
    /// `message` is the digest of the message, by the algorithm's own hash, for RSA and ECDSA. For EdDSA and ML-DSA it is the
    /// message.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// The algorithms that a key can be prepared for, by their JOSE names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, a modulus of 2048 bits and the exponent 65537.
    Rs256,
    /// The same with SHA-384.
    Rs384,
    /// The same with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256, a modulus of 2048 bits and the exponent 65537.
    Ps256,
    /// The same with SHA-384.
    Ps384,
    /// The same with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// ECDSA on secp256k1 with SHA-256.
    Es256k,
    /// EdDSA on edwards25519.
    Ed25519,
    /// ML-DSA-44.
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
}

impl Algorithm {
    /// Whether a prepared key was measured to verify faster than AWS-LC on processors like this one.
    #[must_use]
    pub fn is_faster(self) -> bool {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                processor::multiplies_vectors_fast()
            }
            _ => cfg!(target_arch = "x86_64"),
        }
    }

    /// Prepares a key, whether that is faster here or not; `None` for one that cannot be prepared.
    ///
    /// A key is the modulus for RSA, an uncompressed point for ECDSA (SEC 1 section 2.3.3), and the encoded public key for EdDSA
    /// and ML-DSA.
    #[must_use]
    pub fn prepare(self, key: &[u8]) -> Option<Box<dyn PreparedKey>> {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                rsa::prepare(self, key)
            }
            Self::Es256 => curves::p256(key),
            Self::Es384 => curves::p384(key),
            Self::Es512 => curves::p521(key),
            Self::Es256k => curves::secp256k1(key),
            Self::Ed25519 => curves::ed25519(key),
            Self::MlDsa44 => mldsa::prepare(&mldsa::ML_DSA_44, key),
            Self::MlDsa65 => mldsa::prepare(&mldsa::ML_DSA_65, key),
            Self::MlDsa87 => mldsa::prepare(&mldsa::ML_DSA_87, key),
        }
    }
}
