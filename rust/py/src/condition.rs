//! `Condition`: what the builders of `jwseal.condition` make, and what a configuration's tables become.

use jwseal_core::condition::{Condition, Context, Finding, Literal, Misplaced, Number, Place, Step};
use jwseal_core::error::Error;
use jwseal_core::limits;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::convert::{Text, integer, text, type_name};
use crate::error::{Fault, exception};
use crate::json_text::json_text;

#[doc = doc!("Condition")]
#[pyclass(name = "Condition", module = "jwseal._native", frozen)]
pub(crate) struct ConditionObject {
    condition: Condition,
    /// Its JSON text, which is also its identity.
    text: String,
    /// How one writes it.
    shown: String,
}

/// Letters of a repr.
const LONGEST_REPR: usize = 1_000;

impl ConditionObject {
    fn from_text(text: String, shown: &str) -> Result<Self, Fault> {
        let condition = Condition::parse(text.clone().into_bytes(), &Context::default());
        let condition = Python::attach(|py| condition.map_err(|mistake| misplaced(py, mistake)))?;
        let shown = match shown.char_indices().nth(LONGEST_REPR) {
            Some((end, _)) => format!("{}...", shown.get(..end).unwrap_or_default()),
            None => shown.to_owned(),
        };
        Ok(Self { condition, text, shown })
    }

    pub(crate) const fn condition(&self) -> &Condition {
        &self.condition
    }
}

#[pymethods]
impl ConditionObject {
    #[doc = doc!("Condition.lint")]
    fn lint<'py>(&self, py: Python<'py>) -> PyResult<Findings<'py>> {
        findings(py, self.condition.lint())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().text == self.text)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &self.text).hash()
    }

    /// `a and b` would be `b` alone.
    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a condition is neither true nor false: combine conditions with all_of, any_of and not_",
        ))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String, String))> {
        let restore = py.import("jwseal._native")?.getattr("_condition")?;
        Ok((restore, (self.text.clone(), self.shown.clone())))
    }

    fn __repr__(&self) -> &str {
        &self.shown
    }
}

#[doc = doc!("_condition")]
#[pyfunction]
#[pyo3(name = "_condition")]
pub(crate) fn condition(table: &Bound<'_, PyAny>, shown: Text<'_>) -> Result<ConditionObject, Fault> {
    let text = configuration_text(table, "a condition")?;
    let text = String::from_utf8(text).map_err(|_| Error::policy("a condition is not UTF-8"))?;
    ConditionObject::from_text(text, shown.0)
}

/// A configuration's table as JSON text. What JSON does not have in it (a date of TOML, NaN) is a mistake with a place.
pub(crate) fn configuration_text(table: &Bound<'_, PyAny>, what: &str) -> Result<Vec<u8>, Fault> {
    let py = table.py();
    json_text(table, what).map_err(|error| match not_json(table, 1) {
        Some(mistake) => misplaced(py, mistake),
        None => error.into(),
    })
}

/// The first value that JSON does not have, or more of it than a text may hold.
fn not_json(value: &Bound<'_, PyAny>, level: usize) -> Option<Misplaced> {
    let below = |step: Step, item: &Bound<'_, PyAny>| not_json(item, level + 1).map(|mistake| mistake.within(step));
    let sound = if let Ok(text) = value.cast::<PyString>() {
        text.to_str().is_ok()
    } else if let Ok(float) = value.cast::<PyFloat>() {
        float.value().is_finite()
    } else if let Ok(int) = value.cast::<PyInt>() {
        int.extract::<i64>().is_ok()
    } else if level > limits::MAX_DEPTH {
        false
    } else if let Ok(dict) = value.cast::<PyDict>() {
        for (name, item) in dict.copy().ok()? {
            let Ok(name) = name.extract::<&str>() else { return Some(Misplaced::new(NOT_JSON)) };
            if let Some(mistake) = below(name.into(), &item) {
                return Some(mistake);
            }
        }
        dict.len() <= limits::MAX_MEMBERS
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        for (index, item) in value.try_iter().ok()?.flatten().enumerate() {
            if let Some(mistake) = below(index.into(), &item) {
                return Some(mistake);
            }
        }
        true
    } else {
        value.is_none() || value.is_instance_of::<PyBool>()
    };
    if sound { None } else { Some(Misplaced::new(NOT_JSON)) }
}

const NOT_JSON: &str = "cannot be used in a condition: use a finite number, true, false, a string, or a list or table of \
                        these, of which each is within its bounds";

