//! `verify_primitive`: the check of `Verifier.verify` over a bare message, for test vectors and benchmarks.

use jwseal_core::error::{Error, Result as Verdict};
use jwseal_core::jwa::Alg;
use jwseal_core::key::{Key, Message};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::key_set::Keys;

/// Whether a signature over bytes is valid. It runs the check that `Verifier.verify` runs; `plain` runs the backend's own,
/// which differs for HS256 and for keys that are prepared. A key that is not yet is prepared at once here, and verifies both
/// before and after.
#[pyfunction]
#[pyo3(signature = (alg, key, message, signature, *, plain=false))]
pub(crate) fn verify_primitive(
    alg: Text<'_>,
    key: &Bound<'_, PyAny>,
    message: &Bound<'_, PyAny>,
    signature: &Bound<'_, PyAny>,
    plain: bool,
) -> Result<bool, Fault> {
    let alg = convert::alg(&alg)?;
    let keys = Keys::from_argument(key)?;
    let (message, signature) = (convert::bytes(message, "message")?, convert::bytes(signature, "signature")?);
    for key in keys.set().keys() {
        let verdict =
            if plain { key.verify_plain(alg, message, signature) } else { verify(key, alg, message, signature)? };
        match verdict {
            Ok(()) => return Ok(true),
            Err(Error::InvalidSignature | Error::AlgorithmNotAllowed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// The verdict of `verify`, which is the prepared key's where there is one, and was the backend's before.
fn verify(key: &Key, alg: Alg, message: &[u8], signature: &[u8]) -> Result<Verdict<()>, Fault> {
    let verify = || key.verify(alg, Message::Whole(message), signature);
    let verdict = verify();
    if key.prepare() && verdict.is_ok() != verify().is_ok() {
        return Err(PyRuntimeError::new_err("two ways to verify this signature disagree").into());
    }
    Ok(verdict)
}
