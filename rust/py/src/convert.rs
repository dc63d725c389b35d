//! Conversion of Python arguments that many methods share into the core's types.
//!
//! Nothing is decided here beyond what Python types an argument may have.

use jwseal_core::error::Error;
use jwseal_core::json::{Document, Limits};
use jwseal_core::jwa::{Alg, AlgSet};
use jwseal_core::jws::compact::{Encoding, TokenReader};
use pyo3::exceptions::{PyTypeError, PyValueError};
#[cfg(not(Py_3_14))]
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyString};

use crate::error::Fault;
use crate::objects;
use crate::reentry;

/// JSON text that the core wrote, as a dict.
pub(crate) fn text_dict<'py>(py: Python<'py>, text: &str) -> Result<Bound<'py, PyDict>, Fault> {
    let document =
        Document::parse(text.as_bytes().to_vec(), Limits::TEXT).map_err(|reason| Error::malformed("JSON", reason))?;
    let dict = objects::document(py, &document);
    // It may have been a private key.
    document.wipe();
    Ok(dict?)
}

/// A mapping as a dict; a dict as itself.
pub(crate) fn mapping<'py>(argument: &Bound<'py, PyAny>, what: &str) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(dict) = argument.cast::<PyDict>() {
        return Ok(dict.clone());
    }
    let py = argument.py();
    if !reentry::call(py, || argument.hasattr("keys"))? {
        return Err(PyTypeError::new_err(format!("{what} must be a mapping, not {}", type_name(argument))));
    }
    Ok(reentry::call(py, || py.get_type::<PyDict>().call1((argument,)))?.cast_into::<PyDict>()?)
}

/// The text of a str. One with a lone surrogate is refused without showing it: Python's own exception would carry it.
#[inline]
pub(crate) fn text<'a>(text: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    utf8(text).ok_or_else(no_text)
}

/// The text of a str, if it is Unicode. Up to Python 3.13 that of an ASCII str, as most are, is read where it is: asking the
/// interpreter for it takes several times as long.
#[inline]
pub(crate) fn utf8<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a str> {
    #[cfg(not(Py_3_14))]
    // SAFETY: `text` is a live str, which the result borrows. A compact ASCII str holds as many bytes as it has characters, all
    // ASCII, behind its header, and never changes.
    unsafe {
        let text = text.as_ptr();
        if ffi::PyUnicode_IS_COMPACT_ASCII(text) != 0 {
            let len = usize::try_from(ffi::PyUnicode_GET_LENGTH(text)).ok()?;
            let octets = std::slice::from_raw_parts(ffi::PyUnicode_DATA(text).cast::<u8>(), len);
            return Some(std::str::from_utf8_unchecked(octets));
        }
    }
    text.to_str().ok()
}

