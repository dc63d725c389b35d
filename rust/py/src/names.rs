//! Member names as Python strings, made once and shared.
//!
//! The same few claim names occur in every token, and a shared string brings its hash along. The store is bounded, holds
//! names only (never values) and gives way rather than wait: building a dict can run arbitrary Python code, which may come
//! back here.

use std::sync::{Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::PyString;

const SLOTS: usize = 512;
const LONGEST: usize = 31;

static STORE: Mutex<[Slot; SLOTS]> = Mutex::new([const { Slot { len: 0, text: [0; LONGEST], name: None } }; SLOTS]);

/// The store, or nothing while someone else has it.
pub(crate) struct Names(Option<MutexGuard<'static, [Slot; SLOTS]>>);

pub(crate) struct Slot {
    len: u8,
    text: [u8; LONGEST],
    name: Option<Py<PyString>>,
}

impl Names {
    pub(crate) fn open() -> Self {
        Self(STORE.try_lock().ok())
    }

    /// The Python string of a member name.
    pub(crate) fn name<'py>(&mut self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        let slot = self.0.as_mut().and_then(|store| store.get_mut(place(text)));
        let Some(slot) = slot.filter(|_| (1..=LONGEST).contains(&text.len())) else { return PyString::new(py, text) };
        match &slot.name {
            Some(name) if slot.text.get(..slot.len.into()) == Some(text.as_bytes()) => name.bind(py).clone(),
            _ => slot.fill(py, text),
        }
    }
}

impl Slot {
    fn fill<'py>(&mut self, py: Python<'py>, text: &str) -> Bound<'py, PyString> {
        let made = PyString::new(py, text);
        let (Some(octets), Ok(len)) = (self.text.get_mut(..text.len()), u8::try_from(text.len())) else { return made };
        octets.copy_from_slice(text.as_bytes());
        self.len = len;
        self.name = Some(made.clone().unbind());
        made
    }
}

/// A cheap spread over the slots; a collision costs a new string and nothing else.
fn place(text: &str) -> usize {
    let octets = text.as_bytes();
    let at = |place: usize| octets.get(place).copied().map_or(0, usize::from);
    let last = octets.len().wrapping_sub(1);
    (octets.len() * 31 + at(0) * 7 + at(1) * 131 + at(last) * 17 + at(octets.len() / 2) * 61) % SLOTS
}
