//! `verify_primitive`: the check of `Verifier.verify` over a bare message, for test vectors and benchmarks.

use jwseal_core::error::Error;
use jwseal_core::key::Message;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::key_set::Keys;

#[doc = doc!("verify_primitive")]
#[pyfunction]
#[pyo3(signature = (alg, key, message, signature, *, plain=false))]
pub(crate) fn verify_primitive(
    alg: Text<'_>,
    key: &Bound<'_, PyAny>,
    message: &Bound<'_, PyAny>,
    signature: &Bound<'_, PyAny>,
    plain: bool,
) -> Result<bool, Fault> {
    let (alg, keys) = (convert::alg(&alg)?, Keys::from_argument(key)?);
    let (message, signature) = (convert::bytes(message, "message")?, convert::bytes(signature, "signature")?);
    for key in keys.set().keys() {
        let key = if plain { key.backend_alone() } else { key.clone() };
        let verify = || match key.verify(alg, Message::Whole(message), signature) {
            Ok(()) => Ok(true),
            Err(Error::InvalidSignature | Error::AlgorithmNotAllowed) => Ok(false),
            Err(error) => Err(error),
        };
        let is_valid = verify()?;
        if !plain && key.prepare() && is_valid != verify()? {
            return Err(PyRuntimeError::new_err("two ways to verify this signature disagree").into());
        }
        if is_valid {
            return Ok(true);
        }
    }
    Ok(false)
}
