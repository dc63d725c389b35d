//! JSON values as Python objects: the only file that builds dicts and lists from the core's parse.
//!
//! The dict that a caller gets is built from the parse that the policy judged. This runs for every token whose claims are read,
//! so it calls the C API directly: strings are made of bytes that the parser found to be ASCII, lists with their length.

use jwseal_core::json::{Array, Document, Kind, Object, Str, Value};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::names::{Names, is_word};

/// A value as a Python object.
pub(crate) fn object<'py>(py: Python<'py>, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
    Builder { py, names: Names::open(), is_ascii: false }.value(value)
}

/// An object as a dict.
pub(crate) fn dict<'py>(py: Python<'py>, members: Object<'_>) -> PyResult<Bound<'py, PyDict>> {
    let is_ascii = members.document().text().is_ascii();
    Builder { py, names: Names::open(), is_ascii }.dict(members)
}

/// A document whose root is an object, as a dict.
pub(crate) fn document<'py>(py: Python<'py>, document: &Document) -> PyResult<Bound<'py, PyDict>> {
    dict(py, document.root().members())
}

struct Builder<'py> {
    py: Python<'py>,
    names: Names,
    /// Whether the whole text is known to be ASCII.
    is_ascii: bool,
}

impl<'py> Builder<'py> {
    /// Recursion is bounded: the parser refused anything nested deeper than 32 levels.
    fn value(&mut self, value: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        Ok(match value.kind() {
            Kind::Null => py.None().into_bound(py),
            Kind::Bool(value) => PyBool::new(py, value).to_owned().into_any(),
            Kind::Int(int) => match int.as_i64() {
                Some(value) => PyInt::new(py, value).into_any(),
                None => big_integer(py, int.digits())?,
            },
            Kind::Float(value) => PyFloat::new(py, value).into_any(),
            Kind::Str(text) => self.string(text)?.into_any(),
            Kind::Array(items) => self.list(items)?.into_any(),
            Kind::Object(members) => self.dict(members)?.into_any(),
        })
    }

