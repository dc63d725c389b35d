//! Detached payloads of any size (RFC 7515 Appendix F, RFC 7797), signed and verified in one pass.
//!
//! Everything that can be refused without the payload is refused before a `Verification` or a `Signing` exists: form,
//! headers, algorithms, keys. Either takes the payload piece by piece from whoever has it, for all its signatures at once,
//! so that a file is read once. Memory does not grow with the payload unless a key wants its message whole (EdDSA, ML-DSA,
//! external signers).

use std::sync::Arc;

use super::intake::{Intake, Message, Taken, Ticket};
use super::json_serialization::{Report, Require, Signed};
use super::{Resolved, VerifiedSignature};
use crate::base64url;
use crate::error::{Error, Result};
use crate::key::SignerKey;
use crate::key_set::KeySet;

/// What takes in a payload.
pub trait Sink {
    /// What comes of it.
    type Outcome;

    /// Takes the next octets, any number of them.
    fn take(&mut self, octets: &[u8]);

    /// The payload has ended.
    fn finish(self) -> Result<Self::Outcome>;
}

/// One signature being verified.
#[derive(Debug)]
pub struct Verification<'a> {
    intake: Intake,
    check: Check,
    keys: &'a KeySet,
}

/// The signatures of a JSON serialization being verified.
#[derive(Debug)]
pub struct Verifications<'a> {
    intake: Intake,
    checks: Vec<Result<Check>>,
    keys: &'a KeySet,
    require: &'a Require,
}

/// What is known of a signature before its payload.
#[derive(Debug)]
struct Check {
    resolved: Arc<Resolved>,
    signature: Vec<u8>,
    /// The places of the candidate keys, each with its message.
    candidates: Vec<(usize, Ticket)>,
}

impl<'a> Verification<'a> {
    pub(super) fn new(resolved: Arc<Resolved>, keys: &'a KeySet, protected: &[u8], signature: Vec<u8>) -> Result<Self> {
        let mut intake = Intake::new(resolved.header().unencoded());
        let check = Check::new(&mut intake, resolved, keys, protected, signature)?;
        Ok(Self { intake, check, keys })
    }
}

impl Sink for Verification<'_> {
    type Outcome = VerifiedSignature;

    fn take(&mut self, octets: &[u8]) {
        self.intake.take(octets);
    }

    fn finish(self) -> Result<VerifiedSignature> {
        self.check.finish(self.keys, &self.intake.finish())
    }
}

impl<'a> Verifications<'a> {
    pub(super) fn new(unencoded: bool, require: &'a Require, keys: &'a KeySet) -> Self {
        Self { intake: Intake::new(unencoded), checks: Vec::new(), keys, require }
    }

    /// Adds a signature, or what refused it.
    pub(super) fn push(&mut self, resolved: Result<Resolved>, protected: &[u8], signature: Vec<u8>) {
        let check = resolved
            .and_then(|resolved| Check::new(&mut self.intake, Arc::new(resolved), self.keys, protected, signature));
        self.checks.push(check);
    }

    /// Refuses what no payload can make good, with the error that would come of reading it: a file is not read in vain.
    pub(super) fn ready(mut self) -> Result<Self> {
        let hopeless = match self.require {
            Require::All => self.checks.first().is_some_and(Result::is_err),
            Require::Any | Require::Count(_) | Require::Kids(_) => self.checks.iter().all(Result::is_err),
        };
        if hopeless && !self.checks.is_empty() {
            return Err(self.checks.swap_remove(0).err().unwrap_or(Error::InvalidSignature));
        }
        Ok(self)
    }
}

impl Sink for Verifications<'_> {
    type Outcome = Report;

    fn take(&mut self, octets: &[u8]) {
        self.intake.take(octets);
    }

    fn finish(self) -> Result<Report> {
        let taken = self.intake.finish();
        let finish = |check: Check| check.finish(self.keys, &taken).map(|verified| verified.key());
        let report = self.checks.into_iter().map(|check| check.and_then(finish)).collect();
        self.require.judge(report, self.keys)
    }
}

impl Check {
    fn new(
        intake: &mut Intake,
        resolved: Arc<Resolved>,
        keys: &KeySet,
        protected: &[u8],
        signature: Vec<u8>,
    ) -> Result<Self> {
        let mut candidates = Vec::new();
        for place in resolved.candidates.places() {
            let key = keys.key(place).ok_or(Error::KeyNotFound)?;
            candidates.push((place, intake.join(protected, key.method(resolved.alg())?)));
        }
        Ok(Self { resolved, signature, candidates })
    }

    fn finish(self, keys: &KeySet, taken: &Taken) -> Result<VerifiedSignature> {
        let verifies = |place: usize, ticket: Ticket| {
            let alg = self.resolved.alg();
            keys.key(place).zip(taken.message(ticket)).is_some_and(|(key, message)| match message {
                Message::Digested(digested) => key.verify_digested(alg, digested, &self.signature).is_ok(),
                Message::Whole(octets) => key.verify(alg, &octets, &self.signature).is_ok(),
            })
        };
        let (key, _) = self
            .candidates
            .into_iter()
            .find(|(place, ticket)| verifies(*place, *ticket))
            .ok_or(Error::InvalidSignature)?;
        Ok(VerifiedSignature { resolved: self.resolved, key })
    }
}

/// One signature being made, of a compact JWS.
#[derive(Debug)]
pub struct Signing(Signings);

/// The signatures of a JSON serialization being made.
#[derive(Debug)]
pub struct Signings {
    intake: Intake,
    signers: Vec<(SignerKey, String, Ticket)>,
}

impl Signing {
    /// Signs under a protected header that was already judged.
    pub fn new(protected: &[u8], key: &SignerKey, unencoded: bool) -> Result<Self> {
        let mut signings = Signings::new(unencoded);
        signings.push(protected, key)?;
        Ok(Self(signings))
    }
}

impl Sink for Signing {
    /// The token.
    type Outcome = String;

    fn take(&mut self, octets: &[u8]) {
        self.0.take(octets);
    }

    fn finish(self) -> Result<String> {
        Ok(self.0.finish()?.iter().map(|signed| [&*signed.protected, "..", &signed.signature].concat()).collect())
    }
}

impl Signings {
    pub(super) fn new(unencoded: bool) -> Self {
        Self { intake: Intake::new(unencoded), signers: Vec::new() }
    }

    /// Adds a signature under a protected header that was already judged.
    pub(super) fn push(&mut self, protected: &[u8], key: &SignerKey) -> Result<()> {
        let text = base64url::encode(protected);
        let ticket = self.intake.join(text.as_bytes(), key.method()?);
        self.signers.push((key.clone(), text, ticket));
        Ok(())
    }
}

impl Sink for Signings {
    type Outcome = Vec<Signed>;

    fn take(&mut self, octets: &[u8]) {
        self.intake.take(octets);
    }

    fn finish(self) -> Result<Vec<Signed>> {
        let taken = self.intake.finish();
        let sign = |(key, protected, ticket): (SignerKey, String, Ticket)| {
            let signature = match taken.message(ticket) {
                Some(Message::Digested(digested)) => key.sign_digested(digested),
                Some(Message::Whole(octets)) => key.sign(&octets),
                None => Err(Error::key("there is nothing to sign")),
            };
            Ok(Signed { protected, signature: base64url::encode(&signature?) })
        };
        self.signers.into_iter().map(sign).collect()
    }
}
