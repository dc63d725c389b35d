//! Python objects as what the core takes: JSON text to sign or to read, and the arguments that many methods share.
//!
//! Nothing is decided here beyond what Python types an argument may have.

use jwseal_core::error::Error;
use jwseal_core::json::{Document, Limits, Writer};
use jwseal_core::jwa::{Alg, AlgSet};
use jwseal_core::limits;
use jwseal_core::signer::ClaimsSource;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::error::Fault;
use crate::objects;

/// JSON text that the core wrote, as a dict.
pub(crate) fn text_dict<'py>(py: Python<'py>, text: &str) -> Result<Bound<'py, PyDict>, Fault> {
    let document =
        Document::parse(text.as_bytes().to_vec(), Limits::TEXT).map_err(|reason| Error::malformed("JSON", reason))?;
    let dict = objects::document(py, &document);
    // It may have been a private key.
    document.wipe();
    Ok(dict?)
}

/// JSON text of what a caller gave: text as it is, a mapping written out.
pub(crate) fn json_text(argument: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<u8>> {
    if let Ok(text) = argument.cast::<PyString>() {
        return Ok(utf8(text)?.as_bytes().to_vec());
    }
    if let Ok(octets) = argument.cast::<PyBytes>() {
        return Ok(octets.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(512);
    write_members(&mapping(argument, what)?, &mut Writer::new(&mut out), 1)?;
    Ok(out)
}

/// JSON text of a dict that came from outside: what is no JSON in it is the sender's fault, not the program's.
pub(crate) fn untrusted_text(dict: &Bound<'_, PyAny>) -> Result<Vec<u8>, Fault> {
    let py = dict.py();
    json_text(dict, "a JWS").map_err(|error| {
        if error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py) {
            Error::malformed("token", "holds something that is not JSON").into()
        } else {
            error.into()
        }
    })
}

/// Text that JSON can hold. Python's own error would carry the text along, and it may be a secret.
fn utf8<'a>(text: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    text.to_str().map_err(|_| PyValueError::new_err("a text holds a lone surrogate, which JSON cannot hold"))
}

/// A mapping as a dict; a dict as itself.
pub(crate) fn mapping<'py>(argument: &Bound<'py, PyAny>, what: &str) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(dict) = argument.cast::<PyDict>() {
        return Ok(dict.clone());
    }
    if !argument.hasattr("keys")? {
        return Err(PyTypeError::new_err(format!("{what} must be a mapping, not {}", type_name(argument))));
    }
    Ok(argument.py().get_type::<PyDict>().call1((argument,))?.cast_into::<PyDict>()?)
}

/// Further header parameters: pairs of a name and its JSON text.
pub(crate) fn header_members(headers: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, String)>> {
    let Some(headers) = headers else { return Ok(Vec::new()) };
    let mut members = Vec::new();
    for (name, value) in mapping(headers, "headers")? {
        let name = member_name(&name)?.to_owned();
        let mut out = Vec::new();
        write(&value, &mut Writer::new(&mut out), 2)?;
        let json = String::from_utf8(out).map_err(|_| PyValueError::new_err("a header is not UTF-8"))?;
        members.push((name, json));
    }
    Ok(members)
}

/// The claims a caller wants signed.
pub(crate) struct Claims<'a, 'py>(pub(crate) &'a Bound<'py, PyDict>);

impl ClaimsSource for Claims<'_, '_> {
    type Error = Fault;

    fn contains(&self, name: &str) -> Result<bool, Fault> {
        Ok(self.0.contains(registered(self.0.py(), name))?)
    }

    fn is_text(&self, name: &str, text: &str) -> Result<bool, Fault> {
        let value = self.0.get_item(registered(self.0.py(), name))?;
        Ok(value
            .is_some_and(|value| value.cast::<PyString>().is_ok_and(|found| found.to_str().is_ok_and(|t| t == text))))
    }

    fn write_members(&self, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let mut writer = Writer::new(out);
        Ok(write_pairs(self.0, &mut writer, 1)?)
    }
}

