//! A Python object that signs: a KMS, an HSM, or `cryptography` for Ed448.
//!
//! Its exception reaches the caller as it was raised.

use std::sync::Arc;

use jwseal_core::error::Foreign;
use jwseal_core::external::External;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::reentry;

/// The object whose `sign(octets)` returns a signature in JOSE form. The `SigningKey` object holds the same reference, so
/// that the garbage collector finds it.
pub(crate) struct PythonSigner(pub(crate) Arc<Py<PyAny>>);

impl External for PythonSigner {
    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, Foreign> {
        Python::attach(|py| {
            let octets = PyBytes::new(py, octets);
            let signature = reentry::call(py, || self.0.bind(py).call_method1("sign", (octets,)))?;
            match signature.cast::<PyBytes>() {
                Ok(signature) => Ok(signature.as_bytes().to_vec()),
                Err(_) => Err(PyTypeError::new_err("an external signer's sign(octets) must return bytes")),
            }
        })
        .map_err(|error: PyErr| Foreign(Arc::new(error)))
    }
}
