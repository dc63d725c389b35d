//! What the core can tell of DER, for `jwseal.key`, which reads key files.

use jwseal_core::der::form;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::Fault;

/// Tell what a DER text holds by its outline: SPKI, PKCS#8, encrypted PKCS#8, PKCS#1 public, PKCS#1 private, SEC 1,
/// certificate, PKCS#12 or other.
#[pyfunction]
pub(crate) fn der_form(der: &[u8]) -> Result<&'static str, Fault> {
    Ok(form::of(der)?.name())
}

/// Whether the core has the last word on this SPKI or PKCS#8, so that no other library need bring it into another encoding.
#[pyfunction]
pub(crate) fn der_is_settled(der: &[u8]) -> bool {
    form::is_settled(der)
}

/// Take the SPKI out of a certificate (RFC 5280 section 4.1), or return None.
#[pyfunction]
pub(crate) fn certificate_key<'py>(py: Python<'py>, der: &[u8]) -> Option<Bound<'py, PyBytes>> {
    form::certificate_key(der).map(|spki| PyBytes::new(py, &spki))
}
