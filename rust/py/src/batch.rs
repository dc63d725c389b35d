//! `verify_many`: a batch of tokens, verified by several threads without the interpreter lock.
//!
//! A batch has two rounds at most. In the first each token is verified with the keys at hand. What needs other keys waits for them
//! together, one refetch for each source, and is verified once more. Stores are asked last, in the order of the tokens, so that of
//! equal tokens the first is accepted.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use jwseal_core::batch::{Batch, Repeats};
use jwseal_core::crypto::due;
use jwseal_core::error::{Error, Result as CoreResult};
use jwseal_core::verifier::{Accepted, Outcome};
use pyo3::PyClass;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyBytes, PyIterator, PyList, PyString};

use crate::batch_keys::{Answers, Generations, KeyRequests};
use crate::clock::Clock;
use crate::convert;
use crate::error::{Fault, exception, is_verdict};
use crate::key_source::Answer;
use crate::reentry;
use crate::verification::{Verify, require_no_sender, settled};
use crate::workers::{self, Workers};

/// A class whose objects several threads can ask at the same time.
pub(crate) trait Shared: Verify + PyClass<Frozen = True> + Send + Sync {}

impl<V: Verify + PyClass<Frozen = True> + Send + Sync> Shared for V {}

/// Verifies a list of tokens at one `now`; refusals are in the list of results as exceptions.
pub(crate) fn verify_many<'py, V: Shared>(
    verifier: &Bound<'py, V>,
    tokens: &Bound<'py, PyAny>,
    now: Option<&Bound<'py, PyAny>>,
    workers: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyList>, Fault> {
    require_no_sender(verifier.get())?;
    let workers = Workers::from_argument(workers)?;
    Ok(PyList::new(tokens.py(), verify_all(verifier, listed(tokens)?, now, workers)?)?)
}

/// A batch of these tokens at one `now`, for the asynchronous methods.
pub(crate) fn round<V: Shared>(
    verifier: &Bound<'_, V>,
    tokens: &Bound<'_, PyAny>,
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Arc<dyn AnyRound>, Fault> {
    Ok(Arc::new(Round::new(verifier, listed(tokens)?, now)?))
}

/// The tokens of an iterable.
fn listed(tokens: &Bound<'_, PyAny>) -> PyResult<Vec<Octets>> {
    let token = |(number, token): (usize, PyResult<Bound<'_, PyAny>>)| {
        workers::signals_at(tokens.py(), number)?;
        Octets::of(&token?)
    };
    reentry::items(iterate(tokens)?.as_any())?.enumerate().map(token).collect()
}

/// The iterator of an iterable of tokens. A str or bytes is a single token, not a batch.
pub(crate) fn iterate<'py>(tokens: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    if tokens.is_instance_of::<PyString>() || tokens.is_instance_of::<PyBytes>() {
        return Err(PyTypeError::new_err("tokens is an iterable of tokens; for a single one call verify"));
    }
    reentry::call(tokens.py(), || tokens.try_iter())
}

/// Verifies these tokens in order, without the interpreter lock; each clock is read once, and each source of keys has one
/// generation.
pub(crate) fn verify_all<V: Shared>(
    verifier: &Bound<'_, V>,
    tokens: Vec<Octets>,
    now: Option<&Bound<'_, PyAny>>,
    workers: Workers,
) -> Result<Vec<Py<PyAny>>, Fault> {
    let py = verifier.py();
    let round = Arc::new(Round::new(verifier, tokens, now)?);
    let first = without_repeats(workers::run(py, Arc::clone(&round).first(), round.len(), workers)?);
    round.refresh_due(py)?;
    let needs = round.needs(py, &first)?;
    let answers = needs.wait(py);
    let (mut verdicts, again) = round.verdicts(py, first, &answers);
    let second = workers::run(py, Round::second(&round, &again), again.len(), workers)?;
    Round::<V>::add(&mut verdicts, &again, second);
    let settle = |(number, verdict): (usize, Result<Accepted, Fault>)| {
        workers::signals_at(py, number)?;
        let octets = round.tokens.get(number).map_or(&[] as &[u8], Octets::as_bytes);
        match verdict.and_then(|accepted| settled(verifier.get(), py, octets, accepted)) {
            Ok(result) => Ok(result.into_any()),
            Err(fault) => value(py, fault),
        }
    };
    verdicts.into_iter().enumerate().map(settle).collect()
}

