//! `Issuers`: one verifier per issuer, chosen by the token's unverified `iss`.
//!
//! The unverified `iss` only chooses the verifier, which checks the verified `iss` again.

use jwseal_core::error::{Error, Result as CoreResult};
use jwseal_core::issuers::IssuerTable;
use jwseal_core::verifier::Token;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList};

use crate::batch;
use crate::cache_info::{self, CacheInfoObject};
use crate::configured_verifier::ConfiguredVerifier;
use crate::convert::{self, Text};
use crate::error::Fault;
use crate::issuer_template::IssuerTemplateObject;
use crate::json_text::each_member;
use crate::pending;
use crate::pending_batch::{self, PendingBatchObject};
use crate::repr;
use crate::state::{Later, State};
use crate::stream::VerifiedIterator;
use crate::verification::{self, Verify};
use crate::verified_jwt::VerifiedJwtObject;
use crate::verifier::VerifierObject;

#[doc = doc!("Issuers")]
#[pyclass(name = "Issuers", module = "jwseal._native", frozen, subclass, mapping)]
pub(crate) struct IssuersObject {
    verifiers: IssuerTable<Py<VerifierObject>>,
    /// The same for Python, in the order given; no one else has this dict.
    table: Py<PyDict>,
    has_clock: bool,
    has_state: bool,
    /// What checks the proofs of senders, the same for all verifiers.
    sender: Option<Py<PyAny>>,
}

#[pymethods]
impl IssuersObject {
    #[new]
    #[pyo3(signature = (verifiers, *, cache=None), text_signature = "(verifiers, *, cache=0)")]
    fn new(verifiers: &Bound<'_, PyAny>, cache: Option<&Bound<'_, PyAny>>) -> Result<Self, Fault> {
        let (mut chosen, table) = (IssuerTable::default(), PyDict::new(verifiers.py()));
        let (mut has_clock, mut has_state) = (false, false);
        let mut senders: Vec<Option<Py<PyAny>>> = Vec::new();
        each_member(&convert::mapping(verifiers, "verifiers")?, |issuer, verifier| {
            let verifier = verifier.cast::<VerifierObject>().map_err(PyErr::from)?;
            has_clock |= verifier.get().configured().clock().is_given();
            has_state |= verifier.get().configured().state().is_some();
            senders.push(
                verifier.get().configured().state().and_then(State::sender).map(|one| one.clone_ref(issuer.py())),
            );
            let value = verifier.clone().unbind();
            if let Ok(template) = issuer.cast::<IssuerTemplateObject>() {
                chosen.add_template(template.get().inner(), verifier.get().configured().verifier(), value)?;
                table.set_item(issuer, verifier)?;
            } else {
                let name = issuer.extract::<Text<'_>>()?.0;
                chosen.add(name, verifier.get().configured().verifier(), value)?;
                table.set_item(name, verifier)?;
            }
            Ok::<(), Fault>(())
        })?;
        let verifiers = chosen.checked()?.with_cache(cache_info::entries(cache)?)?;
        let is_same = |one: &Option<Py<PyAny>>, other: &Option<Py<PyAny>>| match (one, other) {
            (Some(one), Some(other)) => one.is(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        if senders.windows(2).any(|pair| matches!(pair, [one, other] if !is_same(one, other))) {
            return Err(Error::policy(ONE_SENDER).into());
        }
        let sender = senders.pop().flatten();
        Ok(Self { verifiers, table: table.unbind(), has_clock, has_state, sender })
    }

    #[doc = doc!("Issuers.sender")]
    #[getter]
    fn sender(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.sender.as_ref().map(|sender| sender.clone_ref(py))
    }

    #[doc = doc!("Issuers.prepare")]
    fn prepare(&self, py: Python<'_>) -> usize {
        py.detach(|| {
            self.verifiers.values().map(|verifier| verifier.get().configured().verifier().keys().prepare()).sum()
        })
    }

    #[doc = doc!("Issuers.cache_info")]
    fn cache_info(&self) -> CacheInfoObject {
        self.verifiers.cache_info().into()
    }

    #[doc = doc!("Issuers.verify")]
    #[pyo3(signature = (token, *, now=None, sender=None))]
    fn verify(
        &self,
        token: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        sender: Option<&Bound<'_, PyAny>>,
    ) -> Result<Py<VerifiedJwtObject>, Fault> {
        verification::verify(self, token, now, sender)
    }

    #[doc = doc!("Issuers._state")]
    fn _state(
        &self,
        token: &Bound<'_, PyAny>,
        verified: &Bound<'_, VerifiedJwtObject>,
    ) -> Result<Option<Later>, Fault> {
        verification::later(self, token, verified)
    }

    #[doc = doc!("Issuers._unsettled")]
    #[pyo3(signature = (token, *, now=None))]
    fn _unsettled<'py>(
        &self,
        token: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, VerifiedJwtObject>, Fault> {
        verification::unsettled(self, token, now)
    }

    #[doc = doc!("Issuers._begin")]
    #[pyo3(signature = (token, *, now=None))]
    fn _begin(
        slf: &Bound<'_, Self>,
        token: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> Result<Py<PyAny>, Fault> {
        pending::begin(slf, token, now)
    }

    #[doc = doc!("Issuers._begin_many")]
    #[pyo3(signature = (tokens, *, now=None, workers=None))]
    fn _begin_many(
        slf: &Bound<'_, Self>,
        tokens: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
        workers: Option<&Bound<'_, PyAny>>,
    ) -> Result<PendingBatchObject, Fault> {
        pending_batch::begin(slf, tokens, now, workers)
    }

    #[doc = doc!("Issuers.verify_many")]
    #[pyo3(signature = (tokens, *, now=None, workers=None))]
    fn verify_many<'py>(
        slf: &Bound<'py, Self>,
        tokens: &Bound<'py, PyAny>,
        now: Option<&Bound<'py, PyAny>>,
        workers: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>, Fault> {
        batch::verify_many(slf, tokens, now, workers)
    }

    #[doc = doc!("Issuers.verify_iter")]
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

    fn __getitem__<'py>(&self, issuer: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.table.bind(issuer.py()).as_any().get_item(issuer)
    }

    #[doc = doc!("Issuers.get")]
    #[pyo3(signature = (issuer, default=None, /))]
    fn get<'py>(&self, issuer: &Bound<'py, PyAny>, default: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        self.table.bind(issuer.py()).call_method1("get", (issuer, default))
    }

    #[doc = doc!("Issuers.keys")]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.table.bind(py).call_method0("keys")
    }

