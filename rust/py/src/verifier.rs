//! `Verifier`: tokens in, `VerifiedJWT` or an exception out.

use std::sync::Arc;

use jwseal_core::claims::VerifiedJwt;
use jwseal_core::error::Result as CoreResult;
use jwseal_core::verifier::Verifier;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::batch::{self, VerifiedIterator, Verify};
use crate::clock::Clock;
use crate::convert;
use crate::error::Fault;
use crate::key_set::Keys;
use crate::policy;
use crate::verified_jwt::VerifiedJwtObject;

#[doc = doc!("Verifier")]
#[pyclass(name = "Verifier", module = "jwseal._native", frozen, subclass)]
pub(crate) struct VerifierObject {
    verifier: Verifier,
    keys: Arc<Keys>,
    given_keys: Py<PyAny>,
    policy: Py<PyAny>,
    clock: Clock,
}

#[pymethods]
impl VerifierObject {
    #[new]
    #[pyo3(
        signature = (
            keys, policy, *, algorithms=None, max_token_size=None, max_header_size=None, accept_padding=false, clock=None
        ),
        text_signature = "(keys, policy, *, algorithms=None, max_token_size=16384, max_header_size=4096, \
                          accept_padding=False, clock=None)"
    )]
    fn new(
        keys: &Bound<'_, PyAny>,
        policy: &Bound<'_, PyAny>,
        algorithms: Option<&Bound<'_, PyAny>>,
        max_token_size: Option<&Bound<'_, PyAny>>,
        max_header_size: Option<&Bound<'_, PyAny>>,
        accept_padding: bool,
        clock: Option<Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        let chosen = Keys::from_argument(keys)?;
        let verifier = Verifier::new(
            chosen.set().clone(),
            policy::compile(policy)?,
            convert::algorithms(algorithms)?,
            convert::reader("max_token_size", max_token_size, max_header_size, accept_padding)?,
        )?;
        let (given_keys, policy) = (keys.clone().unbind(), policy.clone().unbind());
        Ok(Self { verifier, keys: Arc::new(chosen), given_keys, policy, clock: Clock::from_argument(clock)? })
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

    #[doc = doc!("Verifier.prepare")]
    fn prepare(&self, py: Python<'_>) -> usize {
        py.detach(|| self.keys.set().prepare())
    }

    #[doc = doc!("Verifier.verify")]
    #[pyo3(signature = (token, *, now=None))]
    fn verify(&self, token: &Bound<'_, PyAny>, now: Option<&Bound<'_, PyAny>>) -> Result<VerifiedJwtObject, Fault> {
        batch::verify(self, token, now)
    }

    #[doc = doc!("Verifier.verify_many")]
    #[pyo3(signature = (tokens, *, now=None))]
    fn verify_many<'py>(
        &self,
        tokens: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>, Fault> {
        batch::verify_many(self, tokens, now)
    }

    #[doc = doc!("Verifier.verify_iter")]
    #[pyo3(signature = (tokens, *, now=None, progress=None))]
    fn verify_iter(
        slf: Bound<'_, Self>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<VerifiedIterator> {
        VerifiedIterator::new(slf, tokens, now, progress)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// Keys hold no objects of the caller's. Nothing is cleared: a cycle has a mutable object in it, which is.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.policy)?;
        self.clock.traverse(&visit)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<Verifier of {} key(s), {}>", self.keys.set().keys().len(), self.policy.bind(py).repr()?))
    }
}

impl VerifierObject {
    pub(crate) const fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl Verify for VerifierObject {
    fn verify_bytes(&self, token: &[u8], now: f64) -> CoreResult<(VerifiedJwt, &Arc<Keys>)> {
        Ok((self.verifier.verify(token, now)?, &self.keys))
    }

    fn has_clock(&self) -> bool {
        self.clock.is_given()
    }

    fn clock(&self, _token: &[u8]) -> CoreResult<&Clock> {
        Ok(&self.clock)
    }
}
