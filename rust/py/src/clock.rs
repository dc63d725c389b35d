//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;

use crate::convert;

/// The `now` a caller gave, or the clock's: seconds since 1970.
pub(crate) fn now(given: Option<&Bound<'_, PyAny>>) -> PyResult<f64> {
    match given {
        Some(given) if !given.is_none() => convert::moment(given),
        // A clock before 1970 makes every token not yet valid.
        _ => Ok(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |span| span.as_secs_f64())),
    }
}
