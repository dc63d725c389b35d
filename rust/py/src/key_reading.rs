//! Arguments that hold keys: an algorithm's name, the text of a JWK, and the files that `jwseal.key` reads.
//!
//! Nothing is checked here: the core checks every key.

use jwseal_core::crypto::material::Secret;
use jwseal_core::error::Error;
use jwseal_core::jwa::Alg;
use jwseal_core::jwk::{self, Jwk, Reading};
use jwseal_core::key;
use pyo3::call::PyCallArgs;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::convert;
use crate::error::Fault;
use crate::json_text;

/// The algorithm that an argument names.
pub(crate) fn algorithm(alg: &Bound<'_, PyAny>) -> Result<Alg, Fault> {
    if let Ok(name) = alg.cast::<PyString>() {
        return convert::alg(&name.to_string_lossy());
    }
    let given = convert::type_name(alg);
    let advice = "for several, read the key once with each and put them into a KeySet";
    Err(PyTypeError::new_err(format!("alg is one name such as \"RS256\", not {given}: {advice}")).into())
}

pub(crate) fn alg_option(alg: Option<&Bound<'_, PyAny>>) -> Result<Option<Alg>, Fault> {
    alg.map(algorithm).transpose()
}

pub(crate) fn read_jwk(jwk: &Bound<'_, PyAny>, lenient: bool) -> Result<Jwk, Fault> {
    Ok(jwk::read(&key_text(jwk, "a JWK")?, reading(lenient))?)
}

/// The JSON text of a JWK or JWK Set, wiped when it is dropped; a value that JSON cannot represent is an error.
pub(crate) fn key_text(argument: &Bound<'_, PyAny>, what: &str) -> Result<Secret, Fault> {
    let py = argument.py();
    json_text::json_text(argument, what).map(Secret::new).map_err(|error| {
        // These messages are jwseal's own.
        if error.is_instance_of::<PyValueError>(py) {
            Error::key(error.value(py).to_string()).into()
        } else {
            error.into()
        }
    })
}

#[doc = doc!("check_rsa")]
#[pyfunction]
pub(crate) fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), Fault> {
    Ok(key::check_rsa(n, e)?)
}

/// How closely a JWK must keep to its RFCs, as the argument `lenient` says.
pub(crate) const fn reading(lenient: bool) -> Reading {
    if lenient { Reading::Lenient } else { Reading::Strict }
}

/// Calls the Python module that reads and writes key files.
///
/// A refusal is raised without the module's frames: their variables hold the key and its password, and error reports often
/// include variables.
pub(crate) fn ask_reader<'py>(
    py: Python<'py>,
    function: &str,
    arguments: impl PyCallArgs<'py>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    py.import("jwseal.key")?.getattr(function)?.call(arguments, options).inspect_err(|error| {
        if error.get_type(py).name().is_ok_and(|name| name == "InvalidKey") {
            error.set_traceback(py, None);
        }
    })
}
