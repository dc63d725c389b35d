//! The work of a batch, shared by the thread that asked for it and threads of a pool.
//!
//! Items are numbered, each is done once, and the results come back in order. The caller works on its own batch, so a batch
//! goes on while the pool is busy with others. A batch can be stopped between two items. A panic in the work of an item stops
//! the batch and reaches no other caller.

mod pool;
mod repeats;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use repeats::Repeats;

use crate::fork::{between_forks, is_awaited, is_forking};
use pool::{Latch, Pool, Work};

/// Items that a thread takes at once.
const TAKEN: usize = 4;

/// A batch with results of this type.
pub struct Batch<T> {
    job: Arc<Job<T>>,
    latch: Arc<Latch>,
    pool: Option<Arc<Pool>>,
}

/// Why a batch has no results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It was stopped.
    Stopped,
    /// The work of an item panicked.
    Panicked,
    /// It was begun before this process was forked.
    Forked,
}

struct Job<T> {
    task: Box<Task<T>>,
    next: AtomicUsize,
    is_stopped: AtomicBool,
    has_panicked: AtomicBool,
    done: Box<[OnceLock<T>]>,
}

/// The work of an item.
type Task<T> = dyn Fn(usize) -> T + Send + Sync;

impl<T: Send + Sync + 'static> Batch<T> {
    /// A batch of `count` items. `task` is called with the index of each.
    pub fn new(count: usize, task: impl Fn(usize) -> T + Send + Sync + 'static) -> Self {
        let job = Job {
            task: Box::new(task),
            next: AtomicUsize::new(0),
            is_stopped: AtomicBool::new(false),
            has_panicked: AtomicBool::new(false),
            done: std::iter::repeat_with(OnceLock::new).take(count).collect(),
        };
        Self { job: Arc::new(job), latch: Arc::default(), pool: None }
    }

    /// Makes it part of another batch: both are waited for, and withdrawn from the pool, together. Before it is shared.
    pub fn join(&mut self, other: &Self) {
        self.latch = Arc::clone(&other.latch);
    }

    /// Has up to so many threads of the pool work on it, and returns how many; there may be fewer, or none, where none can be
    /// started.
    pub fn share(&mut self, threads: usize) -> usize {
        if threads == 0 || is_forking() || !self.latch.is_of_this_process() {
            return 0;
        }
        let pool = Pool::of_this_process();
        let offers = pool.offer(&(Arc::clone(&self.job) as Arc<dyn Work>), &self.latch, threads);
        self.pool = Some(pool);
        offers
    }

    /// Has a function called on the thread that leaves the batch last, or now if none is in it. It must not panic.
    pub fn at_end(&self, call: impl FnOnce() + Send + 'static) {
        self.latch.at_end(Box::new(call));
    }

    /// Works on it on this thread while `goes_on`, which is asked every few items. Whether nothing is left to begin.
    pub fn work(&self, goes_on: impl FnMut() -> bool) -> bool {
        self.job.run(goes_on)
    }

    /// The results, once no thread is in it.
    pub fn finish(self) -> Result<Vec<T>, Failed> {
        while !self.wait(Duration::MAX) {}
        let failed = if self.latch.is_of_this_process() { Failed::Stopped } else { Failed::Forked };
        // A thread lets go of the job before it leaves, so this is the last reference.
        let Some(job) = Arc::into_inner(self.job) else { return Err(failed) };
        if job.has_panicked.into_inner() {
            return Err(Failed::Panicked);
        }
        job.done.into_iter().map(|done| done.into_inner().ok_or(failed)).collect()
    }
}

/// Drops batches that were stopped and that no thread is in. What their tasks refer to is dropped now; the results, which can be
/// many, by a thread of the pool if there is one.
pub fn discard<T: Send + 'static>(batches: Vec<Batch<T>>) {
    let pool = batches.iter().filter(|batch| batch.latch.is_of_this_process()).find_map(|batch| batch.pool.clone());
    let jobs = batches.into_iter().filter_map(|batch| Arc::into_inner(batch.job));
    let results: Vec<_> = jobs.map(|job| job.done).collect();
    if let Some(pool) = pool {
        pool.drop_later(results);
    }
}

impl<T> Batch<T> {
    /// Waits until no thread of the pool is in it, but not longer than this. Whether none is. Nothing may be left to begin.
    #[must_use]
    pub fn wait(&self, span: Duration) -> bool {
        if !self.latch.is_of_this_process() {
            return true;
        }
        self.withdraw();
        self.latch.wait(span)
    }

    /// Whether nothing is left to begin.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.job.next.load(Ordering::Relaxed) >= self.job.done.len() || self.job.is_stopped.load(Ordering::Relaxed)
    }

    /// Has every thread leave it before its next item. `wait` says when they have.
    pub fn stop(&self) {
        self.job.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Takes the offers back that no thread has taken.
    fn withdraw(&self) {
        if let Some(pool) = &self.pool {
            pool.withdraw(&self.latch);
        }
    }
}

impl<T> Job<T> {
    fn run(&self, mut goes_on: impl FnMut() -> bool) -> bool {
        let items = || loop {
            if let Some(is_begun) = between_forks(|| self.run_until_fork(&mut goes_on)) {
                return is_begun;
            }
        };
        catch_unwind(AssertUnwindSafe(items)).unwrap_or_else(|_| {
            self.has_panicked.store(true, Ordering::Relaxed);
            self.is_stopped.store(true, Ordering::Relaxed);
            true
        })
    }

    /// Whether nothing is left to begin; none where a thread waits to fork.
    fn run_until_fork(&self, goes_on: &mut impl FnMut() -> bool) -> Option<bool> {
        while !self.is_stopped.load(Ordering::Relaxed) {
            let start = self.next.fetch_add(TAKEN, Ordering::Relaxed);
            let Some(places) = self.done.get(start..) else { return Some(true) };
            if places.is_empty() {
                return Some(true);
            }
            for (place, item) in places.iter().take(TAKEN).zip(start..) {
                if self.is_stopped.load(Ordering::Relaxed) {
                    return Some(true);
                }
                // Each item is taken by one thread.
                let _ = place.set((self.task)(item));
            }
            if !goes_on() {
                return Some(false);
            }
            if is_awaited() {
                return None;
            }
        }
        Some(true)
    }
}

impl<T: Send + Sync> Work for Job<T> {
    fn work(&self) {
        self.run(|| true);
    }
}

#[cfg(test)]
mod tests;
