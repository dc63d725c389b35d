//! Python objects written as JSON text: what is signed, and what the core is to read.
//!
//! Values are taken by what they are in memory, never by a method that a subclass could replace. Walking a dict or a list
//! runs no Python code, but for a datetime's own; a dict that changes nevertheless is a RuntimeError, and text whose names
//! could stand twice is read again before it is signed. Nesting and members are bounded as they are when read.

use jwseal_core::claims_writer::{self, ClaimsWriter};
use jwseal_core::error::Error;
use jwseal_core::json::Writer;
use jwseal_core::limits;
use jwseal_core::signer::ClaimsSource;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::convert::{datetime, mapping, text, type_name, utf8};
use crate::error::Fault;
use crate::reentry;

/// JSON text of what a caller gave: text as it is, a mapping written out.
pub(crate) fn json_text(argument: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<u8>> {
    if let Ok(given) = argument.cast::<PyString>() {
        return Ok(text(given)?.as_bytes().to_vec());
    }
    if let Ok(octets) = argument.cast::<PyBytes>() {
        return Ok(octets.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(512);
    JsonText::new(&mut Writer::new(&mut out)).members(&mapping(argument, what)?, 1)?;
    Ok(out)
}

/// JSON text of a dict from outside the program. A value that JSON does not have makes it a malformed token, not a TypeError.
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

/// Further header parameters: pairs of a name and its JSON text.
pub(crate) fn header_members(headers: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<(String, String)>> {
    let Some(headers) = headers else { return Ok(Vec::new()) };
    let mut members = Vec::new();
    each_member(&mapping(headers, "headers")?, |name, value| {
        let name = member_name(&name)?;
        let mut out = Vec::new();
        JsonText::new(&mut Writer::new(&mut out)).value(&value, name, 2)?;
        let json = String::from_utf8(out).map_err(|_| PyValueError::new_err("a header is not UTF-8"))?;
        members.push((name.to_owned(), json));
        Ok::<(), PyErr>(())
    })?;
    Ok(members)
}

/// The claims a caller wants signed.
pub(crate) struct Claims<'a, 'py>(pub(crate) &'a Bound<'py, PyDict>);

impl ClaimsSource for Claims<'_, '_> {
    type Error = Fault;

    fn write(&self, claims: &mut ClaimsWriter<'_>) -> Result<(), Fault> {
        let mut doubt = false;
        each_member(self.0, |name, value| {
            doubt |= !name.is_exact_instance_of::<PyString>();
            let name = member_name(&name)?;
            claims.claim(name, |writer| {
                let mut json = JsonText::new(writer);
                let written = json.claim(&value, name);
                doubt |= json.doubt;
                written
            })
        })?;
        if doubt {
            claims.doubt_names();
        }
        Ok(())
    }
}

/// Gives each member of a dict to `take`. PyO3's own iterator panics where the dict changes meanwhile; this one refuses.
#[inline]
pub(crate) fn each_member<'py, E: From<PyErr>>(
    dict: &Bound<'py, PyDict>,
    mut take: impl FnMut(Bound<'py, PyAny>, Bound<'py, PyAny>) -> Result<(), E>,
) -> Result<(), E> {
    let py = dict.py();
    // Without the interpreter lock another thread could change it at any time: then a copy is walked.
    let dict = if cfg!(Py_GIL_DISABLED) { &dict.copy()? } else { dict };
    let len = dict.len();
    let (mut taken, mut position) = (0, 0);
    loop {
        let (mut name, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: `dict` is a dict, and the three pointers are to memory that can be written. Nothing runs between the call
        // and the references that are taken to what it found, and without the interpreter lock the dict is a copy that no
        // one else has. `position` comes from earlier calls; CPython compares it with the dict's size as it is now.
        let member = unsafe {
            (ffi::PyDict_Next(dict.as_ptr(), &raw mut position, &raw mut name, &raw mut value) != 0)
                .then(|| (Bound::from_borrowed_ptr(py, name), Bound::from_borrowed_ptr(py, value)))
        };
        // The count detects a change that replaces members without changing their number.
        match member {
            Some((name, value)) if taken < len && dict.len() == len => take(name, value)?,
            None if taken == len && dict.len() == len => return Ok(()),
            _ => return Err(PyRuntimeError::new_err("a dict changed while it was read").into()),
        }
        taken += 1;
    }
}

/// Writes one text. `doubt` says afterwards whether an object in it could have a name twice.
struct JsonText<'w, 'o> {
    writer: &'w mut Writer<'o>,
    doubt: bool,
}

impl<'w, 'o> JsonText<'w, 'o> {
    const fn new(writer: &'w mut Writer<'o>) -> Self {
        Self { writer, doubt: false }
    }

    /// Writes a claim. `exp`, `nbf` and `iat` may be aware datetimes, which are cut to whole seconds.
    #[inline]
    fn claim(&mut self, value: &Bound<'_, PyAny>, name: &str) -> Result<(), Fault> {
        // Most claims are strings.
        if let Ok(given) = value.cast::<PyString>()
            && let Some(given) = utf8(given)
        {
            self.writer.string(given);
            return Ok(());
        }
        match self.json(value, name, 2) {
            Ok(true) => Ok(()),
            other => self.unusual_claim(value, name, other),
        }
    }

    #[cold]
    fn unusual_claim(&mut self, value: &Bound<'_, PyAny>, name: &str, written: PyResult<bool>) -> Result<(), Fault> {
        let refusal = match written {
            Ok(true) => return Ok(()),
            Ok(false) if !claims_writer::is_registered(name) => return Err(not_json(value, name).into()),
            Ok(false) => {
                if claims_writer::is_date(name) {
                    // The time zone is an object of the caller's, and can do anything.
                    self.doubt = true;
                    match whole_seconds(value, name) {
                        Ok(Some(seconds)) => return Ok(claims_writer::write_date(self.writer, seconds)?),
                        Ok(None) => return Err(claims_writer::no_date(name, &type_name(value)).into()),
                        Err(error) => error,
                    }
                } else {
                    not_json(value, name)
                }
            }
            Err(error) => error,
        };
        let py = value.py();
        let is_ours = refusal.is_instance_of::<PyTypeError>(py) || refusal.is_instance_of::<PyValueError>(py);
        if is_ours && claims_writer::is_registered(name) {
            return Err(Error::policy(refusal.value(py).to_string()).into());
        }
        Err(refusal.into())
    }

    fn members(&mut self, dict: &Bound<'_, PyDict>, level: usize) -> PyResult<()> {
        check_depth(level)?;
        if dict.len() > limits::MAX_MEMBERS {
            return Err(PyValueError::new_err("a JSON object may have at most 1,024 members"));
        }
        self.writer.raw(b"{");
        let mut any = false;
        each_member(dict, |name, value| {
            self.doubt |= !name.is_exact_instance_of::<PyString>();
            if any {
                self.writer.raw(b",");
            }
            any = true;
            let name = member_name(&name)?;
            self.writer.string(name);
            self.writer.raw(b":");
            self.value(&value, name, level + 1)
        })?;
        self.writer.raw(b"}");
        Ok(())
    }

    /// Writes the value of the member `name`, or of an array in it.
    fn value(&mut self, value: &Bound<'_, PyAny>, name: &str, level: usize) -> PyResult<()> {
        if self.json(value, name, level)? { Ok(()) } else { Err(not_json(value, name)) }
    }

    /// Writes one value, if it is of a type that JSON has. `level` is its nesting.
    fn json(&mut self, value: &Bound<'_, PyAny>, name: &str, level: usize) -> PyResult<bool> {
        if let Ok(given) = value.cast::<PyString>() {
            let Some(given) = utf8(given) else {
                return Err(PyValueError::new_err(format!("member {name:?}: a lone surrogate cannot be encoded")));
            };
            self.writer.string(given);
        } else if let Ok(flag) = value.cast::<PyBool>() {
            self.writer.bool(flag.is_true());
        } else if let Ok(int) = value.cast::<PyInt>() {
            match int.extract::<i64>() {
                Ok(small) => self.writer.i64(small),
                Err(_) => self.big(int, name)?,
            }
        } else if value.is_none() {
            self.writer.null();
        } else if let Ok(dict) = value.cast::<PyDict>() {
            self.members(dict, level)?;
        } else if let Ok(list) = value.cast::<PyList>() {
            self.items(list.iter(), name, level)?;
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.items(tuple.iter(), name, level)?;
        } else if let Ok(float) = value.cast::<PyFloat>() {
            // Last, because the type of every other value would be searched for `float`.
            if self.writer.f64(float.value()).is_none() {
                return Err(PyValueError::new_err(format!("member {name:?}: JSON has no NaN and no Infinity")));
            }
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn items<'py>(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>, name: &str, level: usize) -> PyResult<()> {
        check_depth(level)?;
        self.writer.raw(b"[");
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.writer.raw(b",");
            }
            self.value(&item, name, level + 1)?;
        }
        self.writer.raw(b"]");
        Ok(())
    }

    /// An integer of more than 64 bits. The conversion of `int` is used, so a subclass cannot return other text.
    fn big(&mut self, int: &Bound<'_, PyInt>, name: &str) -> PyResult<()> {
        // The conversion makes objects, which can set off the garbage collector, and finalizers are Python code.
        self.doubt = true;
        let digits = int.py().get_type::<PyInt>().getattr("__repr__")?.call1((int,));
        let too_long = || PyValueError::new_err(format!("member {name:?}: an integer may have at most 4,300 digits"));
        let digits = digits.map_err(|_| too_long())?.cast_into::<PyString>()?;
        let digits = digits.to_str()?;
        if digits.trim_start_matches('-').len() > limits::MAX_INTEGER_DIGITS {
            return Err(too_long());
        }
        self.writer.raw(digits.as_bytes());
        Ok(())
    }
}

fn check_depth(level: usize) -> PyResult<()> {
    if level > limits::MAX_DEPTH {
        return Err(PyValueError::new_err("JSON may be nested at most 32 levels deep"));
    }
    Ok(())
}

/// The time of an aware datetime, cut to whole seconds; a float could round the last microsecond up.
fn whole_seconds(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Option<f64>> {
    if datetime(value, name)?.is_none() {
        return Ok(None);
    }
    let whole = PyDict::new(value.py());
    whole.set_item("microsecond", 0)?;
    let value = reentry::call(value.py(), || value.call_method("replace", (), Some(&whole)))?;
    Ok(datetime(&value, name)?.map(f64::floor))
}

#[inline]
fn member_name<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    match name.cast::<PyString>() {
        Ok(name) => text(name),
        Err(_) => Err(PyTypeError::new_err(format!("member names must be str, not {}", type_name(name)))),
    }
}

/// The refusal of an object that JSON has no type for, with what to write instead.
fn not_json(value: &Bound<'_, PyAny>, name: &str) -> PyErr {
    let advice = |class: Bound<'_, PyAny>| match class.getattr("__name__").ok()?.extract::<String>().ok()?.as_str() {
        "UUID" | "IPv4Address" | "IPv6Address" | "PurePath" => Some("write str(value)"),
        "datetime" => Some("write value.timestamp(), or value.isoformat()"),
        "date" | "time" => Some("write value.isoformat()"),
        "timedelta" => Some("write value.total_seconds()"),
        "Decimal" => Some("write str(value), or float(value) if it may be rounded"),
        "Enum" => Some("write value.value"),
        "bytes" | "bytearray" | "memoryview" => Some("write text: value.decode(), or base64 of it"),
        "set" | "frozenset" => Some("write sorted(value) or list(value)"),
        _ => None,
    };
    let advice = value.get_type().mro().iter().find_map(advice);
    let advice = advice.unwrap_or("write str, int, float, bool, None, list, tuple or dict");
    PyTypeError::new_err(format!("member {name:?}: {} is not a JSON value; {advice}", type_name(value)))
}