/// The names a signer asks for, made once.
fn registered<'py>(py: Python<'py>, name: &str) -> Bound<'py, PyString> {
    match name {
        "exp" => intern!(py, "exp").clone(),
        "iat" => intern!(py, "iat").clone(),
        "iss" => intern!(py, "iss").clone(),
        _ => PyString::new(py, name),
    }
}

fn write_members(dict: &Bound<'_, PyDict>, writer: &mut Writer<'_>, level: usize) -> PyResult<()> {
    writer.raw(b"{");
    write_pairs(dict, writer, level)?;
    writer.raw(b"}");
    Ok(())
}

/// Writes the members without their braces; whether there was any.
fn write_pairs(dict: &Bound<'_, PyDict>, writer: &mut Writer<'_>, level: usize) -> PyResult<bool> {
    if dict.len() > limits::MAX_MEMBERS {
        return Err(PyValueError::new_err("a JSON object may have at most 1,024 members"));
    }
    let mut any = false;
    for (name, value) in dict {
        if any {
            writer.raw(b",");
        }
        any = true;
        writer.string(member_name(&name)?);
        writer.raw(b":");
        write(&value, writer, level + 1)?;
    }
    Ok(any)
}

fn member_name<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    match name.cast::<PyString>() {
        Ok(name) => utf8(name),
        Err(_) => Err(PyTypeError::new_err(format!("member names must be str, not {}", type_name(name)))),
    }
}

/// Writes one value; `level` is its nesting, bounded as it is when read.
fn write(value: &Bound<'_, PyAny>, writer: &mut Writer<'_>, level: usize) -> PyResult<()> {
    if let Ok(text) = value.cast::<PyString>() {
        writer.string(utf8(text)?);
    } else if let Ok(flag) = value.cast::<PyBool>() {
        writer.bool(flag.is_true());
    } else if let Ok(int) = value.cast::<PyInt>() {
        match int.extract::<i64>() {
            Ok(small) => writer.i64(small),
            // The builtin conversion, so that a subclass cannot write what is no integer; it bounds the digits.
            Err(_) => writer
                .raw(value.py().get_type::<PyInt>().getattr("__repr__")?.call1((int,))?.str()?.to_str()?.as_bytes()),
        }
    } else if let Ok(float) = value.cast::<PyFloat>() {
        if writer.f64(float.value()).is_none() {
            return Err(PyValueError::new_err("JSON has no NaN and no Infinity"));
        }
    } else if value.is_none() {
        writer.null();
    } else if level > limits::MAX_DEPTH {
        return Err(PyValueError::new_err("JSON may be nested at most 32 levels deep"));
    } else if let Ok(dict) = value.cast::<PyDict>() {
        write_members(dict, writer, level)?;
    } else if let Ok(list) = value.cast::<PyList>() {
        write_items(list.iter(), writer, level)?;
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        write_items(tuple.iter(), writer, level)?;
    } else {
        return Err(PyTypeError::new_err(format!(
            "{} is not a JSON value; give str, int, float, bool, None, list, tuple or dict",
            type_name(value)
        )));
    }
    Ok(())
}

fn write_items<'py>(
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    writer: &mut Writer<'_>,
    level: usize,
) -> PyResult<()> {
    writer.raw(b"[");
    for (place, item) in items.enumerate() {
        if place > 0 {
            writer.raw(b",");
        }
        write(&item, writer, level + 1)?;
    }
    writer.raw(b"]");
    Ok(())
}

/// The octets of a token: str or bytes, nothing that could change while it is read.
pub(crate) fn token_octets<'a>(token: &'a Bound<'_, PyAny>) -> Result<&'a [u8], Fault> {
    if let Ok(text) = token.cast::<PyString>() {
        let text = text.to_str().map_err(|_| Error::malformed("token", "is not ASCII"))?;
        return Ok(text.as_bytes());
    }
    if let Ok(octets) = token.cast::<PyBytes>() {
        return Ok(octets.as_bytes());
    }
    Err(PyTypeError::new_err(format!("a token is str or bytes, not {}", type_name(token))).into())
}

