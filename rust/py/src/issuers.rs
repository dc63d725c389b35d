//! `Issuers`: one verifier per issuer, chosen by the token's unverified `iss`.
//!
//! The `iss` read early chooses and does nothing else; the chosen verifier judges it again, verified.

use std::collections::HashMap;
use std::sync::Arc;

use jwseal_core::claims::VerifiedJwt;
use jwseal_core::error::{Error, NoKey, Result as CoreResult};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::batch::{self, VerifiedIterator, Verify};
use crate::convert::{self, Text};
use crate::error::Fault;
use crate::json_text::Members;
use crate::key_set::Keys;
use crate::repr;
use crate::verified_jwt::VerifiedJwtObject;
use crate::verifier::VerifierObject;

/// One verifier per issuer; `verify` picks it by the token's unverified `iss`.
#[pyclass(name = "Issuers", module = "jwseal._native", frozen, subclass)]
pub(crate) struct IssuersObject {
    verifiers: HashMap<Box<str>, Py<VerifierObject>>,
}

#[pymethods]
impl IssuersObject {
    #[new]
    fn new(verifiers: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        let mut chosen = HashMap::new();
        for member in Members::of(&convert::mapping(verifiers, "verifiers")?)? {
            let (issuer, verifier) = member?;
            let issuer = issuer.extract::<Text<'_>>()?.0.to_owned();
            let verifier = verifier.cast::<VerifierObject>().map_err(PyErr::from)?;
            verifier.get().verifier().require_issuer(&issuer)?;
            chosen.insert(issuer.into_boxed_str(), verifier.clone().unbind());
        }
        if chosen.is_empty() {
            return Err(Error::policy("Issuers needs at least one verifier").into());
        }
        Ok(Self { verifiers: chosen })
    }

    /// As `Verifier.verify`.
    #[pyo3(signature = (token, *, now=None))]
    fn verify(&self, token: &Bound<'_, PyAny>, now: Option<&Bound<'_, PyAny>>) -> Result<VerifiedJwtObject, Fault> {
        batch::verify(self, token, now)
    }

    /// As `Verifier.verify_many`.
    #[pyo3(signature = (tokens, *, now=None))]
    fn verify_many<'py>(
        &self,
        tokens: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>, Fault> {
        batch::verify_many(self, tokens, now)
    }

    /// As `Verifier.verify_iter`.
    #[pyo3(signature = (tokens, *, now=None, progress=None))]
    fn verify_iter(
        slf: Bound<'_, Self>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<VerifiedIterator> {
        VerifiedIterator::new(slf, tokens, now, progress)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.verifiers.values().try_for_each(|verifier| visit.call(verifier))
    }

    fn __repr__(&self) -> String {
        let mut issuers: Vec<&str> = self.verifiers.keys().map(|issuer| &**issuer).collect();
        issuers.sort_unstable();
        format!("<Issuers of {}>", repr::listed(issuers.into_iter().map(repr::shortened)))
    }
}

impl Verify for IssuersObject {
    fn verify_bytes(&self, token: &[u8], now: f64) -> CoreResult<(VerifiedJwt, &Arc<Keys>)> {
        let candidates = self.verifiers.values().map(|verifier| verifier.get().verifier());
        let issuer = jwseal_core::verifier::unverified_issuer(token, candidates)?;
        let issuer = issuer.ok_or(Error::KeyNotFound(NoKey::NoIssuer))?;
        let verifier = self.verifiers.get(&*issuer).ok_or(Error::KeyNotFound(NoKey::UnknownIssuer))?;
        verifier.get().verify_bytes(token, now)
    }
}
