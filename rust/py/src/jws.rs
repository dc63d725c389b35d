//! JWS without JWT: the functions behind `jwseal.jws`.

use std::borrow::Cow;
use std::sync::Arc;

use jwseal_core::header::CriticalExtensions;
use jwseal_core::json::Value;
use jwseal_core::jws::compact::{self, DetachedSigner};
use jwseal_core::jws::detached::DetachedVerification;
use jwseal_core::jws::json_serialization;
use jwseal_core::jws::require::Require;
use jwseal_core::jws::unverified::{Form, Unverified, UnverifiedSignature};
use jwseal_core::limits;
use jwseal_core::protected_header::jws_header;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::json_text;
use crate::jws_keys::JwsKeys;
use crate::key_set::prepare_due;
use crate::objects;
use crate::payload::Payload;
use crate::reentry;
use crate::signer::signer_key;
use crate::verified_jws::VerifiedJwsObject;

#[doc = doc!("jws_sign")]
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
    let header = jws_header(&key, &json_text::header_members(headers)?, &critical_extensions(crit)?, b64)?;
    let payload = Payload::from_argument(payload)?;
    if detached {
        let (token, _) = payload.feed(DetachedSigner::new(header.as_bytes(), &key, !b64)?)?;
        return Ok(token);
    }
    Ok(compact::sign(header.as_bytes(), payload.into_octets()?.as_bytes(), &key, !b64)?)
}

#[doc = doc!("jws_verify")]
#[pyfunction]
#[pyo3(
    signature = (
        token, keys, *, payload=None, algorithms=None, crit=None, max_size=None, max_header_size=None, accept_padding=false
    ),
    text_signature = "(token, keys, *, payload=None, algorithms=None, crit=(), max_size=16384, max_header_size=4096, \
                      accept_padding=False)"
)]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub(crate) fn jws_verify(
    token: &Bound<'_, PyAny>,
    keys: &Bound<'_, PyAny>,
    payload: Option<&Bound<'_, PyAny>>,
    algorithms: Option<&Bound<'_, PyAny>>,
    crit: Option<&Bound<'_, PyAny>>,
    max_size: Option<&Bound<'_, PyAny>>,
    max_header_size: Option<&Bound<'_, PyAny>>,
    accept_padding: bool,
) -> Result<VerifiedJwsObject, Fault> {
    let keys = JwsKeys::from_arguments(keys, algorithms)?;
    let critical = critical_extensions(crit)?;
    let reader = convert::reader("max_size", max_size, max_header_size, accept_padding)?;
    let payload = payload.map(Payload::from_argument).transpose()?;
    let jws = Arc::new(reader.read(convert::token_octets(token)?)?.into_unverified(&critical)?);
    verify_all(token.py(), &jws, payload, &Require::All, keys)
}

/// Verifies all signatures of a JWS, over its own payload or over a detached one.
pub(crate) fn verify_all<'py>(
    py: Python<'py>,
    jws: &Arc<Unverified>,
    payload: Option<Payload<'py>>,
    require: &Require,
    keys: JwsKeys,
) -> Result<VerifiedJwsObject, Fault> {
    let at_hand = keys.at_hand(py, jws, None)?;
    let (keys, options) = (&at_hand.keys, at_hand.options(require));
    let (report, payload) = match payload {
        Some(payload) => payload.feed(DetachedVerification::new(jws, options)?)?,
        None => (jws.verify(options)?, Some(PyBytes::new(py, jws.carried()?))),
    };
    prepare_due(py);
    let foremost = require.foremost(&report, keys.set());
    Ok(VerifiedJwsObject::new(py, payload, jws, 0, report, foremost, keys)?)
}

#[doc = doc!("Unverified")]
#[pyclass(name = "Unverified", module = "jwseal._native", frozen)]
pub(crate) struct UnverifiedObject {
    jws: Arc<Unverified>,
}

#[doc = doc!("UnverifiedSignature")]
#[pyclass(name = "UnverifiedSignature", module = "jwseal._native", frozen)]
pub(crate) struct UnverifiedSignatureObject {
    jws: Arc<Unverified>,
    index: usize,
}

#[doc = doc!("jws_parse")]
#[pyfunction]
#[pyo3(
    signature = (token, *, crit=None, max_size=None, max_header_size=None, accept_padding=false),
    text_signature = "(token, *, crit=(), max_size=None, max_header_size=4096, accept_padding=False)"
)]
pub(crate) fn jws_parse(
    token: &Bound<'_, PyAny>,
    crit: Option<&Bound<'_, PyAny>>,
    max_size: Option<&Bound<'_, PyAny>>,
    max_header_size: Option<&Bound<'_, PyAny>>,
    accept_padding: bool,
) -> Result<UnverifiedObject, Fault> {
    let reader = convert::reader("max_size", max_size, max_header_size, accept_padding)?;
    let critical = critical_extensions(crit)?;
    let text = if token.is_instance_of::<PyDict>() {
        Cow::Owned(json_text::untrusted_text(token)?)
    } else {
        Cow::Borrowed(convert::token_octets(token)?)
    };
    let jws = if text.trim_ascii_start().starts_with(b"{") {
        let max_size = max_size.map_or(limits::MAX_JSON_SIZE, |_| reader.max_size);
        json_serialization::read(text.into_owned(), max_size, reader.max_header_size, &critical)?
    } else {
        reader.read(&text)?.into_unverified(&critical)?
    };
    Ok(UnverifiedObject { jws: Arc::new(jws) })
}

