//! Calls to the caller's Python code, which may call jwseal again: signers, files, iterators, mappings, time zones.
//!
//! Python bounds recursion by counting calls, and expects a call to take less stack than these do. So each of them counts as
//! several: unbounded recursion ends in a RecursionError, not in a crash.

use std::marker::PhantomData;

use pyo3::ffi;
use pyo3::prelude::*;

/// Calls that one of ours counts as. CPython 3.12 and 3.13 allow 10,000 C calls, so expect less than 800 bytes of stack for
/// each; ours take up to 5,000 with what lies between them. CPython 3.11 allows 1,000, and 3.14 looks at the stack itself.
const WEIGHT: usize = if cfg!(Py_3_12) { 32 } else { 4 };

/// Calls Python code, unless the recursion is too deep.
pub(crate) fn call<T>(py: Python<'_>, code: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let _counted = Counted::enter(py)?;
    code()
}

/// The items of an iterable; they count as one call until the iterator is dropped.
pub(crate) fn items<'py>(
    iterable: &Bound<'py, PyAny>,
) -> PyResult<impl Iterator<Item = PyResult<Bound<'py, PyAny>>> + use<'py>> {
    let counted = Counted::enter(iterable.py())?;
    let mut iterator = iterable.try_iter()?;
    Ok(std::iter::from_fn(move || {
        let _counted = &counted;
        iterator.next()
    }))
}

/// Calls that were counted and are not over.
struct Counted<'py>(usize, PhantomData<Python<'py>>);

impl<'py> Counted<'py> {
    fn enter(py: Python<'py>) -> PyResult<Self> {
        let mut counted = Self(0, PhantomData);
        while counted.0 < WEIGHT {
            // SAFETY: the interpreter is attached, and the text ends with a zero byte. `drop` undoes each call that succeeded.
            if unsafe { ffi::Py_EnterRecursiveCall(c" in a call back into jwseal".as_ptr()) } != 0 {
                return Err(PyErr::fetch(py));
            }
            counted.0 += 1;
        }
        Ok(counted)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        for _ in 0..self.0 {
            // SAFETY: as many as `enter` counted, on its thread and while the interpreter is attached, as `'py` says.
            unsafe { ffi::Py_LeaveRecursiveCall() };
        }
    }
}
