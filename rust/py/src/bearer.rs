//! `bearer`: the token of an `Authorization` header (RFC 6750 section 2.1).

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PySequence, PyString};

use crate::convert;
use crate::error::Fault;
use crate::reentry;

#[doc = doc!("bearer")]
#[pyfunction]
pub(crate) fn bearer(value: &Bound<'_, PyAny>) -> Result<String, Fault> {
    let values = if value.is_none() {
        Vec::new()
    } else if value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>() {
        vec![value.clone()]
    } else if !is_buffer(value) && value.cast::<PySequence>().is_ok() {
        reentry::items(value)?.collect::<PyResult<_>>()?
    } else {
        return Err(no_header("str, bytes, a sequence of them or None", value));
    };
    let is_text = |value: &Bound<'_, PyAny>| value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>();
    if let Some(other) = values.iter().find(|value| !is_text(value)) {
        return Err(no_header("str or bytes in a sequence", other));
    }
    let values = values.iter().map(convert::token_octets).collect::<Result<Vec<_>, Fault>>()?;
    Ok(jwseal_core::bearer::bearer(&values)?.to_owned())
}

/// Whether it is a sequence of numbers that can change.
fn is_buffer(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyByteArray>() || value.is_instance_of::<PyMemoryView>()
}

fn no_header(wanted: &str, value: &Bound<'_, PyAny>) -> Fault {
    Fault::Python(PyTypeError::new_err(format!("a header is {wanted}, not {}", convert::type_name(value))))
}
