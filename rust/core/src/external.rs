//! A signer whose private key is elsewhere: in a KMS, an HSM or another library (RFC 7515 section 5.1 step 5).
//!
//! The core passes its error on. It does not trust it: `SigningKey::sign` verifies every signature with the signer's declared
//! public key before the signature is used.

use crate::error::Foreign;

/// Something that signs under one algorithm with one key.
pub trait External: Send + Sync {
    /// The signature over these bytes, in JOSE form: for ECDSA r and s side by side.
    fn sign(&self, octets: &[u8]) -> std::result::Result<Vec<u8>, Foreign>;
}
