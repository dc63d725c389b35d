//! One public key in two forms: AWS-LC's and a prepared one, which must give the same verdicts on any processor.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use jwseal_core::jwa::Alg;
use jwseal_core::key::VerifyingKey;
use jwseal_verify_fast::{Algorithm, PreparedKey};

use crate::Outcome;

/// A key in both forms.
pub struct BothWays {
    alg: Alg,
    key: VerifyingKey,
    prepared: Box<dyn PreparedKey>,
}

impl BothWays {
    /// A key from its JWK, and prepared from its octets; `None` where either is refused.
    pub fn new(alg: Alg, jwk: &str, octets: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_jwk(jwk.as_bytes(), Some(alg), None).ok()?;
        Some(Self { alg, key, prepared: algorithm(alg)?.prepare(octets)? })
    }

    /// Verifies both ways.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Outcome {
        let Self { alg, key, prepared } = self;
        let hashed = match alg {
            Alg::Rs256 | Alg::Ps256 | Alg::Es256 | Alg::Es256k => Some(digest(&SHA256, message)),
            Alg::Rs384 | Alg::Ps384 | Alg::Es384 => Some(digest(&SHA384, message)),
            Alg::Rs512 | Alg::Ps512 | Alg::Es512 => Some(digest(&SHA512, message)),
            _ => None,
        };
        let accepted = prepared.verify(hashed.as_ref().map_or(message, AsRef::as_ref), signature);
        assert_eq!(key.verify_plain(*alg, message, signature).is_ok(), accepted, "two ways to verify {alg} disagree");
        assert_eq!(key.verify(*alg, message, signature).is_ok(), accepted, "the core's verdict under {alg} differs");
        if accepted { Outcome::accepted(alg.spec().name) } else { Outcome::refused(alg.spec().name) }
    }

    /// Octets of a signature.
    pub fn signature_len(&self) -> usize {
        self.alg.spec().signature_len.unwrap_or(256)
    }
}

fn algorithm(alg: Alg) -> Option<Algorithm> {
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
        Alg::EdDsa | Alg::Ed25519 => Some(Algorithm::Ed25519),
        Alg::MlDsa44 => Some(Algorithm::MlDsa44),
        Alg::MlDsa65 => Some(Algorithm::MlDsa65),
        Alg::MlDsa87 => Some(Algorithm::MlDsa87),
        _ => None,
    }
}
