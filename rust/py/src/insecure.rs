//! The functions of `jwseal.insecure`: reading without verifying, short secrets, bare signatures.

use jwseal_core::claims::claims_document;
use jwseal_core::json::Document;
use jwseal_core::key::{Message, SecretKey};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::key::SecretKeyObject;
use crate::key_reading::algorithm;
use crate::key_set::key_of;
use crate::objects;
use crate::signer::signer_key;

#[doc = doc!("UnverifiedJWT")]
#[pyclass(name = "UnverifiedJWT", module = "jwseal._native", frozen)]
pub(crate) struct UnverifiedJwtObject {
    header: Document,
    claims: Document,
}

#[pymethods]
impl UnverifiedJwtObject {
    #[doc = doc!("UnverifiedJWT.header")]
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        objects::document(py, &self.header)
    }

    #[doc = doc!("UnverifiedJWT.claims")]
    #[getter]
    fn claims<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        objects::document(py, &self.claims)
    }

    #[doc = doc!("UnverifiedJWT.payload")]
    #[getter]
    fn payload<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.claims.text())
    }

    fn __repr__(&self) -> &'static str {
        "<UnverifiedJWT: not verified>"
    }
}

#[doc = doc!("header_unverified")]
#[pyfunction]
#[pyo3(
    signature = (token, *, max_token_size=None, max_header_size=None, accept_padding=false),
    text_signature = "(token, *, max_token_size=16384, max_header_size=4096, accept_padding=False)"
)]
pub(crate) fn header_unverified<'py>(
    token: &Bound<'py, PyAny>,
    max_token_size: Option<&Bound<'py, PyAny>>,
    max_header_size: Option<&Bound<'py, PyAny>>,
    accept_padding: bool,
) -> Result<Bound<'py, PyDict>, Fault> {
    let reader = convert::reader("max_token_size", max_token_size, max_header_size, accept_padding)?;
    let compact = reader.read(convert::token_octets(token)?)?;
    Ok(objects::document(token.py(), &compact.header_unverified()?)?)
}

#[doc = doc!("read_unverified")]
#[pyfunction]
#[pyo3(
    signature = (token, *, max_token_size=None, max_header_size=None, accept_padding=false),
    text_signature = "(token, *, max_token_size=16384, max_header_size=4096, accept_padding=False)"
)]
pub(crate) fn read_unverified(
    token: &Bound<'_, PyAny>,
    max_token_size: Option<&Bound<'_, PyAny>>,
    max_header_size: Option<&Bound<'_, PyAny>>,
    accept_padding: bool,
) -> Result<UnverifiedJwtObject, Fault> {
    let reader = convert::reader("max_token_size", max_token_size, max_header_size, accept_padding)?;
    let compact = reader.read(convert::token_octets(token)?)?;
    let header = compact.header_unverified()?;
    Ok(UnverifiedJwtObject { header, claims: claims_document(compact.into_payload())? })
}

#[doc = doc!("weak_secret")]
#[pyfunction]
#[pyo3(signature = (secret, *, alg, kid=None))]
pub(crate) fn weak_secret(
    secret: &Bound<'_, PyAny>,
    alg: &Bound<'_, PyAny>,
    kid: Option<Text<'_>>,
) -> Result<SecretKeyObject, Fault> {
    let key = SecretKey::weak(convert::bytes(secret, "secret")?, algorithm(alg)?, kid.as_deref())?;
    Ok(SecretKeyObject::new(key))
}

#[doc = doc!("sign_bytes")]
#[pyfunction]
pub(crate) fn sign_bytes<'py>(data: &Bound<'py, PyAny>, key: &Bound<'py, PyAny>) -> Result<Bound<'py, PyBytes>, Fault> {
    let signature = signer_key(key)?.sign(Message::Whole(convert::bytes(data, "data")?))?;
    Ok(PyBytes::new(data.py(), &signature))
}

#[doc = doc!("verify_bytes")]
#[pyfunction]
#[pyo3(signature = (data, signature, key, *, alg))]
pub(crate) fn verify_bytes(
    data: &Bound<'_, PyAny>,
    signature: &Bound<'_, PyAny>,
    key: &Bound<'_, PyAny>,
    alg: &Bound<'_, PyAny>,
) -> Result<(), Fault> {
    let (data, signature) = (convert::bytes(data, "data")?, convert::bytes(signature, "signature")?);
    Ok(key_of(key)?.verify(algorithm(alg)?, Message::Whole(data), signature)?)
}
