//! JSON Web Signature (RFC 7515): one signature, checked over the octets received.
//!
//! `Verified` is the proof that a key vouched for a payload, `VerifiedSignature` that one did for a payload that someone
//! else holds. Only this module can make them, so code that was handed one cannot have skipped the check. The header's algorithm was one of the key's; claims were not looked at.

pub mod compact;
pub mod detached;
mod intake;
pub mod json_serialization;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::header::Header;
use crate::jwa::{Alg, AlgSet};
use crate::key::Key;
use crate::key_set::{Candidates, KeySet};

/// A protected header and the keys that may have signed under it; the same header text always resolves to the same.
#[derive(Debug)]
pub struct Resolved {
    header: Arc<Header>,
    alg: Alg,
    candidates: Candidates,
}

/// A signature that a key vouched for; whoever holds the payload keeps it.
#[derive(Debug)]
pub struct VerifiedSignature {
    resolved: Arc<Resolved>,
    key: usize,
}

/// A payload that a key vouched for.
#[derive(Debug)]
pub struct Verified {
    signature: VerifiedSignature,
    payload: Vec<u8>,
}

impl Resolved {
    /// Chooses the candidate keys for a header. `kid` is the header's own, or that of the unprotected header beside it.
    pub fn new(header: Arc<Header>, kid: Option<&str>, keys: &KeySet, algorithms: Option<AlgSet>) -> Result<Self> {
        let alg = header.alg()?;
        let candidates = keys.candidates(alg, kid, algorithms)?;
        Ok(Self { header, alg, candidates })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The header, to keep.
    #[must_use]
    pub const fn shared_header(&self) -> &Arc<Header> {
        &self.header
    }

    /// Its algorithm.
    #[must_use]
    pub const fn alg(&self) -> Alg {
        self.alg
    }

    /// Tries the candidates in order; the place of the one whose signature this is.
    fn verifying_key(&self, keys: &KeySet, signing_input: &[u8], signature: &[u8]) -> Result<usize> {
        let verifies = |key: &Key| key.verify(self.alg, signing_input, signature).is_ok();
        self.candidates.places().find(|place| keys.key(*place).is_some_and(verifies)).ok_or(Error::InvalidSignature)
    }
}

impl VerifiedSignature {
    /// Checks one signature over its signing input; the other way to make one is a detached payload's.
    fn check(resolved: Arc<Resolved>, keys: &KeySet, signing_input: &[u8], signature: &[u8]) -> Result<Self> {
        let key = resolved.verifying_key(keys, signing_input, signature)?;
        Ok(Self { resolved, key })
    }

    /// The header and candidates.
    #[must_use]
    pub const fn resolved(&self) -> &Arc<Resolved> {
        &self.resolved
    }

    /// The place of the verifying key in its set.
    #[must_use]
    pub const fn key(&self) -> usize {
        self.key
    }
}

impl Verified {
    /// Joins a verified signature with the payload that its signing input held; the only way to make a `Verified`.
    const fn new(signature: VerifiedSignature, payload: Vec<u8>) -> Self {
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

    /// Header and candidates, the key's place, and the payload.
    #[must_use]
    pub fn into_parts(self) -> (Arc<Resolved>, usize, Vec<u8>) {
        (self.signature.resolved, self.signature.key, self.payload)
    }
}
