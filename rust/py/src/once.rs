//! Values that are made once and then kept for the process: names, classes and modules of Python.
//!
//! PyO3's own `PyOnceLock` and `intern!` wait for the thread that makes the value, while that one waits for the interpreter
//! lock. A process that is forked meanwhile has a value that no thread will ever finish, and hangs at its first use. Here
//! no thread waits: each that finds no value makes one, and the first is kept.

use std::convert::Infallible;
use std::sync::OnceLock;

/// A value that is made at its first use.
pub(crate) struct MadeOnce<T>(OnceLock<T>);

impl<T> MadeOnce<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The value. `make` may run on several threads.
    #[inline]
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        match self.get_or_try_make(|| Ok::<T, Infallible>(make())) {
            Ok(value) => value,
        }
    }

    /// The value, or why it could not be made; the next call tries again.
    #[inline]
    pub(crate) fn get_or_try_make<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.0.get() {
            return Ok(value);
        }
        let value = make()?;
        // The interpreter lock is kept here, so no other thread can fork until it is done.
        Ok(self.0.get_or_init(|| value))
    }
}

/// A Python string that is made once.
macro_rules! intern {
    ($py:expr, $text:expr) => {{
        static TEXT: $crate::once::MadeOnce<pyo3::Py<pyo3::types::PyString>> = $crate::once::MadeOnce::new();
        TEXT.get_or_make(|| pyo3::types::PyString::intern($py, $text).unbind()).bind($py)
    }};
}

pub(crate) use intern;
