//! Tokens that were accepted, kept so that the same token need not be verified and parsed again.
//!
//! A `Kept` is bound to the verifier that accepted the token, and so to its policy and bounds, and to the generation of keys
//! it was accepted under. It saves the signature check, the parse, and the rules that read claims alone. It decides nothing:
//! `Verifier` asks its key source for the keys of this moment and its policy for the rules that read `now`, each time.
//! Refusals are not kept. It reads no clock.

mod table;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::claims::{Content, VerifiedJwt};
use crate::error::{Error, Result};
use crate::key_source::Generation;
use crate::limits;
use crate::policy::Moments;

/// Tokens that verifiers accepted.
pub struct Cache {
    table: table::Table<Kept>,
    hits: AtomicU64,
    misses: AtomicU64,
    /// How many generations of keys were replaced when it was last swept.
    superseded: AtomicU64,
    /// The slot from which entries under replaced keys are still to be removed.
    unswept: AtomicUsize,
}

/// What is kept of an accepted token.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The number of the verifier that accepted it.
    pub(crate) verifier: u64,
    /// Which of the verifiers of an issuer table that is.
    pub(crate) place: usize,
    /// Bytes of the token that are its protected header.
    pub(crate) header_len: usize,
    /// The keys it was accepted under.
    pub(crate) generation: Arc<Generation>,
    /// What the rules that read `now` compare it with.
    pub(crate) moments: Moments,
    /// What it says.
    pub(crate) content: Arc<Content>,
}

/// A token that was found.
pub(crate) struct Found(Arc<table::Entry<Kept>>);

/// How a cache is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheInfo {
    /// Tokens that were found.
    pub hits: u64,
    /// Tokens that were verified in full.
    pub misses: u64,
    /// Entries that were removed to make room for others.
    pub evictions: u64,
    /// The entries there are.
    pub entries: usize,
    /// The entries there may be.
    pub max_entries: usize,
    /// What the entries take.
    pub bytes: usize,
    /// What they may take.
    pub max_bytes: usize,
}

/// Slots that one call sweeps: it should not take long because keys have changed.
const SWEPT_AT_ONCE: usize = 1_024;

impl Cache {
    /// Makes a cache of `entries` tokens; `None` for 0.
    pub fn new(entries: usize) -> Result<Option<Self>> {
        if entries > limits::MAX_CACHE {
            return Err(Error::policy("cache is the number of tokens to keep, 0 to 1,000,000"));
        }
        let cache = || Self {
            table: table::Table::new(entries, entries * limits::CACHED_BYTES),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            superseded: AtomicU64::new(Generation::superseded()),
            unswept: AtomicUsize::new(usize::MAX),
        };
        Ok((entries > 0).then(cache))
    }

    /// How it is used.
    #[must_use]
    pub fn info(&self) -> CacheInfo {
        let table = &self.table;
        CacheInfo {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            evictions: table.evictions(),
            entries: table.entries(),
            max_entries: table.max_entries,
            bytes: table.bytes(),
            max_bytes: table.max_bytes,
        }
    }

    /// What is kept for this token, byte for byte.
    pub(crate) fn find(&self, token: &[u8]) -> Option<Found> {
        self.table.find(token).map(Found)
    }

    /// Counts a token that was found, under keys that are still current.
    pub(crate) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a token that is to be verified in full. If keys were replaced, entries under the former ones are removed: no call
    /// finds them any more, and they take memory.
    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
        let superseded = Generation::superseded();
        if self.superseded.swap(superseded, Ordering::Relaxed) != superseded {
            self.unswept.store(0, Ordering::Relaxed);
        }
        let first = self.unswept.load(Ordering::Relaxed);
        if first < self.table.slots() {
            let end = self.table.slots().min(first + SWEPT_AT_ONCE);
            // Where another thread took these slots, or began anew, they are not this thread's to sweep.
            if self.unswept.compare_exchange(first, end, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                self.table.retain(first..end, |kept| !kept.generation.is_superseded());
            }
        }
    }

    /// Keeps a token, unless its keys were replaced in the meantime.
    pub(crate) fn insert(&self, token: &[u8], kept: Kept) {
        if !kept.generation.is_superseded() {
            let bytes = size_of::<Content>() + kept.content.bytes();
            self.table.insert(token, kept, bytes);
        }
    }
}

impl Found {
    pub(crate) fn kept(&self) -> &Kept {
        self.0.value()
    }

    /// What the token says, for one more caller.
    pub(crate) fn jwt(&self, verified_at: f64, leeway: f64) -> VerifiedJwt {
        VerifiedJwt::again(&self.kept().content, verified_at, leeway)
    }
}

/// Shows numbers only: tokens do not belong in a log.
impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info().fmt(f)
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept().fmt(f)
    }
}
