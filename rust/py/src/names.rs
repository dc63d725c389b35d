//! Member names as Python strings, made once and shared.
//!
//! The same few claim names occur in every token, and a shared string keeps its hash. The store is bounded, holds names only
//! (never values) and does not block: building a dict can run arbitrary Python code, which may call this module again.

use std::sync::{Mutex, MutexGuard};

use jwseal_core::json::Str;
use pyo3::prelude::*;
use pyo3::types::PyString;

const SLOT_BITS: u32 = 9;
const SLOTS: usize = 1 << SLOT_BITS;
const LONGEST: usize = 64;

static STORE: Mutex<[Slot; SLOTS]> = Mutex::new([const { Slot { mark: Mark::EMPTY, name: None } }; SLOTS]);

/// The store, or nothing while another thread has it.
pub(crate) struct Names(Option<MutexGuard<'static, [Slot; SLOTS]>>);

pub(crate) struct Slot {
    mark: Mark,
    name: Option<Py<PyString>>,
}

/// The ends of a text and its length: all there is of a text of up to 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    len: usize,
    first: u64,
    last: u64,
}

impl Names {
    pub(crate) fn open() -> Self {
        Self(STORE.try_lock().ok())
    }

    /// The Python string of a member name.
    #[inline]
    pub(crate) fn name<'py>(&mut self, py: Python<'py>, text: Str<'_>) -> Bound<'py, PyString> {
        let mark = Mark::of(text.octets());
        let slot = self.0.as_mut().and_then(|store| store.get_mut(mark.slot()));
        let Some(slot) = slot.filter(|_| (1..=LONGEST).contains(&mark.len)) else {
            return PyString::new(py, text.as_str());
        };
        match &slot.name {
            Some(name) if slot.mark == mark && (mark.is_whole() || is(name.bind(py), text)) => name.bind(py).clone(),
            _ => slot.fill(py, mark, text.as_str()),
        }
    }
}

impl Slot {
    #[cold]
    fn fill<'py>(&mut self, py: Python<'py>, mark: Mark, text: &str) -> Bound<'py, PyString> {
        let made = PyString::new(py, text);
        self.mark = mark;
        self.name = Some(made.clone().unbind());
        made
    }
}

impl Mark {
    const EMPTY: Self = Self { len: 0, first: 0, last: 0 };

    #[inline]
    fn of(text: &[u8]) -> Self {
        let len = text.len();
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            return Self { len, first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last) };
        }
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            return Self { len, first: u32::from_le_bytes(*first).into(), last: u32::from_le_bytes(*last).into() };
        }
        let octet = |at: usize| text.get(at).copied().map_or(0, u64::from);
        Self { len, first: octet(0), last: octet(len / 2) | octet(len.wrapping_sub(1)) << 8 }
    }

    /// Whether no other text has this mark.
    const fn is_whole(self) -> bool {
        self.len <= 16
    }

    /// The index of its slot; a collision costs a new string and nothing else.
    const fn slot(self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(23)).wrapping_add(self.len as u64);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOT_BITS)) as usize
    }
}

fn is(name: &Bound<'_, PyString>, text: Str<'_>) -> bool {
    name.to_str().is_ok_and(|name| name.as_bytes() == text.octets())
}
