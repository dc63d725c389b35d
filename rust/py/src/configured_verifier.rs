//! The core's verifier with what Python configures beside it: the source of its keys, its clock and its stores.
//!
//! With keys in memory no Python code runs. If the source must fetch keys, its Python object is asked once, and the token
//! is verified once more.

use jwseal_core::error::Result as CoreResult;
use jwseal_core::key_source::{Need, Times};
use jwseal_core::verifier::{Accepted, Outcome, Token, Verifier};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::clock::Clock;
use crate::error::Fault;
use crate::key_set::Keys;
use crate::key_source::{Answer, Source};
use crate::state::State;
use crate::verified_jwt::VerifiedJwtObject;

/// A verifier, and what else a verification needs.
pub(crate) struct ConfiguredVerifier {
    verifier: Verifier,
    source: Option<Source>,
    clock: Clock,
    state: Option<State>,
}

impl ConfiguredVerifier {
    pub(crate) const fn new(verifier: Verifier, source: Option<Source>, clock: Clock, state: Option<State>) -> Self {
        Self { verifier, source, clock, state }
    }

    pub(crate) const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The stores to ask about a token that passed everything else.
    pub(crate) const fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// Where the keys come from, if they can change.
    pub(crate) const fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Both clocks at this `now`.
    pub(crate) fn times(&self, now: f64) -> Times {
        Times { now, monotonic: self.source.as_ref().map_or(0.0, Source::monotonic) }
    }

    /// Verifies a token with the current keys, or says which are needed. A source with keys due for a refresh is notified.
    #[inline]
    pub(crate) fn verify(
        &self,
        py: Python<'_>,
        token: Token<'_>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Result<Outcome, Fault> {
        let is_machine = now.is_none() && !self.clock.is_given();
        let now = self.clock.now(py, now)?;
        let mut monotonic = 0.0;
        if let Some(source) = &self.source {
            monotonic = if is_machine { source.monotonic_near(now) } else { source.monotonic() };
            source.refresh_if_due(py, monotonic)?;
        }
        Ok(self.verifier.verify(token, Times { now, monotonic })?)
    }

    /// Judges a token again, with what its source got.
    pub(crate) fn verify_again(&self, token: &[u8], now: f64, answer: Answer) -> CoreResult<Accepted> {
        self.verifier.verify_under(token.into(), self.times(now), answer.generation)
    }

    /// Gets what is needed, waiting for it, and verifies the token again.
    pub(crate) fn wait_and_verify(
        &self,
        py: Python<'_>,
        token: &[u8],
        now: Option<&Bound<'_, PyAny>>,
        need: &Need,
    ) -> Result<Accepted, Fault> {
        let answer = self.required_source()?.ask(py, need)?.wait(py)?;
        Ok(self.verify_again(token, self.clock.now(py, now)?, answer)?)
    }

    pub(crate) fn required_source(&self) -> PyResult<&Source> {
        self.source.as_ref().ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("these keys never change"))
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.source.as_ref().map_or(Ok(()), |source| source.traverse(visit))?;
        self.state.as_ref().map_or(Ok(()), |state| state.traverse(visit))?;
        self.clock.traverse(visit)
    }
}

/// A token that was accepted, for Python.
pub(crate) fn object(accepted: Accepted) -> VerifiedJwtObject {
    VerifiedJwtObject::new(accepted.jwt, Keys::of(accepted.generation))
}
