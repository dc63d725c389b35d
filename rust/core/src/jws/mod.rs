//! JSON Web Signature (RFC 7515): signatures, checked over the bytes received.
//!
//! `Verified` proves that a key verified a payload, `VerifiedSignature` that a key verified a signature over a payload that
//! the caller holds. Only this module can make them, in `VerifiedSignature::check`. The header's algorithm was one of the
//! key's. Claims are not judged here.
//!
//! Imports run one way: compact and JSON forms import `detached`, that imports `unverified`, that `require`, that this file.

pub mod compact;
pub mod detached;
pub mod json_serialization;
mod mistaken;
mod payload_hasher;
pub mod require;
pub mod unverified;

use std::sync::Arc;

use crate::error::{Error, NoKey, Result};
use crate::header::Header;
use crate::jwa::{Alg, AlgSet};
use crate::key::Key;
use crate::key_set::{Candidates, KeySet};

/// A protected header and the keys that may have signed under it.
#[derive(Debug)]
pub struct ResolvedHeader {
    header: Arc<Header>,
    alg: Alg,
    candidates: Candidates,
}

/// A signature that a key verified, over a payload that the caller holds.
#[derive(Clone, Debug)]
pub struct VerifiedSignature {
    resolved: Arc<ResolvedHeader>,
    key_index: usize,
}

/// A payload and the signature over it that a key verified.
#[derive(Debug)]
pub struct Verified {
    signature: VerifiedSignature,
    payload: Vec<u8>,
}

impl ResolvedHeader {
    /// Chooses the candidate keys for a header. `kid` is the header's own, or that of the unprotected header beside it.
    pub fn new(header: Arc<Header>, kid: Option<&str>, keys: &KeySet, algorithms: Option<AlgSet>) -> Result<Self> {
        let alg = header.alg()?;
        let candidates = keys.candidates(alg, kid, algorithms)?;
        Ok(Self { header, alg, candidates })
    }

    /// The same, with the candidates that are among these keys too; none is an error.
    fn within(self, keys: &KeySet, own: Option<&KeySet>) -> Result<Self> {
        let is_own =
            |index: &usize| keys.key(*index).is_some_and(|key| own.is_some_and(|own| own.keys().contains(key)));
        match self.candidates.only(is_own) {
            Some(candidates) => Ok(Self { candidates, ..self }),
            None => Err(Error::KeyNotFound(NoKey::NotInStore)),
        }
    }

    /// The protected header.
    #[must_use]
    pub const fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// Its algorithm.
    #[must_use]
    pub const fn alg(&self) -> Alg {
        self.alg
    }
}

impl VerifiedSignature {
    /// The only function that makes a verified signature: `verify` succeeds for one of the candidate keys, which are
    /// tried in order. `verify` gets a key, its index in the set, and the header's algorithm.
    fn check(
        resolved: Arc<ResolvedHeader>,
        keys: &KeySet,
        verify: impl Fn(&Key, usize, Alg) -> Result<()>,
    ) -> Result<Self> {
        let verifies = |index: &usize| keys.key(*index).is_some_and(|key| verify(key, *index, resolved.alg).is_ok());
        let key_index = resolved.candidates.indices().find(verifies).ok_or_else(|| Error::InvalidSignature)?;
        Ok(Self { resolved, key_index })
    }

    /// The protected header and its candidate keys.
    #[must_use]
    pub const fn resolved(&self) -> &Arc<ResolvedHeader> {
        &self.resolved
    }

    /// The index of the verifying key in its set.
    #[must_use]
    pub const fn key_index(&self) -> usize {
        self.key_index
    }
}

impl Verified {
    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &VerifiedSignature {
        &self.signature
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature and the payload.
    #[must_use]
    pub fn into_parts(self) -> (VerifiedSignature, Vec<u8>) {
        (self.signature, self.payload)
    }
}
