//! The steps of `PyJWT`: the signature by `PyJWS`, the claims, and the rules about them, in PyJWT's order (RFC 7519 section 7.2).

use pyo3::exceptions::{PyDeprecationWarning, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBool, PyDateTime, PyDelta, PyDict, PyInt, PyString, PyTuple};

use super::Object;
use super::claims::{self, Time};
use super::jws::{self, Parts, warn_of_arguments};
use super::steps::{Argument, Replaced, Steps, exception, member, of_module};
use crate::once::{MadeOnce, intern};
use crate::reentry;

const API_JWT: &str = "jwseal.compat.pyjwt.api_jwt";

const DECODE_COMPLETE: usize = 0;
const OPTIONS: usize = 1;
const PAYLOAD: usize = 2;
const CLAIMS: usize = 3;
const REQUIRED: usize = 4;
const IAT: usize = 5;
const NBF: usize = 6;
const EXP: usize = 7;
const ISS: usize = 8;
const AUD: usize = 9;
const SUB: usize = 10;
const JTI: usize = 11;
const NAMES: [&str; 12] = [
    "decode_complete",
    "_merge_options",
    "_decode_payload",
    "_validate_claims",
    "_validate_required_claims",
    "_validate_iat",
    "_validate_nbf",
    "_validate_exp",
    "_validate_iss",
    "_validate_aud",
    "_validate_sub",
    "_validate_jti",
];

