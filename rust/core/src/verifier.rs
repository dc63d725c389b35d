//! Verifying JWTs (RFC 7519 section 7.2): a key set and a policy, declared once, asked for every token.
//!
//! This is the function a reviewer must read: `Verifier::verify`. Cheapest refusal first; no step looks at data that a
//! later step vouches for. A header that a verified token carried is remembered by its exact text, so that the next token
//! with the same header skips base64url, JSON, header rules and the choice of keys, all of which depend on that text alone.

use std::sync::{Arc, RwLock};

use crate::claims::VerifiedJwt;
use crate::error::{Error, Result};
use crate::header::CriticalExtensions;
use crate::issuer::IssuerTemplate;
use crate::jwa::AlgSet;
use crate::jws::ResolvedHeader;
use crate::jws::compact::{Compact, Reader};
use crate::key::Key;
use crate::key_set::KeySet;
use crate::limits;
use crate::policy::Policy;

/// Keys, policy and limits, used for any number of tokens, from any number of threads.
#[derive(Debug)]
pub struct Verifier {
    keys: KeySet,
    algorithms: Option<AlgSet>,
    policy: Policy,
    reader: Reader,
    memo: Memo,
}

/// The headers of tokens whose signature verified, by their exact text.
#[derive(Debug, Default)]
struct Memo(RwLock<Vec<MemoEntry>>);

type MemoEntry = (Box<[u8]>, Arc<ResolvedHeader>);

impl Verifier {
    /// Declares a verifier. `algorithms` narrows the keys' own; each of them must be one that some key has.
    pub fn new(keys: KeySet, policy: Policy, algorithms: Option<AlgSet>, reader: Reader) -> Result<Self> {
        require_algorithms(&keys, algorithms)?;
        let reader = reader.checked()?;
        Ok(Self { keys, algorithms, policy: policy.checked()?, reader, memo: Memo::default() })
    }

    /// Verifies one token at the time `now`, in seconds since 1970.
    pub fn verify(&self, token: &[u8], now: f64) -> Result<VerifiedJwt> {
        if !now.is_finite() {
            return Err(Error::policy("now must be finite"));
        }
        let compact = self.reader.read(token)?;
        let text = compact.protected_text();
        let known = self.memo.get(text);
        let is_new = known.is_none();
        let resolved = known.map_or_else(|| self.resolve(&compact), Ok)?;
        let verified = compact.verify(resolved, &self.keys)?;
        if is_new {
            self.memo.insert(text, Arc::clone(verified.signature().resolved()));
        }
        let jwt = VerifiedJwt::parse(verified)?;
        let key_issuer = self.keys.key(jwt.key_index()).and_then(Key::issuer);
        self.policy.judge(&jwt, now, key_issuer)?;
        Ok(jwt)
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How it reads tokens.
    #[must_use]
    pub const fn reader(&self) -> Reader {
        self.reader
    }

    /// Refuses to stand for an issuer that the policy would refuse.
    pub fn require_issuer(&self, issuer: &str) -> Result<()> {
        match &self.policy.issuer {
            Some(expected) if !expected.have(issuer) => {
                Err(Error::policy("a verifier is listed under an issuer that its policy refuses"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses to stand for a template that the policy does not judge: the claim beside `iss` would not be compared.
    pub fn require_template(&self, template: &IssuerTemplate) -> Result<()> {
        if self.policy.issuer.as_ref().is_some_and(|expected| expected.templates.contains(template)) {
            return Ok(());
        }
        Err(Error::policy("a verifier that is listed under an IssuerTemplate needs Policy(issuer=) with the same one"))
    }

    /// Everything that depends on the header's text alone.
    fn resolve(&self, compact: &Compact<'_>) -> Result<Arc<ResolvedHeader>> {
        let header = compact.header(&CriticalExtensions::default())?;
        if header.unencoded() {
            return Err(Error::UnsupportedHeader { name: "b64", reason: "is false, which a JWT may not have" });
        }
        let header = Arc::new(header);
        let resolved = ResolvedHeader::new(Arc::clone(&header), header.kid(), &self.keys, self.algorithms)?;
        Ok(Arc::new(resolved))
    }
}

/// Refuses an empty narrowing and algorithms that no key has, which are mistakes of the program.
pub fn require_algorithms(keys: &KeySet, algorithms: Option<AlgSet>) -> Result<()> {
    let Some(algorithms) = algorithms else { return Ok(()) };
    if algorithms.is_empty() {
        return Err(Error::policy("algorithms is empty, which accepts nothing; leave it out to use the keys' own"));
    }
    let of_keys = keys.keys().iter().fold(AlgSet::EMPTY, |set, key| set.union(key.algs()));
    match algorithms.iter().find(|alg| !of_keys.contains(*alg)) {
        Some(alg) => Err(Error::policy(format!("algorithms names {alg}, which no key here has"))),
        None => Ok(()),
    }
}

// Neither call blocks: in a process that was forked while another thread held the lock, it would block forever. A header that
// cannot be looked up is parsed again, one that cannot be kept is kept another time.
impl Memo {
    fn get(&self, text: &[u8]) -> Option<Arc<ResolvedHeader>> {
        let entries = self.0.try_read().ok()?;
        entries.iter().find(|(known, _)| **known == *text).map(|(_, resolved)| Arc::clone(resolved))
    }

    /// Keeps a header once its token verified; the oldest goes where the memo is full.
    fn insert(&self, text: &[u8], resolved: Arc<ResolvedHeader>) {
        let Ok(mut entries) = self.0.try_write() else { return };
        if entries.iter().any(|(known, _)| **known == *text) {
            return;
        }
        if entries.len() >= limits::MAX_MEMO {
            entries.remove(0);
        }
        entries.push((text.into(), resolved));
    }
}
