//! Keeps a fork and the work of threads that hold no lock of the caller's apart.
//!
//! A forked process has copies of the locks that other threads of its parent held at that moment, and nobody to release them.
//! AWS-LC takes locks when it signs with RSA keys and when it draws random numbers. So threads that work while another thread can
//! fork do so within `between_forks`. The thread that forks calls `before_fork`, which waits for them, then `after_fork` or, in the
//! new process, `after_fork_in_child`.
//!
//! Between the two the caller may take other locks, one of which a thread may hold that has work to do. So work waits for a fork
//! no longer than `PATIENCE`, and is then done all the same.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::thread;
use std::time::Duration;

/// Shared by work, held alone by the thread that forks.
static WORK: RwLock<()> = RwLock::new(());
/// How many threads wait for work to end.
static AWAITED: AtomicUsize = AtomicUsize::new(0);
/// Work has waited for this fork as long as it may.
static IS_OVERDUE: AtomicBool = AtomicBool::new(false);

/// How many times work asks whether a fork is over, and how long it sleeps in between: one second, more than a fork takes.
const PATIENCE: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(1);

thread_local! {
    static FORKING: RefCell<Option<RwLockWriteGuard<'static, ()>>> = const { RefCell::new(None) };
}

/// Does this while no other thread forks. It must not be called within itself, and the work must run no code of the caller's,
/// which could fork.
#[inline]
pub fn between_forks<T>(work: impl FnOnce() -> T) -> T {
    let _shared = if is_forking() { None } else { shared() };
    work()
}

/// Never blocks in the lock, because a thread that waits for a fork may hold what the fork waits for.
#[inline]
fn shared() -> Option<RwLockReadGuard<'static, ()>> {
    for _ in 0..PATIENCE {
        match WORK.try_read() {
            Ok(shared) => return Some(shared),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if IS_OVERDUE.load(Ordering::Relaxed) => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
        }
    }
    IS_OVERDUE.store(true, Ordering::Relaxed);
    None
}

/// Whether a thread waits to fork: work that takes long ends, and begins again after the fork.
#[must_use]
#[inline]
pub fn is_awaited() -> bool {
    AWAITED.load(Ordering::Relaxed) > 0
}

/// Whether this thread is forking: it does its work alone then.
#[must_use]
pub fn is_forking() -> bool {
    FORKING.with_borrow(Option::is_some)
}

/// Waits for all work, and lets none begin. On the thread that forks.
pub fn before_fork() {
    AWAITED.fetch_add(1, Ordering::Relaxed);
    let alone = WORK.write().unwrap_or_else(PoisonError::into_inner);
    AWAITED.fetch_sub(1, Ordering::Relaxed);
    // Work may have waited for a fork that took long to begin.
    IS_OVERDUE.store(false, Ordering::Relaxed);
    FORKING.with_borrow_mut(|forking| *forking = Some(alone));
}

/// Lets work begin again. On the thread that has forked, in the parent, and also where the fork failed.
pub fn after_fork() {
    IS_OVERDUE.store(false, Ordering::Relaxed);
    FORKING.with_borrow_mut(|forking| *forking = None);
}

/// Lets work begin in the forked process, where no other thread waits to fork.
pub fn after_fork_in_child() {
    AWAITED.store(0, Ordering::Relaxed);
    after_fork();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Batch;
    use std::panic::catch_unwind;
    use std::sync::{Mutex, mpsc};

    /// What is awaited is one for the process: tests that fork take turns.
    static TURN: Mutex<()> = Mutex::new(());

    /// Threads that waited to fork are not in the child, and its work waits for none of them.
    #[test]
    fn nobody_is_awaited_in_a_child() {
        let _turn = TURN.lock();
        AWAITED.fetch_add(1, Ordering::Relaxed);
        before_fork();
        after_fork();
        assert!(is_awaited());
        after_fork_in_child();
        assert!(!is_awaited());
    }

    /// Work that panics is over.
    #[test]
    fn a_fork_does_not_wait_for_work_that_panicked() {
        let _turn = TURN.lock();
        assert!(catch_unwind(|| between_forks(|| panic!("a panic of this test"))).is_err());
        before_fork();
        after_fork();
        between_forks(|| ());
    }

    /// A batch lets a fork through, though it is not done.
    #[test]
    fn a_batch_does_not_delay_a_fork_to_its_end() {
        let _turn = TURN.lock();
        let (begun, is_begun) = mpsc::channel();
        let batch = Batch::new(1_000_000, move |item| {
            let _ = begun.send(());
            // Nothing but the fork ends this one early.
            while item == 0 && !is_awaited() {
                thread::yield_now();
            }
        });
        let worker = thread::spawn(move || {
            while !batch.work(|| true) {}
            batch.finish().map(|results| results.len())
        });
        is_begun.recv().unwrap();
        before_fork();
        let done = is_begun.try_iter().count();
        after_fork();
        assert!(done < 1_000_000);
        assert_eq!(worker.join().unwrap(), Ok(1_000_000));
    }

    /// A fork waits for work, and work for a fork.
    #[test]
    fn work_and_a_fork_exclude_each_other() {
        let _turn = TURN.lock();
        let (order, happened) = mpsc::channel();
        let (begun, is_begun) = mpsc::channel();
        let worker = thread::spawn({
            let order = order.clone();
            move || {
                between_forks(|| {
                    begun.send(()).unwrap();
                    thread::yield_now();
                    order.send("worked").unwrap();
                });
            }
        });
        is_begun.recv().unwrap();
        before_fork();
        order.send("forked").unwrap();
        let late = thread::spawn(move || between_forks(|| order.send("worked again").unwrap()));
        thread::yield_now();
        between_forks(|| assert!(is_forking()));
        assert_eq!(happened.try_iter().collect::<Vec<_>>(), ["worked", "forked"]);
        after_fork();
        worker.join().unwrap();
        late.join().unwrap();
        assert_eq!(happened.recv(), Ok("worked again"));
    }
}
