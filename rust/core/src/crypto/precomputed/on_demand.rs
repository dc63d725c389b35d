//! When a key gets its tables, and how many keys have some.
//!
//! Building costs as much as many checks, so a key earns its tables by signatures that verified: what an attacker can
//! send without the private key counts for nothing. Nobody waits for another thread here, because a process forked while
//! that thread was at work would wait for ever: tables are read without a lock, and whoever loses a race goes on without.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::{Build, Tables};
use crate::limits::{KEY_TABLE_AFTER, MAX_KEY_TABLES};

/// The tables of one key, once it has some.
pub(in crate::crypto) struct OnDemand {
    point: Box<[u8]>,
    build: Build,
    allowance: &'static Allowance,
    successes: AtomicU32,
    /// Whether a thread has begun to put tables into `kept`: there is never a second one that could wait for it.
    settled: AtomicBool,
    kept: OnceLock<Kept>,
}

struct Kept {
    tables: Box<dyn Tables>,
    _place: Place,
}

impl OnDemand {
    /// Nothing is built yet. `point` are the octets from which the key was parsed.
    pub(in crate::crypto) fn new(point: &[u8], build: Build) -> Self {
        Self::within(&ALLOWANCE, point, build)
    }

    fn within(allowance: &'static Allowance, point: &[u8], build: Build) -> Self {
        Self {
            point: point.into(),
            build,
            allowance,
            successes: AtomicU32::new(0),
            settled: AtomicBool::new(false),
            kept: OnceLock::new(),
        }
    }

    /// The tables, if there are any.
    #[inline]
    pub(in crate::crypto) fn tables(&self) -> Option<&dyn Tables> {
        self.kept.get().map(|kept| &*kept.tables)
    }

    /// Counts a signature that verified without tables, and builds them where it is worth it. Should that fail for want of
    /// an allowance, or in a process forked meanwhile, it is tried again at every doubling of the count.
    pub(in crate::crypto) fn count(&self) {
        let successes = self.successes.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if successes >= KEY_TABLE_AFTER && successes.is_power_of_two() {
            self.prepare();
        }
    }

    /// Builds the tables now; whether this call is what brought them about.
    pub(in crate::crypto) fn prepare(&self) -> bool {
        if self.kept.get().is_some() {
            return false;
        }
        let Some(place) = self.allowance.take() else { return false };
        let Some(tables) = (self.build)(&self.point) else { return false };
        !self.settled.swap(true, Ordering::Relaxed) && self.kept.set(Kept { tables, _place: place }).is_ok()
    }
}

/// How many keys may have tables at one time.
struct Allowance {
    taken: AtomicUsize,
    most: usize,
}

static ALLOWANCE: Allowance = Allowance::new(MAX_KEY_TABLES);

impl Allowance {
    const fn new(most: usize) -> Self {
        Self { taken: AtomicUsize::new(0), most }
    }

    fn take(&'static self) -> Option<Place> {
        let more = |taken: usize| (taken < self.most).then_some(taken + 1);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Place(self))
    }
}

/// The right of one key to its tables, given back when they go.
struct Place(&'static Allowance);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What all keys of a curve share, built by the first that needs it.
pub(super) struct Shared<T>(Mutex<Option<Arc<T>>>);

impl<T> Shared<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The shared one; one of the caller's own where another thread holds the lock, or held it when the process was forked.
    pub(super) fn obtain(&self, build: impl FnOnce() -> Option<T>) -> Option<Arc<T>> {
        if let Ok(kept) = self.0.try_lock()
            && let Some(shared) = &*kept
        {
            return Some(Arc::clone(shared));
        }
        let own = Arc::new(build()?);
        match self.0.try_lock() {
            Ok(mut kept) => Some(Arc::clone(kept.get_or_insert(own))),
            Err(_) => Some(own),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    struct Never;

    impl Tables for Never {
        fn holds(&self, _: &[u8], _: &[u8]) -> bool {
            false
        }
    }

    fn built(point: &[u8]) -> Option<Box<dyn Tables>> {
        (point == b"point").then(|| Box::new(Never) as Box<dyn Tables>)
    }

    fn taken(allowance: &Allowance) -> usize {
        allowance.taken.load(Ordering::Relaxed)
    }

    /// Tables are built at the count and not before, once.
    #[test]
    fn tables_are_earned() {
        static ALLOWANCE: Allowance = Allowance::new(1);
        let key = OnDemand::within(&ALLOWANCE, b"point", built);
        for _ in 1..KEY_TABLE_AFTER {
            key.count();
            assert!(key.tables().is_none());
        }
        key.count();
        assert!(key.tables().is_some());
        assert!(!key.prepare());
        assert_eq!(1, taken(&ALLOWANCE));
    }

    /// No more keys than allowed have tables at one time; one that goes makes room for another.
    #[test]
    fn tables_are_bounded() {
        static ALLOWANCE: Allowance = Allowance::new(2);
        let key = || OnDemand::within(&ALLOWANCE, b"point", built);
        let (one, two, three) = (key(), key(), key());
        assert!(one.prepare() && two.prepare() && !three.prepare());
        for _ in 0..2 * KEY_TABLE_AFTER - 1 {
            three.count();
        }
        assert!(three.tables().is_none());
        assert_eq!(2, taken(&ALLOWANCE));
        drop(one);
        assert_eq!(1, taken(&ALLOWANCE));
        // The next doubling of the count tries again.
        three.count();
        assert!(three.tables().is_some());
        drop((two, three));
        assert_eq!(0, taken(&ALLOWANCE));
    }

    /// A point that has no tables takes no place.
    #[test]
    fn failures_give_their_place_back() {
        static ALLOWANCE: Allowance = Allowance::new(1);
        let key = OnDemand::within(&ALLOWANCE, b"other", built);
        assert!(!key.prepare());
        assert!(key.tables().is_none());
        assert_eq!(0, taken(&ALLOWANCE));
    }

    /// However many threads prepare one key, one brings its tables about and one place is taken.
    #[test]
    fn one_thread_settles() {
        static ALLOWANCE: Allowance = Allowance::new(64);
        for _ in 0..50 {
            let key = OnDemand::within(&ALLOWANCE, b"point", built);
            let settled = thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| key.prepare())).collect();
                threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|settled| *settled).count()
            });
            assert_eq!(1, settled);
            assert_eq!(1, taken(&ALLOWANCE));
        }
    }

    /// Where another thread has begun to settle, as one may have before a fork, nobody waits: there are no tables here.
    #[test]
    fn nobody_waits_to_settle() {
        static ALLOWANCE: Allowance = Allowance::new(1);
        let key = OnDemand::within(&ALLOWANCE, b"point", built);
        key.settled.store(true, Ordering::Relaxed);
        assert!(!key.prepare());
        assert!(key.tables().is_none());
        assert_eq!(0, taken(&ALLOWANCE));
    }

    /// What is shared is built once; while its lock is held, as it may have been at a fork, everyone builds their own.
    #[test]
    fn nobody_waits_for_what_is_shared() {
        let shared = Shared::new();
        let one = shared.obtain(|| Some(1)).unwrap();
        assert!(Arc::ptr_eq(&one, &shared.obtain(|| Some(2)).unwrap()));
        let held = shared.0.lock().unwrap();
        assert_eq!(3, *shared.obtain(|| Some(3)).unwrap());
        drop(held);
        assert_eq!(1, *shared.obtain(|| Some(4)).unwrap());
        assert!(Shared::<u8>::new().obtain(|| None).is_none());
    }
}
