//! Verifying JWTs (RFC 7519 section 7.2): a key source and a policy, declared once and applied to every token.
//!
//! This is the function a reviewer must read: `Verifier::judge`. The cheapest refusals come first, and no step reads data
//! that a later step checks. A header that a verified token carried is remembered by its exact text, so that the next token
//! with the same header and the same keys skips base64url, JSON, header rules and the choice of keys, all of which depend on
//! that text and on those keys alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use crate::cache::{Cache, CacheInfo, Found, Kept};
use crate::claims::{VerifiedJwt, claims_document};
use crate::error::{Error, NoKey, Result};
use crate::header::{CriticalExtensions, Header};
use crate::issuer::IssuerTemplate;
use crate::json::{Document, Value};
use crate::jwa::AlgSet;
use crate::jws::ResolvedHeader;
use crate::jws::compact::{Compact, TokenReader};
use crate::key::Key;
use crate::key_set::KeySet;
use crate::key_source::{Generation, KeySource, Need, Reason, Times};
use crate::limits;
use crate::policy::Policy;
use crate::set_once::SetOnce;

/// Keys, policy and limits, used for any number of tokens, from any number of threads.
#[derive(Debug)]
pub struct Verifier {
    keys: Arc<KeySource>,
    /// The algorithms accepted, where fewer than the keys may have.
    algorithms: Option<AlgSet>,
    policy: Policy,
    reader: TokenReader,
    memo: Memo,
    /// Which of all verifiers it is; what a cache keeps is bound to it.
    number: u64,
    cache: Option<Cache>,
}

/// A token, and what was already read from it when its verifier was chosen.
#[derive(Debug)]
pub struct Token<'a> {
    text: &'a [u8],
    ahead: Option<Ahead<'a>>,
    front: Option<Front<'a>>,
}

/// The cache of a table of issuers, what it has for the token, and where the table lists the token's verifier.
#[derive(Debug)]
struct Front<'a> {
    cache: &'a Cache,
    found: Option<Found>,
    place: usize,
}

/// A token taken apart by this reader, and the parse of its payload. Neither is verified.
#[derive(Debug)]
struct Ahead<'a> {
    reader: TokenReader,
    compact: Compact<'a>,
    claims: Document,
}

/// The result for a token that is not refused.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was accepted.
    Verified(Accepted),
    /// The key source must fetch keys before the token can be judged.
    Needs(Need),
}

impl Outcome {
    /// The same, cheap to clone: clones share what the token says.
    #[must_use]
    pub fn sharing(self) -> Self {
        match self {
            Self::Verified(accepted) => Self::Verified(Accepted { jwt: accepted.jwt.sharing(), ..accepted }),
            Self::Needs(need) => Self::Needs(need),
        }
    }
}

/// A token that was accepted, and the keys it was verified under.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What it says.
    pub jwt: VerifiedJwt,
    /// The keys.
    pub generation: Arc<Generation>,
}

/// The headers of tokens whose signature verified, by their exact text and the keys it verified under.
#[derive(Debug, Default)]
struct Memo {
    /// The first one, where the keys never change: found without a lock.
    first: SetOnce<MemoEntry>,
    others: RwLock<Vec<MemoEntry>>,
}

#[derive(Debug)]
struct MemoEntry {
    text: Box<[u8]>,
    generation: Arc<Generation>,
    resolved: Arc<ResolvedHeader>,
}

/// How many verifiers there were.
static VERIFIERS: AtomicU64 = AtomicU64::new(0);

impl Verifier {
    /// Declares a verifier. `algorithms` narrows the keys' own; of a fixed set, each of them must be one that some key has.
    pub fn new(keys: Arc<KeySource>, policy: Policy, algorithms: Option<AlgSet>, reader: TokenReader) -> Result<Self> {
        let algorithms = keys.narrowed(algorithms)?;
        let reader = reader.checked()?;
        let (memo, number) = (Memo::default(), VERIFIERS.fetch_add(1, Ordering::Relaxed));
        let policy = policy.checked()?;
        Ok(Self { keys, algorithms, policy, reader, memo, number, cache: None })
    }

