//! JWS JSON Serialization (RFC 7515 section 7.2), flattened and general, with detached and unencoded payloads (RFC 7797).
//!
//! After `Parsed::read` the object had one of the two shapes, at most eight signatures, canonical base64url, and in every
//! entry a protected header that passed the header rules, disjoint from the unprotected one. One bad entry refuses the
//! whole object. Nothing in it is trusted: `verify` checks every signature with its own header and key.

use std::fmt::Display;
use std::sync::Arc;

use super::compact::signing_input;
use super::detached::{Signings, Verification, Verifications};
use super::{Resolved, VerifiedSignature};
use crate::base64url;
use crate::error::{Error, Result};
use crate::header::{Header, Understood, Unprotected};
use crate::json::{Document, Limits, Object, Value};
use crate::jwa::AlgSet;
use crate::key::{Key, SignerKey};
use crate::key_set::KeySet;
use crate::limits;

/// Which serialization an object has.
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
pub struct Parsed {
    /// The serialization it had.
    pub form: Form,
    /// The payload's octets; `None` where there was no such member.
    pub payload: Option<Vec<u8>>,
    /// Whether the payload is signed as it is (RFC 7797).
    pub unencoded: bool,
    /// The signatures, in order.
    pub entries: Vec<Entry>,
    /// The whole object, where there is one: unprotected headers are read from it.
    pub(super) document: Option<Document>,
}

/// One signature with its headers.
#[derive(Debug)]
pub struct Entry {
    /// The protected header.
    pub header: Arc<Header>,
    /// The signature's octets.
    pub signature: Vec<u8>,
    protected: Vec<u8>,
    kid: Option<Box<str>>,
}

/// How many signatures must verify.
#[derive(Clone, Debug)]
pub enum Require {
    /// Every one.
    All,
    /// At least one.
    Any,
    /// So many, by different keys.
    Count(usize),
    /// One by each of the caller's keys with these kids.
    Kids(Vec<Box<str>>),
}

/// What became of each signature, in order: the place of the key that verified it, or why none did.
pub type Report = Vec<Result<usize>>;

impl Parsed {
    /// Takes a JSON serialization apart.
    pub fn read(text: Vec<u8>, max_size: usize, understood: &Understood) -> Result<Self> {
        if text.len() > max_size {
            return Err(Error::TooLarge { what: "token", size: text.len(), limit: max_size });
        }
        let document = Document::parse(text, Limits::TEXT).map_err(|reason| Error::malformed("token", reason))?;
        let members = document.root().as_object().ok_or(Error::malformed("token", "is not a JSON object"))?;
        let (form, entries) = read_entries(members, understood)?;
        let unencoded = entries.first().is_some_and(|entry| entry.header.unencoded());
        if entries.iter().any(|entry| entry.header.unencoded() != unencoded) {
            return Err(Error::UnsupportedHeader { name: "b64", reason: "differs between the signatures" });
        }
        let payload = match members.get("payload") {
            None => None,
            Some(payload) => Some(read_payload(payload, unencoded)?),
        };
        Ok(Self { form, payload, unencoded, entries, document: Some(document) })
    }

    /// Refuses an object in which a signature names no algorithm: one bad entry refuses the whole.
    fn require_algs(&self) -> Result<()> {
        self.entries.iter().try_for_each(|entry| entry.header.require_alg())
    }

    /// The unprotected header of an entry, where it has one.
    #[must_use]
    pub fn unprotected(&self, place: usize) -> Option<Object<'_>> {
        let members = self.document.as_ref()?.root().as_object()?;
        let entry = match self.form {
            Form::Compact => return None,
            Form::Flattened => members,
            Form::General => members.get("signatures")?.as_array()?.iter().nth(place)?.as_object()?,
        };
        entry.get("header")?.as_object()
    }

    /// The payload the signatures cover, where the object carries it.
    pub fn carried(&self) -> Result<&[u8]> {
        self.payload.as_deref().ok_or(Error::malformed("payload", "is not in the object: give the detached payload"))
    }

    /// Refuses a payload beside the object's own.
    fn require_detached(&self) -> Result<()> {
        match self.payload.as_deref() {
            Some([]) | None => Ok(()),
            Some(_) => Err(Error::malformed("payload", "is in the object, and a detached one was given as well")),
        }
    }
}

impl Entry {
    /// An entry of a compact JWS.
    pub(super) fn new(header: Header, protected: Vec<u8>, signature: Vec<u8>) -> Self {
        let kid = header.kid().map(Box::from);
        Self { header: Arc::new(header), signature, protected, kid }
    }

    /// The key's identifier, from either header.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The octets this signature covers.
    #[must_use]
    pub fn signing_input(&self, payload: &[u8]) -> Vec<u8> {
        signing_input(&self.protected, payload, self.header.unencoded())
    }

