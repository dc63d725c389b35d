//! Which public keys are prepared, when, and how many at one time.
//!
//! Preparing costs time and memory, so a key is prepared after a number of valid signatures; invalid ones are not counted, so
//! an attacker has no effect. Keys read from the same bytes share the prepared key, so that a JWK Set that is read again
//! keeps it. A process has `MAX_PREPARED` slots. When all are taken, a key takes the slot of the key that is used least, if it
//! is used four times as much; a key set of more than half as many keys has at most half of the slots.
//!
//! A verification never prepares a key: it leaves a key that is due to `due`, and the caller prepares it after it has released
//! the interpreter lock. No lock is waited for, because a process forked while another thread held it would hang:
//! where a lock is not free, AWS-LC verifies, and preparing is tried again later.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock, TryLockError, TryLockResult, Weak};
use std::thread;

use super::digest::Hash;
use super::verify_fast::{self, PreparedKey};
use crate::error::{Error, Result};
use crate::jwa::{Alg, Kty};
use crate::limits::{EXPANDED_AFTER, KEY_TABLE_AFTER, MAX_PREPARED};

/// Whether a key is prepared, and when; clones share it.
#[derive(Clone)]
pub(super) enum Prepared {
    /// AWS-LC verifies.
    Never,
    /// It was prepared when it was read.
    AtOnce(Arc<dyn PreparedKey>),
    /// It is prepared once it is used often enough.
    OnDemand(Arc<Entry>),
}

impl Prepared {
    /// For a key of these bytes that is prepared at once, because that takes almost no time or memory.
    pub(super) fn at_once(alg: Alg, key: &[u8]) -> Self {
        verify_fast::prepare(alg, key).map_or(Self::Never, |prepared| Self::AtOnce(prepared.into()))
    }

    /// For a key of these bytes. It is not prepared yet, unless an equal key of this process is.
    pub(super) fn on_demand(alg: Alg, key: &[u8]) -> Self {
        if verify_fast::is_faster(alg) { Self::OnDemand(PROCESS.entry(alg, key)) } else { Self::Never }
    }

    /// Verifies with the prepared key if there is one, else with the backend. Valid signatures are counted.
    #[inline]
    pub(super) fn verify(
        &self,
        fast: impl FnOnce(&dyn PreparedKey) -> bool,
        backend: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let entry = match self {
            Self::Never => return backend(),
            Self::AtOnce(key) => return if fast(&**key) { Ok(()) } else { Err(Error::InvalidSignature) },
            Self::OnDemand(entry) => entry,
        };
        match entry.with(fast) {
            Some(true) => entry.count_use(),
            Some(false) => return Err(Error::InvalidSignature),
            None => {
                backend()?;
                entry.count();
            }
        }
        Ok(())
    }

    /// Prepares the key now, if there is a slot; whether this call did so.
    pub(super) fn prepare(&self) -> bool {
        matches!(self, Self::OnDemand(entry) if entry.pool.claim(entry) && entry.build())
    }

    /// Whether the key is prepared.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Never => false,
            Self::AtOnce(_) => true,
            Self::OnDemand(entry) => entry.with(|_| ()).is_some(),
        }
    }

    /// Notes that the key belongs to a large key set.
    pub(super) fn join(&self, set: LargeSet) {
        if let Self::OnDemand(entry) = self {
            entry.set.store(set.0, Ordering::Relaxed);
        }
    }
}

/// The number of a key set that could fill more than half of the slots.
#[derive(Clone, Copy)]
pub struct LargeSet(u64);

