//! The seam to `jwseal-verify-fast`: public keys that verify faster once they are prepared, to AWS-LC's verdicts.
//!
//! Built without the feature `verify_fast`, no key is ever prepared and AWS-LC computes every verdict.

#[cfg(feature = "verify_fast")]
pub(super) use jwseal_verify_fast::PreparedKey;

use crate::jwa::Alg;

/// What a prepared key would be.
#[cfg(not(feature = "verify_fast"))]
pub(super) trait PreparedKey: Send + Sync {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool;
}

/// Prepares a key where that makes it faster. The key of RSA is the modulus, of ECDSA the uncompressed point, of EdDSA and
/// ML-DSA the encoded key.
#[cfg(feature = "verify_fast")]
pub(super) fn prepare(alg: Alg, key: &[u8]) -> Option<Box<dyn PreparedKey>> {
    algorithm(alg).filter(|algorithm| algorithm.is_faster())?.prepare(key)
}

/// `None`: AWS-LC computes.
#[cfg(not(feature = "verify_fast"))]
pub(super) fn prepare(_: Alg, _: &[u8]) -> Option<Box<dyn PreparedKey>> {
    None
}

/// Whether keys of this algorithm are prepared on this processor.
#[cfg(test)]
pub(super) fn is_faster(alg: Alg) -> bool {
    #[cfg(feature = "verify_fast")]
    return algorithm(alg).is_some_and(jwseal_verify_fast::Algorithm::is_faster);
    #[cfg(not(feature = "verify_fast"))]
    return alg.spec().name.is_empty();
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