    /// Checks this signature over a payload.
    pub fn verify(&self, payload: &[u8], keys: &KeySet, algorithms: Option<AlgSet>) -> Result<VerifiedSignature> {
        let resolved = Arc::new(self.resolve(keys, algorithms)?);
        VerifiedSignature::check(resolved, keys, &self.signing_input(payload), &self.signature)
    }

    /// Begins to check this signature over a payload that travels beside the JWS it is of.
    pub fn verify_detached<'a>(
        &self,
        parsed: &Parsed,
        keys: &'a KeySet,
        algorithms: Option<AlgSet>,
    ) -> Result<Verification<'a>> {
        parsed.require_detached()?;
        let resolved = Arc::new(self.resolve(keys, algorithms)?);
        Verification::new(resolved, keys, &self.protected, self.signature.clone())
    }

    fn resolve(&self, keys: &KeySet, algorithms: Option<AlgSet>) -> Result<Resolved> {
        Resolved::new(Arc::clone(&self.header), self.kid(), keys, algorithms)
    }
}

/// Verifies a JSON serialization that carries its payload: what became of each signature.
pub fn verify(parsed: &Parsed, require: &Require, keys: &KeySet, algorithms: Option<AlgSet>) -> Result<Report> {
    require.check(keys)?;
    parsed.require_algs()?;
    let payload = parsed.carried()?;
    let verify = |entry: &Entry| entry.verify(payload, keys, algorithms).map(|verified| verified.key());
    require.judge(parsed.entries.iter().map(verify).collect(), keys)
}

/// Begins to verify a JSON serialization whose payload travels beside it; all that needs no payload is decided here.
pub fn verify_detached<'a>(
    parsed: &Parsed,
    require: &'a Require,
    keys: &'a KeySet,
    algorithms: Option<AlgSet>,
) -> Result<Verifications<'a>> {
    require.check(keys)?;
    parsed.require_algs()?;
    parsed.require_detached()?;
    let mut verifications = Verifications::new(parsed.unencoded, require, keys);
    for entry in &parsed.entries {
        verifications.push(entry.resolve(keys, algorithms), &entry.protected, entry.signature.clone());
    }
    verifications.ready()
}

/// A signature to be made: the JSON texts of its protected and, where it has one, its unprotected header.
#[derive(Debug)]
pub struct Draft {
    /// The key.
    pub key: SignerKey,
    /// The protected header, as `signer::jws_header` writes it.
    pub protected: String,
    /// The unprotected header.
    pub unprotected: Option<String>,
}

/// A signature that was made: both members are base64url.
#[derive(Debug)]
pub struct Signed {
    /// The protected header.
    pub protected: String,
    /// The signature.
    pub signature: String,
}

/// Begins to sign a payload once for each draft, in order; all that needs no payload is decided here.
pub fn sign(drafts: &[Draft], understood: &Understood) -> Result<Signings> {
    if drafts.is_empty() || drafts.len() > limits::MAX_SIGNATURES {
        return Err(Error::policy("a JWS has 1 to 8 signatures"));
    }
    let headers = drafts.iter().map(|draft| draft.judge(understood)).collect::<Result<Vec<_>>>()?;
    let unencoded = headers.first().is_some_and(Header::unencoded);
    if headers.iter().any(|header| header.unencoded() != unencoded) {
        return Err(Error::policy("b64 is the same for all signatures of one object"));
    }
    let mut signings = Signings::new(unencoded);
    for draft in drafts {
        signings.push(draft.protected.as_bytes(), &draft.key)?;
    }
    Ok(signings)
}

/// The `payload` member: base64url, or the text itself where it is signed unencoded (RFC 7797 section 5.3).
pub fn payload_text(payload: &[u8], unencoded: bool) -> Result<String> {
    if !unencoded {
        return Ok(base64url::encode(payload));
    }
    let text = std::str::from_utf8(payload).map_err(|_| {
        Error::policy("a payload that is not UTF-8 cannot stand in JSON unencoded: use detached=True or b64=True")
    })?;
    Ok(text.to_owned())
}

impl Draft {
    fn judge(&self, understood: &Understood) -> Result<Header> {
        let header = Header::parse(self.protected.as_bytes().to_vec(), understood)?;
        if let Some(text) = &self.unprotected {
            let refused =
                |error: &dyn Display| Error::policy(format!("this unprotected header would be refused: {error}"));
            let document =
                Document::parse(text.as_bytes().to_vec(), Limits::HEADER).map_err(|reason| refused(&reason))?;
            Unprotected::parse(document.root(), &header).map_err(|error| refused(&error))?;
        }
        Ok(header)
    }
}