fn steps(py: Python<'_>) -> &'static Steps<12> {
    static STEPS: MadeOnce<Steps<12>> = MadeOnce::new();
    STEPS.get_or_make(|| Steps::of_class(&py.get_type::<PyJwtSteps>(), NAMES))
}

#[doc = doc!("PyJWTSteps")]
#[pyclass(name = "PyJWTSteps", module = "jwseal._native", subclass, frozen, immutable_type)]
pub(crate) struct PyJwtSteps;

#[pymethods]
impl PyJwtSteps {
    #[new]
    #[pyo3(signature = (*_arguments, **_named))]
    fn new(_arguments: &Bound<'_, PyTuple>, _named: Option<&Bound<'_, PyDict>>) -> Self {
        Self
    }

    #[doc = doc!("PyJWTSteps.decode")]
    #[expect(clippy::too_many_arguments, reason = "they are those of PyJWT's method")]
    #[pyo3(
        signature = (
            jwt, key=Argument::Left, algorithms=None, options=None, verify=None, detached_payload=None, audience=None,
            subject=None, issuer=None, leeway=Argument::Left, **kwargs
        ),
        text_signature = "($self, jwt, key='', algorithms=None, options=None, verify=None, detached_payload=None, \
                          audience=None, subject=None, issuer=None, leeway=0, **kwargs)"
    )]
    fn decode<'py>(
        slf: &Bound<'py, Self>,
        jwt: Object<'py>,
        key: Argument<'py>,
        algorithms: Option<Object<'py>>,
        options: Option<Object<'py>>,
        verify: Option<Object<'py>>,
        detached_payload: Option<Object<'py>>,
        audience: Option<Object<'py>>,
        subject: Option<Object<'py>>,
        issuer: Option<Object<'py>>,
        leeway: Argument<'py>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Object<'py>> {
        let py = slf.py();
        warn_of_arguments(py, "decode()", kwargs)?;
        let expected = Expected { audience, issuer, subject, leeway: leeway.or(|| zero(py)) };
        let key = key.or(|| intern!(py, "").clone().into_any());
        let call = Call { jwt, key, algorithms, options, verify, detached_payload, expected };
        let jwt = slf.as_any();
        let replaced = steps(py).replaced(jwt);
        if replaced.has(DECODE_COMPLETE) {
            let Call { jwt: token, key, algorithms, options, verify, detached_payload, expected } = &call;
            let named = expected.named(py)?;
            named.set_item("verify", verify)?;
            named.set_item("detached_payload", detached_payload)?;
            let arguments = (token, key, algorithms, options);
            return steps(py).call(jwt, DECODE_COMPLETE, arguments, Some(&named))?.get_item("payload");
        }
        Ok(reentry::call(py, || complete(jwt, replaced, &call))?.0)
    }

    #[doc = doc!("PyJWTSteps.decode_complete")]
    #[expect(clippy::too_many_arguments, reason = "they are those of PyJWT's method")]
    #[pyo3(
        signature = (
            jwt, key=Argument::Left, algorithms=None, options=None, verify=None, detached_payload=None, audience=None,
            issuer=None, subject=None, leeway=Argument::Left, **kwargs
        ),
        text_signature = "($self, jwt, key='', algorithms=None, options=None, verify=None, detached_payload=None, \
                          audience=None, issuer=None, subject=None, leeway=0, **kwargs)"
    )]
    fn decode_complete<'py>(
        slf: &Bound<'py, Self>,
        jwt: Object<'py>,
        key: Argument<'py>,
        algorithms: Option<Object<'py>>,
        options: Option<Object<'py>>,
        verify: Option<Object<'py>>,
        detached_payload: Option<Object<'py>>,
        audience: Option<Object<'py>>,
        issuer: Option<Object<'py>>,
        subject: Option<Object<'py>>,
        leeway: Argument<'py>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Object<'py>> {
        let py = slf.py();
        warn_of_arguments(py, "decode_complete()", kwargs)?;
        let expected = Expected { audience, issuer, subject, leeway: leeway.or(|| zero(py)) };
        let key = key.or(|| intern!(py, "").clone().into_any());
        let call = Call { jwt, key, algorithms, options, verify, detached_payload, expected };
        let replaced = steps(py).replaced(slf.as_any());
        let (payload, decoded) = reentry::call(py, || complete(slf.as_any(), replaced, &call))?;
        let decoded = decoded.into_dict(py)?;
        decoded.set_item(intern!(py, "payload"), payload)?;
        Ok(decoded)
    }

    #[doc = doc!("PyJWTSteps._merge_options")]
    #[pyo3(signature = (options=None))]
    fn _merge_options<'py>(slf: &Bound<'py, Self>, options: Option<&Object<'py>>) -> PyResult<Object<'py>> {
        merge_options(slf.as_any(), options)
    }

    #[doc = doc!("PyJWTSteps._decode_payload")]
    fn _decode_payload<'py>(&self, decoded: &Object<'py>) -> PyResult<Object<'py>> {
        jws::read_claims(&decoded.get_item(intern!(decoded.py(), "payload"))?)
    }

    #[doc = doc!("PyJWTSteps._validate_claims")]
    #[pyo3(
        signature = (payload, options, audience=None, issuer=None, subject=None, leeway=Argument::Left),
        text_signature = "($self, payload, options, audience=None, issuer=None, subject=None, leeway=0)"
    )]
    fn _validate_claims<'py>(
        slf: &Bound<'py, Self>,
        payload: &Object<'py>,
        options: &Object<'py>,
        audience: Option<Object<'py>>,
        issuer: Option<Object<'py>>,
        subject: Option<Object<'py>>,
        leeway: Argument<'py>,
    ) -> PyResult<()> {
        let (py, jwt) = (slf.py(), slf.as_any());
        let expected = Expected { audience, issuer, subject, leeway: leeway.or(|| zero(py)) };
        validate_claims(jwt, steps(py).replaced(jwt), payload, options, &expected)
    }

    #[doc = doc!("PyJWTSteps._validate_required_claims")]
    fn _validate_required_claims(&self, payload: &Object<'_>, claims: &Object<'_>) -> PyResult<()> {
        claims::required(payload, claims)
    }

    #[doc = doc!("PyJWTSteps._validate_iat")]
    fn _validate_iat<'py>(&self, payload: &Object<'py>, now: &Object<'py>, leeway: &Object<'py>) -> PyResult<()> {
        claims::time(Time::Iat, &payload.get_item(intern!(payload.py(), "iat"))?, now, leeway)
    }

    #[doc = doc!("PyJWTSteps._validate_nbf")]
    fn _validate_nbf<'py>(&self, payload: &Object<'py>, now: &Object<'py>, leeway: &Object<'py>) -> PyResult<()> {
        claims::time(Time::Nbf, &payload.get_item(intern!(payload.py(), "nbf"))?, now, leeway)
    }

    #[doc = doc!("PyJWTSteps._validate_exp")]
    fn _validate_exp<'py>(&self, payload: &Object<'py>, now: &Object<'py>, leeway: &Object<'py>) -> PyResult<()> {
        claims::time(Time::Exp, &payload.get_item(intern!(payload.py(), "exp"))?, now, leeway)
    }

    #[doc = doc!("PyJWTSteps._validate_iss")]
    fn _validate_iss<'py>(&self, payload: &Object<'py>, issuer: Option<&Object<'py>>) -> PyResult<()> {
        claims::issuer(payload, issuer)
    }

    #[doc = doc!("PyJWTSteps._validate_aud")]
    #[pyo3(signature = (payload, audience, *, strict=false))]
    fn _validate_aud<'py>(&self, payload: &Object<'py>, audience: Option<&Object<'py>>, strict: bool) -> PyResult<()> {
        claims::audience(payload, audience, strict)
    }

    #[doc = doc!("PyJWTSteps._validate_sub")]
    #[pyo3(signature = (payload, subject=None))]
    fn _validate_sub<'py>(&self, payload: &Object<'py>, subject: Option<&Object<'py>>) -> PyResult<()> {
        claims::subject(payload, subject)
    }

    #[doc = doc!("PyJWTSteps._validate_jti")]
    fn _validate_jti(&self, payload: &Object<'_>) -> PyResult<()> {
        claims::token_id(payload)
    }
}

