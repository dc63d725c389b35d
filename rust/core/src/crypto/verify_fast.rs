//! The only file that calls `jwseal-verify-fast`: public keys that verify faster once they are prepared, with AWS-LC's
//! verdicts.
//!
//! Built without the feature `verify_fast`, no key is ever prepared and AWS-LC computes every verdict.

#[cfg(feature = "verify_fast")]
pub(super) use jwseal_verify_fast::PreparedKey;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::jwa::{Alg, TABLE};

/// Stands in for the crate's trait; nothing implements it.
#[cfg(not(feature = "verify_fast"))]
pub(super) trait PreparedKey: Send + Sync {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

static BACKEND_ALONE: AtomicBool = AtomicBool::new(false);

/// From now on AWS-LC verifies with every key that is read: keys are not prepared, and HS256 uses AWS-LC too. Only
/// Ed448, which AWS-LC lacks, stays with `crrl`.
pub fn use_backend_alone() {
    BACKEND_ALONE.store(true, Ordering::Relaxed);
}

/// Whether AWS-LC computes everything that it can.
pub(super) fn is_backend_alone() -> bool {
    cfg!(not(feature = "verify_fast")) || BACKEND_ALONE.load(Ordering::Relaxed)
}

/// The algorithms whose keys are prepared in this process.
pub fn in_use() -> impl Iterator<Item = Alg> {
    TABLE.iter().map(|spec| spec.alg).filter(|alg| is_faster(*alg))
}

/// Whether keys of this algorithm verify faster prepared than with AWS-LC, on this processor.
pub(super) fn is_faster(alg: Alg) -> bool {
    #[cfg(feature = "verify_fast")]
    let is_faster = algorithm(alg).is_some_and(jwseal_verify_fast::Algorithm::is_faster);
    #[cfg(not(feature = "verify_fast"))]
    let is_faster = alg.name().is_empty();
    is_faster && !is_backend_alone()
}

/// Prepares a key where that makes it faster. `key` is the modulus for RSA, the uncompressed point for ECDSA, and the encoded
/// key for EdDSA and ML-DSA.
#[cfg(feature = "verify_fast")]
pub(super) fn prepare(alg: Alg, key: &[u8]) -> Option<Box<dyn PreparedKey>> {
    algorithm(alg).filter(|_| is_faster(alg))?.prepare(key)
}

/// `None`: AWS-LC computes.
#[cfg(not(feature = "verify_fast"))]
pub(super) fn prepare(_: Alg, _: &[u8]) -> Option<Box<dyn PreparedKey>> {
    None
}

#[cfg(feature = "verify_fast")]
fn algorithm(alg: Alg) -> Option<jwseal_verify_fast::Algorithm> {
    use jwseal_verify_fast::Algorithm;

    match alg {
        Alg::Rs256 => Some(Algorithm::Rs256),
        Alg::Rs384 => Some(Algorithm::Rs384),
        Alg::Rs512 => Some(Algorithm::Rs512),
        Alg::Ps256 => Some(Algorithm::Ps256),
        Alg::Ps384 => Some(Algorithm::Ps384),
        Alg::Ps512 => Some(Algorithm::Ps512),
        Alg::Es256 => Some(Algorithm::Es256),
        Alg::Es384 => Some(Algorithm::Es384),
        Alg::Es512 => Some(Algorithm::Es512),
        Alg::Es256k => Some(Algorithm::Es256k),
        Alg::Ed25519 => Some(Algorithm::Ed25519),
        Alg::MlDsa44 => Some(Algorithm::MlDsa44),
        Alg::MlDsa65 => Some(Algorithm::MlDsa65),
        Alg::MlDsa87 => Some(Algorithm::MlDsa87),
        Alg::Hs256 | Alg::Hs384 | Alg::Hs512 | Alg::EdDsa | Alg::Ed448 => None,
    }
}
