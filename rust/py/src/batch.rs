//! Many tokens at once: the interpreter lock is given up once for all of them.

use std::collections::VecDeque;
use std::sync::Arc;

use jwseal_core::error::Result as CoreResult;
use jwseal_core::verifier::VerifiedJwt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyList, PyString};

use crate::convert;
use crate::error::{Fault, exception};
use crate::key_set::Keys;
use crate::verified_jwt::VerifiedJwtObject;

/// Tokens that `verify_iter` takes at once.
const CHUNK: usize = 256;

/// What judges one token; the keys are those it was judged with.
pub(crate) trait Judge: Sync {
    fn judge(&self, token: &[u8], now: f64) -> CoreResult<(VerifiedJwt, &Arc<Keys>)>;
}

/// Judges every token at one `now`; refusals stand in the list as exceptions.
pub(crate) fn verify_many<'py, J: Judge>(
    judge: &J,
    tokens: &Bound<'py, PyAny>,
    now: f64,
) -> Result<Bound<'py, PyList>, Fault> {
    let py = tokens.py();
    let tokens = collect(tokens)?;
    let mut octets = Vec::with_capacity(tokens.len());
    for token in &tokens {
        octets.push(match convert::token_octets(token) {
            Ok(octets) => octets,
            // No UTF-8, so no token: an empty one is refused with the same code, in its place in the list.
            Err(Fault::Core(_)) => &[],
            Err(fault) => return Err(fault),
        });
    }
    let judged: Vec<_> = py.detach(|| octets.iter().map(|token| judge.judge(token, now)).collect());
    let results = PyList::empty(py);
    for result in judged {
        match result {
            Ok((jwt, keys)) => results.append(Bound::new(py, VerifiedJwtObject::new(jwt, Arc::clone(keys)))?)?,
            Err(error) => results.append(exception(py, error).into_value(py))?,
        }
    }
    Ok(results)
}

/// The tokens of an iterable. A str or bytes is one token and no batch.
fn collect<'py>(tokens: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if tokens.is_instance_of::<PyString>() || tokens.is_instance_of::<PyBytes>() {
        return Err(PyTypeError::new_err("tokens is an iterable of tokens; for a single one call verify"));
    }
    tokens.try_iter()?.collect()
}

/// A stream of results, computed chunk by chunk.
#[pyclass(module = "jwseal._native")]
pub(crate) struct VerifiedIterator {
    verifier: Py<PyAny>,
    tokens: Py<PyIterator>,
    now: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
    ready: VecDeque<Py<PyAny>>,
    fault: Option<PyErr>,
    done: usize,
}

impl VerifiedIterator {
    pub(crate) fn new(
        verifier: Bound<'_, PyAny>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        if tokens.is_instance_of::<PyString>() || tokens.is_instance_of::<PyBytes>() {
            return Err(PyTypeError::new_err("tokens is an iterable of tokens; for a single one call verify"));
        }
        Ok(Self {
            verifier: verifier.unbind(),
            tokens: tokens.try_iter()?.unbind(),
            now: now.map(|now| now.clone().unbind()),
            progress,
            ready: VecDeque::new(),
            fault: None,
            done: 0,
        })
    }
}

#[pymethods]
impl VerifiedIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        if self.ready.is_empty() && self.fault.is_none() {
            self.judge_chunk(py)?;
        }
        match self.ready.pop_front() {
            Some(result) => Ok(Some(result)),
            None => self.fault.take().map_or(Ok(None), Err),
        }
    }
}

impl VerifiedIterator {
    /// Takes the next tokens. What came before a fault of the source, or before something that is no token, is judged
    /// first; the fault is raised in its place.
    fn judge_chunk(&mut self, py: Python<'_>) -> PyResult<()> {
        let chunk = PyList::empty(py);
        for token in self.tokens.bind(py).clone().take(CHUNK) {
            match token.and_then(|token| require_token(&token).map(|()| token)) {
                Ok(token) => chunk.append(token)?,
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        if chunk.is_empty() {
            return Ok(());
        }
        let options = PyDict::new(py);
        options.set_item("now", &self.now)?;
        let results = self.verifier.bind(py).call_method("verify_many", (&chunk,), Some(&options))?;
        self.ready.extend(results.cast::<PyList>()?.iter().map(Bound::unbind));
        self.done += chunk.len();
        if let Some(progress) = &self.progress {
            progress.call1(py, (self.done,))?;
        }
        Ok(())
    }
}

/// Refuses what has the wrong type; what is wrong with a token's text is for the verdict to say.
fn require_token(token: &Bound<'_, PyAny>) -> PyResult<()> {
    match convert::token_octets(token) {
        Ok(_) | Err(Fault::Core(_)) => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}