impl Require {
    /// Refuses what no object could satisfy.
    fn check(&self, keys: &KeySet) -> Result<()> {
        match self {
            Self::Count(0) => Err(Error::policy("require must ask for at least one signature")),
            Self::Count(count) if !has_distinct(*count, keys.keys().iter()) => {
                Err(Error::policy("require asks for more different keys than were given"))
            }
            Self::All | Self::Any | Self::Count(_) => Ok(()),
            Self::Kids(kids) if kids.is_empty() => Err(Error::policy("require lists no kid")),
            Self::Kids(kids) => {
                let listed = |key: &&Key| key.kid().is_some_and(|kid| kids.iter().any(|one| **one == *kid));
                let named: Vec<&Key> = keys.keys().iter().filter(listed).collect();
                if !kids.iter().all(|kid| named.iter().any(|key| key.kid() == Some(kid))) {
                    return Err(Error::policy("require lists a kid that none of the keys has"));
                }
                // Each kid asks for a key of its own; one key under two names would sign for both.
                let alias = |one: &&Key| named.iter().any(|other| other.kid() != one.kid() && other.is_same(one));
                if named.iter().any(alias) {
                    return Err(Error::policy("require lists two kids of one key"));
                }
                Ok(())
            }
        }
    }

    /// Whether the report satisfies this; otherwise the first failure in it.
    pub(super) fn judge(&self, mut report: Report, keys: &KeySet) -> Result<Report> {
        let verified = || report.iter().filter_map(|result| result.as_ref().ok().copied());
        let satisfied = match self {
            Self::All => report.iter().all(Result::is_ok),
            Self::Any => verified().next().is_some(),
            Self::Count(count) => has_distinct(*count, verified().filter_map(|place| keys.key(place))),
            Self::Kids(kids) => {
                kids.iter().all(|kid| verified().any(|place| keys.key(place).is_some_and(|key| key.kid() == Some(kid))))
            }
        };
        if satisfied {
            return Ok(report);
        }
        match report.iter().position(Result::is_err) {
            Some(first) => match report.swap_remove(first) {
                Err(error) => Err(error),
                Ok(_) => Err(Error::InvalidSignature),
            },
            None => Err(Error::InvalidSignature),
        }
    }
}

/// Whether so many of these are different keys: keys that sign for one another count once.
fn has_distinct<'a>(count: usize, keys: impl Iterator<Item = &'a Key>) -> bool {
    let mut seen: Vec<&Key> = Vec::new();
    for key in keys {
        if seen.len() < count && !seen.iter().any(|one| one.is_same(key)) {
            seen.push(key);
        }
    }
    seen.len() >= count
}

fn read_entries(members: Object<'_>, understood: &Understood) -> Result<(Form, Vec<Entry>)> {
    let Some(signatures) = members.get("signatures") else {
        return Ok((Form::Flattened, vec![read_entry(members, understood)?]));
    };
    if ["signature", "protected", "header"].iter().any(|name| members.get(name).is_some()) {
        return Err(Error::malformed("token", "mixes the flattened and the general form"));
    }
    let signatures = signatures.as_array().ok_or(Error::malformed("signatures", "is not a list"))?;
    if signatures.is_empty() {
        return Err(Error::malformed("signatures", "is empty"));
    }
    if signatures.len() > limits::MAX_SIGNATURES {
        return Err(Error::TooLarge {
            what: "number of signatures",
            size: signatures.len(),
            limit: limits::MAX_SIGNATURES,
        });
    }
    let read = |entry: Value<'_>| {
        read_entry(
            entry.as_object().ok_or(Error::malformed("signatures", "holds something other than objects"))?,
            understood,
        )
    };
    Ok((Form::General, signatures.iter().map(read).collect::<Result<_>>()?))
}

fn read_entry(members: Object<'_>, understood: &Understood) -> Result<Entry> {
    let text = |name| members.get(name).and_then(Value::as_str);
    let protected = text("protected").ok_or(Error::malformed("header", "has no protected part"))?;
    let signature = text("signature").ok_or(Error::malformed("signature", "is missing"))?;
    let signature = decode("signature", signature)?;
    let longest = limits::MAX_HEADER_SIZE.div_ceil(3) * 4;
    if protected.len() > longest {
        let size = protected.len() / 4 * 3;
        return Err(Error::TooLarge { what: "header", size, limit: limits::MAX_HEADER_SIZE });
    }
    let header = Header::parse(decode("header", protected)?, understood)?;
    let mut entry = Entry::new(header, protected.as_bytes().to_vec(), signature);
    if let Some(value) = members.get("header") {
        let unprotected = Unprotected::parse(value, &entry.header)?;
        entry.kid = entry.kid.or_else(|| unprotected.kid().map(Box::from));
    }
    Ok(entry)
}

fn read_payload(payload: Value<'_>, unencoded: bool) -> Result<Vec<u8>> {
    let text = payload.as_str().ok_or(Error::malformed("payload", "is not a string"))?;
    if unencoded { Ok(text.as_bytes().to_vec()) } else { decode("payload", text) }
}

fn decode(part: &'static str, text: &str) -> Result<Vec<u8>> {
    base64url::decode(text.as_bytes()).ok_or(Error::malformed(part, "is not canonical base64url without padding"))
}
