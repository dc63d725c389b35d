//! PyJWT's rules about claims (RFC 7519 section 4.1), each with PyJWT's exception and sentence.
//!
//! A time may be anything that `int()` takes, fractions are cut off, an empty `aud` counts as absent, and a token with `aud` is
//! refused where no audience is expected.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyInt, PyList, PyString};

use super::Object;
use super::steps::{exception, member, refusal};
use crate::once::intern;
use crate::reentry;

/// A time that is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Iat,
    Nbf,
    Exp,
}

pub(super) fn required(payload: &Object<'_>, claims: &Object<'_>) -> PyResult<()> {
    if claims.cast_exact::<PyList>().is_ok_and(PyListMethods::is_empty) {
        return Ok(());
    }
    for claim in reentry::items(claims)? {
        let claim = claim?;
        if member(payload, &claim)?.is_none_or(|value| value.is_none()) {
            return Err(missing(&claim));
        }
    }
    Ok(())
}

pub(super) fn time(which: Time, value: &Object<'_>, now: &Object<'_>, leeway: &Object<'_>) -> PyResult<()> {
    let py = value.py();
    let seconds = whole(value).map_err(|error| {
        if !error.is_instance_of::<PyValueError>(py)
            && !error.is_instance_of::<PyTypeError>(py)
            && !error.is_instance_of::<PyOverflowError>(py)
        {
            return error;
        }
        match which {
            Time::Iat => refusal(py, "InvalidIssuedAtError", "Issued At claim (iat) must be an integer."),
            Time::Nbf => refusal(py, "DecodeError", "Not Before claim (nbf) must be an integer."),
            Time::Exp => refusal(py, "DecodeError", "Expiration Time claim (exp) must be an integer."),
        }
    })?;
    match which {
        Time::Exp if seconds.le(now.sub(leeway)?)? => {
            Err(refusal(py, "ExpiredSignatureError", "Signature has expired"))
        }
        Time::Nbf if seconds.gt(now.add(leeway)?)? => {
            Err(refusal(py, "ImmatureSignatureError", "The token is not yet valid (nbf)"))
        }
        Time::Iat if seconds.gt(now.add(leeway)?)? => {
            let named = [("claim", "iat")].into_py_dict(py)?;
            let class = exception(py, "ImmatureSignatureError")?;
            Err(PyErr::from_value(class.call(("The token is not yet valid (iat)",), Some(&named))?))
        }
        Time::Exp | Time::Nbf | Time::Iat => Ok(()),
    }
}

/// `int(value)`.
fn whole<'py>(value: &Object<'py>) -> PyResult<Object<'py>> {
    if value.is_exact_instance_of::<PyInt>() {
        return Ok(value.clone());
    }
    reentry::call(value.py(), || value.py().get_type::<PyInt>().call1((value,)))
}

pub(super) fn issuer(payload: &Object<'_>, issuer: Option<&Object<'_>>) -> PyResult<()> {
    let py = payload.py();
    let Some(issuer) = issuer else { return Ok(()) };
    let name = intern!(py, "iss");
    let Some(iss) = member(payload, name)? else { return Err(missing(name)) };
    if !iss.is_instance_of::<PyString>() {
        return Err(refusal(py, "InvalidIssuerError", "Payload Issuer (iss) must be a string"));
    }
    let is_accepted = if issuer.is_instance_of::<PyString>() {
        // Equality, never `in`: an issuer that is a part of the expected text is another issuer.
        iss.eq(issuer)?
    } else {
        reentry::call(py, || issuer.contains(&iss)).map_err(|error| {
            if error.is_instance_of::<PyTypeError>(py) {
                refusal(py, "InvalidIssuerError", "Issuer param must be \"str\" or \"Container[str]\"")
            } else {
                error
            }
        })?
    };
    if is_accepted { Ok(()) } else { Err(refusal(py, "InvalidIssuerError", "Invalid issuer")) }
}

pub(super) fn audience(payload: &Object<'_>, audience: Option<&Object<'_>>, is_strict: bool) -> PyResult<()> {
    let py = payload.py();
    let refused = |message: &str| Err(refusal(py, "InvalidAudienceError", message));
    let name = intern!(py, "aud");
    let named = match member(payload, name)? {
        Some(named) if named.is_truthy()? => Some(named),
        _ => None,
    };
    let (named, audience) = match (named, audience) {
        (None, None) => return Ok(()),
        (Some(_), None) => return refused("Invalid audience"),
        (None, Some(_)) => return Err(missing(name)),
        (Some(named), Some(audience)) => (named, audience),
    };
    let is_one = audience.is_instance_of::<PyString>();
    if is_strict {
        return match named.is_instance_of::<PyString>() {
            _ if !is_one => refused("Invalid audience (strict)"),
            false => refused("Invalid claim format in token (strict)"),
            true if audience.ne(&named)? => refused("Audience doesn't match (strict)"),
            true => Ok(()),
        };
    }
    let recipients = if named.is_instance_of::<PyString>() {
        PyList::new(py, [named])?
    } else {
        match named.cast_into::<PyList>() {
            Ok(recipients) if recipients.iter().all(|name| name.is_instance_of::<PyString>()) => recipients,
            _ => return refused("Invalid claim format in token"),
        }
    };
    // Equality with one of the recipients, never a part of one.
    if is_one {
        return if recipients.contains(audience)? { Ok(()) } else { refused("Audience doesn't match") };
    }
    for expected in reentry::items(audience)? {
        if recipients.contains(expected?)? {
            return Ok(());
        }
    }
    refused("Audience doesn't match")
}

pub(super) fn subject(payload: &Object<'_>, subject: Option<&Object<'_>>) -> PyResult<()> {
    let py = payload.py();
    let Some(sub) = member(payload, intern!(py, "sub"))? else { return Ok(()) };
    if !sub.is_instance_of::<PyString>() {
        return Err(refusal(py, "InvalidSubjectError", "Subject must be a string"));
    }
    match subject {
        Some(subject) if sub.ne(subject)? => Err(refusal(py, "InvalidSubjectError", "Invalid subject")),
        _ => Ok(()),
    }
}

pub(super) fn token_id(payload: &Object<'_>) -> PyResult<()> {
    let py = payload.py();
    match member(payload, intern!(py, "jti"))? {
        Some(jti) if !jti.is_instance_of::<PyString>() => {
            Err(refusal(py, "InvalidJTIError", "JWT ID must be a string"))
        }
        _ => Ok(()),
    }
}

#[cold]
fn missing(claim: &Object<'_>) -> PyErr {
    match exception(claim.py(), "MissingRequiredClaimError").and_then(|class| class.call1((claim,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}