/// Returns a refusal as a value. Any other exception is raised.
fn value(py: Python<'_>, fault: Fault) -> Result<Py<PyAny>, Fault> {
    match fault {
        Fault::Core(error) => Ok(exception(py, error).into_value(py).into_any()),
        Fault::Python(error) if is_verdict(py, &error) => Ok(error.into_value(py).into_any()),
        fault @ Fault::Python(_) => Err(fault),
    }
}

/// What the threads of a batch share. The tokens are kept by reference: they cannot change.
struct Round<V> {
    verifier: Py<V>,
    tokens: Vec<Octets>,
    times: Vec<Option<f64>>,
    repeats: Repeats,
    generations: Generations,
}

/// The first round of a batch, for a Verifier or Issuers.
pub(crate) trait AnyRound: Send + Sync {
    /// The number of its tokens.
    fn len(&self) -> usize;

    /// Verifies each token with the keys at hand.
    fn first(self: Arc<Self>) -> Batch<FirstResult>;

    /// Tells the sources whose keys are due for a refresh.
    fn refresh_due(&self, py: Python<'_>) -> PyResult<()>;

    /// A round of some of its tokens, at the same time.
    fn part(&self, py: Python<'_>, numbers: &[usize]) -> Arc<dyn AnyRound>;
}

/// What the first round says of a token.
pub(crate) enum FirstResult {
    Itself(CoreResult<Outcome>),
    /// The same as of an earlier or later token with the same text.
    Same(usize),
}

/// A token that is verified again, by its number, and the keys it is verified under.
type Again = Arc<Vec<(usize, Answer)>>;

impl<V: Shared> Round<V> {
    fn new(verifier: &Bound<'_, V>, tokens: Vec<Octets>, now: Option<&Bound<'_, PyAny>>) -> Result<Self, Fault> {
        let py = verifier.py();
        let times = if now.is_none() && verifier.get().has_clock() {
            times(py, verifier.get(), &tokens)?
        } else {
            vec![Some(Clock::MACHINE.now(py, now)?); tokens.len()]
        };
        let (repeats, generations) = (Repeats::new(tokens.len()), Generations::default());
        Ok(Self { verifier: verifier.clone().unbind(), tokens, times, repeats, generations })
    }

    fn text(&self, number: usize) -> &[u8] {
        self.tokens.get(number).map_or(&[], Octets::as_bytes)
    }

    fn now(&self, number: usize) -> f64 {
        self.times.get(number).copied().flatten().unwrap_or(f64::NAN)
    }

    fn verify_one(&self, number: usize) -> CoreResult<Outcome> {
        let (configured, token) = self.verifier.get().choose(self.text(number))?;
        self.generations.verify(configured, number, token, self.now(number))
    }

    /// Asks the sources for what the tokens need.
    fn needs<'a, 'py>(
        &'a self,
        py: Python<'py>,
        outcomes: &[CoreResult<Outcome>],
    ) -> Result<KeyRequests<'a, 'py>, Fault> {
        let mut requests = KeyRequests::default();
        for (number, outcome) in outcomes.iter().enumerate() {
            if let Ok(Outcome::Needs(need)) = outcome {
                requests.ask(py, self.verifier.get().chosen(self.text(number))?, need)?;
            }
        }
        Ok(requests)
    }

    /// The verdicts that are there, and the tokens to verify again.
    fn verdicts(
        &self,
        py: Python<'_>,
        outcomes: Vec<CoreResult<Outcome>>,
        answers: &Answers,
    ) -> (Vec<Result<Accepted, Fault>>, Again) {
        let mut again = Vec::new();
        let verdict = |(number, outcome): (usize, CoreResult<Outcome>)| match outcome {
            Ok(Outcome::Verified(accepted)) => Ok(accepted),
            Ok(Outcome::Needs(need)) => {
                let configured = self.verifier.get().chosen(self.text(number))?;
                again.push((number, answers.of(py, configured, &need)?));
                Err(Error::KeySourceUnavailable.into())
            }
            Err(error) => Err(error.into()),
        };
        let verdicts = outcomes.into_iter().enumerate().map(verdict).collect();
        (verdicts, Arc::new(again))
    }

    /// Judges tokens again, with what their sources got.
    fn second(round: &Arc<Self>, again: &Again) -> Batch<CoreResult<Accepted>> {
        let (round, again) = (Arc::clone(round), Arc::clone(again));
        Batch::new(again.len(), move |place| {
            let Some((number, answer)) = again.get(place) else {
                return Err(Error::KeySourceUnavailable);
            };
            let configured = round.verifier.get().chosen(round.text(*number))?;
            prepared(configured.verify_again(round.text(*number), round.now(*number), answer.clone()))
        })
    }

    fn add(verdicts: &mut [Result<Accepted, Fault>], again: &Again, second: Vec<CoreResult<Accepted>>) {
        for ((number, _), verdict) in again.iter().zip(second) {
            if let Some(place) = verdicts.get_mut(*number) {
                *place = verdict.map_err(Fault::Core);
            }
        }
    }
}

impl<V: Shared> AnyRound for Round<V> {
    fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The signature of equal tokens is checked once.
    fn first(self: Arc<Self>) -> Batch<FirstResult> {
        Batch::new(self.tokens.len(), move |number| {
            let first = self.repeats.first(number, |number| self.text(number));
            if first == number {
                FirstResult::Itself(prepared(self.verify_one(number)))
            } else {
                FirstResult::Same(first)
            }
        })
    }

    fn refresh_due(&self, py: Python<'_>) -> PyResult<()> {
        for number in self.generations.numbers() {
            if let Ok(configured) = self.verifier.get().chosen(self.text(number))
                && let Some(source) = configured.source()
            {
                source.refresh_if_due(py, source.monotonic())?;
            }
        }
        Ok(())
    }

    fn part(&self, py: Python<'_>, numbers: &[usize]) -> Arc<dyn AnyRound> {
        let token = |number: &usize| self.tokens.get(*number).map_or(Octets::NoText, |token| token.clone_ref(py));
        let tokens: Vec<Octets> = numbers.iter().map(token).collect();
        let times = numbers.iter().map(|number| self.times.get(*number).copied().flatten()).collect();
        let (repeats, generations) = (Repeats::new(tokens.len()), Generations::default());
        Arc::new(Self { verifier: self.verifier.clone_ref(py), tokens, times, repeats, generations })
    }
}

/// The first round's outcomes, each token with its own.
pub(crate) fn without_repeats(results: Vec<FirstResult>) -> Vec<CoreResult<Outcome>> {
    let mut repeats = Vec::new();
    let outcome = |(number, result)| match result {
        FirstResult::Itself(outcome) => outcome,
        FirstResult::Same(first) => {
            repeats.push((number, first));
            Err(Error::InvalidSignature)
        }
    };
    let mut outcomes: Vec<_> = results.into_iter().enumerate().map(outcome).collect();
    for (number, first) in repeats {
        let Some(known) = outcomes.get_mut(first) else { continue };
        let outcome = mem::replace(known, Err(Error::InvalidSignature)).map(Outcome::sharing);
        known.clone_from(&outcome);
        if let Some(repeat) = outcomes.get_mut(number) {
            *repeat = outcome;
        }
    }
    outcomes
}

/// A result, after the key that it made due was prepared.
fn prepared<T>(result: T) -> T {
    if let Some(due) = due() {
        due.prepare();
    }
    result
}

/// The time by which each token is verified; none where no verifier can be chosen, which is refused when it is verified.
fn times<V: Verify>(py: Python<'_>, verifier: &V, tokens: &[Octets]) -> Result<Vec<Option<f64>>, Fault> {
    let mut read: HashMap<*const Clock, f64> = HashMap::new();
    let mut times = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Ok(configured) = verifier.chosen(token.as_bytes()) else {
            times.push(None);
            continue;
        };
        let clock = configured.clock();
        let known = read.get(&std::ptr::from_ref(clock)).copied();
        let now = known.map_or_else(|| clock.now(py, None), Ok)?;
        read.insert(clock, now);
        times.push(Some(now));
    }
    Ok(times)
}

/// A token of a batch, which keeps its Python object.
pub(crate) enum Octets {
    Text(PyBackedStr),
    Bytes(PyBackedBytes),
    /// Text that has no UTF-8 form. As empty bytes, it is refused with the same code, at its index.
    NoText,
}

impl Octets {
    pub(crate) fn of(token: &Bound<'_, PyAny>) -> PyResult<Self> {
        match convert::token_octets(token) {
            Ok(_) => {}
            Err(Fault::Core(_)) => return Ok(Self::NoText),
            Err(Fault::Python(error)) => return Err(error),
        }
        if let Ok(text) = token.cast::<PyString>() {
            return Ok(Self::Text(text.clone().try_into()?));
        }
        Ok(Self::Bytes(token.cast::<PyBytes>()?.clone().into()))
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.clone_ref(py)),
            Self::Bytes(octets) => Self::Bytes(octets.clone_ref(py)),
            Self::NoText => Self::NoText,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(octets) => octets,
            Self::NoText => &[],
        }
    }
}
