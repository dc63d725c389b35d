//! A signer whose private key lives elsewhere: a KMS, an HSM, another library (RFC 7515 section 5.1 step 5).
//!
//! The core asks it for octets and carries its error back unread. It does not trust it: `SigningKey::sign` checks every
//! signature with the public key the signer was declared with before the signature leaves.

use crate::error::Foreign;

/// Something that signs under one algorithm with one key.
pub trait External: Send + Sync {
    /// The signature over these octets, in JOSE form: for ECDSA r and s side by side.
    fn sign(&self, octets: &[u8]) -> std::result::Result<Vec<u8>, Foreign>;
}
