//! The threads of a process that work on batches.
//!
//! There are none before the first batch that wants some, and a process that was forked starts its own: the threads of its
//! parent are not in it, and it touches no lock of theirs. Nothing waits for the threads when the process ends.

use std::collections::VecDeque;
use std::process;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwapOption;

/// Something that several threads can work on at the same time.
pub(super) trait Work: Send + Sync {
    /// Works on it until nothing is left to begin. Does not panic.
    fn work(&self);
}

/// The threads of one process.
pub(super) struct Pool {
    process: u32,
    queue: Mutex<Queue>,
    offered: Condvar,
}

#[derive(Default)]
struct Queue {
    offers: VecDeque<Offer>,
    threads: usize,
}

/// A place for one thread at a piece of work.
struct Offer {
    work: Arc<dyn Work>,
    latch: Arc<Latch>,
}

impl Pool {
    /// The pool of this process.
    pub(super) fn of_this_process() -> Arc<Self> {
        static POOL: ArcSwapOption<Pool> = ArcSwapOption::const_empty();
        let process = process::id();
        let is_own = |pool: &Arc<Self>| pool.process == process;
        if let Some(pool) = POOL.load_full().filter(is_own) {
            return pool;
        }
        let new = Arc::new(Self { process, queue: Mutex::default(), offered: Condvar::new() });
        POOL.rcu(|pool| Some(pool.as_ref().filter(|pool| is_own(pool)).map_or_else(|| Arc::clone(&new), Arc::clone)));
        POOL.load_full().unwrap_or(new)
    }

    /// Offers work to `threads` threads, starts those that do not exist yet, and returns how many were offered it.
    pub(super) fn offer(self: &Arc<Self>, work: &Arc<dyn Work>, latch: &Arc<Latch>, threads: usize) -> usize {
        let mut queue = locked(&self.queue);
        while queue.threads < threads && self.start_thread() {
            queue.threads += 1;
        }
        let offers = threads.min(queue.threads);
        latch.enter(offers);
        for _ in 0..offers {
            queue.offers.push_back(Offer { work: Arc::clone(work), latch: Arc::clone(latch) });
        }
        drop(queue);
        for _ in 0..offers {
            self.offered.notify_one();
        }
        offers
    }

    /// Takes back what no thread has taken.
    pub(super) fn withdraw(&self, latch: &Arc<Latch>) {
        let mut queue = locked(&self.queue);
        let before = queue.offers.len();
        queue.offers.retain(|offer| !Arc::ptr_eq(&offer.latch, latch));
        let withdrawn = before - queue.offers.len();
        drop(queue);
        latch.leave(withdrawn);
    }

    /// Has a thread drop a value.
    pub(super) fn drop_later(self: &Arc<Self>, value: impl Send + 'static) {
        self.offer(&(Arc::new(Dropped(Mutex::new(Some(value)))) as Arc<dyn Work>), &Arc::default(), 1);
    }

    fn start_thread(self: &Arc<Self>) -> bool {
        let pool = Arc::clone(self);
        thread::Builder::new().name("jwseal".to_owned()).spawn(move || pool.serve()).is_ok()
    }

    fn serve(&self) {
        loop {
            let mut queue = locked(&self.queue);
            let Offer { work, latch } = loop {
                match queue.offers.pop_front() {
                    Some(offer) => break offer,
                    None => queue = self.offered.wait(queue).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(queue);
            work.work();
            // Before it leaves: the waiting thread then holds the last reference.
            drop(work);
            latch.leave(1);
        }
    }
}

/// A value that a thread drops.
struct Dropped<T>(Mutex<Option<T>>);

impl<T: Send> Work for Dropped<T> {
    fn work(&self) {
        let value = locked(&self.0).take();
        drop(value);
    }
}

/// How many threads have a place at a piece of work, and what to do when none has.
pub(super) struct Latch {
    process: u32,
    state: Mutex<Inside>,
    left: Condvar,
}

#[derive(Default)]
struct Inside {
    threads: usize,
    at_end: Option<Box<dyn FnOnce() + Send>>,
}

impl Default for Latch {
    fn default() -> Self {
        Self { process: process::id(), state: Mutex::default(), left: Condvar::new() }
    }
}

impl Latch {
    /// Whether it was made in this process. In one that was forked since, the threads are not there, and locks may be held.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }

    fn enter(&self, threads: usize) {
        locked(&self.state).threads += threads;
    }

    fn leave(&self, threads: usize) {
        let mut inside = locked(&self.state);
        inside.threads -= threads;
        if inside.threads > 0 {
            return;
        }
        let at_end = inside.at_end.take();
        drop(inside);
        self.left.notify_all();
        if let Some(call) = at_end {
            call();
        }
    }

    pub(super) fn at_end(&self, call: Box<dyn FnOnce() + Send>) {
        locked(&self.state).at_end = Some(call);
        self.leave(0);
    }

    pub(super) fn wait(&self, span: Duration) -> bool {
        let inside = locked(&self.state);
        let waited = self.left.wait_timeout_while(inside, span, |inside| inside.threads > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.threads == 0
    }
}

/// The guard of a lock under which nothing panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
