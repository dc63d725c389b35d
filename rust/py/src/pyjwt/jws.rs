//! The steps of `PyJWS`: reading a compact JWS, the rules about its header, and its signature (RFC 7515 section 5.2, RFC 7797).
//!
//! The payload that is returned was decoded from the very bytes whose signature was verified; with `verify_signature` off, nothing
//! was verified.

use jwseal_core::base64url;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBool, PyBytes, PyDict, PyList, PyString, PyTuple};

use super::Object;
use super::signature::{algorithm_by_name, is_jwk, verify_signature};
use super::steps::{Argument, Replaced, Steps, member, refusal};
use crate::convert;
use crate::encoding;
use crate::once::{MadeOnce, intern};
use crate::reentry;

pub(super) const API_JWS: &str = "jwseal.compat.pyjwt.api_jws";

// PyJWT has no bounds. These are far above what an HTTP header carries, and keep a token from costing a gigabyte.
const MAX_TOKEN_SIZE: usize = 1 << 20;
const MAX_HEADER_SIZE: usize = 4096;
const MAX_HEADER_DEPTH: usize = 8;
const MAX_DEPTH: usize = 32;

pub(super) const DECODE_COMPLETE: usize = 0;
const LOAD: usize = 1;
const SEGMENT: usize = 2;
const HEADERS: usize = 3;
const KID: usize = 4;
const CRIT: usize = 5;
const SIGNATURE: usize = 6;
pub(super) const ALGORITHM: usize = 7;
const NAMES: [&str; 8] = [
    "decode_complete",
    "_load",
    "_decode_base64url_segment",
    "_validate_headers",
    "_validate_kid",
    "_validate_crit",
    "_verify_signature",
    "get_algorithm_by_name",
];

pub(super) fn steps(py: Python<'_>) -> &'static Steps<8> {
    static STEPS: MadeOnce<Steps<8>> = MadeOnce::new();
    STEPS.get_or_make(|| Steps::of_class(&py.get_type::<PyJwsSteps>(), NAMES))
}

/// A token in parts.
pub(super) struct Parts<'py> {
    pub(super) payload: Object<'py>,
    pub(super) header: Object<'py>,
    pub(super) signature: Object<'py>,
}

impl<'py> Parts<'py> {
    pub(super) fn into_dict(self, py: Python<'py>) -> PyResult<Object<'py>> {
        let dict = PyDict::new(py);
        dict.set_item(intern!(py, "payload"), self.payload)?;
        dict.set_item(intern!(py, "header"), self.header)?;
        dict.set_item(intern!(py, "signature"), self.signature)?;
        Ok(dict.into_any())
    }
}

#[doc = doc!("PyJWSSteps")]
#[pyclass(name = "PyJWSSteps", module = "jwseal._native", subclass, frozen, immutable_type)]
pub(crate) struct PyJwsSteps;

#[pymethods]
impl PyJwsSteps {
    #[new]
    #[pyo3(signature = (*_arguments, **_named))]
    fn new(_arguments: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Self {
        Self
    }

    #[doc = doc!("PyJWSSteps.decode_complete")]
    #[pyo3(
        signature = (jwt, key=Argument::Left, algorithms=None, options=None, detached_payload=None, **kwargs),
        text_signature = "($self, jwt, key='', algorithms=None, options=None, detached_payload=None, **kwargs)"
    )]
    fn decode_complete<'py>(
        slf: &Bound<'py, Self>,
        jwt: &Object<'py>,
        key: Argument<'py>,
        algorithms: Option<&Object<'py>>,
        options: Option<&Object<'py>>,
        detached_payload: Option<&Object<'py>>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Object<'py>> {
        let (py, jws) = (slf.py(), slf.as_any());
        warn_of_arguments(py, "decode_complete()", kwargs)?;
        let options = match options {
            None => jws.getattr(intern!(py, "options"))?,
            Some(options) => jws.call_method1(intern!(py, "_merged"), (options,))?,
        };
        let key = key.or(|| intern!(py, "").clone().into_any());
        let replaced = steps(py).replaced(jws);
        reentry::call(py, || verified(jws, replaced, jwt, &key, algorithms, &options, detached_payload))?.into_dict(py)
    }

