//! The proof that a key verified a signature (RFC 7515 section 5.2).
//!
//! `Verified` proves that a key verified a payload, `VerifiedSignature` that a key verified a signature over a payload that
//! the caller holds. `VerifiedSignature::check` alone makes a signature, a payload needs one, and the fields of both are private to
//! this file. The header's algorithm was one of the key's. Claims are not checked here.

use std::sync::Arc;

use super::ResolvedHeader;
use crate::error::{Error, Result};
use crate::jwa::Alg;
use crate::key::Key;
use crate::key_set::KeySet;

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

impl VerifiedSignature {
    /// The only function that makes a verified signature: `verify` succeeds for one of the candidate keys, which are
    /// tried in order. `verify` gets a key, its index in the set, and the header's algorithm.
    pub(super) fn check(
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
    /// The payload that this signature is over.
    pub(super) const fn new(signature: VerifiedSignature, payload: Vec<u8>) -> Self {
        Self { signature, payload }
    }

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