/// The arguments of `decode`.
struct Call<'py> {
    jwt: Object<'py>,
    key: Object<'py>,
    algorithms: Option<Object<'py>>,
    options: Option<Object<'py>>,
    verify: Option<Object<'py>>,
    detached_payload: Option<Object<'py>>,
    expected: Expected<'py>,
}

/// What the claims are compared with.
struct Expected<'py> {
    audience: Option<Object<'py>>,
    issuer: Option<Object<'py>>,
    subject: Option<Object<'py>>,
    leeway: Object<'py>,
}

impl<'py> Expected<'py> {
    fn named(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        [
            ("audience", self.audience.as_ref()),
            ("issuer", self.issuer.as_ref()),
            ("subject", self.subject.as_ref()),
            ("leeway", Some(&self.leeway)),
        ]
        .into_py_dict(py)
    }
}

/// What a token decodes to: its parts, or the dict that a replaced step has seen.
enum Decoded<'py> {
    Parts(Parts<'py>),
    Dict(Object<'py>),
}

impl<'py> Decoded<'py> {
    fn into_dict(self, py: Python<'py>) -> PyResult<Object<'py>> {
        match self {
            Self::Parts(parts) => parts.into_dict(py),
            Self::Dict(dict) => Ok(dict),
        }
    }
}

/// Verifies the signature, reads the claims and judges them.
fn complete<'py>(jwt: &Object<'py>, replaced: Replaced, call: &Call<'py>) -> PyResult<(Object<'py>, Decoded<'py>)> {
    let py = jwt.py();
    let must_verify = intern!(py, "verify_signature");
    let verify_signature = match &call.options {
        Some(options) => member(options, must_verify)?,
        None => None,
    };
    let verify_signature = verify_signature.unwrap_or_else(|| PyBool::new(py, true).to_owned().into_any());
    if let Some(verify) = &call.verify
        && verify.ne(&verify_signature)?
    {
        let message = c"The `verify` argument to `decode` does nothing in PyJWT 2.0 and newer. The equivalent is setting \
            `verify_signature` to False in the `options` dictionary. This invocation has a mismatch between the kwarg and \
            the option entry.";
        PyErr::warn(py, &py.get_type::<PyDeprecationWarning>(), message, 1)?;
    }
    let options = if replaced.has(OPTIONS) {
        steps(py).call(jwt, OPTIONS, (&call.options,), None)?
    } else {
        merge_options(jwt, call.options.as_ref())?
    };
    let of_signature = PyDict::new(py);
    let enforce = intern!(py, "enforce_minimum_key_length");
    of_signature.set_item(must_verify, verify_signature)?;
    of_signature.set_item(
        enforce,
        member(&options, enforce)?.unwrap_or_else(|| PyBool::new(py, false).to_owned().into_any()),
    )?;
    let mut decoded = verified(jwt, call, of_signature.into_any())?;
    let payload = if replaced.has(PAYLOAD) {
        let dict = decoded.into_dict(py)?;
        let payload = steps(py).call(jwt, PAYLOAD, (&dict,), None);
        decoded = Decoded::Dict(dict);
        payload
    } else {
        match &decoded {
            Decoded::Parts(parts) => jws::read_claims(&parts.payload),
            Decoded::Dict(dict) => jws::read_claims(&dict.get_item(intern!(py, "payload"))?),
        }
    };
    let payload = match payload {
        Ok(payload) => payload,
        Err(error) => {
            if error.is_instance(py, exception(py, "DecodeError")?.as_any()) {
                // Refused either way; a claim that PyJWT refuses (an infinite `exp`, for instance) is refused in its words.
                let dict = decoded.into_dict(py)?;
                let loose = py.import(API_JWT)?.call_method1("_loosely_read", (dict.get_item("payload")?,))?;
                if !loose.is_none() {
                    judge(jwt, replaced, &loose, &options, &call.expected)?;
                }
            }
            return Err(error);
        }
    };
    judge(jwt, replaced, &payload, &options, &call.expected)?;
    Ok((payload, decoded))
}

/// The token's parts, by the object that verifies signatures.
fn verified<'py>(jwt: &Object<'py>, call: &Call<'py>, options: Object<'py>) -> PyResult<Decoded<'py>> {
    let py = jwt.py();
    let jws = jwt.getattr(intern!(py, "_jws"))?;
    let (steps, algorithms, detached) = (jws::steps(py), call.algorithms.as_ref(), call.detached_payload.as_ref());
    let replaced = steps.replaced(&jws);
    if replaced.has(jws::DECODE_COMPLETE) {
        let named = [
            ("key", Some(&call.key)),
            ("algorithms", algorithms),
            ("options", Some(&options)),
            ("detached_payload", detached),
        ]
        .into_py_dict(py)?;
        return Ok(Decoded::Dict(steps.call(&jws, jws::DECODE_COMPLETE, (&call.jwt,), Some(&named))?));
    }
    jws::verified(&jws, replaced, &call.jwt, &call.key, algorithms, &options, detached).map(Decoded::Parts)
}

