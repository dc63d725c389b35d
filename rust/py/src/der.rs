//! Recognises DER, for `jwseal.key`, which reads key files.

use jwseal_core::der::form;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::Fault;

#[doc = doc!("der_form")]
#[pyfunction]
pub(crate) fn der_form(der: &[u8]) -> Result<&'static str, Fault> {
    Ok(form::of(der)?.name())
}

#[doc = doc!("der_is_settled")]
#[pyfunction]
pub(crate) fn der_is_settled(der: &[u8]) -> bool {
    form::is_settled(der)
}

#[doc = doc!("certificate_key")]
#[pyfunction]
pub(crate) fn certificate_key<'py>(py: Python<'py>, der: &[u8]) -> Option<Bound<'py, PyBytes>> {
    form::certificate_key(der).map(|spki| PyBytes::new(py, &spki))
}