    #[doc = doc!("PyJWSSteps._load")]
    fn _load<'py>(slf: &Bound<'py, Self>, jwt: &Object<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let jws = slf.as_any();
        let (parts, signing_input) = load(jws, steps(slf.py()).replaced(jws), jwt)?;
        (parts.payload, signing_input, parts.header, parts.signature).into_pyobject(slf.py())
    }

    #[doc = doc!("PyJWSSteps._decode_base64url_segment")]
    #[staticmethod]
    fn _decode_base64url_segment<'py>(segment: &Object<'py>, name: &str) -> PyResult<Object<'py>> {
        decode_segment(segment.py(), convert::bytes(segment, "segment")?, name)
    }

    #[doc = doc!("PyJWSSteps._validate_headers")]
    #[pyo3(signature = (headers, *, encoding=false))]
    fn _validate_headers(slf: &Bound<'_, Self>, headers: &Object<'_>, encoding: bool) -> PyResult<()> {
        let jws = slf.as_any();
        validate_headers(jws, steps(slf.py()).replaced(jws), headers, encoding)
    }

    #[doc = doc!("PyJWSSteps._validate_kid")]
    fn _validate_kid(&self, kid: &Object<'_>) -> PyResult<()> {
        validate_kid(kid)
    }

    #[doc = doc!("PyJWSSteps._validate_crit")]
    fn _validate_crit(slf: &Bound<'_, Self>, headers: &Object<'_>) -> PyResult<()> {
        validate_crit(slf.as_any(), headers)
    }

    #[doc = doc!("PyJWSSteps._verify_signature")]
    #[pyo3(
        signature = (signing_input, header, signature, key=Argument::Left, algorithms=None, options=None),
        text_signature = "($self, signing_input, header, signature, key='', algorithms=None, options=None)"
    )]
    fn _verify_signature<'py>(
        slf: &Bound<'py, Self>,
        signing_input: &Object<'py>,
        header: &Object<'py>,
        signature: &Object<'py>,
        key: Argument<'py>,
        algorithms: Option<&Object<'py>>,
        options: Option<&Object<'py>>,
    ) -> PyResult<()> {
        let (py, jws) = (slf.py(), slf.as_any());
        let options = match options {
            None => jws.getattr(intern!(py, "options"))?,
            Some(options) => options.clone(),
        };
        let key = key.or(|| intern!(py, "").clone().into_any());
        let replaced = steps(py).replaced(jws);
        verify_signature(jws, replaced, signing_input, header, signature, &key, algorithms, &options)
    }

    #[doc = doc!("PyJWSSteps.get_algorithm_by_name")]
    fn get_algorithm_by_name<'py>(slf: &Bound<'py, Self>, alg_name: &Object<'py>) -> PyResult<Object<'py>> {
        algorithm_by_name(slf.as_any(), alg_name)
    }
}

