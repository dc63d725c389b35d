//! One public key in two forms: AWS-LC's and a prepared one, which must give the same verdicts on any processor.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use jwseal_core::jwa::Alg;
use jwseal_core::key::{Key, Message, VerifyingKey};
use jwseal_verify_fast::{Algorithm, PreparedKey};

use crate::Outcome;

/// A key in both forms.
pub struct BothWays {
    alg: Alg,
    key: VerifyingKey,
    backend: Key,
    prepared: Box<dyn PreparedKey>,
    hash: Option<&'static digest::Algorithm>,
}

impl BothWays {
    /// A key from its JWK, and prepared from its bytes; `None` where either is refused.
    pub fn new(alg: Alg, jwk: &str, octets: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_jwk(jwk.as_bytes(), Some(alg), None).ok()?;
        let (_, algorithm, hash) = ROWS.iter().find(|row| row.0 == alg)?;
        let (backend, prepared) = (key.backend_alone(), algorithm.prepare(octets)?);
        Some(Self { alg, key, backend, prepared, hash: *hash })
    }

    /// Verifies both ways.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Outcome {
        let Self { alg, key, backend, prepared, hash } = self;
        let hashed = hash.map(|hash| digest::digest(hash, message));
        let accepted = prepared.verify(hashed.as_ref().map_or(message, AsRef::as_ref), signature);
        let verifies = |key: &Key| key.verify(*alg, Message::Whole(message), signature).is_ok();
        assert_eq!(verifies(backend), accepted, "two ways to verify {alg} disagree");
        assert_eq!(verifies(key), accepted, "the core's verdict under {alg} differs");
        if accepted { Outcome::accepted(alg.spec().name) } else { Outcome::refused(alg.spec().name) }
    }

    /// Bytes of a signature.
    pub fn signature_len(&self) -> usize {
        self.alg.spec().signature_len.unwrap_or(256)
    }
}

/// The algorithms, and what hashes a message beforehand.
static ROWS: [(Alg, Algorithm, Option<&digest::Algorithm>); 14] = [
    (Alg::Rs256, Algorithm::Rs256, Some(&SHA256)),
    (Alg::Rs384, Algorithm::Rs384, Some(&SHA384)),
    (Alg::Rs512, Algorithm::Rs512, Some(&SHA512)),
    (Alg::Ps256, Algorithm::Ps256, Some(&SHA256)),
    (Alg::Ps384, Algorithm::Ps384, Some(&SHA384)),
    (Alg::Ps512, Algorithm::Ps512, Some(&SHA512)),
    (Alg::Es256, Algorithm::Es256, Some(&SHA256)),
    (Alg::Es384, Algorithm::Es384, Some(&SHA384)),
    (Alg::Es512, Algorithm::Es512, Some(&SHA512)),
    (Alg::Es256k, Algorithm::Es256k, Some(&SHA256)),
    (Alg::EdDsa, Algorithm::Ed25519, None),
    (Alg::MlDsa44, Algorithm::MlDsa44, None),
    (Alg::MlDsa65, Algorithm::MlDsa65, None),
    (Alg::MlDsa87, Algorithm::MlDsa87, None),
];
