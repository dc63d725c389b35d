//! `verify_iter`: a stream of results, computed chunk by chunk.
//!
//! A chunk is verified as `verify_many` verifies a list. Nothing beyond the chunk at hand is read, so memory is bounded for a
//! stream without end.

use std::collections::VecDeque;

use pyo3::exceptions::PyBaseException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::batch::{Octets, Shared, iterate, verify_all};
use crate::error::Fault;
use crate::reentry;
use crate::verification::require_no_sender;
use crate::workers::Workers;

/// Tokens that `verify_iter` takes at once.
const CHUNK: usize = 256;

/// A stream of results, computed chunk by chunk.
#[pyclass(module = "jwseal._native")]
pub(crate) struct VerifiedIterator {
    verifier: Py<PyAny>,
    verify_all: VerifyAll,
    /// None once the garbage collector has taken it apart.
    tokens: Option<Py<PyIterator>>,
    now: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
    workers: Workers,
    ready: VecDeque<Py<PyAny>>,
    fault: Option<Py<PyBaseException>>,
    done: usize,
}

/// `verify_all` of the verifier's own class.
type VerifyAll =
    for<'py> fn(&Bound<'py, PyAny>, Vec<Octets>, Option<&Bound<'py, PyAny>>, Workers) -> Result<Vec<Py<PyAny>>, Fault>;

impl VerifiedIterator {
    pub(crate) fn new<V: Shared>(
        verifier: Bound<'_, V>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
        workers: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        require_no_sender(verifier.get())?;
        // Counting processors reads files, so it is done once.
        let workers = Workers::from_argument(workers)?.counted();
        Ok(Self {
            verifier: verifier.into_any().unbind(),
            verify_all: |verifier, tokens, now, workers| {
                verify_all(verifier.cast::<V>().map_err(PyErr::from)?, tokens, now, workers)
            },
            tokens: Some(iterate(tokens)?.unbind()),
            now: now.map(|now| now.clone().unbind()),
            progress,
            workers,
            ready: VecDeque::new(),
            fault: None,
            done: 0,
        })
    }

    /// Verifies the next tokens. Tokens before an error of the source, or before an object of the wrong type, are verified first;
    /// then that error is raised.
    fn verify_chunk(&mut self, py: Python<'_>) -> PyResult<()> {
        // A caller such as `list` runs no Python code between two chunks, in which a signal would be handled.
        py.check_signals()?;
        let mut chunk = Vec::with_capacity(CHUNK);
        let Some(tokens) = &self.tokens else { return Ok(()) };
        for token in reentry::items(tokens.bind(py))?.take(CHUNK) {
            match token.and_then(|token| Octets::of(&token)) {
                Ok(token) => chunk.push(token),
                Err(fault) => {
                    self.fault = Some(fault.into_value(py));
                    break;
                }
            }
        }
        if chunk.is_empty() {
            return Ok(());
        }
        let (now, count) = (self.now.as_ref().map(|now| now.bind(py)), chunk.len());
        self.ready.extend((self.verify_all)(self.verifier.bind(py), chunk, now, self.workers)?);
        self.done += count;
        if let Some(progress) = &self.progress {
            reentry::call(py, || progress.call1(py, (self.done,)))?;
        }
        Ok(())
    }
}

#[pymethods]
impl VerifiedIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        if self.ready.is_empty() && self.fault.is_none() {
            self.verify_chunk(py)?;
        }
        match self.ready.pop_front() {
            Some(result) => Ok(Some(result)),
            None => self.fault.take().map_or(Ok(None), |fault| Err(PyErr::from_value(fault.into_bound(py).into_any()))),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.verifier)?;
        visit.call(&self.tokens)?;
        visit.call(&self.now)?;
        visit.call(&self.progress)?;
        visit.call(&self.fault)?;
        self.ready.iter().try_for_each(|result| visit.call(result))
    }

    fn __clear__(&mut self) {
        self.tokens = None;
        self.now = None;
        self.progress = None;
        self.fault = None;
        self.ready.clear();
    }
}
