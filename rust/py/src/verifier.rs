//! `Verifier`: tokens in, `VerifiedJWT` or an exception out.

use jwseal_core::error::Result as CoreResult;
use jwseal_core::verifier::{Token, Verifier};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyList};

use crate::batch;
use crate::cache_info::{self, CacheInfoObject};
use crate::clock::Clock;
use crate::configured_verifier::ConfiguredVerifier;
use crate::convert;
use crate::error::Fault;
use crate::key_source::KeysArgument;
use crate::pending;
use crate::pending_batch::{self, PendingBatchObject};
use crate::policy;
use crate::state::{Later, State};
use crate::stream::VerifiedIterator;
use crate::verification::{self, Verify};
use crate::verified_jwt::VerifiedJwtObject;

#[doc = doc!("Verifier")]
#[pyclass(name = "Verifier", module = "jwseal._native", frozen, subclass)]
pub(crate) struct VerifierObject {
    configured: ConfiguredVerifier,
    given_keys: Py<PyAny>,
    policy: Py<PyAny>,
}

#[pymethods]
impl VerifierObject {
    #[new]
    #[pyo3(
        signature = (
            keys, policy, *, algorithms=None, max_token_size=None, max_header_size=None, accept_padding=false, cache=None,
            replay=None, revocation=None, on_unavailable=None, sender=None, clock=None
        ),
        text_signature = "(keys, policy, *, algorithms=None, max_token_size=16384, max_header_size=4096, \
                          accept_padding=False, cache=0, replay=None, revocation=None, on_unavailable='deny', \
                          sender=None, clock=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "Python's arguments, which are given by name")]
    fn new(
        keys: &Bound<'_, PyAny>,
        policy: &Bound<'_, PyAny>,
        algorithms: Option<&Bound<'_, PyAny>>,
        max_token_size: Option<&Bound<'_, PyAny>>,
        max_header_size: Option<&Bound<'_, PyAny>>,
        accept_padding: bool,
        cache: Option<&Bound<'_, PyAny>>,
        replay: Option<&Bound<'_, PyAny>>,
        revocation: Option<&Bound<'_, PyAny>>,
        on_unavailable: Option<&Bound<'_, PyAny>>,
        sender: Option<&Bound<'_, PyAny>>,
        clock: Option<Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        let chosen = KeysArgument::from_argument(keys)?;
        let verifier = Verifier::new(
            chosen.core(),
            policy::compile(policy)?,
            convert::algorithms(algorithms)?,
            convert::reader("max_token_size", max_token_size, max_header_size, accept_padding)?,
        )?;
        let verifier = verifier.with_cache(cache_info::entries(cache)?)?;
        let state = State::from_arguments(policy, replay, revocation, on_unavailable, sender)?;
        let (given_keys, policy) = (keys.clone().unbind(), policy.clone().unbind());
        Ok(Self {
            configured: ConfiguredVerifier::new(verifier, chosen.into_source(), Clock::from_argument(clock)?, state),
            given_keys,
            policy,
        })
    }

    #[doc = doc!("Verifier.keys")]
    #[getter]
    fn keys(&self, py: Python<'_>) -> Py<PyAny> {
        self.given_keys.clone_ref(py)
    }

    #[doc = doc!("Verifier.policy")]
    #[getter]
    fn policy(&self, py: Python<'_>) -> Py<PyAny> {
        self.policy.clone_ref(py)
    }

    #[doc = doc!("Verifier.sender")]
    #[getter]
    fn sender(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.configured.state().and_then(State::sender).map(|sender| sender.clone_ref(py))
    }

    #[doc = doc!("Verifier.prepare")]
    fn prepare(&self, py: Python<'_>) -> usize {
        py.detach(|| self.configured.verifier().keys().prepare())
    }

    #[doc = doc!("Verifier.cache_info")]
    fn cache_info(&self) -> CacheInfoObject {
        self.configured.verifier().cache_info().into()
    }

    #[doc = doc!("Verifier.verify")]
    #[pyo3(signature = (token, *, now=None, sender=None))]
    fn verify(
        &self,
        token: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        sender: Option<&Bound<'_, PyAny>>,
    ) -> Result<Py<VerifiedJwtObject>, Fault> {
        verification::verify(self, token, now, sender)
    }

    #[doc = doc!("Verifier._state")]
    fn _state(
        &self,
        token: &Bound<'_, PyAny>,
        verified: &Bound<'_, VerifiedJwtObject>,
    ) -> Result<Option<Later>, Fault> {
        verification::later(self, token, verified)
    }

    #[doc = doc!("Verifier._settle")]
    #[staticmethod]
    fn _settle(verified: &Bound<'_, VerifiedJwtObject>, unchecked: &Bound<'_, PyFrozenSet>) {
        verified.get().settle(unchecked);
    }

    #[doc = doc!("Verifier._unsettled")]
    #[pyo3(signature = (token, *, now=None))]
    fn _unsettled<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, VerifiedJwtObject>, Fault> {
        verification::unsettled(self, token, now)
    }

    #[doc = doc!("Verifier._begin")]
    #[pyo3(signature = (token, *, now=None))]
    fn _begin(
        slf: &Bound<'_, Self>,
        token: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Result<Py<PyAny>, Fault> {
        pending::begin(slf, token, now)
    }

    #[doc = doc!("Verifier._begin_many")]
    #[pyo3(signature = (tokens, *, now=None, workers=None))]
    fn _begin_many(
        slf: &Bound<'_, Self>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        workers: Option<&Bound<'_, PyAny>>,
    ) -> Result<PendingBatchObject, Fault> {
        pending_batch::begin(slf, tokens, now, workers)
    }

    #[doc = doc!("Verifier.verify_many")]
    #[pyo3(signature = (tokens, *, now=None, workers=None))]
    fn verify_many<'py>(
        slf: &Bound<'py, Self>,
        tokens: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
        workers: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>, Fault> {
        batch::verify_many(slf, tokens, now, workers)
    }

    #[doc = doc!("Verifier.verify_iter")]
    #[pyo3(signature = (tokens, *, now=None, progress=None, workers=None))]
    fn verify_iter(
        slf: Bound<'_, Self>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
        workers: Option<&Bound<'_, PyAny>>,
    ) -> Result<VerifiedIterator, Fault> {
        VerifiedIterator::new(slf, tokens, now, progress, workers)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// Keys hold no objects of the caller's, sources do. Nothing is cleared: a cycle has a mutable object in it, which is.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.policy)?;
        if self.configured.source().is_some() {
            visit.call(&self.given_keys)?;
        }
        self.configured.traverse(&visit)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let keys = self.configured.verifier().keys().generation();
        let count = keys.map_or(0, |generation| generation.keys().keys().len());
        Ok(format!("<Verifier of {count} key(s), {}>", self.policy.bind(py).repr()?))
    }
}

impl VerifierObject {
    pub(crate) const fn configured(&self) -> &ConfiguredVerifier {
        &self.configured
    }
}

impl Verify for VerifierObject {
    fn choose<'s: 'a, 'a>(&'s self, token: &'a [u8]) -> CoreResult<(&'s ConfiguredVerifier, Token<'a>)> {
        Ok((&self.configured, token.into()))
    }

    fn has_state(&self) -> bool {
        self.configured.state().is_some()
    }

    fn has_sender(&self) -> bool {
        self.configured.state().is_some_and(|state| state.sender().is_some())
    }

    fn has_clock(&self) -> bool {
        self.configured.clock().is_given()
    }
}
