//! `bearer`: the token of an `Authorization` header (RFC 6750 section 2.1).

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PySequence, PyString};

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
    } else if !value.is_instance_of::<PyByteArray>() && value.cast::<PySequence>().is_ok() {
        reentry::items(value)?.collect::<PyResult<_>>()?
    } else {
        let given = convert::type_name(value);
        return Err(
            PyTypeError::new_err(format!("a header is str, bytes, a sequence of them or None, not {given}")).into()
        );
    };
    let values = values.iter().map(convert::token_octets).collect::<Result<Vec<_>, Fault>>()?;
    Ok(jwseal_core::bearer::bearer(&values)?.to_owned())
}
