//! RSA with a modulus of 2048 bits and the exponent 65537 (RFC 8017 sections 8.1.2 and 8.2.2).
//!
//! The public operation is our own, in vectors of AVX2. Nothing is parsed: a signature is as long as the modulus and below it,
//! PKCS#1 v1.5 is compared with its one full encoding, and each byte of a PSS encoding is checked.

mod blocks;
mod encoding;
mod integers;
mod lanes;
mod operation;
#[cfg(test)]
pub(crate) mod tests;

use self::lanes::{Lanes, Portable};
use self::operation::PublicOperation;
#[cfg(target_arch = "x86_64")]
use crate::processor;
use crate::{Algorithm, PreparedKey};

/// Bytes of the modulus, a message representative and a signature.
pub(crate) const OCTETS: usize = 256;

/// Prepares a modulus.
pub(crate) fn prepare(algorithm: Algorithm, n: &[u8]) -> Option<Box<dyn PreparedKey>> {
    let row = ROWS.iter().find(|row| row.algorithm == algorithm)?;
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = processor::avx2() {
        return Some(Box::new(Prepared { operation: PublicOperation::new(avx2, n)?, row }));
    }
    Some(Box::new(Prepared { operation: PublicOperation::new(Portable, n)?, row }))
}

struct Prepared<L> {
    operation: PublicOperation<L>,
    row: &'static Scheme,
}

impl<L: Lanes> PreparedKey for Prepared<L> {
    fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
        let message = signature.try_into().ok().and_then(|signature| self.operation.apply(signature));
        message.is_some_and(|message| (self.row.is_encoded)(&message, digest, self.row.hash))
    }
}

/// One algorithm's hash and encoding (RFC 8017 section 8).
struct Scheme {
    algorithm: Algorithm,
    hash: &'static aws_lc_rs::digest::Algorithm,
    is_encoded: IsEncoded,
}

/// Whether a message representative encodes a digest by this hash.
type IsEncoded = fn(&[u8; OCTETS], &[u8], &'static aws_lc_rs::digest::Algorithm) -> bool;

static ROWS: [Scheme; 6] = {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512};

    use self::encoding::{is_pkcs1, is_pss};

    [
        Scheme { algorithm: Algorithm::Rs256, hash: &SHA256, is_encoded: is_pkcs1 },
        Scheme { algorithm: Algorithm::Rs384, hash: &SHA384, is_encoded: is_pkcs1 },
        Scheme { algorithm: Algorithm::Rs512, hash: &SHA512, is_encoded: is_pkcs1 },
        Scheme { algorithm: Algorithm::Ps256, hash: &SHA256, is_encoded: is_pss },
        Scheme { algorithm: Algorithm::Ps384, hash: &SHA384, is_encoded: is_pss },
        Scheme { algorithm: Algorithm::Ps512, hash: &SHA512, is_encoded: is_pss },
    ]
};
