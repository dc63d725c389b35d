//! What a public key is expanded into so that it verifies faster: when that is done, and for how many keys.
//!
//! Expanding costs time and memory, so a key earns it by signatures that verified: what an attacker can send without a
//! good one counts for nothing. Nobody waits for another thread here, because a process forked while that thread was at
//! work would wait for ever: what is kept is read without a lock, and whoever loses a race goes on without.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use super::verify_fast::{self, PreparedKey};
use crate::jwa::Alg;
use crate::limits::{EXPANDED_AFTER, KEY_TABLE_AFTER, MAX_EXPANDED, MAX_KEY_TABLES};

/// What is made of one key, once it is worth it.
pub(super) struct OnDemand {
    alg: Alg,
    key: Box<[u8]>,
    terms: &'static Terms,
    successes: AtomicU32,
    /// Whether a thread has begun to put something into `kept`: there is never a second one that could wait for it.
    settled: AtomicBool,
    kept: OnceLock<Kept>,
}

struct Kept {
    prepared: Box<dyn PreparedKey>,
    _place: Place,
}

/// Keys on elliptic curves.
pub(super) static TABLES: Terms = Terms::new(KEY_TABLE_AFTER, MAX_KEY_TABLES);
/// Keys of ML-DSA.
pub(super) static EXPANDED: Terms = Terms::new(EXPANDED_AFTER, MAX_EXPANDED);

impl OnDemand {
    /// Nothing is built yet. `key` are the octets from which the key was parsed.
    pub(super) fn new(terms: &'static Terms, alg: Alg, key: &[u8]) -> Self {
        Self {
            alg,
            key: key.into(),
            terms,
            successes: AtomicU32::new(0),
            settled: AtomicBool::new(false),
            kept: OnceLock::new(),
        }
    }

    /// What was made of the key, if it was.
    #[inline]
    pub(super) fn prepared(&self) -> Option<&dyn PreparedKey> {
        self.kept.get().map(|kept| &*kept.prepared)
    }

    /// Counts a signature that verified without it, and makes it where that is worth it. Should that fail for want of a
    /// place, or in a process forked meanwhile, it is tried again at every doubling of the count.
    pub(super) fn count(&self) {
        let successes = self.successes.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if successes >= self.terms.after && successes.is_power_of_two() {
            self.prepare();
        }
    }

    /// Makes it now; whether this call is what brought it about.
    pub(super) fn prepare(&self) -> bool {
        if self.settled.load(Ordering::Relaxed) {
            return false;
        }
        let Some(place) = self.terms.take() else { return false };
        let Some(prepared) = verify_fast::prepare(self.alg, &self.key) else { return false };
        !self.settled.swap(true, Ordering::Relaxed) && self.kept.set(Kept { prepared, _place: place }).is_ok()
    }
}

/// When keys of one kind are expanded, and how many of them at one time.
pub(super) struct Terms {
    /// Signatures that have verified before; a power of two.
    after: u32,
    most: usize,
    taken: AtomicUsize,
}

impl Terms {
    pub(super) const fn new(after: u32, most: usize) -> Self {
        Self { after, most, taken: AtomicUsize::new(0) }
    }

    fn take(&'static self) -> Option<Place> {
        let more = |taken: usize| (taken < self.most).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Place(self))
    }
}

/// The right of one key to be expanded, given back when it goes.
struct Place(&'static Terms);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[cfg(all(feature = "verify_fast", target_arch = "x86_64"))]
mod tests {
    use std::thread;

    use super::*;

    const KEY: &[u8] = b"\x58\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\
        \x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66";

    fn key(terms: &'static Terms) -> OnDemand {
        OnDemand::new(terms, Alg::Ed25519, KEY)
    }

    fn taken(terms: &Terms) -> usize {
        terms.taken.load(Ordering::Relaxed)
    }

    /// A key is expanded at the count and not before, once.
    #[test]
    fn expansion_is_earned() {
        static TERMS: Terms = Terms::new(8, 1);
        let key = key(&TERMS);
        for _ in 1..8 {
            key.count();
            assert!(key.prepared().is_none());
        }
        key.count();
        assert!(key.prepared().is_some());
        assert!(!key.prepare());
        assert_eq!(1, taken(&TERMS));
    }

    /// No more keys than allowed are expanded at one time; one that goes makes room for another.
    #[test]
    fn expansion_is_bounded() {
        static TERMS: Terms = Terms::new(8, 2);
        let (one, two, three) = (key(&TERMS), key(&TERMS), key(&TERMS));
        assert!(one.prepare() && two.prepare() && !three.prepare());
        for _ in 0..15 {
            three.count();
        }
        assert!(three.prepared().is_none());
        assert_eq!(2, taken(&TERMS));
        drop(one);
        assert_eq!(1, taken(&TERMS));
        // The next doubling of the count tries again.
        three.count();
        assert!(three.prepared().is_some());
        drop((two, three));
        assert_eq!(0, taken(&TERMS));
    }

    /// A key of which nothing can be made takes no place.
    #[test]
    fn failures_give_their_place_back() {
        static TERMS: Terms = Terms::new(8, 1);
        let key = OnDemand::new(&TERMS, Alg::Ed25519, b"");
        assert!(!key.prepare());
        assert!(key.prepared().is_none());
        assert_eq!(0, taken(&TERMS));
    }

    /// However many threads prepare one key, one brings it about and one place is taken.
    #[test]
    fn one_thread_settles() {
        static TERMS: Terms = Terms::new(8, 64);
        for _ in 0..10 {
            let key = key(&TERMS);
            let settled = thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| key.prepare())).collect();
                threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|settled| *settled).count()
            });
            assert_eq!(1, settled);
            assert_eq!(1, taken(&TERMS));
        }
    }

    /// Where another thread has begun to settle, as one may have before a fork, nobody waits: nothing is expanded here.
    #[test]
    fn nobody_waits_to_settle() {
        static TERMS: Terms = Terms::new(8, 1);
        let key = key(&TERMS);
        key.settled.store(true, Ordering::Relaxed);
        assert!(!key.prepare());
        assert!(key.prepared().is_none());
        assert_eq!(0, taken(&TERMS));
    }
}
