//! The step that verifies a signature: which algorithm may be used, with which key, and whether the signature is valid.
//!
//! The header's `alg` must be among the names that the caller accepts, and a `PyJWK` has one algorithm. What an algorithm's methods make
//! of the text of a key is remembered (`jwseal.compat.remembered_keys`); the core verifies.

use jwseal_core::error::Error;
use pyo3::exceptions::{PyKeyError, PyNotImplementedError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use super::Object;
use super::jws::{ALGORITHM, API_JWS, steps};
use super::steps::{Replaced, member, of_module, refusal};
use crate::error::Fault;
use crate::insecure;
use crate::once::{MadeOnce, intern};
use crate::reentry;

#[expect(clippy::too_many_arguments, reason = "they are those of PyJWT's method")]
pub(super) fn verify_signature<'py>(
    jws: &Object<'py>,
    replaced: Replaced,
    signing_input: &Object<'py>,
    header: &Object<'py>,
    signature: &Object<'py>,
    key: &Object<'py>,
    algorithms: Option<&Object<'py>>,
    options: &Object<'py>,
) -> PyResult<()> {
    let py = jws.py();
    let refused = |message: &str| refusal(py, "InvalidAlgorithmError", message);
    let of_jwk = is_jwk(key)?.then(|| key.getattr(intern!(py, "algorithm_name"))).transpose()?;
    let Some(name) = member(header, intern!(py, "alg"))? else { return Err(refused("Algorithm not specified")) };
    if !name.is_instance_of::<PyString>() {
        // PyJWT lets a set of names raise TypeError for a list.
        return Err(refused("The specified alg value is not allowed"));
    }
    let is_allowed = match (algorithms, &of_jwk) {
        (None, Some(own)) => name.eq(own)?,
        (None, None) => true,
        // PyJWT looks for the header's alg inside the text, which is one name here.
        (Some(names), _) if names.is_instance_of::<PyString>() => name.eq(names)?,
        (Some(names), _) => names.contains(&name)?,
    };
    if !is_allowed || !name.is_truthy()? {
        return Err(refused("The specified alg value is not allowed"));
    }
    let (algorithm, key) = if let Some(own) = of_jwk {
        if name.ne(&own)? {
            let (name, own) = (name.repr()?, own.repr()?);
            return Err(refused(&format!("Token algorithm {name} does not match the key's algorithm {own}")));
        }
        (key.getattr(intern!(py, "Algorithm"))?, key.getattr(intern!(py, "key"))?)
    } else {
        let found = if replaced.has(ALGORITHM) {
            steps(py).call(jws, ALGORITHM, (&name,), None)
        } else {
            algorithm_by_name(jws, &name)
        };
        let found = found.map_err(|error| {
            if error.is_instance_of::<PyNotImplementedError>(py) { refused("Algorithm not supported") } else { error }
        })?;
        (found, key.clone())
    };
    if is_valid(jws.py(), &algorithm, &key, signing_input, signature, options)? {
        return Ok(());
    }
    Err(refusal(py, "InvalidSignatureError", "Signature verification failed"))
}

/// Asks an algorithm's object about the key and the signature. What the methods make of the text of a key is remembered while
/// none of them has been replaced.
fn is_valid<'py>(
    py: Python<'py>,
    algorithm: &Object<'py>,
    key: &Object<'py>,
    signing_input: &Object<'py>,
    signature: &Object<'py>,
    options: &Object<'py>,
) -> PyResult<bool> {
    if (key.is_exact_instance_of::<PyString>() || key.is_exact_instance_of::<PyBytes>()) && has_own_methods(algorithm)?
    {
        let remembered = match remembered(algorithm, key)? {
            Some(entry) => entry.get_item(1)?,
            None => reentry::call(py, || algorithm.call_method1(intern!(py, "_verification_key"), (key,)))?,
        };
        if let Ok((key, alg)) = remembered.extract::<(Object<'_>, Object<'_>)>() {
            return match insecure::verify_bytes(signing_input, signature, &key, &alg) {
                Ok(()) => Ok(true),
                Err(Fault::Core(Error::InvalidSignature)) => Ok(false),
                Err(fault) => Err(fault.into()),
            };
        }
    }
    reentry::call(py, || {
        let prepared = algorithm.call_method1(intern!(py, "prepare_key"), (key,))?;
        let short = algorithm.call_method1(intern!(py, "check_key_length"), (&prepared,))?;
        if short.is_truthy()? {
            py.import(API_JWS)?.call_method1("judge_length", (short, options))?;
        }
        algorithm.call_method1(intern!(py, "verify"), (signing_input, prepared, signature))?.is_truthy()
    })
}

/// What was remembered of the text of a public key: an entry of `remembered_keys`, found without a call. That of a secret is found
/// by its digest, so not here.
fn remembered<'py>(algorithm: &Object<'py>, text: &Object<'py>) -> PyResult<Option<Object<'py>>> {
    static ENTRIES: MadeOnce<Py<PyAny>> = MadeOnce::new();
    let py = text.py();
    let entries = of_module(py, &ENTRIES, "jwseal.compat.remembered_keys", "ENTRIES")?.cast::<PyDict>()?;
    let names = algorithm.getattr(intern!(py, "_names"))?;
    entries.get_item((intern!(py, "pyjwt"), names, text.get_type(), text))
}

/// Whether the object is of one of our classes, none of whose methods has been replaced.
fn has_own_methods(algorithm: &Object<'_>) -> PyResult<bool> {
    static OWN: MadeOnce<Py<PyAny>> = MadeOnce::new();
    let py = algorithm.py();
    let class = algorithm.get_type();
    let own = of_module(py, &OWN, "jwseal.compat.pyjwt.algorithms", "OWN_METHODS")?.cast::<PyDict>()?;
    let Some(methods) = own.get_item(&class)? else { return Ok(false) };
    let attributes = algorithm.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
    let names = [
        intern!(py, "prepare_key"),
        intern!(py, "check_crypto_key_type"),
        intern!(py, "check_key_length"),
        intern!(py, "verify"),
        intern!(py, "sign"),
    ];
    for (name, method) in names.into_iter().zip(methods.cast::<PyTuple>()?) {
        if !class.getattr(name)?.is(&method) || attributes.contains(name)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn algorithm_by_name<'py>(jws: &Object<'py>, name: &Object<'py>) -> PyResult<Object<'py>> {
    let py = jws.py();
    jws.getattr(intern!(py, "_algorithms"))?.get_item(name).map_err(|error| {
        if !error.is_instance_of::<PyKeyError>(py) {
            return error;
        }
        let unknown = PyNotImplementedError::new_err("Algorithm not supported");
        unknown.set_cause(py, Some(error));
        unknown
    })
}

pub(super) fn is_jwk(key: &Object<'_>) -> PyResult<bool> {
    static CLASS: MadeOnce<Py<PyAny>> = MadeOnce::new();
    if key.is_exact_instance_of::<PyString>() || key.is_exact_instance_of::<PyBytes>() {
        return Ok(false);
    }
    key.is_instance(of_module(key.py(), &CLASS, "jwseal.compat.pyjwt.api_jwk", "PyJWK")?)
}
