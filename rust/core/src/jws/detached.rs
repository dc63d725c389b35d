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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Understood;
    use crate::jwa::Alg;
    use crate::jws::compact::{self, Demands, Encoding};
    use crate::jws::json_serialization::{self, Draft, Parsed};
    use crate::key::{Key, Loaded, SecretKey, SigningKey};
    use crate::signer::jws_header;

    fn key(alg: Alg, kid: &str) -> SignerKey {
        if let Ok(secret) = SecretKey::generate(alg, Some(kid)) {
            return secret.into();
        }
        let Loaded::Ready(key) = SigningKey::generate(alg, Some(kid), 2_048).unwrap() else { panic!("not ready") };
        key.into()
    }

    fn public(key: &SignerKey) -> Key {
        match key {
            SignerKey::Secret(key) => Key::from(key.clone()),
            SignerKey::Signing(key) => Key::from(key.verifying_key().clone()),
        }
    }

    fn pour<S: Sink>(mut sink: S, payload: &[u8], step: usize) -> Result<S::Outcome> {
        payload.chunks(step).for_each(|piece| sink.take(piece));
        sink.finish()
    }

    const ALGS: [Alg; 6] = [Alg::Hs384, Alg::Rs256, Alg::Ps512, Alg::Es384, Alg::EdDsa, Alg::MlDsa44];

    /// A payload in pieces has the signatures of the whole, whoever makes and whoever checks them.
    #[test]
    fn pieces_are_signed_and_verified_as_the_whole() {
        let payload: Vec<u8> = (0..=255).collect();
        let understood = Understood::default();
        for (alg, unencoded) in ALGS.into_iter().flat_map(|alg| [(alg, false), (alg, true)]) {
            let key = key(alg, "a");
            let keys = KeySet::new(vec![public(&key)]).unwrap();
            let header = jws_header(&key, &[], &understood, !unencoded).unwrap();
            let signing = || Signing::new(header.as_bytes(), &key, unencoded).unwrap();
            let token = pour(signing(), &payload, 7).unwrap();
            let demands = Demands {
                keys: &keys,
                algorithms: None,
                understood: &understood,
                max_size: token.len(),
                encoding: Encoding::Canonical,
            };
            let verify = |payload: &[u8], step| {
                pour(compact::verify_detached(token.as_bytes(), &demands).unwrap(), payload, step)
            };
            assert_eq!(0, verify(&payload, 256).unwrap().key(), "{alg}");
            assert_eq!(0, verify(&payload, 1).unwrap().key(), "{alg}");
            assert_eq!("invalid_signature", verify(&payload[1..], 7).unwrap_err().code(), "{alg}");
            let entry = &compact::Compact::read(token.as_bytes(), token.len(), Encoding::Canonical)
                .unwrap()
                .into_parsed(&understood)
                .unwrap()
                .entries[0];
            assert_eq!(0, entry.verify(&payload, &keys, None).unwrap().key(), "{alg}");
        }
    }

    /// One pass serves signatures of every kind, and says of each what became of it.
    #[test]
    fn one_pass_serves_all_signatures() {
        let understood = Understood::default();
        let signers = ALGS.map(|alg| key(alg, alg.name()));
        let keys = KeySet::new(signers[1..].iter().map(public).collect()).unwrap();
        let drafts = signers.map(|key| {
            let protected = jws_header(&key, &[], &understood, true).unwrap();
            Draft { key, protected, unprotected: None }
        });
        let signed = pour(json_serialization::sign(&drafts, &understood).unwrap(), b"payload", 2).unwrap();
        let entry = |one: &Signed| format!(r#"{{"protected":"{}","signature":"{}"}}"#, one.protected, one.signature);
        let text = format!(r#"{{"signatures":[{}]}}"#, signed.iter().map(entry).collect::<Vec<_>>().join(","));
        let parsed = Parsed::read(text.into_bytes(), 1 << 20, &understood).unwrap();
        let begin = |require| json_serialization::verify_detached(&parsed, require, &keys, None);

        let report = pour(begin(&Require::Any).unwrap(), b"payload", 3).unwrap();
        assert_eq!("algorithm_not_allowed", report[0].as_ref().unwrap_err().code());
        assert!(report[1..].iter().enumerate().all(|(place, result)| matches!(result, Ok(key) if *key == place)));
        let refused = pour(begin(&Require::Any).unwrap(), b"other", 3).unwrap_err();
        assert_eq!("algorithm_not_allowed", refused.code());
        // The first signature has no key here, so no payload can satisfy this.
        assert_eq!("algorithm_not_allowed", begin(&Require::All).unwrap_err().code());
        assert_eq!("invalid_policy", begin(&Require::Count(6)).unwrap_err().code());
    }

    /// Signatures of one object agree on whether the payload is encoded.
    #[test]
    fn encodings_are_not_mixed() {
        let understood = Understood::default();
        let draft = |b64| {
            let key = key(Alg::Hs256, "a");
            let protected = jws_header(&key, &[], &understood, b64).unwrap();
            Draft { key, protected, unprotected: None }
        };
        let refused = json_serialization::sign(&[draft(true), draft(false)], &understood).unwrap_err();
        assert_eq!("invalid_policy", refused.code());
    }
}
