//! The keys of a batch: one generation of each key source, and one request to it for keys that are missing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jwseal_core::error::Result as CoreResult;
use jwseal_core::key_source::{Generation, KeySource, Need};
use jwseal_core::verifier::{Outcome, Token};
use pyo3::prelude::*;

use crate::configured_verifier::ConfiguredVerifier;
use crate::error::Fault;
use crate::key_source::{Answer, Asked, Source};

/// The generation of each source that a batch began with, and the number of a token of it.
#[derive(Default)]
pub(crate) struct Generations(RwLock<HashMap<usize, (usize, Arc<Generation>)>>);

impl Generations {
    /// Verifies a token under its source's generation, or says which keys are needed.
    pub(crate) fn verify(
        &self,
        configured: &ConfiguredVerifier,
        number: usize,
        token: Token<'_>,
        now: f64,
    ) -> CoreResult<Outcome> {
        let (verifier, times) = (configured.verifier(), configured.times(now));
        let Some(source) = configured.source() else { return verifier.verify(token, times) };
        let KeySource::Replaced(set) = &**source.core() else { return verifier.verify(token, times) };
        let known =
            self.0.read().unwrap_or_else(PoisonError::into_inner).get(&source.id()).map(|(_, known)| Arc::clone(known));
        let generation = match known {
            Some(generation) => generation,
            // The lock is not held while a token is verified.
            None => match set.usable(times) {
                Ok(generation) => {
                    let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
                    Arc::clone(&known.entry(source.id()).or_insert((number, generation)).1)
                }
                Err(_) => return verifier.verify(token, times),
            },
        };
        verifier.verify_in_batch(token, times, generation)
    }

    /// A token of each source.
    pub(crate) fn numbers(&self) -> Vec<usize> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().map(|(number, _)| *number).collect()
    }
}

/// What the sources of a batch were asked for: a set once, a store once for each header.
#[derive(Default)]
pub(crate) struct KeyRequests<'a, 'py>(HashMap<Question, Result<Asked<'a, 'py>, Fault>>);

/// A source, and the header that a store is asked for.
type Question = (usize, Option<Arc<[u8]>>);

/// What they answered.
pub(crate) struct Answers(HashMap<Question, Result<Answer, PyErr>>);

impl<'a, 'py> KeyRequests<'a, 'py> {
    /// Asks for what is needed, unless that was asked for already.
    pub(crate) fn ask(
        &mut self,
        py: Python<'py>,
        configured: &'a ConfiguredVerifier,
        need: &Need,
    ) -> Result<(), Fault> {
        let source = configured.required_source()?;
        self.0.entry(question(source, need)).or_insert_with(|| source.ask(py, need));
        Ok(())
    }

    /// Waits for all of it. Each wait ends at a time that was fixed when it was asked for.
    pub(crate) fn wait(self, py: Python<'py>) -> Answers {
        let wait = |asked: Result<Asked<'a, 'py>, Fault>| asked.and_then(|asked| asked.wait(py)).map_err(PyErr::from);
        Answers(self.0.into_iter().map(|(question, asked)| (question, wait(asked))).collect())
    }
}

impl Answers {
    /// The answer to what a token needs.
    pub(crate) fn of(&self, py: Python<'_>, configured: &ConfiguredVerifier, need: &Need) -> Result<Answer, Fault> {
        match self.0.get(&question(configured.required_source()?, need)) {
            Some(Ok(answer)) => Ok(answer.clone()),
            Some(Err(error)) => Err(error.clone_ref(py).into()),
            None => Err(jwseal_core::error::Error::KeySourceUnavailable.into()),
        }
    }
}

fn question(source: &Source, need: &Need) -> Question {
    (source.id(), source.is_store().then(|| Arc::clone(&need.text)))
}
