//! JSON Web Signature (RFC 7515): signatures, checked over the bytes received.
//!
//! A `ResolvedHeader` is a header and the keys that may have signed under it; `verified` has what proves that one of them did.
//! Claims are not checked here.
//!
//! Imports run one way: compact and JSON forms import `detached`, that imports `unverified`, that `require`, that `verified`,
//! that this file.

pub mod compact;
pub mod detached;
pub mod json_serialization;
mod mistaken;
mod payload_hasher;
pub mod require;
pub mod unverified;
mod verified;

use std::sync::Arc;

use crate::error::{Error, NoKey, Result};
use crate::header::Header;
use crate::jwa::{Alg, AlgSet};
use crate::key_set::{Candidates, KeySet};
pub use verified::{Verified, VerifiedSignature};

/// A protected header and the keys that may have signed under it.
#[derive(Debug)]
pub struct ResolvedHeader {
    header: Arc<Header>,
    alg: Alg,
    candidates: Candidates,
}

impl ResolvedHeader {
    /// Chooses the candidate keys for a header. `kid` is the header's own, or that of the unprotected header beside it.
    pub fn new(header: Arc<Header>, kid: Option<&str>, keys: &KeySet, algorithms: Option<AlgSet>) -> Result<Self> {
        let alg = header.alg()?;
        let candidates = keys.candidates(alg, kid, algorithms)?;
        Ok(Self { header, alg, candidates })
    }

    /// The same, with the candidates that are among these keys too; none is an error.
    fn restricted_to(self, keys: &KeySet, own: Option<&KeySet>) -> Result<Self> {
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
