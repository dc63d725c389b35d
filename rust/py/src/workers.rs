//! How many threads work on a batch, and the caller's own work on it.
//!
//! The interpreter lock is released once for a batch. The main thread of Python takes it back every few milliseconds, because
//! signals are handled there alone: so an interrupt stops the batch.

use std::mem;
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use jwseal_core::batch::{Batch, Failed, discard};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt};

use crate::convert;

/// The most threads that a caller can ask for.
const MOST: usize = 256;
/// Items for each thread below which another one is not worth waking.
const WORTH: usize = 8;
/// How long the main thread works before it looks for signals.
const SLICE: Duration = Duration::from_millis(20);
/// How many objects the main thread makes before it does so.
const OBJECTS: usize = 1_024;
/// The most chunks that wait to be worked on while the caller prepares others.
const AHEAD: usize = 64;

/// The number of threads, that of the caller included.
#[derive(Clone, Copy)]
pub(crate) struct Workers(Option<usize>);

impl Workers {
    /// The `workers` argument: None is as many threads as this process may use processors at a time.
    pub(crate) fn from_argument(workers: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let Some(workers) = workers else { return Ok(Self(None)) };
        if workers.is_instance_of::<PyBool>() || !workers.is_instance_of::<PyInt>() {
            let given = convert::type_name(workers);
            return Err(PyTypeError::new_err(format!("workers is a number of threads, an int or None, not {given}")));
        }
        match workers.extract::<usize>() {
            Ok(count) if (1..=MOST).contains(&count) => Ok(Self(Some(count))),
            _ => Err(PyValueError::new_err(format!("workers is a number of threads from 1 to {MOST}, or None"))),
        }
    }

    /// The same, with the number of processors read now; it respects the affinity mask and container quota.
    pub(crate) fn counted(self) -> Self {
        Self(Some(self.0.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get))))
    }

    /// Lets threads of the pool do the whole batch, without the caller. Returns whether any thread does.
    pub(crate) fn share<T: Send + Sync + 'static>(self, batch: &mut Batch<T>, items: usize) -> bool {
        let worth = items / WORTH;
        worth >= 2 && batch.share(self.counted().0.unwrap_or(1).min(worth)) > 0
    }

    /// The number of threads that help the caller with `items` items.
    fn beside_caller(&mut self, items: usize) -> usize {
        let worth = items / WORTH;
        if worth < 2 {
            return 0;
        }
        // Counting processors reads files, so it is done once.
        *self = self.counted();
        self.0.unwrap_or(1).min(worth) - 1
    }
}

/// Does all of a batch with these threads, the caller's among them.
pub(crate) fn run<T: Send + Sync + 'static>(
    py: Python<'_>,
    batch: Batch<T>,
    items: usize,
    workers: Workers,
) -> PyResult<Vec<T>> {
    let mut chunks = Chunks::new(workers);
    chunks.begin(batch, items);
    chunks.run(py)
}

/// A batch that comes in chunks: the threads of the pool work on the first while the caller prepares the next.
pub(crate) struct Chunks<T: Send + Sync + 'static> {
    workers: Workers,
    batches: Vec<Batch<T>>,
    /// The number of the first chunks in which nothing is left to begin.
    begun: usize,
}