    /// Adds a cache of `entries` tokens.
    pub fn with_cache(self, entries: usize) -> Result<Self> {
        Ok(Self { cache: Cache::new(entries)?, ..self })
    }

    /// The statistics of the cache.
    #[must_use]
    pub fn cache_info(&self) -> CacheInfo {
        self.cache.as_ref().map(Cache::info).unwrap_or_default()
    }

    /// Verifies one token with the keys at hand, or says which are needed.
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    pub fn verify(&self, mut token: Token<'_>, times: Times) -> Result<Outcome> {
        if let Some(accepted) = self.recall(&token, times, |text| self.keys.current(text, times).ok())? {
            return Ok(Outcome::Verified(accepted));
        }
        let (compact, claims) = self.read(&mut token, times)?;
        match self.keys.current(compact.protected_text(), times) {
            Ok(generation) => self.verify_signed(&token, compact, claims, times, generation, true),
            Err(reason) => {
                let header = header(&compact)?;
                self.require_algorithm(&header)?;
                Ok(need(reason, header, compact.protected_text()))
            }
        }
    }

    /// Verifies one token with these keys of its source. No other keys are asked for.
    pub fn verify_under(&self, mut token: Token<'_>, times: Times, generation: Arc<Generation>) -> Result<Accepted> {
        let (compact, claims) = self.read(&mut token, times)?;
        generation.require_valid(times.now)?;
        match self.verify_signed(&token, compact, claims, times, generation, false)? {
            Outcome::Verified(accepted) => Ok(accepted),
            Outcome::Needs(_) => Err(Error::KeyNotFound(NoKey::UnknownKid)),
        }
    }

    /// As `verify`, under the generation of a batch.
    pub fn verify_in_batch(&self, mut token: Token<'_>, times: Times, generation: Arc<Generation>) -> Result<Outcome> {
        if let Some(accepted) = self.recall(&token, times, |_| Some(Arc::clone(&generation)))? {
            return Ok(Outcome::Verified(accepted));
        }
        let (compact, claims) = self.read(&mut token, times)?;
        self.verify_signed(&token, compact, claims, times, generation, true)
    }

    /// Where the keys come from.
    #[must_use]
    pub const fn keys(&self) -> &Arc<KeySource> {
        &self.keys
    }

    /// How it reads tokens.
    #[must_use]
    pub const fn reader(&self) -> TokenReader {
        self.reader
    }

