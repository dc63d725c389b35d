//! Strings that tokens have in common, as Python strings that are made once and shared: names of members and some values.
//!
//! The same few claim names occur in every token, and a shared string keeps its hash. So do short elements of short arrays,
//! which are roles, groups and methods, and the values of the claims in `COMMON`, which say who issued a token, for whom and
//! for what. No other value is kept: a subject, a name or an address is gone with its token. The store is bounded and does
//! not block: building a dict can run arbitrary Python code, which may call this module again.

use std::mem;
use std::sync::{Mutex, MutexGuard};

use jwseal_core::json::Str;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// Claims of whose values a service sees few.
const COMMON: [&str; 7] = ["acr", "aud", "azp", "client_id", "iss", "scope", "scp"];

const BUCKET_BITS: u32 = 8;
const BUCKETS: usize = 1 << BUCKET_BITS;
const LONGEST: usize = 64;

static STORE: Mutex<[Bucket; BUCKETS]> = Mutex::new([const { Bucket([Slot::EMPTY, Slot::EMPTY]) }; BUCKETS]);

/// The store, or nothing while another thread has it.
pub(crate) struct Names(Option<MutexGuard<'static, [Bucket; BUCKETS]>>);

/// The two slots that a string can have, the one that was filled last before the other: together a line of a cache.
#[repr(align(64))]
pub(crate) struct Bucket([Slot; 2]);

struct Slot {
    mark: Mark,
    /// Whether it is one of `COMMON`.
    is_common: bool,
    text: Option<Py<PyString>>,
}

/// A shared string.
pub(crate) struct Shared<'py> {
    pub(crate) text: Bound<'py, PyString>,
    /// Whether the value of a member of this name is shared too.
    pub(crate) is_common: bool,
}

/// The ends of a text and its length: all there is of a text of up to `WHOLE` bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    first: u64,
    last: u64,
    len: u32,
}

impl Names {
    pub(crate) fn open() -> Self {
        Self(STORE.try_lock().ok())
    }

    /// The Python string of a member's name.
    #[inline]
    pub(crate) fn name<'py>(&mut self, py: Python<'py>, text: Str<'_>) -> Shared<'py> {
        let octets = text.octets();
        let store = self.0.as_mut().filter(|_| (1..=LONGEST).contains(&octets.len()));
        let mark = Mark::of(octets);
        let Some(Bucket([newer, older])) = store.and_then(|store| store.get_mut(mark.bucket())) else {
            return Shared { text: PyString::new(py, text.as_str()), is_common: false };
        };
        if let Some(shared) = newer.find(py, mark, octets).or_else(|| older.find(py, mark, octets)) {
            return shared;
        }
        mem::swap(newer, older);
        newer.fill(py, mark, text.as_str())
    }

    /// The Python string of a value that is shared.
    #[inline]
    pub(crate) fn value<'py>(&mut self, py: Python<'py>, text: Str<'_>) -> Bound<'py, PyString> {
        self.name(py, text).text
    }
}

/// Whether an element of an array is short enough to be a word that tokens have in common.
pub(crate) fn is_word(text: Str<'_>) -> bool {
    text.octets().len() <= WHOLE
}

impl Slot {
    const EMPTY: Self = Self { mark: Mark::EMPTY, is_common: false, text: None };

    #[inline]
    fn find<'py>(&self, py: Python<'py>, mark: Mark, octets: &[u8]) -> Option<Shared<'py>> {
        let text = self.text.as_ref().filter(|_| self.mark == mark)?.bind(py);
        (mark.is_whole() || is(text, octets)).then(|| Shared { text: text.clone(), is_common: self.is_common })
    }

    #[cold]
    fn fill<'py>(&mut self, py: Python<'py>, mark: Mark, text: &str) -> Shared<'py> {
        let made = PyString::new(py, text);
        let is_common = COMMON.contains(&text);
        *self = Self { mark, is_common, text: Some(made.clone().unbind()) };
        Shared { text: made, is_common }
    }
}

impl Mark {
    const EMPTY: Self = Self { first: 0, last: 0, len: 0 };

    /// That of a text of at most `LONGEST` bytes.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a longer text is not looked for")]
    fn of(text: &[u8]) -> Self {
        let len = text.len() as u32;
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            return Self { first: u64::from_le_bytes(*first), last: u64::from_le_bytes(*last), len };
        }
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            return Self { first: u32::from_le_bytes(*first).into(), last: u32::from_le_bytes(*last).into(), len };
        }
        let octet = |at: usize| text.get(at).copied().map_or(0, u64::from);
        Self { first: octet(0), last: octet(text.len() / 2) | octet(text.len().wrapping_sub(1)) << 8, len }
    }

    /// Whether no other text has this mark.
    const fn is_whole(self) -> bool {
        self.len as usize <= WHOLE
    }

    /// The index of its bucket; a collision costs a new string and nothing else.
    const fn bucket(self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(23)).wrapping_add(self.len as u64);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BUCKET_BITS)) as usize
    }
}

/// Bytes of the longest text of which a mark holds each.
const WHOLE: usize = 16;

fn is(text: &Bound<'_, PyString>, octets: &[u8]) -> bool {
    text.to_str().is_ok_and(|text| text.as_bytes() == octets)
}
