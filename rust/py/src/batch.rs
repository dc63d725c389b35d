//! The verbs of `Verifier` and `Issuers`: one token, a list, a stream.
//!
//! A single verification never gives up the interpreter lock: taking it back under contention costs a thousand times what
//! the check does. Only the one that makes its key due gives it up, once, while the key is prepared. A list or a chunk of a
//! stream gives it up once.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jwseal_core::claims::VerifiedJwt;
use jwseal_core::crypto::due;
use jwseal_core::error::Result as CoreResult;
use pyo3::PyClass;
use pyo3::exceptions::{PyBaseException, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyBytes, PyIterator, PyList, PyString};

use crate::clock::Clock;
use crate::convert;
use crate::error::{Fault, exception};
use crate::key_set::{Keys, prepare_due};
use crate::reentry;
use crate::verified_jwt::VerifiedJwtObject;

/// Tokens that `verify_iter` takes at once.
const CHUNK: usize = 256;

/// What verifies one token; the keys are those it was verified with.
pub(crate) trait Verify: Sync {
    fn verify_bytes(&self, token: &[u8], now: f64) -> CoreResult<(VerifiedJwt, &Arc<Keys>)>;

    /// Whether a caller gave a clock for any of its tokens.
    fn has_clock(&self) -> bool;

    /// The clock that this token is judged by.
    fn clock(&self, token: &[u8]) -> CoreResult<&Clock>;
}

/// Verifies one token.
pub(crate) fn verify<V: Verify>(
    verifier: &V,
    token: &Bound<'_, PyAny>,
    now: Option<&Bound<'_, PyAny>>,
) -> Result<VerifiedJwtObject, Fault> {
    let (py, octets) = (token.py(), convert::token_octets(token)?);
    let clock = if verifier.has_clock() && now.is_none() { verifier.clock(octets)? } else { &Clock::MACHINE };
    let result = verifier.verify_bytes(octets, clock.now(py, now)?);
    prepare_due(py);
    let (jwt, keys) = result?;
    Ok(VerifiedJwtObject::new(jwt, Arc::clone(keys)))
}

/// Verifies a list of tokens at one `now`; refusals are in the list of results as exceptions.
pub(crate) fn verify_many<'py, V: Verify>(
    verifier: &V,
    tokens: &Bound<'py, PyAny>,
    now: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyList>, Fault> {
    let list = reentry::items(iterate(tokens)?.as_any())?.collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(tokens.py(), verify_all(tokens.py(), verifier, &list, now)?)?)
}

/// The iterator of an iterable of tokens. A str or bytes is one token and no batch.
fn iterate<'py>(tokens: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    if tokens.is_instance_of::<PyString>() || tokens.is_instance_of::<PyBytes>() {
        return Err(PyTypeError::new_err("tokens is an iterable of tokens; for a single one call verify"));
    }
    reentry::call(tokens.py(), || tokens.try_iter())
}

/// Verifies these tokens in order, without the interpreter lock; each clock is read once.
fn verify_all<V: Verify>(
    py: Python<'_>,
    verifier: &V,
    tokens: &[Bound<'_, PyAny>],
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Vec<Py<PyAny>>, Fault> {
    let octets = tokens.iter().map(octets_of).collect::<PyResult<Vec<_>>>()?;
    let verify_bytes = |token: &[u8], now: f64| {
        let result = verifier.verify_bytes(token, now);
        if let Some(due) = due() {
            due.prepare();
        }
        result
    };
    let results: Vec<_> = if now.is_none() && verifier.has_clock() {
        let times = times(py, verifier, &octets)?;
        py.detach(|| octets.iter().zip(times).map(|(token, now)| verify_bytes(token, now?)).collect())
    } else {
        let now = Clock::MACHINE.now(py, now)?;
        py.detach(|| octets.iter().map(|token| verify_bytes(token, now)).collect())
    };
    let object = |result: CoreResult<(VerifiedJwt, &Arc<Keys>)>| match result {
        Ok((jwt, keys)) => Ok(Py::new(py, VerifiedJwtObject::new(jwt, Arc::clone(keys)))?.into_any()),
        Err(error) => Ok(exception(py, error).into_value(py).into_any()),
    };
    results.into_iter().map(object).collect()
}

/// The time by which each token is judged, or why none can be told.
fn times<V: Verify>(py: Python<'_>, verifier: &V, tokens: &[&[u8]]) -> Result<Vec<CoreResult<f64>>, Fault> {
    let mut read: HashMap<*const Clock, f64> = HashMap::new();
    let mut times = Vec::with_capacity(tokens.len());
    for token in tokens {
        let clock = match verifier.clock(token) {
            Ok(clock) => clock,
            Err(error) => {
                times.push(Err(error));
                continue;
            }
        };
        let known = read.get(&std::ptr::from_ref(clock)).copied();
        let now = known.map_or_else(|| clock.now(py, None), Ok)?;
        read.insert(clock, now);
        times.push(Ok(now));
    }
    Ok(times)
}

/// The bytes of a token. Text without UTF-8 form is no token: empty bytes are refused with the same code, at its index.
fn octets_of<'a>(token: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match convert::token_octets(token) {
        Ok(octets) => Ok(octets),
        Err(Fault::Core(_)) => Ok(&[]),
        Err(Fault::Python(error)) => Err(error),
    }
}

/// A stream of results, computed chunk by chunk.
#[pyclass(module = "jwseal._native")]
pub(crate) struct VerifiedIterator {
    verifier: Py<PyAny>,
    verify_all: VerifyAll,
    /// None once the garbage collector has taken it apart.
    tokens: Option<Py<PyIterator>>,
    now: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
    ready: VecDeque<Py<PyAny>>,
    fault: Option<Py<PyBaseException>>,
    done: usize,
}

/// `verify_all` of the verifier's own class.
type VerifyAll =
    for<'py> fn(&Bound<'py, PyAny>, &[Bound<'py, PyAny>], Option<&Bound<'py, PyAny>>) -> Result<Vec<Py<PyAny>>, Fault>;

impl VerifiedIterator {
    pub(crate) fn new<V: Verify + PyClass<Frozen = True>>(
        verifier: Bound<'_, V>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            verifier: verifier.into_any().unbind(),
            verify_all: |verifier, tokens, now| {
                let py = verifier.py();
                verify_all(py, verifier.cast::<V>().map_err(PyErr::from)?.get(), tokens, now)
            },
            tokens: Some(iterate(tokens)?.unbind()),
            now: now.map(|now| now.clone().unbind()),
            progress,
            ready: VecDeque::new(),
            fault: None,
            done: 0,
        })
    }

    /// Verifies the next tokens. What precedes an error of the source, or something that is no token, is verified first;
    /// then that error is raised.
    fn verify_chunk(&mut self, py: Python<'_>) -> PyResult<()> {
        let mut chunk = Vec::with_capacity(CHUNK);
        let Some(tokens) = &self.tokens else { return Ok(()) };
        for token in reentry::items(tokens.bind(py))?.take(CHUNK) {
            match token.and_then(|token| {
                octets_of(&token)?;
                Ok(token)
            }) {
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
        let now = self.now.as_ref().map(|now| now.bind(py));
        self.ready.extend((self.verify_all)(self.verifier.bind(py), &chunk, now)?);
        self.done += chunk.len();
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
