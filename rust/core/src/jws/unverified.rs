//! A JWS taken apart, of any form, and the verification of what it carries (RFC 7515 section 5.2).
//!
//! Nothing in an `Unverified` is trusted. `verify` checks each signature with its own header and key and then asks `Require`
//! whether enough of them verified. A payload that the JWS does not carry is `detached`'s subject.

use std::borrow::Cow;
use std::sync::Arc;

use super::require::{Report, Require};
use super::{ResolvedHeader, VerifiedSignature};
use crate::base64url;
use crate::error::{Error, Result};
use crate::header::Header;
use crate::json::{Document, Object};
use crate::jwa::AlgSet;
use crate::key::Message;
use crate::key_set::KeySet;

/// The serialization of a JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 7515 section 7.1.
    Compact,
    /// RFC 7515 section 7.2.2.
    Flattened,
    /// RFC 7515 section 7.2.1.
    General,
}

/// A JWS taken apart; nothing is verified.
#[derive(Debug)]
pub struct Unverified {
    /// Its serialization.
    pub form: Form,
    /// The payload; `None` where a JSON form has no such member. A compact JWS has one always, which may be empty.
    pub payload: Option<Vec<u8>>,
    /// Whether the payload is signed unencoded, without base64url (RFC 7797).
    pub unencoded: bool,
    /// The signatures, in order.
    pub entries: Vec<UnverifiedSignature>,
    /// The payload's text as a compact JWS has it, so that the signing input is made of what was received.
    pub(super) payload_text: Option<Vec<u8>>,
    /// The whole object of a JSON form; unprotected headers are read from it.
    pub(super) document: Option<Document>,
}

/// One signature with its headers.
#[derive(Debug)]
pub struct UnverifiedSignature {
    /// The protected header.
    pub header: Arc<Header>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The protected header's text.
    pub(super) protected: Vec<u8>,
    /// The `kid` of either header.
    pub(super) kid: Option<Box<str>>,
}

/// What a JWS is verified with.
#[derive(Clone, Copy, Debug)]
pub struct VerifyOptions<'a> {
    /// The keys.
    pub keys: &'a KeySet,
    /// The algorithms, where narrower than the keys' own.
    pub algorithms: Option<AlgSet>,
    /// How many signatures must verify.
    pub require: &'a Require,
    /// Whether the keys are those of a source that changes them: then a requirement that they cannot meet is no mistake of the
    /// program.
    pub changing: bool,
    /// Where a store answered for each signature apart: its keys for each, in the order of the signatures.
    pub own: Option<&'a [KeySet]>,
}

impl Unverified {
    /// Verifies a JWS that carries its payload: the outcome of each signature.
    pub fn verify(&self, options: VerifyOptions<'_>) -> Result<Report> {
        options.require.check(options.keys, options.changing)?;
        self.require_algs()?;
        let payload = self.carried()?;
        if self.form == Form::Compact && self.unencoded {
            return Err(DETACHED);
        }
        let verify = |(index, entry)| self.verify_carried(index, entry, options);
        match options.require.met_by(self.entries.iter().enumerate().map(verify).collect(), options.keys) {
            // An empty segment is an empty payload or a detached one; only the signature can tell.
            Err(Error::InvalidSignature) if self.form == Form::Compact && payload.is_empty() => Err(DETACHED),
            report => report,
        }
    }

    /// Verifies one signature of a JWS that carries its payload.
    pub fn verify_entry(&self, index: usize, options: VerifyOptions<'_>) -> Result<VerifiedSignature> {
        self.carried()?;
        self.verify_carried(index, self.entry(index)?, options)
    }

    /// The signature at an index.
    pub fn entry(&self, index: usize) -> Result<&UnverifiedSignature> {
        self.entries.get(index).ok_or(Error::malformed("signatures", "has no entry of this index"))
    }

    /// The `kid` that a signature names and no key has, of all signatures or of the one at an index; the algorithm must be
    /// one that is accepted.
    #[must_use]
    pub fn unknown_kid(&self, index: Option<usize>, keys: &KeySet, algorithms: Option<AlgSet>) -> Option<&str> {
        let entries = self.entries.iter().enumerate().filter(|(at, _)| index.is_none_or(|index| index == *at));
        let is_accepted = |entry: &UnverifiedSignature| {
            entry.header.alg().is_ok_and(|alg| algorithms.is_none_or(|algorithms| algorithms.contains(alg)))
        };
        let accepted = entries.map(|(_, entry)| entry).filter(|entry| is_accepted(entry));
        accepted.filter_map(UnverifiedSignature::kid).find(|kid| !keys.has_kid(kid))
    }

    /// The payload, where the JWS carries one.
    pub fn carried(&self) -> Result<&[u8]> {
        self.payload.as_deref().ok_or(Error::malformed("payload", "is not in the object: give the detached payload"))
    }

    /// The unprotected header of a signature, where it has one.
    #[must_use]
    pub fn unprotected(&self, index: usize) -> Option<Object<'_>> {
        let members = self.document.as_ref()?.root().as_object()?;
        let entry = match self.form {
            Form::Compact => return None,
            Form::Flattened => members,
            Form::General => members.get("signatures")?.as_array()?.iter().nth(index)?.as_object()?,
        };
        entry.get("header")?.as_object()
    }

    /// The bytes that a signature covers; an absent payload counts as an empty one.
    #[must_use]
    pub fn signing_input(&self, entry: &UnverifiedSignature) -> Vec<u8> {
        let payload = self.payload.as_deref().unwrap_or_default();
        let text = match &self.payload_text {
            Some(text) => Cow::Borrowed(text.as_slice()),
            None if self.unencoded => Cow::Borrowed(payload),
            None => Cow::Owned(base64url::encode(payload).into_bytes()),
        };
        [&entry.protected, &b"."[..], &text].concat()
    }

    /// Refuses a JWS in which a signature names no algorithm.
    pub(super) fn require_algs(&self) -> Result<()> {
        self.entries.iter().try_for_each(|entry| entry.header.require_alg())
    }

    /// Refuses a detached payload beside one that the JWS carries.
    pub(super) fn require_detached(&self) -> Result<()> {
        match self.payload.as_deref() {
            Some([]) | None => Ok(()),
            Some(_) => Err(Error::malformed("payload", "is in the JWS, and a detached one was given as well")),
        }
    }

    fn verify_carried(
        &self,
        index: usize,
        entry: &UnverifiedSignature,
        options: VerifyOptions<'_>,
    ) -> Result<VerifiedSignature> {
        let input = self.signing_input(entry);
        let verify = |key: &crate::key::Key, _, alg| key.verify(alg, Message::Whole(&input), &entry.signature);
        VerifiedSignature::check(Arc::new(entry.resolve(index, options)?), options.keys, verify)
    }
}

impl UnverifiedSignature {
    /// The protected header, and its text as received.
    #[must_use]
    pub fn protected(&self) -> (&Arc<Header>, &[u8]) {
        (&self.header, &self.protected)
    }

    /// The key's identifier, from either header.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Chooses the candidate keys for the signature at this index.
    pub(super) fn resolve(&self, index: usize, options: VerifyOptions<'_>) -> Result<ResolvedHeader> {
        let resolved = ResolvedHeader::new(Arc::clone(&self.header), self.kid(), options.keys, options.algorithms)?;
        match options.own {
            Some(own) => resolved.restricted_to(options.keys, own.get(index)),
            None => Ok(resolved),
        }
    }
}

const DETACHED: Error = Error::malformed("payload", "is not in the token: give the detached payload");