/// A str argument, as `text` reads it.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl<'a, 'py> FromPyObject<'a, 'py> for Text<'a> {
    type Error = PyErr;

    fn extract(argument: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        argument.extract().map(Self).map_err(|_: PyErr| match argument.cast::<PyString>() {
            Ok(_) => no_text(),
            Err(_) => PyTypeError::new_err(format!("must be str, not {}", type_name(&argument))),
        })
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

#[cold]
fn no_text() -> PyErr {
    PyValueError::new_err("the str has a lone surrogate and cannot be encoded as UTF-8")
}

/// The bytes of a token: str or bytes, nothing that could change while it is read.
pub(crate) fn token_octets<'a>(token: &'a Bound<'_, PyAny>) -> Result<&'a [u8], Fault> {
    if let Ok(text) = token.cast::<PyString>() {
        let text = utf8(text).ok_or_else(|| Error::malformed("token", "is not ASCII"))?;
        return Ok(text.as_bytes());
    }
    if let Ok(octets) = token.cast::<PyBytes>() {
        return Ok(octets.as_bytes());
    }
    let advice = if token.is_none() {
        ": jwseal.bearer(header) refuses a request without one"
    } else if token.is_instance_of::<PyDict>() {
        ": jwseal.jws.verify_json takes the JSON serialization"
    } else {
        ""
    };
    Err(PyTypeError::new_err(format!("a token is str or bytes, not {}{advice}", type_name(token))).into())
}

/// Bytes that cannot change: bytes, and nothing else.
pub(crate) fn bytes<'a>(octets: &'a Bound<'_, PyAny>, what: &str) -> PyResult<&'a [u8]> {
    match octets.cast::<PyBytes>() {
        Ok(octets) => Ok(octets.as_bytes()),
        Err(_) => Err(PyTypeError::new_err(format!("{what} must be bytes, not {}", type_name(octets)))),
    }
}

/// A size in bytes.
pub(crate) fn size(octets: &Bound<'_, PyAny>, what: &str) -> Result<usize, Fault> {
    let size = count(octets, what, "bytes")?;
    size.ok_or_else(|| Error::policy(format!("{what} must be a positive number of bytes")).into())
}

/// A number of things; None for one that no machine counts to.
pub(crate) fn count(argument: &Bound<'_, PyAny>, what: &str, of: &str) -> PyResult<Option<usize>> {
    if !argument.is_instance_of::<PyInt>() || argument.is_instance_of::<PyBool>() {
        let given = type_name(argument);
        return Err(PyTypeError::new_err(format!("{what} is a number of {of}, not {given}")));
    }
    Ok(argument.extract().ok())
}

/// How compact tokens are read; `name` is the argument for the size of the whole token.
pub(crate) fn reader(
    name: &str,
    max_size: Option<&Bound<'_, PyAny>>,
    max_header_size: Option<&Bound<'_, PyAny>>,
    accept_padding: bool,
) -> Result<TokenReader, Fault> {
    let standard = TokenReader::default();
    let reader = TokenReader {
        max_size: max_size.map_or(Ok(standard.max_size), |octets| size(octets, name))?,
        max_header_size: max_header_size
            .map_or(Ok(standard.max_header_size), |octets| size(octets, "max_header_size"))?,
        encoding: if accept_padding { Encoding::Padded } else { Encoding::Canonical },
    };
    Ok(reader.checked()?)
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
    for name in reentry::items(argument)? {
        let name = name?;
        let name = name.cast::<PyString>().map_err(|_| PyTypeError::new_err("algorithms holds names, as str"))?;
        let known = Alg::from_name(text(name)?);
        set = set.with(known.ok_or(Error::policy("algorithms names one that does not exist"))?);
    }
    Ok(Some(set))
}

/// A point in time in seconds since 1970: a number or an aware datetime.
pub(crate) fn moment(argument: &Bound<'_, PyAny>, what: &str) -> Result<f64, Fault> {
    let seconds = match number(argument)? {
        Some(seconds) => seconds,
        None => datetime(argument, what)?.ok_or_else(|| {
            PyTypeError::new_err(format!("{what} must be seconds or an aware datetime, not {}", type_name(argument)))
        })?,
    };
    if seconds.is_finite() { Ok(seconds) } else { Err(Error::policy(format!("{what} must be finite")).into()) }
}

/// An aware datetime in seconds since 1970; `None` for any other object.
pub(crate) fn datetime(argument: &Bound<'_, PyAny>, what: &str) -> PyResult<Option<f64>> {
    reentry::call(argument.py(), || {
        if !argument.hasattr("timestamp")? || !argument.hasattr("utcoffset")? {
            return Ok(None);
        }
        if argument.call_method0("utcoffset")?.is_none() {
            return Err(Fault::from(Error::policy(format!(
                "{what} is a datetime without a time zone; give it one, as in datetime.now(UTC)"
            )))
            .into());
        }
        argument.call_method0("timestamp")?.extract().map(Some)
    })
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
    if let Ok(float) = argument.cast::<PyFloat>() {
        return Ok(Some(float.value()));
    }
    let Ok(int) = argument.cast::<PyInt>() else { return Ok(None) };
    // The value itself; conversions of a subclass are not called.
    let seconds = integer(int)?.extract();
    seconds.map(Some).map_err(|_| PyValueError::new_err("a time has at most the digits of a float"))
}

/// An integer without what a subclass (an IntEnum, say) makes of it.
pub(crate) fn integer<'py>(int: &Bound<'py, PyInt>) -> PyResult<Bound<'py, PyAny>> {
    let class = int.py().get_type::<PyInt>();
    if int.get_type().is(&class) { Ok(int.clone().into_any()) } else { class.call_method1("__index__", (int,)) }
}

/// The name of an argument's type, for messages.
pub(crate) fn type_name(argument: &Bound<'_, PyAny>) -> String {
    argument.get_type().name().map_or_else(|_| "this".to_owned(), |name| name.to_string())
}
