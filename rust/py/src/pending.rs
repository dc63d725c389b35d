//! `PendingVerification`: a token that waits for keys without blocking its event loop.
//!
//! `verify_async` begins here. With keys at hand the result is there at once; otherwise `ask` returns what to await, and
//! `finish` verifies the token again.

use std::sync::OnceLock;

use jwseal_core::key_source::Need;
use jwseal_core::verifier::Outcome;
use pyo3::PyClass;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;

use crate::configured_verifier::{self, ConfiguredVerifier};
use crate::convert;
use crate::error::Fault;
use crate::key_set::prepare_due;
use crate::key_source::{Answer, Asked, unavailable};
use crate::verification::{self, Verify};
use crate::verified_jwt::VerifiedJwtObject;

#[doc = doc!("PendingVerification")]
#[pyclass(name = "PendingVerification", module = "jwseal._native", frozen)]
pub(crate) struct PendingVerificationObject {
    verifier: Py<PyAny>,
    configured_for: ConfiguredFor,
    token: Py<PyAny>,
    now: Option<Py<PyAny>>,
    need: Need,
    /// The answer of a store that need not be awaited.
    found: OnceLock<Answer>,
}

/// What is configured for a token, by a verifier of a class known before.
type ConfiguredFor = for<'a, 'py> fn(&'a Bound<'py, PyAny>, &[u8]) -> Result<&'a ConfiguredVerifier, Fault>;

/// Verifies a token with the keys at hand; where it needs others, the result waits for them.
pub(crate) fn begin<V: Verify + PyClass<Frozen = True>>(
    verifier: &Bound<'_, V>,
    token: &Bound<'_, PyAny>,
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Py<PyAny>, Fault> {
    let py = token.py();
    match verification::begin(verifier.get(), token, now)? {
        Outcome::Verified(accepted) => Ok(Py::new(py, configured_verifier::object(accepted))?.into_any()),
        Outcome::Needs(need) => {
            let pending = PendingVerificationObject {
                verifier: verifier.as_any().clone().unbind(),
                configured_for: |verifier, token| Ok(verifier.cast::<V>().map_err(PyErr::from)?.get().chosen(token)?),
                token: token.clone().unbind(),
                now: now.map(|now| now.clone().unbind()),
                need,
                found: OnceLock::new(),
            };
            Ok(Py::new(py, pending)?.into_any())
        }
    }
}

#[pymethods]
impl PendingVerificationObject {
    #[doc = doc!("PendingVerification.ask")]
    fn ask<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>, Fault> {
        let configured = (self.configured_for)(self.verifier.bind(py), convert::token_octets(self.token.bind(py))?)?;
        let source = configured.required_source()?;
        if let Some(coroutine) = source.find_async(py, &self.need)? {
            return Ok(Some(coroutine));
        }
        match source.ask(py, &self.need)? {
            Asked::Waiter(_, None) => Ok(None),
            Asked::Waiter(_, Some(waiter)) => Ok(Some(waiter.call_method0("wait_async")?)),
            Asked::Found(answer) => {
                // It is asked for once.
                let _ = self.found.set(answer);
                Ok(None)
            }
        }
    }

    #[doc = doc!("PendingVerification.finish")]
    fn finish(&self, py: Python<'_>, awaited: &Bound<'_, PyAny>) -> Result<VerifiedJwtObject, Fault> {
        let token = self.token.bind(py);
        let octets = convert::token_octets(token)?;
        let configured = (self.configured_for)(self.verifier.bind(py), octets)?;
        let source = configured.required_source()?;
        let answer = match self.found.get() {
            Some(answer) => answer.clone(),
            None if source.is_store() => source.answer(awaited)?,
            None => source.answer_of_set()?,
        };
        let now = configured.clock().now(py, self.now.as_ref().map(|now| now.bind(py)))?;
        let accepted = configured.verify_again(octets, now, answer);
        prepare_due(py);
        Ok(configured_verifier::object(accepted?))
    }

    #[doc = doc!("PendingVerification.failed")]
    fn failed(&self, py: Python<'_>, error: Bound<'_, PyAny>) -> PyErr {
        let _ = self;
        unavailable(py, PyErr::from_value(error))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.verifier)?;
        visit.call(&self.token)?;
        visit.call(&self.now)
    }

    fn __repr__(&self) -> String {
        format!("<PendingVerification, {}>", self.need.reason.name())
    }
}