    fn dict(&mut self, members: Object<'_>) -> PyResult<Bound<'py, PyDict>> {
        let dict = presized(self.py, members.len())?;
        for (name, value) in members {
            let name = self.names.name(self.py, name);
            let value = match value.kind() {
                Kind::Str(text) if name.is_common => self.names.value(self.py, text).into_any(),
                _ => self.value(value)?,
            };
            // SAFETY: all three are live objects, the first an exact dict; PyDict_SetItem takes references of its own.
            let status = unsafe { ffi::PyDict_SetItem(dict.as_ptr(), name.text.as_ptr(), value.as_ptr()) };
            if status < 0 {
                return Err(PyErr::fetch(self.py));
            }
        }
        Ok(dict)
    }

    fn list(&mut self, items: Array<'_>) -> PyResult<Bound<'py, PyList>> {
        // Values first: other threads can reach a list from the start, and must not see empty slots.
        let mut few = [const { None }; FEW];
        if let Some(slots) = few.get_mut(..items.len()) {
            for (slot, item) in slots.iter_mut().zip(items) {
                *slot = Some(self.element(item)?);
            }
            return filled(self.py, slots);
        }
        // The words of a long array would replace one another in the store.
        let many = items.iter().map(|item| self.value(item).map(Some)).collect::<PyResult<Vec<_>>>();
        filled(self.py, &mut many?)
    }

    /// A string; ASCII is copied as it is, everything else decoded.
    fn string(&self, text: Str<'_>) -> PyResult<Bound<'py, PyString>> {
        let octets = text.octets();
        let is_ascii = (self.is_ascii && text.is_plain()) || text.is_ascii();
        if !is_ascii || octets.is_empty() {
            return Ok(PyString::new(self.py, text.as_str()));
        }
        ascii(self.py, octets)
    }

    fn element(&mut self, item: Value<'_>) -> PyResult<Bound<'py, PyAny>> {
        match item.kind() {
            Kind::Str(text) if is_word(text) => Ok(self.names.value(self.py, text).into_any()),
            _ => self.value(item),
        }
    }
}

/// The number of elements that are kept on the stack until their list is made; most arrays of a token have no more.
const FEW: usize = 8;

/// A list of these values, which are moved out of the slice.
fn filled<'py>(py: Python<'py>, values: &mut [Option<Bound<'py, PyAny>>]) -> PyResult<Bound<'py, PyList>> {
    let len = ffi::Py_ssize_t::try_from(values.len())?;
    // SAFETY: a new list or null with an exception set.
    let list = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyList_New(len))?.cast_into_unchecked::<PyList>() };
    for (index, value) in (0..len).zip(values) {
        let value = value.take().unwrap_or_else(|| py.None().into_bound(py));
        // SAFETY: `index` is within the new list, whose slots are empty; the slot takes the reference over. Other threads find
        // the list through the garbage collector alone, which runs while it holds the interpreter lock, or, where there is none,
        // while all threads stand still. This thread stands still, or lends the lock, in calls of the interpreter that allocate or
        // run code, and makes none before the last slot is filled.
        unsafe { ffi::PyList_SET_ITEM(list.as_ptr(), index, value.into_ptr()) };
    }
    Ok(list)
}

/// An integer beyond 64 bits, of decimal digits that the parser has checked. `int(text)` would raise ValueError where the program
/// has lowered `sys.set_int_max_str_digits`.
fn big_integer<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let mut number = PyInt::new(py, 0_u64).into_any();
    let (head, rest) = digits.split_at(digits.len() % DIGITS_AT_ONCE);
    for part in std::iter::once(head.as_bytes()).chain(rest.as_bytes().chunks(DIGITS_AT_ONCE)) {
        let value = part.iter().fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        number = number.mul(SCALE)?.add(value)?;
    }
    if text.starts_with('-') { number.neg() } else { Ok(number) }
}

/// Decimal digits that 64 bits hold, and the number after them.
const DIGITS_AT_ONCE: usize = 18;
const SCALE: u64 = 10_u64.pow(18);

/// An empty dict with room for `len` members, where the interpreter exports one: growing costs more than filling. On Windows a
/// function that PyO3 does not declare cannot be linked.
fn presized(py: Python<'_>, len: usize) -> PyResult<Bound<'_, PyDict>> {
    #[cfg(not(any(Py_3_14, windows)))]
    if len > SMALL_DICT {
        // SAFETY: this is the signature in CPython's headers up to 3.13.
        unsafe extern "C" {
            fn _PyDict_NewPresized(used: ffi::Py_ssize_t) -> *mut ffi::PyObject;
        }
        let len = ffi::Py_ssize_t::try_from(len)?;
        // SAFETY: exported by every CPython up to 3.13; it returns a new dict or null with an exception set.
        return unsafe { Ok(Bound::from_owned_ptr_or_err(py, _PyDict_NewPresized(len))?.cast_into_unchecked()) };
    }
    let _ = len;
    Ok(PyDict::new(py))
}

/// Members that fit into a dict before it grows.
#[cfg(not(any(Py_3_14, windows)))]
const SMALL_DICT: usize = 5;

/// A string of bytes that are ASCII, at least one.
pub(crate) fn ascii<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyString>> {
    debug_assert!(text.is_ascii() && !text.is_empty());
    let (made, octets) = unset(py, text.len())?;
    // SAFETY: the string is new, and as long as the text.
    unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), octets, text.len()) };
    Ok(made)
}

/// A new token: base64url and dots, which the core writes into the string itself.
pub(crate) fn token<E: From<PyErr>>(
    py: Python<'_>,
    len: usize,
    write: impl FnOnce(&mut [u8]) -> Result<(), E>,
) -> Result<Bound<'_, PyString>, E> {
    let (made, octets) = unset(py, len)?;
    // SAFETY: the string is new and has `len` bytes, which are set before they are lent. No other code knows it until it is
    // returned.
    let text = unsafe {
        octets.write_bytes(b'.', len);
        std::slice::from_raw_parts_mut(octets, len)
    };
    write(text)?;
    Ok(made)
}

/// A new string of `len` characters, and where they are. The caller must write all of them, as ASCII, before other code sees the
/// string. `len` is at least one: the empty string is shared and must not be written to.
fn unset(py: Python<'_>, len: usize) -> PyResult<(Bound<'_, PyString>, *mut u8)> {
    let len = ffi::Py_ssize_t::try_from(len)?;
    // SAFETY: a new compact ASCII string owns `len` bytes behind its header. A null pointer becomes the pending exception.
    unsafe {
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_New(len, 127))?;
        let octets = ffi::PyUnicode_1BYTE_DATA(made.as_ptr()).cast();
        Ok((made.cast_into_unchecked(), octets))
    }
}
