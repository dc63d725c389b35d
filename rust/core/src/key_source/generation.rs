//! Keys that never change, and until when they may be used.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, NoKey, Result};
use crate::key_set::KeySet;

/// The readings, in seconds, of the two clocks that a verification uses.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Since 1970: what claims and the validity of certificates are compared with.
    pub now: f64,
    /// Of a clock that never goes back: what the age of keys is measured with. A caller's `now` cannot change it.
    pub monotonic: f64,
}

/// Keys that belong together, and how long they may be used.
pub struct Generation {
    keys: KeySet,
    /// The caller's own objects for these keys.
    attached: Attached,
    number: u64,
    pub(super) refresh_at: Moment,
    pub(super) refuse_after: Moment,
    validity: Validity,
    /// Whether its source has other keys now.
    superseded: AtomicBool,
}

/// How many generations were replaced, of all sources.
static SUPERSEDED: AtomicU64 = AtomicU64::new(0);

/// Something of the caller's that the core keeps beside keys.
pub type Attached = Box<dyn Any + Send + Sync>;

/// The times, inclusive and in seconds since 1970, between which keys are valid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validity {
    /// The first.
    pub not_before: f64,
    /// The last.
    pub not_after: f64,
}

/// Why a source has no keys for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It never had any.
    Cold,
    /// Those it has are too old.
    Stale,
    /// None of those it has is the one that the token names.
    UnknownKid,
    /// The store was not asked for this header yet, or too long ago.
    Unasked,
}

impl Generation {
    /// Keys for as long as the program runs.
    #[must_use]
    pub fn fixed(keys: KeySet, attached: Attached) -> Self {
        let (refresh_at, refuse_after) = (Moment::new(f64::INFINITY), Moment::new(f64::INFINITY));
        let (validity, superseded) = (Validity::ALWAYS, AtomicBool::new(false));
        Self { keys, attached, number: 0, refresh_at, refuse_after, validity, superseded }
    }

    /// The answer of a store.
    #[must_use]
    pub fn found(keys: KeySet, attached: Attached, validity: Validity, refuse_after: f64) -> Self {
        Self { validity, refuse_after: Moment::new(refuse_after), ..Self::fixed(keys, attached) }
    }

    /// One of the successive key sets of a source.
    #[must_use]
    pub fn numbered(keys: KeySet, attached: Attached, number: u64, refresh_at: f64, refuse_after: f64) -> Self {
        let (refresh_at, refuse_after) = (Moment::new(refresh_at), Moment::new(refuse_after));
        Self { number, refresh_at, refuse_after, ..Self::fixed(keys, attached) }
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// What the caller keeps beside them.
    #[must_use]
    pub fn attached(&self) -> &(dyn Any + Send + Sync) {
        &*self.attached
    }

    /// Its number in its source, from 1; zero where a source has no numbers.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Refuses keys that are not valid at this time.
    pub fn require_valid(&self, now: f64) -> Result<()> {
        if self.validity.contains(now) { Ok(()) } else { Err(Error::KeyNotFound(NoKey::OutsideValidity)) }
    }

    /// How many of them their sources have replaced, in this process.
    #[must_use]
    pub fn superseded() -> u64 {
        SUPERSEDED.load(Ordering::Acquire)
    }

    /// Whether its source has replaced it.
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        self.superseded.load(Ordering::Acquire)
    }

    pub(super) fn supersede(&self) {
        self.superseded.store(true, Ordering::Release);
        SUPERSEDED.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn is_usable(&self, times: Times) -> bool {
        times.monotonic <= self.refuse_after.get() && self.validity.contains(times.now)
    }
}

impl Validity {
    /// Without bounds.
    pub const ALWAYS: Self = Self { not_before: f64::NEG_INFINITY, not_after: f64::INFINITY };

    fn contains(self, now: f64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

impl Reason {
    /// Its name for the caller.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Stale => "stale",
            Self::UnknownKid => "unknown_kid",
            Self::Unasked => "unasked",
        }
    }
}

/// A time that threads read and replace without a lock.
pub(super) struct Moment(AtomicU64);

impl Moment {
    pub(super) const fn new(seconds: f64) -> Self {
        Self(AtomicU64::new(seconds.to_bits()))
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Acquire))
    }

    pub(super) fn set(&self, seconds: f64) {
        self.0.store(seconds.to_bits(), Ordering::Release);
    }

    /// Whether it has come; for one caller, and again a second later.
    pub(super) fn take(&self, now: f64) -> bool {
        let seconds = self.0.load(Ordering::Acquire);
        let next = (now + 1.0).to_bits();
        now >= f64::from_bits(seconds)
            && self.0.compare_exchange(seconds, next, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, attached: _, number, refresh_at, refuse_after, validity, superseded } = self;
        f.debug_struct("Generation")
            .field("number", number)
            .field("keys", keys)
            .field("refresh_at", refresh_at)
            .field("refuse_after", refuse_after)
            .field("validity", validity)
            .field("superseded", superseded)
            .finish_non_exhaustive()
    }
}