    /// Returns an error if the policy would refuse this issuer.
    pub fn require_issuer(&self, issuer: &str) -> Result<()> {
        match &self.policy.issuer {
            Some(expected) if !expected.contains(issuer) => {
                Err(Error::policy("a verifier is listed under an issuer that its policy refuses"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses to be listed under a template that the policy does not check: the claim would not be compared.
    pub fn require_template(&self, template: &IssuerTemplate) -> Result<()> {
        if self.policy.issuer.as_ref().is_some_and(|expected| expected.templates.contains(template)) {
            return Ok(());
        }
        Err(Error::policy("a verifier that is listed under an IssuerTemplate needs Policy(issuer=) with the same one"))
    }

    /// The result for a token that this verifier accepted before under the keys that are current, if it is still kept.
    ///
    /// `current` returns the keys that are valid now for a protected header. The token is identical byte for byte, the
    /// verifier and the keys are the same, so its signature and the rules over its claims alone give what they gave.
    fn recall(
        &self,
        token: &Token<'_>,
        times: Times,
        current: impl FnOnce(&[u8]) -> Option<Arc<Generation>>,
    ) -> Result<Option<Accepted>> {
        require_finite(times)?;
        let own;
        let (cache, found) = match (&token.front, &self.cache) {
            (Some(front), _) => (front.cache, &front.found),
            (None, Some(cache)) => {
                own = cache.find(token.text);
                (cache, &own)
            }
            (None, None) => return Ok(None),
        };
        let usable = found.as_ref().filter(|found| found.kept().verifier == self.number).and_then(|found| {
            let kept = found.kept();
            let generation = current(token.text.get(..kept.header_len)?)?;
            Arc::ptr_eq(&generation, &kept.generation).then_some((found, generation))
        });
        let Some((found, generation)) = usable else {
            cache.miss();
            return Ok(None);
        };
        cache.hit();
        let jwt = found.jwt(times.now, self.policy.leeway);
        self.policy.judge_again(&jwt, found.kept().moments, times.now)?;
        Ok(Some(Accepted { jwt, generation }))
    }

    /// The same, kept in the cache.
    fn cached(&self, cache: &Cache, token: &Token<'_>, header_len: usize, accepted: Accepted) -> Accepted {
        let place = token.front.as_ref().map_or(0, |front| front.place);
        let Accepted { jwt, generation } = accepted;
        let moments = self.policy.moments(&jwt);
        let (jwt, content) = jwt.shared();
        let (verifier, kept_under) = (self.number, Arc::clone(&generation));
        let kept = Kept { verifier, place, header_len, generation: kept_under, moments, content };
        cache.insert(token.text, kept);
        Accepted { jwt, generation }
    }

    /// The cache for a token: that of the table which chose this verifier, or its own.
    fn cache_for<'a>(&'a self, token: &Token<'a>) -> Option<&'a Cache> {
        token.front.as_ref().map(|front| front.cache).or(self.cache.as_ref())
    }

    /// Splits a token, or uses the parts that a reader with the same limits split before.
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    fn read<'a>(&self, token: &mut Token<'a>, times: Times) -> Result<(Compact<'a>, Option<Document>)> {
        require_finite(times)?;
        match token.ahead.take() {
            Some(ahead) if ahead.reader == self.reader => Ok((ahead.compact, Some(ahead.claims))),
            _ => Ok((self.reader.read(token.text)?, None)),
        }
    }

    /// Verifies a token's signature and claims under one generation. `may_ask` is whether keys that it names and that are not
    /// there may be asked for.
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    fn verify_signed(
        &self,
        token: &Token<'_>,
        compact: Compact<'_>,
        claims: Option<Document>,
        times: Times,
        generation: Arc<Generation>,
        may_ask: bool,
    ) -> Result<Outcome> {
        let text = compact.protected_text();
        let known = self.memo.get(text, &generation);
        let is_new = known.is_none();
        let resolved = if let Some(resolved) = known {
            resolved
        } else {
            let header = header(&compact)?;
            match ResolvedHeader::new(Arc::clone(&header), header.kid(), generation.keys(), self.algorithms) {
                Ok(resolved) => Arc::new(resolved),
                Err(error) => return self.without_key(compact, times, header, generation.keys(), error, may_ask),
            }
        };
        let verified = compact.verify(resolved, generation.keys())?;
        if is_new {
            let entry = MemoEntry::new(text, &generation, verified.signature().resolved());
            self.memo.insert(entry, self.keys.is_fixed());
            self.keys.remember(text, &generation, times.monotonic);
        }
        let jwt = VerifiedJwt::parse(verified, claims, times.now, self.policy.leeway)?;
        let key_issuer = generation.keys().key(jwt.key_index()).and_then(Key::issuer);
        self.policy.judge(&jwt, times.now, key_issuer)?;
        let accepted = Accepted { jwt, generation };
        Ok(Outcome::Verified(match self.cache_for(token) {
            Some(cache) => self.cached(cache, token, text.len(), accepted),
            None => accepted,
        }))
    }

    /// The result for a token for which these keys have no candidate.
    fn without_key(
        &self,
        compact: Compact<'_>,
        times: Times,
        header: Arc<Header>,
        keys: &KeySet,
        error: Error,
        may_ask: bool,
    ) -> Result<Outcome> {
        if self.keys.is_fixed() {
            return Err(error);
        }
        self.require_algorithm(&header)?;
        let Some(kid) = header.kid() else { return Err(error) };
        if keys.has_kid(kid) {
            return Err(error);
        }
        let text = compact.protected_text();
        if may_ask && self.keys.asks_for_unknown_kids(times.monotonic) && !self.has_expired(compact, times.now) {
            return Ok(need(Reason::UnknownKid, header, text));
        }
        Err(Error::KeyNotFound(NoKey::UnknownKid))
    }

    /// Whether a token says that it has expired, in which case no keys are fetched for it. The claim is not verified.
    fn has_expired(&self, compact: Compact<'_>, now: f64) -> bool {
        let Ok(document) = claims_document(compact.into_payload()) else { return false };
        let expiry = document.root().members().get("exp").and_then(Value::as_f64);
        self.policy.expiry_required && expiry.is_some_and(|expiry| now >= expiry + self.policy.leeway)
    }

    /// Returns an error for an algorithm that this verifier does not accept.
    fn require_algorithm(&self, header: &Header) -> Result<()> {
        let alg = header.alg()?;
        if self.algorithms.is_some_and(|algorithms| !algorithms.contains(alg)) {
            return Err(Error::AlgorithmNotAllowed);
        }
        Ok(())
    }
}

impl<'a> Token<'a> {
    /// A token that was read to choose its verifier.
    #[must_use]
    pub const fn ahead(text: &'a [u8], reader: TokenReader, compact: Compact<'a>, claims: Document) -> Self {
        Self { text, ahead: Some(Ahead { reader, compact, claims }), front: None }
    }

    /// The same token, for the verifier at a place of a table of issuers that has a cache, and what it found there.
    pub(crate) fn with_front(self, cache: &'a Cache, found: Option<Found>, place: usize) -> Self {
        Self { front: Some(Front { cache, found, place }), ..self }
    }
}

impl<'a> From<&'a [u8]> for Token<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self { text, ahead: None, front: None }
    }
}

fn require_finite(times: Times) -> Result<()> {
    if times.now.is_finite() { Ok(()) } else { Err(Error::policy("now must be finite")) }
}

/// The protected header, by the rules of a JWT.
fn header(compact: &Compact<'_>) -> Result<Arc<Header>> {
    let header = compact.header(&CriticalExtensions::default())?;
    if header.unencoded() {
        return Err(Error::UnsupportedHeader { name: "b64", reason: "is false, which a JWT may not have" });
    }
    Ok(Arc::new(header))
}

fn need(reason: Reason, header: Arc<Header>, text: &[u8]) -> Outcome {
    Outcome::Needs(Need { reason, header, text: text.into() })
}

// Neither call blocks: in a process that was forked while another thread held the lock, it would block forever. A header that
// cannot be looked up is parsed again; one that cannot be stored is stored when a later token verifies.
impl Memo {
    fn get(&self, text: &[u8], generation: &Arc<Generation>) -> Option<Arc<ResolvedHeader>> {
        if let Some(entry) = self.first.get().filter(|entry| entry.is_of(text, generation)) {
            return Some(Arc::clone(&entry.resolved));
        }
        let entries = self.others.try_read().ok()?;
        let entry = entries.iter().find(|entry| entry.is_of(text, generation));
        entry.map(|entry| Arc::clone(&entry.resolved))
    }

    /// Stores a header once its token verified, replacing the entry for it under other keys; the oldest is removed where
    /// the memo is full.
    fn insert(&self, entry: MemoEntry, is_fixed: bool) {
        let Err(entry) = (if is_fixed { self.first.set(entry) } else { Err(entry) }) else { return };
        let Ok(mut entries) = self.others.try_write() else { return };
        if entries.iter().any(|other| other.is_of(&entry.text, &entry.generation)) {
            return;
        }
        entries.retain(|other| *other.text != *entry.text);
        if entries.len() + usize::from(is_fixed) >= limits::MAX_MEMO {
            entries.remove(0);
        }
        entries.push(entry);
    }
}

impl MemoEntry {
    fn new(text: &[u8], generation: &Arc<Generation>, resolved: &Arc<ResolvedHeader>) -> Self {
        Self { text: text.into(), generation: Arc::clone(generation), resolved: Arc::clone(resolved) }
    }

    fn is_of(&self, text: &[u8], generation: &Arc<Generation>) -> bool {
        Arc::ptr_eq(&self.generation, generation) && *self.text == *text
    }
}