#[doc = doc!("all_of")]
#[pyfunction]
#[pyo3(signature = (*conditions))]
pub(crate) fn all_of(conditions: &Bound<'_, PyTuple>) -> Result<ConditionObject, Fault> {
    combined("all", "all_of", conditions)
}

#[doc = doc!("any_of")]
#[pyfunction]
#[pyo3(signature = (*conditions))]
pub(crate) fn any_of(conditions: &Bound<'_, PyTuple>) -> Result<ConditionObject, Fault> {
    combined("any", "any_of", conditions)
}

#[doc = doc!("not_")]
#[pyfunction]
#[pyo3(signature = (condition, /))]
pub(crate) fn not_(condition: &Bound<'_, PyAny>) -> Result<ConditionObject, Fault> {
    let condition = argument(condition)?.get();
    ConditionObject::from_text(format!("{{\"not\":{}}}", condition.text), &format!("not_({})", condition.shown))
}

/// The `where` argument, None included.
pub(crate) fn optional<'a, 'py>(given: &'a Bound<'py, PyAny>) -> PyResult<Option<&'a Bound<'py, ConditionObject>>> {
    if given.is_none() { Ok(None) } else { argument(given).map(Some) }
}

fn argument<'a, 'py>(given: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, ConditionObject>> {
    given.cast().map_err(|_| {
        let given = type_name(given);
        PyTypeError::new_err(format!(
            "a condition such as claim(\"roles\").contains(\"Admin\") is expected, not {given}"
        ))
    })
}

fn combined(member: &str, function: &str, conditions: &Bound<'_, PyTuple>) -> Result<ConditionObject, Fault> {
    if conditions.is_empty() {
        return Err(Error::policy(format!("{function} needs a condition at least")).into());
    }
    let (mut texts, mut shown) = (Vec::new(), Vec::new());
    for condition in conditions {
        let condition = argument(&condition)?.get();
        texts.push(condition.text.clone());
        shown.push(condition.shown.clone());
    }
    let text = format!("{{\"{member}\":[{}]}}", texts.join(","));
    ConditionObject::from_text(text, &format!("{function}({})", shown.join(", ")))
}

/// The PolicyError of a mistake, with its place and its reason.
pub(crate) fn misplaced(py: Python<'_>, mistake: Misplaced) -> Fault {
    let (place, reason) = (mistake.place.clone(), mistake.reason.clone());
    let error = exception(py, Error::from(mistake));
    let described = self::place(py, &place).and_then(|place| {
        error.value(py).setattr("place", place)?;
        error.value(py).setattr("reason", &*reason)
    });
    described.map_or_else(Fault::from, |()| error.into())
}

/// What a lint says: places and advice.
pub(crate) type Findings<'py> = Vec<(Bound<'py, PyTuple>, String)>;

/// Findings as Python objects.
pub(crate) fn findings(py: Python<'_>, findings: Vec<Finding>) -> PyResult<Findings<'_>> {
    findings.into_iter().map(|finding| Ok((place(py, &finding.place)?, finding.advice.into_owned()))).collect()
}

/// A place as a tuple of names and indexes.
pub(crate) fn place<'py>(py: Python<'py>, place: &Place) -> PyResult<Bound<'py, PyTuple>> {
    let steps = place.0.iter().map(|step| match step {
        Step::Member(name) => PyString::new(py, name).into_any(),
        Step::Element(index) => PyInt::new(py, *index).into_any(),
    });
    PyTuple::new(py, steps.collect::<Vec<_>>())
}

/// A literal that a claim is compared with.
pub(crate) fn literal(value: &Bound<'_, PyAny>) -> Result<Literal, Fault> {
    if let Ok(given) = value.cast::<PyString>() {
        Ok(Literal::Text(text(given)?.into()))
    } else if let Ok(flag) = value.cast::<PyBool>() {
        Ok(Literal::Bool(flag.is_true()))
    } else if let Ok(int) = value.cast::<PyInt>() {
        Ok(Literal::Number(Number::integer(integer(int)?.str()?.to_str()?)))
    } else if let Ok(float) = value.cast::<PyFloat>() {
        Ok(Literal::Number(Number::Float(float.value())))
    } else if value.is_none() {
        Ok(Literal::Null)
    } else {
        Err(Error::policy("claims are compared with literals: str, int, float, bool or None").into())
    }
}
