//! The methods of `Verifier` and `Issuers` that verify: one token, a list, a stream.
//!
//! A single verification keeps the interpreter lock: taking it back under contention costs a thousand times what the check
//! does. Only the verification after which its key is due releases it, once, while the key is prepared. A list or a chunk of a
//! stream releases it once.

use std::collections::{HashMap, VecDeque};

use jwseal_core::crypto::due;
use jwseal_core::error::Result as CoreResult;
use jwseal_core::verifier::{Accepted, Outcome, Token};
use pyo3::PyClass;
use pyo3::exceptions::{PyBaseException, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyBytes, PyIterator, PyList, PyString};

use crate::clock::Clock;
use crate::convert;
use crate::error::{Fault, exception, is_verdict};
use crate::judge::{self, Judge};
use crate::key_set::prepare_due;
use crate::reentry;
use crate::state::Later;
use crate::verified_jwt::VerifiedJwtObject;
use crate::waits::{Generations, Waits};

/// Tokens that `verify_iter` takes at once.
const CHUNK: usize = 256;

/// What has the verifier for each token.
pub(crate) trait Verify: Sync {
    /// The verifier that judges this token, and the token with what was read of it to choose one.
    fn choose<'s: 'a, 'a>(&'s self, token: &'a [u8]) -> CoreResult<(&'s Judge, Token<'a>)>;

    /// The verifier that judges this token.
    fn judge(&self, token: &[u8]) -> CoreResult<&Judge> {
        Ok(self.choose(token)?.0)
    }

    /// Whether any of its tokens has stores to be asked about it.
    fn has_state(&self) -> bool;

    /// Whether a caller gave a clock for any of its tokens.
    fn has_clock(&self) -> bool;
}

/// Verifies one token, waiting for keys where its source must get them first.
pub(crate) fn verify<V: Verify>(
    verifier: &V,
    token: &Bound<'_, PyAny>,
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Py<VerifiedJwtObject>, Fault> {
    let accepted = match begin(verifier, token, now)? {
        Outcome::Verified(accepted) => accepted,
        Outcome::Needs(need) => {
            let octets = convert::token_octets(token)?;
            let accepted = verifier.judge(octets)?.wait_and_verify(token.py(), octets, now, &need);
            prepare_due(token.py());
            accepted?
        }
    };
    settled(verifier, token.py(), convert::token_octets(token)?, accepted)
}

/// A token that passed everything else, after its verifier's stores were asked.
fn settled<V: Verify>(
    verifier: &V,
    py: Python<'_>,
    token: &[u8],
    accepted: Accepted,
) -> Result<Py<VerifiedJwtObject>, Fault> {
    let result = Bound::new(py, judge::object(accepted))?;
    if verifier.has_state()
        && let Some(state) = verifier.judge(token)?.state()
    {
        state.judge(&result)?;
    }
    Ok(result.unbind())
}

/// What asks the stores about a verified token later.
pub(crate) fn later<V: Verify>(
    verifier: &V,
    token: &Bound<'_, PyAny>,
    result: &Bound<'_, VerifiedJwtObject>,
) -> Result<Option<Later>, Fault> {
    if !verifier.has_state() {
        return Ok(None);
    }
    Ok(verifier.judge(convert::token_octets(token)?)?.state().map(|state| state.later(result)))
}

/// Verifies one token with the keys at hand, or says which are needed.
#[inline]
pub(crate) fn begin<V: Verify>(
    verifier: &V,
    token: &Bound<'_, PyAny>,
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Outcome, Fault> {
    let (py, octets) = (token.py(), convert::token_octets(token)?);
    let (judge, token) = verifier.choose(octets)?;
    let outcome = judge.verify(py, token, now);
    prepare_due(py);
    outcome
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

/// Verifies these tokens in order, without the interpreter lock; each clock is read once, and each source of keys has one
/// generation. Tokens that need other keys wait for them together, and are judged once more.
fn verify_all<V: Verify>(
    py: Python<'_>,
    verifier: &V,
    tokens: &[Bound<'_, PyAny>],
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Vec<Py<PyAny>>, Fault> {
    let octets = tokens.iter().map(octets_of).collect::<PyResult<Vec<_>>>()?;
    let times = if now.is_none() && verifier.has_clock() {
        times(py, verifier, &octets)?
    } else {
        let now = Clock::MACHINE.now(py, now)?;
        vec![Some(now); octets.len()]
    };
    let mut generations = Generations::default();
    let first: Vec<CoreResult<Outcome>> = py.detach(|| {
        let verify = |(token, now): (&&[u8], &Option<f64>)| {
            let (judge, token) = verifier.choose(token)?;
            generations.verify(judge, token, now.unwrap_or(f64::NAN))
        };
        octets.iter().zip(&times).map(verify).map(prepared).collect()
    });
    generations.refresh_due(py)?;
    let mut waits = Waits::default();
    for (token, outcome) in octets.iter().zip(&first) {
        if let Ok(Outcome::Needs(need)) = outcome {
            waits.ask(py, verifier.judge(token)?, need)?;
        }
    }
    let answers = waits.wait(py);
    let verdict = |((outcome, token), now): ((CoreResult<Outcome>, &&[u8]), Option<f64>)| match outcome {
        Ok(Outcome::Verified(accepted)) => Ok(accepted),
        Ok(Outcome::Needs(need)) => {
            let judge = verifier.judge(token)?;
            let answer = answers.of(py, judge, &need)?;
            let accepted = py.detach(|| prepared(judge.verify_again(token, now.unwrap_or(f64::NAN), answer)));
            Ok(accepted?)
        }
        Err(error) => Err(error.into()),
    };
    let object = |verdict: Result<Py<VerifiedJwtObject>, Fault>| match verdict {
        Ok(result) => Ok(result.into_any()),
        Err(Fault::Core(error)) => Ok(exception(py, error).into_value(py).into_any()),
        Err(Fault::Python(error)) if is_verdict(py, &error) => Ok(error.into_value(py).into_any()),
        Err(fault) => Err(fault),
    };
    // In order, so that of equal tokens the first is accepted.
    let asked = |(token, verdict): (&&[u8], Result<Accepted, Fault>)| settled(verifier, py, token, verdict?);
    let verdicts = first.into_iter().zip(&octets).zip(times).map(verdict);
    octets.iter().zip(verdicts).map(asked).map(object).collect()
}

/// A result, after the key that it made due was prepared.
fn prepared<T>(result: T) -> T {
    if let Some(due) = due() {
        due.prepare();
    }
    result
}

/// The time by which each token is judged; none where no verifier can be chosen, which is refused when it is judged.
fn times<V: Verify>(py: Python<'_>, verifier: &V, tokens: &[&[u8]]) -> Result<Vec<Option<f64>>, Fault> {
    let mut read: HashMap<*const Clock, f64> = HashMap::new();
    let mut times = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Ok(judge) = verifier.judge(token) else {
            times.push(None);
            continue;
        };
        let clock = judge.clock();
        let known = read.get(&std::ptr::from_ref(clock)).copied();
        let now = known.map_or_else(|| clock.now(py, None), Ok)?;
        read.insert(clock, now);
        times.push(Some(now));
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
