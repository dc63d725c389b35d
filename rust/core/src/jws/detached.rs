//! Payloads that arrive piece by piece (RFC 7515 Appendix F, RFC 7797), signed and verified in one pass.
//!
//! Everything that can be refused without the payload is refused before a `DetachedVerification` or a `PayloadSigner`
//! exists: form, headers, algorithms, keys. Either takes the payload once, for all its signatures, so that a file is read
//! once. Memory does not grow with the payload unless a key needs its message whole (EdDSA, ML-DSA, external signers).

use std::sync::Arc;

use super::payload_hasher::{MessageId, Messages, PayloadHasher};
use super::require::{Report, Require};
use super::unverified::{Unverified, UnverifiedSignature, VerifyOptions};
use super::{ResolvedHeader, VerifiedSignature};
use crate::base64url;
use crate::error::{Error, NoKey, Result};
use crate::key::AnySigningKey;
use crate::key_set::KeySet;

/// What a payload is fed into.
pub trait PayloadSink {
    /// The result.
    type Outcome;

    /// Takes the next bytes.
    fn update(&mut self, bytes: &[u8]);

    /// Ends the payload.
    fn finish(self) -> Result<Self::Outcome>;

    /// Whether `finish` has another program or another library sign.
    fn signs_elsewhere(&self) -> bool {
        false
    }
}

/// The signatures of a JWS being verified over a detached payload.
pub struct DetachedVerification<'a> {
    hasher: PayloadHasher,
    checks: Vec<Result<PendingSignature>>,
    options: VerifyOptions<'a>,
}

/// One signature that waits for its payload.
struct PendingSignature {
    resolved: Arc<ResolvedHeader>,
    signature: Vec<u8>,
    /// The indices of the candidate keys, each with its message.
    messages: Vec<(usize, MessageId)>,
}

impl<'a> DetachedVerification<'a> {
    /// Begins to verify all signatures of a JWS.
    pub fn new(jws: &Unverified, options: VerifyOptions<'a>) -> Result<Self> {
        options.require.check(options.keys, options.changing)?;
        jws.require_algs()?;
        Self::begin(jws, 0, &jws.entries, options)
    }

    /// Begins to verify one signature of a JWS.
    pub fn of_entry(jws: &Unverified, index: usize, options: VerifyOptions<'a>) -> Result<Self> {
        Self::begin(jws, index, std::slice::from_ref(jws.entry(index)?), options)
    }

    fn begin(
        jws: &Unverified,
        first: usize,
        entries: &[UnverifiedSignature],
        options: VerifyOptions<'a>,
    ) -> Result<Self> {
        jws.require_detached()?;
        let mut hasher = PayloadHasher::new(jws.unencoded);
        let check = |(index, entry)| PendingSignature::new(&mut hasher, index, entry, options);
        let mut checks: Vec<_> = (first..).zip(entries).map(check).collect();
        // Where no payload can change the answer, the answer is given before a file is read.
        let is_final = match options.require {
            Require::All => checks.first().is_some_and(Result::is_err),
            Require::Any | Require::Count(_) | Require::Kids(_) => checks.iter().all(Result::is_err),
        };
        if is_final && !checks.is_empty() {
            return Err(checks.swap_remove(0).err().unwrap_or(Error::InvalidSignature));
        }
        Ok(Self { hasher, checks, options })
    }
}

impl PayloadSink for DetachedVerification<'_> {
    type Outcome = Report;

    fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn finish(self) -> Result<Report> {
        let VerifyOptions { keys, require, .. } = self.options;
        let messages = self.hasher.finish();
        let finish = |check: Result<PendingSignature>| check.and_then(|check| check.finish(keys, &messages));
        require.met_by(self.checks.into_iter().map(finish).collect(), keys)
    }
}

impl PendingSignature {
    fn new(
        hasher: &mut PayloadHasher,
        index: usize,
        entry: &UnverifiedSignature,
        options: VerifyOptions<'_>,
    ) -> Result<Self> {
        let resolved = Arc::new(entry.resolve(index, options)?);
        let mut messages = Vec::new();
        for index in resolved.candidates.indices() {
            let key = options.keys.key(index).ok_or(Error::KeyNotFound(NoKey::UnknownKid))?;
            messages.push((index, hasher.add(&entry.protected, key.method(resolved.alg)?)));
        }
        Ok(Self { resolved, signature: entry.signature.clone(), messages })
    }

    fn finish(self, keys: &KeySet, messages: &Messages) -> Result<VerifiedSignature> {
        let Self { resolved, signature, messages: ids } = self;
        VerifiedSignature::check(resolved, keys, |key, index, alg| {
            let id = ids.iter().find(|(candidate, _)| *candidate == index).map(|(_, id)| *id);
            let message = id.and_then(|id| messages.get(id)).ok_or(Error::InvalidSignature)?;
            key.verify(alg, message.borrow(), &signature)
        })
    }
}

/// A payload being signed, once for each key.
pub struct PayloadSigner {
    hasher: PayloadHasher,
    signers: Vec<(AnySigningKey, String, MessageId)>,
}

/// A signature that was made.
#[derive(Debug)]
pub struct EncodedSignature {
    /// The protected header, base64url.
    pub protected: String,
    /// The signature, base64url.
    pub signature: String,
}

impl PayloadSigner {
    /// A payload without signatures as yet; unencoded, it is signed as it is.
    #[must_use]
    pub fn new(unencoded: bool) -> Self {
        Self { hasher: PayloadHasher::new(unencoded), signers: Vec::new() }
    }

    /// Adds a signature under a protected header that was already checked.
    pub fn add(&mut self, protected: &[u8], key: &AnySigningKey) -> Result<()> {
        let text = base64url::encode(protected);
        let id = self.hasher.add(text.as_bytes(), key.method()?);
        self.signers.push((key.clone(), text, id));
        Ok(())
    }
}

impl PayloadSink for PayloadSigner {
    type Outcome = Vec<EncodedSignature>;

    fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn finish(self) -> Result<Vec<EncodedSignature>> {
        let messages = self.hasher.finish();
        let sign = |(key, protected, id): (AnySigningKey, String, MessageId)| {
            let message = messages.get(id).ok_or_else(|| Error::key("there is nothing to sign"))?;
            Ok(EncodedSignature { protected, signature: base64url::encode(&key.sign(message.borrow())?) })
        };
        self.signers.into_iter().map(sign).collect()
    }

    fn signs_elsewhere(&self) -> bool {
        self.signers.iter().any(|(key, ..)| key.signs_elsewhere())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::CriticalExtensions;
    use crate::jwa::Alg;
    use crate::jws::json_serialization::{self, NewSignature};
    use crate::key::SecretKey;
    use crate::protected_header::jws_header;

    /// Signatures of one object agree on whether the payload is encoded.
    #[test]
    fn encodings_are_not_mixed() {
        let critical = CriticalExtensions::default();
        let wanted = |b64| {
            let key = AnySigningKey::from(SecretKey::generate(Alg::Hs256, None).unwrap());
            let protected = jws_header(&key, &[], &critical, b64).unwrap();
            NewSignature { key, protected, unprotected: None }
        };
        let refused = json_serialization::sign(&[wanted(true), wanted(false)], &critical).err().unwrap();
        assert_eq!("invalid_policy", refused.code());
    }
}