/// The options of the object, and those of the call before them.
fn merge_options<'py>(jwt: &Object<'py>, options: Option<&Object<'py>>) -> PyResult<Object<'py>> {
    let own = jwt.getattr(intern!(jwt.py(), "options"))?;
    match options {
        None => Ok(own),
        Some(options) => jwt.py().import(API_JWT)?.call_method1("merged_options", (own, options)),
    }
}

fn judge<'py>(
    jwt: &Object<'py>,
    replaced: Replaced,
    payload: &Object<'py>,
    options: &Object<'py>,
    expected: &Expected<'py>,
) -> PyResult<()> {
    if replaced.has(CLAIMS) {
        let named = expected.named(jwt.py())?;
        return steps(jwt.py()).call(jwt, CLAIMS, (payload, options), Some(&named)).map(drop);
    }
    validate_claims(jwt, replaced, payload, options, expected)
}

fn validate_claims<'py>(
    jwt: &Object<'py>,
    replaced: Replaced,
    payload: &Object<'py>,
    options: &Object<'py>,
    expected: &Expected<'py>,
) -> PyResult<()> {
    let py = jwt.py();
    let steps = steps(py);
    let option = |name: &Bound<'py, PyString>| options.get_item(name)?.is_truthy();
    let Expected { audience, issuer, subject, leeway } = expected;
    let mut leeway = leeway.clone();
    if leeway.is_instance_of::<PyDelta>() {
        leeway = leeway.call_method0("total_seconds")?;
    }
    if let Some(audience) = audience
        && !audience.is_instance_of::<PyString>()
        && !audience.is_instance(&py.import("collections.abc")?.getattr("Iterable")?)?
    {
        return Err(PyTypeError::new_err("audience must be a string, iterable or None"));
    }
    let required = options.get_item(intern!(py, "require"))?;
    if replaced.has(REQUIRED) {
        steps.call(jwt, REQUIRED, (payload, required), None)?;
    } else {
        claims::required(payload, &required)?;
    }
    let now = now(py)?;
    for (which, step, name, verify) in [
        (Time::Iat, IAT, intern!(py, "iat"), intern!(py, "verify_iat")),
        (Time::Nbf, NBF, intern!(py, "nbf"), intern!(py, "verify_nbf")),
        (Time::Exp, EXP, intern!(py, "exp"), intern!(py, "verify_exp")),
    ] {
        if let Some(value) = member(payload, name)?
            && option(verify)?
        {
            if replaced.has(step) {
                steps.call(jwt, step, (payload, &now, &leeway), None)?;
            } else {
                claims::time(which, &value, &now, &leeway)?;
            }
        }
    }
    if option(intern!(py, "verify_iss"))? {
        if replaced.has(ISS) {
            steps.call(jwt, ISS, (payload, issuer), None)?;
        } else {
            claims::issuer(payload, issuer.as_ref())?;
        }
    }
    if option(intern!(py, "verify_aud"))? {
        let strict = intern!(py, "strict_aud");
        let strict = member(options, strict)?.unwrap_or_else(|| PyBool::new(py, false).to_owned().into_any());
        if replaced.has(AUD) {
            let named = [("strict", strict)].into_py_dict(py)?;
            steps.call(jwt, AUD, (payload, audience), Some(&named))?;
        } else {
            claims::audience(payload, audience.as_ref(), strict.is_truthy()?)?;
        }
    }
    if option(intern!(py, "verify_sub"))? {
        if replaced.has(SUB) {
            steps.call(jwt, SUB, (payload, subject), None)?;
        } else {
            claims::subject(payload, subject.as_ref())?;
        }
    }
    if option(intern!(py, "verify_jti"))? {
        if replaced.has(JTI) {
            steps.call(jwt, JTI, (payload,), None)?;
        } else {
            claims::token_id(payload)?;
        }
    }
    Ok(())
}

/// The time by which claims are judged. Programs replace `api_jwt.datetime` in their tests, so it is asked if it has been replaced.
/// Others change what `time.time` and `datetime.now` do, so Python's clock is read and not the system's.
fn now(py: Python<'_>) -> PyResult<Object<'_>> {
    static NAMES: MadeOnce<Py<PyAny>> = MadeOnce::new();
    let names = of_module(py, &NAMES, API_JWT, "__dict__")?.cast::<PyDict>()?;
    match names.get_item(intern!(py, "datetime"))? {
        Some(class) if class.is(py.get_type::<PyDateTime>()) => names.as_any().get_item(intern!(py, "_clock"))?.call0(),
        Some(_) | None => names.as_any().get_item("_now")?.call0(),
    }
}

fn zero(py: Python<'_>) -> Object<'_> {
    PyInt::new(py, 0).into_any()
}