    #[doc = doc!("Issuers.values")]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.table.bind(py).call_method0("values")
    }

    #[doc = doc!("Issuers.items")]
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.table.bind(py).call_method0("items")
    }

    fn __contains__(&self, issuer: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.table.bind(issuer.py()).contains(issuer)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.table.bind(py).try_iter()
    }

    fn __len__(&self) -> usize {
        self.verifiers.len()
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.table)?;
        visit.call(&self.sender)?;
        self.verifiers.values().try_for_each(|verifier| visit.call(verifier))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let issuers = self.table.bind(py).iter().map(|(issuer, _)| repr::shortened(&issuer.to_string()));
        format!("<Issuers of {}>", repr::listed(issuers))
    }
}

const ONE_SENDER: &str = "all verifiers of Issuers have the same sender=: a name, or one check that they share; a token's unverified \
                          iss must not choose whether a proof is demanded";

impl Verify for IssuersObject {
    fn choose<'s: 'a, 'a>(&'s self, token: &'a [u8]) -> CoreResult<(&'s ConfiguredVerifier, Token<'a>)> {
        let (verifier, token) = self.verifiers.choose(token)?;
        Ok((verifier.get().configured(), token))
    }

    fn has_state(&self) -> bool {
        self.has_state
    }

    fn has_sender(&self) -> bool {
        self.sender.is_some()
    }

    fn has_clock(&self) -> bool {
        self.has_clock
    }
}
