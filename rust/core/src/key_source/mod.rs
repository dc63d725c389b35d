//! Where a verifier's keys come from: a fixed set, a set that is replaced while it is used, or a store asked for each header.
//!
//! What a token is verified under is one `Generation`: keys that never change, and until when they may be used. A source hands
//! out its current one by an atomic load, so a verification with keys at hand waits for nothing. Where a source has no keys for
//! a token it says what it needs, as a value; the caller gets them and verifies the token again, once. The core fetches nothing
//! and reads no clock: `Times` are arguments.

mod generation;
mod lookup;
mod replaced;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::header::Header;
use crate::jwa::AlgSet;
use crate::key_set::KeySet;

pub use generation::{Attached, Generation, Reason, Times, Validity};
pub use lookup::KeyLookup;
pub use replaced::ReplacedSet;

/// Where keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// One set that never changes.
    Fixed(Arc<Generation>),
    /// A set that is replaced as a whole.
    Replaced(ReplacedSet),
    /// A store that is asked for each header.
    Lookup(KeyLookup),
}

/// The keys that a source must fetch before a token can be verified.
#[derive(Clone, Debug)]
pub struct Need {
    /// Why.
    pub reason: Reason,
    /// The token's protected header. It is not verified.
    pub header: Arc<Header>,
    /// Its text, base64url as received.
    pub text: Arc<[u8]>,
}

impl KeySource {
    /// One set that never changes.
    #[must_use]
    pub fn fixed(keys: KeySet) -> Self {
        Self::Fixed(Arc::new(Generation::fixed(keys, Box::new(()))))
    }

    /// A set that is replaced, empty yet. `algorithms` are all that its keys may ever have.
    #[must_use]
    pub fn replaced(algorithms: Option<AlgSet>) -> Self {
        Self::Replaced(ReplacedSet::new(algorithms))
    }

    /// The keys to verify a token under whose protected header has this text, or why there are none.
    pub fn current(&self, text: &[u8], times: Times) -> std::result::Result<Arc<Generation>, Reason> {
        match self {
            Self::Fixed(generation) => Ok(Arc::clone(generation)),
            Self::Replaced(set) => set.usable(times),
            Self::Lookup(lookup) => lookup.known(text, times).ok_or(Reason::Unasked),
        }
    }

    /// The algorithms that a verifier accepts: all that the source may have, or those of them that the caller lists.
    pub fn narrowed(&self, algorithms: Option<AlgSet>) -> Result<Option<AlgSet>> {
        match self {
            Self::Fixed(generation) => require_algorithms(generation.keys(), algorithms).map(|()| algorithms),
            Self::Replaced(set) => narrowed(set.algorithms(), algorithms),
            Self::Lookup(_) => narrowed(None, algorithms),
        }
    }

    /// Whether keys may come for an unknown kid, were they asked for now.
    #[must_use]
    pub fn asks_for_unknown_kids(&self, monotonic: f64) -> bool {
        match self {
            Self::Replaced(set) => set.asks_for_unknown_kids(monotonic),
            Self::Fixed(_) | Self::Lookup(_) => false,
        }
    }

    /// Remembers a generation under which a token with this header was verified.
    pub(crate) fn remember(&self, text: &[u8], generation: &Arc<Generation>, monotonic: f64) {
        match self {
            Self::Fixed(_) | Self::Replaced(_) => {}
            Self::Lookup(lookup) => lookup.remember(text, generation, monotonic),
        }
    }

    /// Whether the keys may change; then a token cannot show that a verifier was declared wrongly.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// The keys of a source that has one set of them now.
    #[must_use]
    pub fn generation(&self) -> Option<Arc<Generation>> {
        match self {
            Self::Fixed(generation) => Some(Arc::clone(generation)),
            Self::Replaced(set) => set.generation(),
            Self::Lookup(_) => None,
        }
    }

    /// Prepares all keys that it has now; how many are prepared.
    #[must_use]
    pub fn prepare(&self) -> usize {
        self.generation().map_or(0, |generation| generation.keys().prepare())
    }
}

impl From<KeySet> for KeySource {
    fn from(keys: KeySet) -> Self {
        Self::fixed(keys)
    }
}

/// Refuses an empty narrowing and algorithms that no key has, which are mistakes of the program.
pub fn require_algorithms(keys: &KeySet, algorithms: Option<AlgSet>) -> Result<()> {
    let Some(algorithms) = not_empty(algorithms)? else { return Ok(()) };
    let of_keys = keys.algs();
    match algorithms.iter().find(|alg| !of_keys.contains(*alg)) {
        Some(alg) => Err(Error::policy(format!("algorithms names {alg}, which no key here has"))),
        None => Ok(()),
    }
}

/// The algorithms of `own` that `algorithms` lists too. The keys are not asked: they change.
fn narrowed(own: Option<AlgSet>, algorithms: Option<AlgSet>) -> Result<Option<AlgSet>> {
    let (Some(own), Some(algorithms)) = (own, not_empty(algorithms)?) else { return Ok(algorithms.or(own)) };
    match own.intersection(algorithms) {
        both if both.is_empty() => {
            Err(Error::policy("algorithms names none of those that the key source is declared with"))
        }
        both => Ok(Some(both)),
    }
}

fn not_empty(algorithms: Option<AlgSet>) -> Result<Option<AlgSet>> {
    if algorithms.is_some_and(AlgSet::is_empty) {
        return Err(Error::policy("algorithms is empty, which accepts nothing; leave it out to use the keys' own"));
    }
    Ok(algorithms)
}
