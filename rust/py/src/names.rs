//! Member names as Python strings, made once and shared.
//!
//! The same few claim names occur in every token, and a shared string brings its hash along. The store is bounded, holds
//! names only (never values) and gives way rather than wait: building a dict can run arbitrary Python code, which may come
//! back here.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyString;

const SLOTS: usize = 512;
const LONGEST: usize = 32;

static STORE: Mutex<[Option<Py<PyString>>; SLOTS]> = Mutex::new([const { None }; SLOTS]);

/// The Python string of a member name.
pub(crate) fn name<'py>(py: Python<'py>, text: &str) -> Bound<'py, PyString> {
    if text.len() > LONGEST {
        return PyString::new(py, text);
    }
    let Ok(mut store) = STORE.try_lock() else { return PyString::new(py, text) };
    let Some(slot) = store.get_mut(place(text)) else { return PyString::new(py, text) };
    if let Some(kept) = slot {
        let kept = kept.bind(py);
        if kept.to_str().is_ok_and(|kept| kept == text) {
            return kept.clone();
        }
    }
    let made = PyString::new(py, text);
    let old = slot.replace(made.clone().unbind());
    drop(store);
    drop(old);
    made
}

/// A cheap spread over the slots; a collision costs a new string and nothing else.
fn place(text: &str) -> usize {
    let octets = text.as_bytes();
    let at = |place: usize| octets.get(place).copied().map_or(0, usize::from);
    let last = octets.len().wrapping_sub(1);
    (octets.len() * 31 + at(0) * 7 + at(1) * 131 + at(last) * 17 + at(octets.len() / 2) * 61) % SLOTS
}
