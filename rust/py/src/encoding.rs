//! JSON and base64url as the core reads them, for Python code that reads more than tokens: the compatibility layers and the
//! command line.

use jwseal_core::base64url;
use jwseal_core::json::{Document, Limits};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::convert;
use crate::objects;

#[doc = doc!("read_json")]
#[pyfunction]
#[pyo3(signature = (text, max_depth=None), text_signature = "(text, max_depth=32)")]
pub(crate) fn read_json<'py>(text: &Bound<'py, PyAny>, max_depth: Option<usize>) -> PyResult<Bound<'py, PyAny>> {
    let octets = if let Ok(octets) = text.cast::<PyBytes>() {
        octets.as_bytes()
    } else if let Ok(text) = text.cast::<PyString>() {
        convert::text(text)?.as_bytes()
    } else {
        return Err(PyTypeError::new_err(format!("JSON text is str or bytes, not {}", convert::type_name(text))));
    };
    let limits =
        Limits { depth: max_depth.map_or(Limits::TEXT.depth, |depth| depth.min(Limits::TEXT.depth)), ..Limits::TEXT };
    let document = Document::parse(octets.to_vec(), limits).map_err(PyValueError::new_err)?;
    objects::object(text.py(), document.root())
}

#[doc = doc!("base64url_decode")]
#[pyfunction]
pub(crate) fn base64url_decode<'py>(text: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let octets = base64url::decode_padded(convert::bytes(text, "base64url text")?);
    let octets = octets.ok_or_else(|| PyValueError::new_err("not canonical base64url"))?;
    Ok(PyBytes::new(text.py(), &octets))
}
