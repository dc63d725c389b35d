//! JWS without JWT: the functions behind `jwseal.jws`.

use std::sync::Arc;

use jwseal_core::header::Understood;
use jwseal_core::json::Value;
use jwseal_core::jws::compact::{self, Compact, Demands, Encoding};
use jwseal_core::jws::detached::Signing;
use jwseal_core::jws::json_serialization::{Entry, Form, Parsed};
use jwseal_core::limits;
use jwseal_core::signer::jws_header;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::convert;
use crate::error::Fault;
use crate::key_set::Keys;
use crate::objects;
use crate::payload::Payload;
use crate::signer::signer_key;
use crate::verified_jws::VerifiedJwsObject;

/// Sign octets as a compact JWS (RFC 7515 section 7.1).
#[pyfunction]
#[pyo3(
    signature = (payload, key, *, headers=None, crit=None, detached=false, b64=true),
    text_signature = "(payload, key, *, headers=None, crit=(), detached=False, b64=True)"
)]
pub(crate) fn jws_sign(
    payload: &Bound<'_, PyAny>,
    key: &Bound<'_, PyAny>,
    headers: Option<&Bound<'_, PyAny>>,
    crit: Option<&Bound<'_, PyAny>>,
    detached: bool,
    b64: bool,
) -> Result<String, Fault> {
    let key = signer_key(key)?;
    let header = jws_header(&key, &convert::header_members(headers)?, &understood(crit)?, b64)?;
    let payload = Payload::from_argument(payload)?;
    if detached {
        let (token, _) = payload.pour(Signing::new(header.as_bytes(), &key, !b64)?)?;
        return Ok(token);
    }
    Ok(compact::sign(header.as_bytes(), payload.into_octets()?.as_bytes(), &key, !b64)?)
}

/// Verify a compact JWS and return its payload (RFC 7515 section 5.2).
#[pyfunction]
#[pyo3(
    signature = (token, keys, *, payload=None, algorithms=None, crit=None, max_size=None, accept_padding=false),
    text_signature = "(token, keys, *, payload=None, algorithms=None, crit=(), max_size=16384, accept_padding=False)"
)]
pub(crate) fn jws_verify(
    token: &Bound<'_, PyAny>,
    keys: &Bound<'_, PyAny>,
    payload: Option<&Bound<'_, PyAny>>,
    algorithms: Option<&Bound<'_, PyAny>>,
    crit: Option<&Bound<'_, PyAny>>,
    max_size: Option<&Bound<'_, PyAny>>,
    accept_padding: bool,
) -> Result<VerifiedJwsObject, Fault> {
    let keys = Keys::from_argument(keys)?;
    let understood = understood(crit)?;
    let algorithms = convert::algorithms(algorithms)?;
    jwseal_core::verifier::require_algorithms(keys.set(), algorithms)?;
    let encoding = if accept_padding { Encoding::Padded } else { Encoding::Canonical };
    let max_size = max_size.map_or(Ok(limits::MAX_TOKEN_SIZE), |octets| convert::size(octets, "max_size"))?;
    let demands = Demands { keys: keys.set(), algorithms, understood: &understood, max_size, encoding };
    let (py, payload) = (token.py(), payload.map(Payload::from_argument).transpose()?);
    let token = convert::token_octets(token)?;
    if let Some(payload) = payload {
        let (verified, octets) = payload.pour(compact::verify_detached(token, &demands)?)?;
        return Ok(VerifiedJwsObject::one(py, &verified, octets, None, &keys)?);
    }
    let verified = compact::verify(token, &demands)?;
    let octets = PyBytes::new(py, verified.payload());
    Ok(VerifiedJwsObject::one(py, verified.signature(), Some(octets), None, &keys)?)
}

/// A JWS taken apart and not checked.
#[pyclass(name = "Unverified", module = "jwseal._native", frozen)]
pub(crate) struct UnverifiedObject {
    parsed: Arc<Parsed>,
}

/// One signature of it.
#[pyclass(name = "UnverifiedSignature", module = "jwseal._native", frozen)]
pub(crate) struct UnverifiedSignatureObject {
    parsed: Arc<Parsed>,
    place: usize,
}

/// Take a JWS of any serialization apart without checking a signature; `UnverifiedSignature.verify` does that.
#[pyfunction]
#[pyo3(
    signature = (token, *, crit=None, max_size=None, accept_padding=false),
    text_signature = "(token, *, crit=(), max_size=None, accept_padding=False)"
)]
pub(crate) fn jws_parse(
    token: &Bound<'_, PyAny>,
    crit: Option<&Bound<'_, PyAny>>,
    max_size: Option<&Bound<'_, PyAny>>,
    accept_padding: bool,
) -> Result<UnverifiedObject, Fault> {
    let max_size = max_size.map(|octets| convert::size(octets, "max_size")).transpose()?;
    let understood = understood(crit)?;
    if token.is_instance_of::<PyDict>() {
        return json_parsed(convert::untrusted_text(token)?, max_size, &understood);
    }
    let octets = convert::token_octets(token)?;
    if octets.trim_ascii_start().starts_with(b"{") {
        return json_parsed(octets.to_vec(), max_size, &understood);
    }
    let encoding = if accept_padding { Encoding::Padded } else { Encoding::Canonical };
    let compact = Compact::read(octets, max_size.unwrap_or(limits::MAX_TOKEN_SIZE), encoding)?;
    let parsed = compact.into_parsed(&understood)?;
    Ok(UnverifiedObject { parsed: Arc::new(parsed) })
}