impl LargeSet {
    /// A new number for a set of `keys` keys; `None` for a set that cannot fill more than half of the slots.
    #[must_use]
    pub fn new(keys: usize) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        (keys > MAX_PREPARED / 2).then(|| Self(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

thread_local! {
    static DUE: Cell<Weak<Entry>> = const { Cell::new(Weak::new()) };
}

/// A key that is to be prepared.
pub struct Due(Arc<Entry>);

/// The key that the verifications of this thread have made due, if any; it is due once.
#[must_use]
pub fn due() -> Option<Due> {
    DUE.take().upgrade().map(Due)
}

impl Due {
    /// Prepares it.
    pub fn prepare(self) {
        self.0.build();
    }
}

/// One public key under one algorithm.
pub(super) struct Entry {
    alg: Alg,
    key: Box<[u8]>,
    pool: &'static Pool,
    /// Signatures that the backend verified.
    successes: AtomicU32,
    /// The epoch of the last use, and the uses, halved with each epoch.
    uses: AtomicU64,
    /// The large key set that it belongs to, or zero.
    set: AtomicU64,
    has_slot: AtomicBool,
    /// The process of the thread that prepares it, or zero. After a fork the child finds its parent's number here.
    builder: AtomicU32,
    prepared: RwLock<Option<Box<dyn PreparedKey>>>,
}

impl Entry {
    fn new(alg: Alg, key: &[u8], pool: &'static Pool) -> Arc<Self> {
        Arc::new(Self {
            alg,
            key: key.into(),
            pool,
            successes: AtomicU32::new(0),
            uses: AtomicU64::new(0),
            set: AtomicU64::new(0),
            has_slot: AtomicBool::new(false),
            builder: AtomicU32::new(0),
            prepared: RwLock::new(None),
        })
    }

    /// Applies a function to the prepared key, if it is prepared.
    #[inline]
    fn with<T>(&self, apply: impl FnOnce(&dyn PreparedKey) -> T) -> Option<T> {
        let prepared = self.prepared.try_read().ok()?;
        prepared.as_deref().map(apply)
    }

    /// Counts a signature that the backend verified. At each multiple of `prepared_after` the key asks for a slot.
    fn count(self: &Arc<Self>) {
        self.count_use();
        let successes = self.successes.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if successes.is_multiple_of(self.prepared_after()) && self.pool.claim(self) {
            DUE.set(Arc::downgrade(self));
        }
    }

    /// Valid signatures after which the key asks for a slot.
    fn prepared_after(&self) -> u32 {
        if self.alg.spec().kty == Kty::Akp { EXPANDED_AFTER } else { KEY_TABLE_AFTER }
    }

    fn count_use(&self) {
        let epoch = self.pool.epoch.load(Ordering::Relaxed);
        let more = |uses| Some(packed(epoch, (decayed(uses, epoch) + 1).min(MOST_USES)));
        // The function always gives a value.
        let _ = self.uses.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    fn recent_uses(&self) -> u32 {
        decayed(self.uses.load(Ordering::Relaxed), self.pool.epoch.load(Ordering::Relaxed))
    }

    /// Prepares a key that has a slot; whether this call did so.
    fn build(&self) -> bool {
        let this_process = process::id();
        if self.with(|_| ()).is_some() || self.builder.swap(this_process, Ordering::Acquire) == this_process {
            return false;
        }
        let built = verify_fast::prepare(self.alg, &self.key);
        let is_built = built.is_some() && self.replace(built);
        if !is_built {
            self.has_slot.store(false, Ordering::Relaxed);
        } else if !self.has_slot.load(Ordering::Relaxed) {
            // The slot went to another key meanwhile.
            self.replace(None);
        }
        self.builder.store(0, Ordering::Release);
        is_built
    }

    /// Gives the slot up; false while another thread verifies with the prepared key.
    fn leave(&self) -> bool {
        self.has_slot.store(false, Ordering::Relaxed);
        let left = self.replace(None);
        self.has_slot.store(!left, Ordering::Relaxed);
        left
    }

    /// Sets the prepared key; false while another thread verifies with it.
    fn replace(&self, prepared: Option<Box<dyn PreparedKey>>) -> bool {
        let Some(mut current) = obtained(|| self.prepared.try_write()) else { return false };
        *current = prepared;
        true
    }
}

/// The slots of a process, and all keys that could have one.
struct Pool {
    slots: usize,
    /// Advances as keys without a slot verify, so that old uses count for less.
    epoch: AtomicU32,
    state: Mutex<State>,
}

struct State {
    holders: Vec<Weak<Entry>>,
    /// Verifications of this epoch by keys that were refused a slot.
    refused: u32,
    /// All keys, by the hash of their algorithm and bytes.
    known: BTreeMap<Box<[u8]>, Weak<Entry>>,
    /// At how many keys those that are gone are cleared away.
    clear_at: usize,
}

static PROCESS: Pool = Pool::new(MAX_PREPARED);

impl Pool {
    const fn new(slots: usize) -> Self {
        let state = State { holders: Vec::new(), refused: 0, known: BTreeMap::new(), clear_at: 64 };
        Self { slots, epoch: AtomicU32::new(0), state: Mutex::new(state) }
    }

    /// The entry of a key: that of an equal one, if there is one.
    fn entry(&'static self, alg: Alg, key: &[u8]) -> Arc<Entry> {
        let hash = Hash::SHA256.of(&[alg.name().as_bytes(), b" ", key].concat());
        let Some(mut state) = obtained(|| self.state.try_lock()) else { return Entry::new(alg, key, self) };
        if let Some(known) = state.known.get(hash.as_ref()).and_then(Weak::upgrade) {
            return known;
        }
        if state.known.len() >= state.clear_at {
            state.known.retain(|_, entry| entry.strong_count() > 0);
            state.clear_at = 64.max(2 * state.known.len());
        }
        let entry = Entry::new(alg, key, self);
        state.known.insert(hash.as_ref().into(), Arc::downgrade(&entry));
        entry
    }

    /// Gives a key a slot, if there is one for it; whether it has one now.
    fn claim(&self, entry: &Arc<Entry>) -> bool {
        let Some(mut state) = obtained(|| self.state.try_lock()) else { return false };
        let has_slot = |entry: &Arc<Entry>| entry.has_slot.load(Ordering::Relaxed);
        if has_slot(entry) {
            return true;
        }
        let mut holders: Vec<Arc<Entry>> = state.holders.iter().filter_map(Weak::upgrade).filter(has_slot).collect();
        let set = entry.set.load(Ordering::Relaxed);
        let is_of_set = |holder: &&Arc<Entry>| holder.set.load(Ordering::Relaxed) == set;
        let set_is_full = set != 0 && holders.iter().filter(is_of_set).count() >= self.slots / 2;
        if set_is_full || holders.len() >= self.slots {
            let rivals = holders.iter().filter(|holder| !set_is_full || is_of_set(holder));
            let least = rivals.min_by_key(|holder| holder.recent_uses());
            let yields = |holder: &Arc<Entry>| {
                holder.recent_uses().saturating_mul(MORE_USED) < entry.recent_uses() && holder.leave()
            };
            if !least.is_some_and(yields) {
                state.refused += entry.prepared_after();
                if state.refused >= EPOCH {
                    state.refused = 0;
                    self.epoch.fetch_add(1, Ordering::Relaxed);
                }
                return false;
            }
            holders.retain(has_slot);
        }
        entry.has_slot.store(true, Ordering::Relaxed);
        state.holders = holders.iter().chain([entry]).map(Arc::downgrade).collect();
        true
    }
}

/// How many times as much a key must be used as the one whose slot it takes: keys that are used about equally keep theirs.
const MORE_USED: u32 = 4;
/// Verifications by keys that were refused a slot, after which all uses count half.
const EPOCH: u32 = 4_096;
/// The most uses that are counted, so that the count of a key that is no longer used falls quickly.
const MOST_USES: u32 = 4_096;

const fn packed(epoch: u32, uses: u32) -> u64 {
    (epoch as u64) << 32 | uses as u64
}

/// The uses of a packed count, halved for each epoch since.
#[allow(clippy::cast_possible_truncation, reason = "the two halves are what was packed")]
fn decayed(packed: u64, epoch: u32) -> u32 {
    let age = epoch.wrapping_sub((packed >> 32) as u32);
    (packed as u32).checked_shr(age).unwrap_or(0)
}

/// The guard of a lock that is free now or soon. Other threads hold it for microseconds; one that held it at a fork, without end.
fn obtained<G>(mut try_lock: impl FnMut() -> TryLockResult<G>) -> Option<G> {
    for _ in 0..100 {
        match try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(_)) => return None,
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
    None
}

#[cfg(test)]
#[cfg(all(feature = "verify_fast", target_arch = "x86_64"))]
mod tests;
