//! `VerifiedJWS`: a payload that keys verified, and the outcome of each signature.
//!
//! Holding one is the proof of verification, so callers cannot make, subclass or pickle one.

use std::sync::Arc;

use jwseal_core::json::Value;
use jwseal_core::jwa::Alg;
use jwseal_core::jws::require::Report;
use jwseal_core::jws::unverified::{Unverified, UnverifiedSignature};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::error::Fault;
use crate::key_set::Keys;
use crate::objects;

#[doc = doc!("VerifiedJWS")]
#[pyclass(name = "VerifiedJWS", module = "jwseal._native", frozen)]
pub(crate) struct VerifiedJwsObject {
    /// None where it was read from a file, which is not kept.
    payload: Option<Py<PyBytes>>,
    /// The signature that the result is about, as `Require::foremost` chooses it.
    foremost: Py<SignatureReportObject>,
    signatures: Py<PyTuple>,
}

#[doc = doc!("SignatureReport")]
#[pyclass(name = "SignatureReport", module = "jwseal._native", frozen)]
pub(crate) struct SignatureReportObject {
    jws: Arc<Unverified>,
    index: usize,
    code: Option<&'static str>,
    key: Option<Py<PyAny>>,
}

impl VerifiedJwsObject {
    /// A JWS of which enough signatures verified; the report begins with the signature at `first_index`.
    pub(crate) fn new(
        py: Python<'_>,
        payload: Option<Bound<'_, PyBytes>>,
        jws: &Arc<Unverified>,
        first_index: usize,
        report: Report,
        foremost: Option<usize>,
        keys: &Keys,
    ) -> PyResult<Self> {
        let mut signatures = Vec::with_capacity(report.len());
        for (index, outcome) in (first_index..).zip(report) {
            let (code, key) = match outcome {
                Ok(verified) => (None, Some(keys.object(py, verified.key_index())?)),
                Err(error) => (Some(error.code()), None),
            };
            signatures.push(Py::new(py, SignatureReportObject { jws: Arc::clone(jws), index, code, key })?);
        }
        let foremost = foremost.and_then(|index| signatures.get(index));
        let foremost = foremost.ok_or_else(|| PyTypeError::new_err("no signature verified"))?.clone_ref(py);
        let signatures = PyTuple::new(py, signatures)?.unbind();
        Ok(Self { payload: payload.map(Bound::unbind), foremost, signatures })
    }
}

#[pymethods]
impl VerifiedJwsObject {
    #[doc = doc!("VerifiedJWS.payload")]
    #[getter]
    fn payload(&self, py: Python<'_>) -> Option<Py<PyBytes>> {
        self.payload.as_ref().map(|payload| payload.clone_ref(py))
    }

    #[doc = doc!("VerifiedJWS.signatures")]
    #[getter]
    fn signatures(&self, py: Python<'_>) -> Py<PyTuple> {
        self.signatures.clone_ref(py)
    }

    #[doc = doc!("VerifiedJWS.header")]
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Fault> {
        self.foremost.get().protected(py)
    }

    #[doc = doc!("VerifiedJWS.alg")]
    #[getter]
    fn alg(&self) -> Option<&str> {
        self.foremost.get().alg()
    }

    #[doc = doc!("VerifiedJWS.kid")]
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.foremost.get().kid()
    }

    #[doc = doc!("VerifiedJWS.key")]
    #[getter]
    fn key(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.foremost.get().key(py)
    }

    /// The payload may be of a class of the caller's; the reports hold no objects of the caller's.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.payload)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a VerifiedJWS cannot be pickled: only jwseal.jws makes one; pass the token or the payload",
        ))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let signatures = self.signatures.bind(py).repr()?;
        let payload = match &self.payload {
            Some(payload) => format!("payload of {} bytes", payload.bind(py).as_bytes().len()),
            None => "payload in a file".to_owned(),
        };
        Ok(format!("<VerifiedJWS, {payload}, signatures {signatures}>"))
    }
}

#[pymethods]
impl SignatureReportObject {
    #[doc = doc!("SignatureReport.verified")]
    #[getter]
    const fn verified(&self) -> bool {
        self.code.is_none()
    }

    #[doc = doc!("SignatureReport.code")]
    #[getter]
    const fn code(&self) -> Option<&'static str> {
        self.code
    }

    #[doc = doc!("SignatureReport.key")]
    #[getter]
    fn key(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.key.as_ref().map(|key| key.clone_ref(py))
    }

    #[doc = doc!("SignatureReport.alg")]
    #[getter]
    fn alg(&self) -> Option<&str> {
        self.entry()?.header.document().root().members().get("alg").and_then(Value::as_str)
    }

    #[doc = doc!("SignatureReport.kid")]
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.entry()?.header.kid()
    }

    #[doc = doc!("SignatureReport.protected")]
    #[getter]
    fn protected<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Fault> {
        Ok(objects::document(py, self.jws.entry(self.index)?.header.document())?)
    }

    #[doc = doc!("SignatureReport.unprotected")]
    #[getter]
    fn unprotected<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.jws.unprotected(self.index).map(|members| objects::dict(py, members)).transpose()
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a SignatureReport cannot be pickled: only jwseal.jws makes one; pass its members"))
    }

    fn __repr__(&self) -> String {
        // Of a signature that failed, alg is the sender's text.
        let alg = self.alg().and_then(Alg::from_name).map_or("?", Alg::name);
        format!("<SignatureReport {alg}: {}>", self.code.unwrap_or("verified"))
    }
}

impl SignatureReportObject {
    fn entry(&self) -> Option<&UnverifiedSignature> {
        self.jws.entries.get(self.index)
    }
}
