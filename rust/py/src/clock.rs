//! Reads the time of day, from the system or from a function that a caller gave. `key_source` reads the monotonic one.

use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::convert;
use crate::error::Fault;
use crate::reentry;

/// What a signer or a verifier reads when the caller gives no `now`.
pub(crate) struct Clock(Option<Py<PyAny>>);

impl Clock {
    /// The machine's.
    pub(crate) const MACHINE: Self = Self(None);

    /// The `clock` argument: a function without arguments, or None for the machine's clock.
    pub(crate) fn from_argument(clock: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        match clock {
            Some(clock) if !clock.is_callable() => Err(PyTypeError::new_err(format!(
                "clock must be a function that returns the time, such as time.time, not {}; for one moment give now=",
                convert::type_name(&clock)
            ))),
            clock => Ok(Self(clock.map(Bound::unbind))),
        }
    }

    /// Whether a caller gave it.
    pub(crate) const fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// The `now` a caller gave, or this clock's: seconds since 1970.
    pub(crate) fn now(&self, py: Python<'_>, given: Option<&Bound<'_, PyAny>>) -> Result<f64, Fault> {
        self.given_now(py, given)?.map_or_else(machine, Ok)
    }

    /// The `now` a caller gave, or what the caller's clock says; None where it is the machine's clock.
    pub(crate) fn given_now(&self, py: Python<'_>, given: Option<&Bound<'_, PyAny>>) -> Result<Option<f64>, Fault> {
        match (given, &self.0) {
            (Some(given), _) => convert::moment(given, "now").map(Some),
            (None, Some(clock)) => {
                convert::moment(&reentry::call(py, || clock.bind(py).call0())?, "what clock() returns").map(Some)
            }
            (None, None) => Ok(None),
        }
    }

    /// For the garbage collector.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)
    }
}

/// The machine's time.
pub(crate) fn machine() -> Result<f64, Fault> {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(span) => Ok(span.as_secs_f64()),
        Err(_) => Err(PyRuntimeError::new_err("the clock of this machine is before 1970: set it").into()),
    }
}
