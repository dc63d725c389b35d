//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::convert;

/// The `now` a caller gave, or the clock's: seconds since 1970.
pub(crate) fn now(given: Option<&Bound<'_, PyAny>>) -> PyResult<f64> {
    match given {
        Some(given) if !given.is_none() => convert::moment(given),
        _ => match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(span) => Ok(span.as_secs_f64()),
            Err(_) => Err(PyRuntimeError::new_err("the clock of this machine stands before 1970: set it")),
        },
    }
}
