//! `VerifiedJWS`: a payload that keys vouched for, and what became of each signature.
//!
//! Holding one is the proof of verification, so callers cannot make, subclass or pickle one.

use std::sync::Arc;

use jwseal_core::header::Header;
use jwseal_core::json::Value;
use jwseal_core::jws::VerifiedSignature;
use jwseal_core::jws::json_serialization::{Parsed, Report};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::key_set::Keys;
use crate::objects;

/// A JWS of which enough signatures were verified; only `jwseal.jws` makes one.
#[pyclass(name = "VerifiedJWS", module = "jwseal._native", frozen)]
pub(crate) struct VerifiedJwsObject {
    /// None where a file held it, which nobody keeps.
    payload: Option<Py<PyBytes>>,
    /// The first signature that verified.
    first: Py<SignatureReportObject>,
    signatures: Py<PyTuple>,
}

/// What became of one signature.
#[pyclass(name = "SignatureReport", module = "jwseal._native", frozen)]
pub(crate) struct SignatureReportObject {
    header: Arc<Header>,
    /// The object and the place in it that unprotected parameters are read from; none for a compact JWS.
    entry: Option<(Arc<Parsed>, usize)>,
    code: Option<&'static str>,
    key: Option<Py<PyAny>>,
}

impl VerifiedJwsObject {
    /// A JWS of which one signature was checked.
    pub(crate) fn one(
        py: Python<'_>,
        verified: &VerifiedSignature,
        payload: Option<Bound<'_, PyBytes>>,
        entry: Option<(Arc<Parsed>, usize)>,
        keys: &Keys,
    ) -> PyResult<Self> {
        let key = Some(keys.object(py, verified.key())?);
        let header = Arc::clone(verified.resolved().shared_header());
        let first = Py::new(py, SignatureReportObject { header, entry, code: None, key })?;
        let signatures = PyTuple::new(py, [&first])?.unbind();
        Ok(Self { payload: payload.map(Bound::unbind), first, signatures })
    }

    /// A JWS of which enough signatures verified.
    pub(crate) fn several(
        py: Python<'_>,
        payload: Option<Bound<'_, PyBytes>>,
        parsed: &Arc<Parsed>,
        report: Report,
        keys: &Keys,
    ) -> PyResult<Self> {
        let mut signatures = Vec::with_capacity(report.len());
        for (place, (entry, result)) in parsed.entries.iter().zip(report).enumerate() {
            let (code, key) = match result {
                Ok(key) => (None, Some(keys.object(py, key)?)),
                Err(error) => (Some(error.code()), None),
            };
            let (header, entry) = (Arc::clone(&entry.header), Some((Arc::clone(parsed), place)));
            signatures.push(Py::new(py, SignatureReportObject { header, entry, code, key })?);
        }
        let first = signatures.iter().find(|signature| signature.get().code.is_none());
        let first = first.ok_or_else(|| PyTypeError::new_err("no signature verified"))?.clone_ref(py);
        let signatures = PyTuple::new(py, signatures)?.unbind();
        Ok(Self { payload: payload.map(Bound::unbind), first, signatures })
    }
}

#[pymethods]
impl VerifiedJwsObject {
    /// The octets that were signed: a detached payload's own bytes object, a copy of a memoryview.
    #[getter]
    fn payload(&self, py: Python<'_>) -> Option<Py<PyBytes>> {
        self.payload.as_ref().map(|payload| payload.clone_ref(py))
    }

    /// What became of each signature, in the order of the object, the ones that failed included.
    #[getter]
    fn signatures(&self, py: Python<'_>) -> Py<PyTuple> {
        self.signatures.clone_ref(py)
    }

    /// The protected header, as a dict that is the caller's to change.
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.first.get().protected(py)
    }

    /// The algorithm of the signature.
    #[getter]
    fn alg(&self) -> Option<&str> {
        self.first.get().alg()
    }

    /// The header's `kid`, or None.
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.first.get().kid()
    }

    /// The key that verified it.
    #[getter]
    fn key(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.first.get().key(py)
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a VerifiedJWS cannot be pickled: only jwseal.jws makes one; pass the token or the payload",
        ))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let signatures = self.signatures.bind(py).repr()?;
        let payload = match &self.payload {
            Some(payload) => format!("payload of {} octets", payload.bind(py).as_bytes().len()),
            None => "payload in a file".to_owned(),
        };
        Ok(format!("<VerifiedJWS, {payload}, signatures {signatures}>"))
    }
}

#[pymethods]
impl SignatureReportObject {
    /// Whether this signature verified.
    #[getter]
    const fn verified(&self) -> bool {
        self.code.is_none()
    }

    /// The code of the refusal (`jwseal.errors`), or None if it verified.
    #[getter]
    const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The key that verified it, or None.
    #[getter]
    fn key(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.key.as_ref().map(|key| key.clone_ref(py))
    }

    /// The protected header's `alg`, of whatever name.
    #[getter]
    fn alg(&self) -> Option<&str> {
        self.header.document().root().members().get("alg").and_then(Value::as_str)
    }

    /// The `kid` of either header, or None.
    #[getter]
    fn kid(&self) -> Option<&str> {
        match &self.entry {
            Some((parsed, place)) => parsed.entries.get(*place).and_then(|entry| entry.kid()),
            None => self.header.kid(),
        }
    }

    /// The protected header.
    #[getter]
    fn protected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        objects::document(py, self.header.document())
    }

    /// The unprotected header, which no signature covers, or None.
    #[getter]
    fn unprotected<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let members = self.entry.as_ref().and_then(|(parsed, place)| parsed.unprotected(*place));
        members.map(|members| objects::dict(py, members)).transpose()
    }

    fn __repr__(&self) -> String {
        format!("<SignatureReport {}: {}>", self.alg().unwrap_or("?"), self.code.unwrap_or("verified"))
    }
}
