//! Public keys that AWS-LC parsed, and the one check of a signature with them.
//!
//! The length of a signature is checked before any arithmetic: each algorithm and key has one. A key that is used often is
//! prepared, and then verifies in less time, with the same verdicts.

use aws_lc_rs::digest::Digest;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::ParsedPublicKey;

use super::digest::{Digested, Hash, Message, Method};
use super::prepared::Prepared;
use crate::error::{Error, Result};

/// A public key ready to verify under one algorithm; clones share what is prepared.
#[derive(Clone)]
pub struct PublicKey {
    pub(super) key: ParsedPublicKey,
    pub(super) prepared: Prepared,
    /// `None` where the algorithm needs its message whole.
    pub(super) hash: Option<Hash>,
    pub(super) signature_len: usize,
}

impl PublicKey {
    /// Verifies a signature, or reports only that it is invalid.
    #[inline]
    pub fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<()> {
        if signature.len() != self.signature_len {
            return Err(Error::InvalidSignature);
        }
        match (self.hash, message) {
            // Hashing here saves AWS-LC a context that it would build, copy and clear.
            (Some(hash), Message::Whole(message)) => self.verify_digest(&hash.of(message), signature),
            (Some(hash), Message::Digest(Digested::Hash(digest))) if hash.made(digest) => {
                self.verify_digest(digest, signature)
            }
            (None, Message::Whole(message)) => self.prepared.verify(
                |key| key.verify(message, signature),
                || self.key.verify_sig(message, signature).map_err(invalid),
            ),
            (_, Message::Digest(_)) => Err(Error::InvalidSignature),
        }
    }

    #[inline]
    fn verify_digest(&self, digest: &Digest, signature: &[u8]) -> Result<()> {
        self.prepared.verify(
            |key| key.verify(digest.as_ref(), signature),
            || self.key.verify_digest_sig(digest, signature).map_err(invalid),
        )
    }

    /// How messages are hashed for it.
    #[must_use]
    pub fn method(&self) -> Method {
        self.hash.map_or(Method::Whole, Method::Hash)
    }

    /// The same key, verified by AWS-LC alone.
    #[must_use]
    pub fn backend_alone(&self) -> Self {
        Self { prepared: Prepared::Never, ..self.clone() }
    }
}

const fn invalid(_: Unspecified) -> Error {
    Error::InvalidSignature
}