impl<T: Send + Sync + 'static> Chunks<T> {
    pub(crate) const fn new(workers: Workers) -> Self {
        Self { workers, batches: Vec::new(), begun: 0 }
    }

    /// Starts the other threads on a chunk of `items` items.
    pub(crate) fn begin(&mut self, mut batch: Batch<T>, items: usize) {
        if let Some(first) = self.batches.first() {
            batch.join(first);
        }
        batch.share(self.workers.beside_caller(items));
        self.batches.push(batch);
    }

    /// Works on the chunks if many wait, until half of them are begun: the caller may be the faster, and would hold them all.
    pub(crate) fn catch_up(&mut self, py: Python<'_>) -> PyResult<()> {
        let waiting = self.batches.get(self.begun..).unwrap_or_default();
        self.begun += waiting.iter().take_while(|batch| batch.is_begun()).count();
        let waiting = self.batches.get(self.begun..).unwrap_or_default();
        let oldest = if waiting.len() > AHEAD { waiting.get(..AHEAD / 2).unwrap_or_default() } else { &[] };
        while !oldest.is_empty() && !py.detach(|| begin_for_a_while(oldest, SLICE)) {
            py.check_signals()?;
        }
        Ok(())
    }

    /// Does what is not done, and returns all results in order.
    pub(crate) fn run(mut self, py: Python<'_>) -> PyResult<Vec<T>> {
        let mut is_main = None;
        loop {
            // The first look for signals is after a slice, so a short batch does not ask which thread it is on.
            let slice = if is_main == Some(false) { Duration::MAX } else { SLICE };
            if py.detach(|| for_a_while(&self.batches, slice)) {
                break;
            }
            py.check_signals()?;
            if is_main.is_none() {
                is_main = Some(is_main_thread(py)?);
            }
        }
        let mut all = Vec::new();
        for batch in self.batches.drain(..) {
            let mut more = results(batch)?;
            if all.is_empty() {
                all = more;
            } else {
                all.append(&mut more);
            }
        }
        Ok(all)
    }
}

/// Stops the batches after an error, so that what the threads refer to is dropped while the interpreter lock is held.
impl<T: Send + Sync + 'static> Drop for Chunks<T> {
    fn drop(&mut self) {
        if self.batches.is_empty() {
            return;
        }
        self.batches.iter().for_each(Batch::stop);
        // The interpreter lock is released meanwhile: the threads may be waiting for a fork, and the fork for it.
        Python::attach(|py| py.detach(|| self.batches.iter().for_each(|batch| while !batch.wait(SLICE) {})));
        discard(mem::take(&mut self.batches));
    }
}

/// The results of a batch that no thread is in.
pub(crate) fn results<T: Send + Sync + 'static>(batch: Batch<T>) -> PyResult<Vec<T>> {
    batch.finish().map_err(|failed| {
        PyRuntimeError::new_err(match failed {
            Failed::Stopped => "the batch was stopped",
            Failed::Panicked => "jwseal failed within a batch, which has no results: please report it",
            Failed::Forked => "this process was forked while the batch ran: its results are in the parent",
        })
    })
}

/// Stops a batch, and waits until each thread is done with its item.
pub(crate) fn stop<T>(py: Python<'_>, batch: &Batch<T>)
where
    T: Send + Sync,
{
    batch.stop();
    py.detach(|| while !batch.wait(SLICE) {});
}

/// Lets signals be handled now and then while many objects are read or made.
pub(crate) fn signals_at(py: Python<'_>, number: usize) -> PyResult<()> {
    if number % OBJECTS == OBJECTS - 1 { py.check_signals() } else { Ok(()) }
}

/// Works on these batches, then waits for the others; whether all is done.
fn for_a_while<T: Send + Sync + 'static>(batches: &[Batch<T>], span: Duration) -> bool {
    let start = Instant::now();
    begin_for_a_while(batches, span) && batches.iter().all(|batch| batch.wait(span.saturating_sub(start.elapsed())))
}

/// Works on these batches; whether nothing is left to begin.
fn begin_for_a_while<T: Send + Sync + 'static>(batches: &[Batch<T>], span: Duration) -> bool {
    let start = Instant::now();
    batches.iter().all(|batch| batch.work(|| start.elapsed() < span))
}

/// Whether this is Python's main thread. Before `threading` is loaded it started no other. This runs Python code, so a signal can
/// be handled in it, and what its handler raises is raised here.
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    let Some(threading) = modules.get_item("threading")? else { return Ok(true) };
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    main.eq(threading.call_method0("get_ident")?)
}