#[pymethods]
impl UnverifiedObject {
    #[doc = doc!("Unverified.form")]
    #[getter]
    fn form(&self) -> &'static str {
        match self.jws.form {
            Form::Compact => "compact",
            Form::Flattened => "flattened",
            Form::General => "general",
        }
    }

    #[doc = doc!("Unverified.payload")]
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.jws.payload.as_deref().unwrap_or_default())
    }

    #[doc = doc!("Unverified.entries")]
    #[getter]
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let entry = |index| Py::new(py, UnverifiedSignatureObject { jws: Arc::clone(&self.jws), index });
        let entries = (0..self.jws.entries.len()).map(entry).collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, entries)
    }

    fn __repr__(&self) -> String {
        format!("<Unverified {} JWS, {} signature(s)>", self.form(), self.jws.entries.len())
    }
}

#[pymethods]
impl UnverifiedSignatureObject {
    #[doc = doc!("UnverifiedSignature.protected")]
    #[getter]
    fn protected<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Fault> {
        Ok(objects::document(py, self.entry()?.header.document())?)
    }

    #[doc = doc!("UnverifiedSignature.header")]
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.jws.unprotected(self.index).map(|members| objects::dict(py, members)).transpose()
    }

    #[doc = doc!("UnverifiedSignature.alg")]
    #[getter]
    fn alg(&self) -> Result<Option<&str>, Fault> {
        let members = self.entry()?.header.document().root().members();
        Ok(members.get("alg").and_then(Value::as_str))
    }

    #[doc = doc!("UnverifiedSignature.kid")]
    #[getter]
    fn kid(&self) -> Result<Option<&str>, Fault> {
        Ok(self.entry()?.kid())
    }

    #[doc = doc!("UnverifiedSignature.signature")]
    #[getter]
    fn signature<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>, Fault> {
        Ok(PyBytes::new(py, &self.entry()?.signature))
    }

    #[doc = doc!("UnverifiedSignature.signing_input")]
    #[getter]
    fn signing_input<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>, Fault> {
        Ok(PyBytes::new(py, &self.jws.signing_input(self.entry()?)))
    }

    #[doc = doc!("UnverifiedSignature.verify")]
    #[pyo3(signature = (keys, *, payload=None, algorithms=None))]
    fn verify(
        &self,
        keys: &Bound<'_, PyAny>,
        payload: Option<&Bound<'_, PyAny>>,
        algorithms: Option<&Bound<'_, PyAny>>,
    ) -> Result<VerifiedJwsObject, Fault> {
        let (py, jws) = (keys.py(), &self.jws);
        let chosen = JwsKeys::from_arguments(keys, algorithms)?.at_hand(py, jws, Some(self.index))?;
        let options = chosen.options(&Require::All);
        let (report, payload) = if let Some(payload) = payload {
            let payload = Payload::from_argument(payload)?;
            payload.feed(DetachedVerification::of_entry(jws, self.index, options)?)?
        } else {
            let verified = jws.verify_entry(self.index, options)?;
            (vec![Ok(verified)], Some(PyBytes::new(py, jws.carried()?)))
        };
        prepare_due(py);
        Ok(VerifiedJwsObject::new(py, payload, jws, self.index, report, Some(0), &chosen.keys)?)
    }

    fn __repr__(&self) -> String {
        "<UnverifiedSignature>".to_owned()
    }
}

impl UnverifiedSignatureObject {
    fn entry(&self) -> Result<&UnverifiedSignature, Fault> {
        Ok(self.jws.entry(self.index)?)
    }
}

/// The extension parameters that a caller processes.
pub(crate) fn critical_extensions(crit: Option<&Bound<'_, PyAny>>) -> Result<CriticalExtensions, Fault> {
    let Some(crit) = crit.filter(|crit| !crit.is_none()) else { return Ok(CriticalExtensions::default()) };
    if crit.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("crit is a list of names, not a single string").into());
    }
    let names = reentry::items(crit)?
        .map(|name| Ok(name?.extract::<Text<'_>>()?.0.to_owned()))
        .collect::<PyResult<Vec<_>>>()?;
    Ok(CriticalExtensions::new(names)?)
}