fn json_parsed(text: Vec<u8>, max_size: Option<usize>, understood: &Understood) -> Result<UnverifiedObject, Fault> {
    let parsed = Parsed::read(text, max_size.unwrap_or(limits::MAX_JSON_SIZE), understood)?;
    Ok(UnverifiedObject { parsed: Arc::new(parsed) })
}

#[pymethods]
impl UnverifiedObject {
    /// The serialization it came in.
    #[getter]
    fn form(&self) -> &'static str {
        match self.parsed.form {
            Form::Compact => "compact",
            Form::Flattened => "flattened",
            Form::General => "general",
        }
    }

    /// The payload's octets as the sender wrote them; empty if it is detached.
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.parsed.payload.as_deref().unwrap_or_default())
    }

    /// Its signatures; a compact or flattened JWS has one.
    #[getter]
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let entry = |place| Py::new(py, UnverifiedSignatureObject { parsed: Arc::clone(&self.parsed), place });
        let entries = (0..self.parsed.entries.len()).map(entry).collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, entries)
    }

    fn __repr__(&self) -> String {
        format!("<Unverified {} JWS, {} signature(s)>", self.form(), self.parsed.entries.len())
    }
}

#[pymethods]
impl UnverifiedSignatureObject {
    /// The protected header; it has passed the header rules, and nobody vouches for it.
    #[getter]
    fn protected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        objects::document(py, self.entry()?.header.document())
    }

    /// The unprotected header, or None.
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.parsed.unprotected(self.place).map(|members| objects::dict(py, members)).transpose()
    }

    /// The protected header's `alg`, of whatever name.
    #[getter]
    fn alg(&self) -> PyResult<Option<String>> {
        let members = self.entry()?.header.document().root().members();
        Ok(members.get("alg").and_then(Value::as_str).map(str::to_owned))
    }

    /// The `kid` of either header, or None.
    #[getter]
    fn kid(&self) -> PyResult<Option<&str>> {
        Ok(self.entry()?.kid())
    }

    /// The signature's octets.
    #[getter]
    fn signature<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.entry()?.signature))
    }

    /// The octets the signature is to cover (RFC 7515 section 5.1), without a detached payload.
    #[getter]
    fn signing_input<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let payload = self.parsed.payload.as_deref().unwrap_or_default();
        Ok(PyBytes::new(py, &self.entry()?.signing_input(payload)))
    }

    /// Check this signature and return what it vouches for; takes and raises what `jwseal.jws.verify` does.
    #[pyo3(signature = (keys, *, payload=None, algorithms=None))]
    fn verify(
        &self,
        keys: &Bound<'_, PyAny>,
        payload: Option<&Bound<'_, PyAny>>,
        algorithms: Option<&Bound<'_, PyAny>>,
    ) -> Result<VerifiedJwsObject, Fault> {
        let chosen = Keys::from_argument(keys)?;
        let algorithms = convert::algorithms(algorithms)?;
        jwseal_core::verifier::require_algorithms(chosen.set(), algorithms)?;
        let (py, place) = (keys.py(), Some((Arc::clone(&self.parsed), self.place)));
        if let Some(payload) = payload {
            let payload = Payload::from_argument(payload)?;
            let verification = self.entry()?.verify_detached(&self.parsed, chosen.set(), algorithms)?;
            let (verified, octets) = payload.pour(verification)?;
            return Ok(VerifiedJwsObject::one(py, &verified, octets, place, &chosen)?);
        }
        let carried = self.parsed.carried()?;
        let verified = self.entry()?.verify(carried, chosen.set(), algorithms)?;
        Ok(VerifiedJwsObject::one(py, &verified, Some(PyBytes::new(py, carried)), place, &chosen)?)
    }

    fn __repr__(&self) -> String {
        "<UnverifiedSignature>".to_owned()
    }
}

impl UnverifiedSignatureObject {
    fn entry(&self) -> PyResult<&Entry> {
        let entry = self.parsed.entries.get(self.place);
        entry.ok_or_else(|| pyo3::exceptions::PyIndexError::new_err("no such signature"))
    }
}

/// The extension parameters a caller understands.
pub(crate) fn understood(crit: Option<&Bound<'_, PyAny>>) -> Result<Understood, Fault> {
    let Some(crit) = crit.filter(|crit| !crit.is_none()) else { return Ok(Understood::default()) };
    if crit.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("crit is a list of names, not a single string").into());
    }
    let names = crit.try_iter()?.map(|name| name?.extract::<String>()).collect::<PyResult<Vec<_>>>()?;
    Ok(Understood::new(names)?)
}