/// Reads a token, applies its header's rules and verifies its signature, unless the options say not to.
pub(super) fn verified<'py>(
    jws: &Object<'py>,
    replaced: Replaced,
    jwt: &Object<'py>,
    key: &Object<'py>,
    algorithms: Option<&Object<'py>>,
    options: &Object<'py>,
    detached_payload: Option<&Object<'py>>,
) -> PyResult<Parts<'py>> {
    let py = jws.py();
    let steps = steps(py);
    let must_verify = options.get_item(intern!(py, "verify_signature"))?.is_truthy()?;
    if must_verify && !algorithms.map_or(Ok(false), PyAnyMethods::is_truthy)? && !is_jwk(key)? {
        return Err(refusal(
            py,
            "DecodeError",
            "It is required that you pass in a value for the \"algorithms\" argument when calling decode().",
        ));
    }
    let (mut parts, mut signing_input) = if replaced.has(LOAD) {
        let loaded = steps.call(jws, LOAD, (jwt,), None)?;
        let (payload, signing_input, header, signature) = loaded.extract()?;
        (Parts { payload, header, signature }, signing_input)
    } else {
        load(jws, replaced, jwt)?
    };
    if replaced.has(HEADERS) {
        steps.call(jws, HEADERS, (&parts.header,), None)?;
    } else {
        validate_headers(jws, replaced, &parts.header, false)?;
    }
    if is_unencoded(&parts.header)? {
        parts.payload = detached(&parts.header, detached_payload)?;
        let input = convert::bytes(&signing_input, "signing input")?;
        let header = input.rsplitn(2, |octet| *octet == b'.').last().unwrap_or(input);
        let header = PyBytes::new(py, header);
        signing_input = PyBytes::new(py, b".").call_method1("join", ((header, &parts.payload),))?;
    } else if detached_payload.is_some() {
        return Err(refusal(
            py,
            "DecodeError",
            "It is only valid to pass \"detached_payload\" when the protected header has \"b64\" set to false.",
        ));
    }
    if must_verify {
        let Parts { header, signature, .. } = &parts;
        if replaced.has(SIGNATURE) {
            let named = [("options", options)].into_py_dict(py)?;
            steps.call(jws, SIGNATURE, (&signing_input, header, signature, key, algorithms), Some(&named))?;
        } else {
            verify_signature(jws, replaced, &signing_input, header, signature, key, algorithms, options)?;
        }
    }
    Ok(parts)
}

/// A token in parts, and what was signed; nothing is verified.
fn load<'py>(jws: &Object<'py>, replaced: Replaced, jwt: &Object<'py>) -> PyResult<(Parts<'py>, Object<'py>)> {
    let py = jws.py();
    let refused = |message: &str| refusal(py, "DecodeError", message);
    let encoded;
    let token = if let Ok(octets) = jwt.cast::<PyBytes>() {
        octets.as_bytes()
    } else if let Ok(text) = jwt.cast::<PyString>() {
        if let Some(text) = convert::utf8(text) {
            text.as_bytes()
        } else {
            encoded = text.call_method1("encode", ("utf-8", "replace"))?.cast_into::<PyBytes>()?;
            encoded.as_bytes()
        }
    } else {
        return Err(refused("Invalid token type. Token must be a <class 'bytes'>"));
    };
    if token.len() > MAX_TOKEN_SIZE {
        return Err(refused(&format!("The token has {} bytes; at most {MAX_TOKEN_SIZE} are read.", token.len())));
    }
    let mut segments = token.rsplitn(2, |octet| *octet == b'.');
    let (signature, signing_input) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    let mut segments = signing_input.splitn(2, |octet| *octet == b'.');
    let (Some(header), Some(payload)) = (segments.next(), segments.next()) else {
        return Err(refused("Not enough segments"));
    };
    let decode = |segment: &[u8], name: &str| {
        if replaced.has(SEGMENT) {
            return steps(py).call(jws, SEGMENT, (PyBytes::new(py, segment), name), None);
        }
        decode_segment(py, segment, name)
    };
    let header = decode(header, "header")?;
    let size = header.len()?;
    if size > MAX_HEADER_SIZE {
        return Err(refused(&format!("The header has {size} bytes; at most {MAX_HEADER_SIZE} are read.")));
    }
    let header = read_object(&header, "header", MAX_HEADER_DEPTH)?;
    let payload = if !is_unencoded(&header)? {
        decode(payload, "payload")?
    } else if payload.is_empty() {
        PyBytes::new(py, b"").into_any()
    } else {
        return Err(refused("Payload segment must be empty when 'b64' is false."));
    };
    let signature = decode(signature, "crypto")?;
    Ok((Parts { payload, header, signature }, PyBytes::new(py, signing_input).into_any()))
}

fn decode_segment<'py>(py: Python<'py>, segment: &[u8], name: &str) -> PyResult<Object<'py>> {
    match base64url::decode_padded(segment) {
        Some(octets) => Ok(PyBytes::new(py, &octets).into_any()),
        None => Err(refusal(py, "DecodeError", format!("Invalid {name} padding"))),
    }
}

