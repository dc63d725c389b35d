//! RSA with a modulus of 2048 bits and the exponent 65537 (RFC 8017 sections 8.1.2 and 8.2.2).
//!
//! The public operation is our own, in vectors of AVX2. Nothing is parsed: a signature is as long as the modulus and below it,
//! PKCS#1 v1.5 is compared with its one full encoding, and each octet of a PSS encoding is checked.

#[cfg(target_arch = "x86_64")]
mod blocks;
#[cfg(target_arch = "x86_64")]
mod encoding;
#[cfg(target_arch = "x86_64")]
mod integers;
#[cfg(target_arch = "x86_64")]
mod operation;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod tests;

use crate::{Algorithm, PreparedKey};

/// Octets of the modulus, a message representative and a signature.
pub(crate) const OCTETS: usize = 256;

/// Whether the public operation is faster than AWS-LC's: processors from before VAES multiply vectors of 256 bits too slowly.
#[cfg(target_arch = "x86_64")]
pub(crate) fn is_faster() -> bool {
    std::arch::is_x86_feature_detected!("vaes")
}

/// Prepares a modulus.
#[cfg(target_arch = "x86_64")]
pub(crate) fn prepare(algorithm: Algorithm, n: &[u8]) -> Option<Box<dyn PreparedKey>> {
    let row = ROWS.iter().find(|row| row.algorithm == algorithm)?;
    let operation = operation::PublicOperation::new(n)?;
    Some(Box::new(Prepared { operation, row }))
}

#[cfg(target_arch = "x86_64")]
struct Prepared {
    operation: operation::PublicOperation,
    row: &'static Row,
}

#[cfg(target_arch = "x86_64")]
impl PreparedKey for Prepared {
    fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
        let message = signature.try_into().ok().and_then(|signature| self.operation.apply(signature));
        message.is_some_and(|message| (self.row.is_encoded)(&message, digest, self.row.hash))
    }
}

/// One algorithm.
#[cfg(target_arch = "x86_64")]
struct Row {
    algorithm: Algorithm,
    hash: &'static aws_lc_rs::digest::Algorithm,
    is_encoded: IsEncoded,
}

/// Whether a message representative encodes a digest by this hash.
#[cfg(target_arch = "x86_64")]
type IsEncoded = fn(&[u8; OCTETS], &[u8], &'static aws_lc_rs::digest::Algorithm) -> bool;

#[cfg(target_arch = "x86_64")]
static ROWS: [Row; 6] = {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512};

    use self::encoding::{is_pkcs1, is_pss};

    [
        Row { algorithm: Algorithm::Rs256, hash: &SHA256, is_encoded: is_pkcs1 },
        Row { algorithm: Algorithm::Rs384, hash: &SHA384, is_encoded: is_pkcs1 },
        Row { algorithm: Algorithm::Rs512, hash: &SHA512, is_encoded: is_pkcs1 },
        Row { algorithm: Algorithm::Ps256, hash: &SHA256, is_encoded: is_pss },
        Row { algorithm: Algorithm::Ps384, hash: &SHA384, is_encoded: is_pss },
        Row { algorithm: Algorithm::Ps512, hash: &SHA512, is_encoded: is_pss },
    ]
};
