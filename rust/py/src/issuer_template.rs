//! `IssuerTemplate`: one issuer for each value of a claim.

use std::collections::BTreeSet;

use jwseal_core::issuer::IssuerTemplate;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyString, PyTuple};

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::reentry;

#[doc = doc!("IssuerTemplate")]
#[pyclass(name = "IssuerTemplate", module = "jwseal._native", frozen, eq, hash)]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct IssuerTemplateObject(IssuerTemplate);

#[pymethods]
impl IssuerTemplateObject {
    #[new]
    #[pyo3(signature = (template, *, claim, values))]
    fn new(template: Text<'_>, claim: Text<'_>, values: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        let closed = if values.is(&unchecked(values.py())?) { None } else { Some(segments(values)?) };
        Ok(Self(IssuerTemplate::new(&template, &claim, closed)?))
    }

    #[doc = doc!("IssuerTemplate.template")]
    #[getter]
    fn template(&self) -> String {
        self.0.text()
    }

    #[doc = doc!("IssuerTemplate.claim")]
    #[getter]
    fn claim(&self) -> &str {
        self.0.claim()
    }

    #[doc = doc!("IssuerTemplate.values")]
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0.values() {
            Some(values) => Ok(PyFrozenSet::new(py, values.iter().map(|value| &**value))?.into_any()),
            None => unchecked(py),
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let native = py.import("jwseal._native")?;
        let restore = native.getattr("_restore_issuer_template")?;
        (restore, (self.0.text(), self.0.claim(), self.values(py)?)).into_pyobject(py)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let repr = |text: &str| PyString::new(py, text).repr().map(|repr| repr.to_string());
        let values = match self.0.values() {
            Some(values) => format!("{} values", values.len()),
            None => "UNCHECKED".to_owned(),
        };
        Ok(format!("IssuerTemplate({}, claim={}, values={values})", repr(&self.0.text())?, repr(self.0.claim())?))
    }
}

impl IssuerTemplateObject {
    pub(crate) const fn inner(&self) -> &IssuerTemplate {
        &self.0
    }
}

#[doc = doc!("_restore_issuer_template")]
#[pyfunction]
#[pyo3(name = "_restore_issuer_template")]
pub(crate) fn restore_issuer_template(
    template: Text<'_>,
    claim: Text<'_>,
    values: &Bound<'_, PyAny>,
) -> Result<IssuerTemplateObject, Fault> {
    IssuerTemplateObject::new(template, claim, values)
}

fn unchecked(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import("jwseal.policy")?.getattr("UNCHECKED")
}

/// The closed set of values; a str would be taken for its letters.
fn segments(values: &Bound<'_, PyAny>) -> Result<BTreeSet<Box<str>>, Fault> {
    if values.is_instance_of::<PyString>() || values.try_iter().is_err() {
        let given = convert::type_name(values);
        return Err(PyTypeError::new_err(format!(
            "values must be a set of str, or UNCHECKED for any value, not {given}"
        ))
        .into());
    }
    Ok(reentry::items(values)?.map(|value| Ok(Box::from(&*value?.extract::<Text<'_>>()?))).collect::<PyResult<_>>()?)
}