/// The JSON object that a part of a token holds.
fn read_object<'py>(octets: &Object<'py>, part: &str, max_depth: usize) -> PyResult<Object<'py>> {
    let py = octets.py();
    let value = encoding::read_json(octets, Some(max_depth))
        .map_err(|error| refusal(py, "DecodeError", format!("Invalid {part} string: {}", error.value(py))))?;
    if value.is_instance_of::<PyDict>() {
        return Ok(value);
    }
    Err(refusal(py, "DecodeError", format!("Invalid {part} string: must be a json object")))
}

/// The claims that a payload holds.
pub(super) fn read_claims<'py>(payload: &Object<'py>) -> PyResult<Object<'py>> {
    read_object(payload, "payload", MAX_DEPTH)
}

fn is_unencoded(header: &Object<'_>) -> PyResult<bool> {
    let b64 = member(header, intern!(header.py(), "b64"))?;
    Ok(b64.is_some_and(|b64| b64.cast_exact::<PyBool>().is_ok_and(|b64| !b64.is_true())))
}

fn detached<'py>(header: &Object<'py>, detached_payload: Option<&Object<'py>>) -> PyResult<Object<'py>> {
    let py = header.py();
    let critical = member(header, intern!(py, "crit"))?;
    let is_listed = match critical.as_ref().map(|critical| critical.cast::<PyList>()) {
        Some(Ok(critical)) => critical.contains(intern!(py, "b64"))?,
        Some(Err(_)) | None => false,
    };
    if !is_listed {
        let message = "The 'b64' header parameter requires 'b64' to be listed in 'crit'.";
        return Err(refusal(py, "InvalidTokenError", message));
    }
    detached_payload.cloned().ok_or_else(|| {
        refusal(
            py,
            "DecodeError",
            "It is required that you pass in a value for the \"detached_payload\" argument to decode a message having \
             the b64 header set to false.",
        )
    })
}

fn validate_headers<'py>(
    jws: &Object<'py>,
    replaced: Replaced,
    headers: &Object<'py>,
    is_encoding: bool,
) -> PyResult<()> {
    let py = jws.py();
    if let Some(kid) = member(headers, intern!(py, "kid"))? {
        if replaced.has(KID) {
            steps(py).call(jws, KID, (kid,), None)?;
        } else {
            validate_kid(&kid)?;
        }
    }
    if !is_encoding && headers.contains(intern!(py, "crit"))? {
        if replaced.has(CRIT) {
            steps(py).call(jws, CRIT, (headers,), None)?;
        } else {
            validate_crit(jws, headers)?;
        }
    }
    Ok(())
}

fn validate_kid(kid: &Object<'_>) -> PyResult<()> {
    if kid.is_instance_of::<PyString>() {
        return Ok(());
    }
    Err(refusal(kid.py(), "InvalidTokenError", "Key ID header parameter must be a string"))
}

fn validate_crit(jws: &Object<'_>, headers: &Object<'_>) -> PyResult<()> {
    let py = jws.py();
    let refused = |message: &str| Err(refusal(py, "InvalidTokenError", message));
    let critical = headers.get_item(intern!(py, "crit"))?;
    let Some(critical) = critical.cast::<PyList>().ok().filter(|critical| !critical.is_empty()) else {
        return refused("Invalid 'crit' header: must be a non-empty list");
    };
    let printable = |name: &Object<'_>| {
        py.import("jwseal.compat.pyjwt.utils")?.call_method1("printable", (name,))?.extract::<String>()
    };
    for name in critical {
        if !name.is_instance_of::<PyString>() {
            return refused("Invalid 'crit' header: values must be strings");
        }
        if !jws.getattr(intern!(py, "_supported_crit"))?.contains(&name)? {
            return refused(&format!("Unsupported critical extension: {}", printable(&name)?));
        }
        if !headers.contains(&name)? {
            return refused(&format!("Critical extension '{}' is missing from headers", printable(&name)?));
        }
    }
    Ok(())
}

/// Warns of arguments that do nothing.
pub(super) fn warn_of_arguments(py: Python<'_>, function: &str, named: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(()) };
    py.import(API_JWS)?.call_method1("warn_of_arguments", (function, named)).map(drop)
}
