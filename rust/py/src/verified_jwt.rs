//! `VerifiedJWT`: the claims and header of a token that passed every check.
//!
//! Holding one is the proof of verification, so callers cannot make, subclass or pickle one. Python objects are made
//! when asked for: a gateway that reads one claim pays for one claim.

use std::sync::OnceLock;

use jwseal_core::claims::VerifiedJwt;
use jwseal_core::policy;
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyIterator, PyList, PyString, PyTuple};

use crate::condition;
use crate::convert;
use crate::error::Fault;
use crate::key_set::Keys;
use crate::objects;

#[doc = doc!("VerifiedJWT")]
#[pyclass(name = "VerifiedJWT", module = "jwseal._native", frozen, mapping)]
pub(crate) struct VerifiedJwtObject {
    jwt: VerifiedJwt,
    keys: Keys,
    claims: OnceLock<Py<PyDict>>,
    header: OnceLock<Py<PyDict>>,
    /// The stores that did not answer and were passed over; none for a verifier without stores.
    unchecked: OnceLock<Py<PyFrozenSet>>,
}

impl VerifiedJwtObject {
    pub(crate) const fn new(jwt: VerifiedJwt, keys: Keys) -> Self {
        Self { jwt, keys, claims: OnceLock::new(), header: OnceLock::new(), unchecked: OnceLock::new() }
    }

    pub(crate) const fn jwt(&self) -> &VerifiedJwt {
        &self.jwt
    }

    /// Keeps the answer of the stores, which are asked once.
    pub(crate) fn settle(&self, unchecked: &Bound<'_, PyFrozenSet>) {
        let _ = self.unchecked.set(unchecked.clone().unbind());
    }

    /// The claim of a name; anything but a str names none, and neither does one that has no UTF-8.
    fn claim<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = name.py();
        let Some(name) = name.cast::<PyString>().ok().and_then(|name| name.to_str().ok()) else { return Ok(None) };
        self.jwt.claims().get(name).map(|value| objects::object(py, value)).transpose()
    }

    /// The claims in a new dict. The dict `claims` belongs to the caller, who may have changed it.
    fn new_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        objects::dict(py, self.jwt.claims())
    }
}

#[pymethods]
impl VerifiedJwtObject {
    #[doc = doc!("VerifiedJWT.claims")]
    #[getter]
    fn claims<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        kept(py, &self.claims, || self.new_dict(py))
    }

    #[doc = doc!("VerifiedJWT.header")]
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        kept(py, &self.header, || objects::document(py, self.jwt.header().document()))
    }

    #[doc = doc!("VerifiedJWT.alg")]
    #[getter]
    fn alg(&self) -> &'static str {
        self.jwt.resolved().alg().name()
    }

    #[doc = doc!("VerifiedJWT.kid")]
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.jwt.header().kid()
    }

    #[doc = doc!("VerifiedJWT.key")]
    #[getter]
    fn key(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.keys.object(py, self.jwt.key_index())
    }

    #[doc = doc!("VerifiedJWT.expires_at")]
    #[getter]
    fn expires_at(&self) -> Option<f64> {
        self.jwt.expires_at()
    }

    #[doc = doc!("VerifiedJWT._verified_at")]
    #[getter]
    fn _verified_at(&self) -> f64 {
        self.jwt.verified_at()
    }

    #[doc = doc!("VerifiedJWT.scopes")]
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, self.jwt.scopes())
    }

    #[doc = doc!("VerifiedJWT.require")]
    #[pyo3(signature = (*scopes, r#where=None))]
    fn require<'py>(
        slf: Bound<'py, Self>,
        scopes: &Bound<'py, PyTuple>,
        r#where: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, Self>, Fault> {
        let condition = r#where.map(condition::optional).transpose()?.flatten();
        let mut wanted = Vec::with_capacity(scopes.len());
        for scope in scopes.as_slice() {
            let scope = scope.cast::<PyString>().map_err(|_| {
                let given = convert::type_name(scope);
                PyTypeError::new_err(format!("each scope must be a separate str argument, not {given}"))
            })?;
            wanted.push(convert::text(scope)?);
        }
        policy::require(&slf.get().jwt, &wanted, condition.map(|condition| condition.get().condition()))?;
        Ok(slf)
    }

    #[doc = doc!("VerifiedJWT.unchecked")]
    #[getter]
    fn unchecked<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        self.unchecked.get().map_or_else(|| PyFrozenSet::empty(py), |unchecked| Ok(unchecked.bind(py).clone()))
    }

    #[doc = doc!("VerifiedJWT.payload")]
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.jwt.document().text())
    }

    #[doc = doc!("VerifiedJWT.get")]
    #[pyo3(signature = (name, default=None, /))]
    fn get<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.claim(name)?.or(default))
    }

    #[doc = doc!("VerifiedJWT.__getitem__")]
    fn __getitem__<'py>(&self, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.claim(name)?.ok_or_else(|| PyKeyError::new_err((name.clone().unbind(),)))
    }

    #[doc = doc!("VerifiedJWT.keys")]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.new_dict(py)?.call_method0("keys")
    }

    #[doc = doc!("VerifiedJWT.values")]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.new_dict(py)?.call_method0("values")
    }

    #[doc = doc!("VerifiedJWT.items")]
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.new_dict(py)?.call_method0("items")
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let names = self.jwt.claims().iter().map(|(name, _)| name.as_str().to_owned());
        PyList::new(py, names.collect::<Vec<_>>())?.try_iter()
    }

    fn __len__(&self) -> usize {
        self.jwt.claims().len()
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> bool {
        let Ok(name) = name.cast::<PyString>() else { return false };
        name.to_str().is_ok_and(|name| self.jwt.claims().get(name).is_some())
    }

    /// The caller can put anything into its dicts. The keys, which other results share, hold no objects of the caller's.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.claims.get())?;
        visit.call(self.header.get())
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a VerifiedJWT cannot be pickled: only a verifier makes one; pass the token or the claims",
        ))
    }

    fn __repr__(&self) -> String {
        format!("<VerifiedJWT {}, {} claims>", self.alg(), self.jwt.claims().len())
    }
}

/// The dict that was built before, or a new one. Nothing blocks: where two threads build at once, one dict is kept.
fn kept<'py>(
    py: Python<'py>,
    cell: &OnceLock<Py<PyDict>>,
    build: impl FnOnce() -> PyResult<Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyDict>> {
    if let Some(dict) = cell.get() {
        return Ok(dict.bind(py).clone());
    }
    let dict = build()?;
    match cell.set(dict.clone().unbind()) {
        Ok(()) => Ok(dict),
        Err(late) => Ok(cell.get().unwrap_or(&late).bind(py).clone()),
    }
}