/// Octets that cannot change: bytes, and nothing else.
pub(crate) fn bytes<'a>(octets: &'a Bound<'_, PyAny>, what: &str) -> PyResult<&'a [u8]> {
    match octets.cast::<PyBytes>() {
        Ok(octets) => Ok(octets.as_bytes()),
        Err(_) => Err(PyTypeError::new_err(format!("{what} must be bytes, not {}", type_name(octets)))),
    }
}

/// A size in octets.
pub(crate) fn size(octets: &Bound<'_, PyAny>, what: &str) -> Result<usize, Fault> {
    if !octets.is_instance_of::<PyInt>() || octets.is_instance_of::<PyBool>() {
        let given = type_name(octets);
        return Err(PyTypeError::new_err(format!("{what} is a number of octets, not {given}")).into());
    }
    octets.extract().map_err(|_| Error::policy(format!("{what} must be a positive number of octets")).into())
}

/// An algorithm by its name.
pub(crate) fn alg(name: &str) -> Result<Alg, Fault> {
    Alg::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = jwseal_core::jwa::TABLE.iter().map(|spec| spec.name).collect();
        Error::key(format!("unknown algorithm; it must be one of {}", names.join(", "))).into()
    })
}

/// An algorithm by its name, where one was given.
pub(crate) fn alg_option(name: Option<&str>) -> Result<Option<Alg>, Fault> {
    name.map(alg).transpose()
}

/// A collection of algorithm names; a str is a mistake, because its characters would be taken for names.
pub(crate) fn algorithms(argument: Option<&Bound<'_, PyAny>>) -> Result<Option<AlgSet>, Fault> {
    let Some(argument) = argument.filter(|argument| !argument.is_none()) else { return Ok(None) };
    if argument.is_instance_of::<PyString>() || argument.is_instance_of::<PyBytes>() {
        return Err(Error::policy("algorithms is a list of names such as [\"RS256\"], not a single string").into());
    }
    let mut set = AlgSet::EMPTY;
    for name in argument.try_iter()? {
        let name = name?;
        let name = name.cast::<PyString>().map_err(|_| PyTypeError::new_err("algorithms holds names, as str"))?;
        let known = Alg::from_name(name.to_str()?);
        set = set.with(known.ok_or(Error::policy("algorithms names one that does not exist"))?);
    }
    Ok(Some(set))
}

/// A point in time in seconds since 1970: a number or an aware datetime.
pub(crate) fn moment(argument: &Bound<'_, PyAny>) -> PyResult<f64> {
    let seconds = if let Some(seconds) = number(argument)? {
        seconds
    } else if argument.hasattr("timestamp")? && argument.hasattr("utcoffset")? {
        if argument.call_method0("utcoffset")?.is_none() {
            return Err(PyValueError::new_err("now must be an aware datetime; give it a tzinfo"));
        }
        argument.call_method0("timestamp")?.extract()?
    } else {
        return Err(PyTypeError::new_err(format!(
            "now must be seconds or an aware datetime, not {}",
            type_name(argument)
        )));
    };
    if seconds.is_finite() { Ok(seconds) } else { Err(PyValueError::new_err("now must be finite")) }
}

/// A length of time in seconds: a number or a timedelta.
pub(crate) fn span(argument: &Bound<'_, PyAny>, what: &str) -> PyResult<f64> {
    if let Some(seconds) = number(argument)? {
        return Ok(seconds);
    }
    if argument.hasattr("total_seconds")? {
        return argument.call_method0("total_seconds")?.extract();
    }
    Err(PyTypeError::new_err(format!("{what} must be seconds or a timedelta, not {}", type_name(argument))))
}

fn number(argument: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    if argument.is_instance_of::<PyBool>() {
        return Ok(None);
    }
    if argument.is_instance_of::<PyFloat>() || argument.is_instance_of::<PyInt>() {
        let seconds = argument.extract();
        return seconds.map(Some).map_err(|_| PyValueError::new_err("a time has at most the digits of a float"));
    }
    Ok(None)
}

/// The name of an argument's type, for messages.
pub(crate) fn type_name(argument: &Bound<'_, PyAny>) -> String {
    argument.get_type().name().map_or_else(|_| "this".to_owned(), |name| name.to_string())
}
