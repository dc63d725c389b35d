//! Which steps have been replaced, how one is called, and what the steps raise.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use super::Object;
use crate::once::{MadeOnce, intern};
use crate::reentry;

/// The steps of a class, by number.
pub(super) struct Steps<const N: usize> {
    steps: [(Py<PyString>, Py<PyAny>); N],
    /// `object.__getattribute__`.
    lookup: Py<PyAny>,
}

/// The numbers of the steps that an object does not have from the native class.
#[derive(Clone, Copy)]
pub(super) struct Replaced(u32);

impl<const N: usize> Steps<N> {
    /// The methods of these names, as the native class has them.
    pub(super) fn of_class(class: &Bound<'_, PyType>, names: [&str; N]) -> Self {
        let py = class.py();
        let own = |name: &str| class.getattr(name).unwrap_or_else(|_| py.None().into_bound(py)).unbind();
        let steps = names.map(|name| (PyString::intern(py, name).unbind(), own(name)));
        Self { steps, lookup: own("__getattribute__") }
    }

    /// What has been replaced by a subclass, on a class or on the object. An object of another class has nothing of ours.
    pub(super) fn replaced(&self, object: &Object<'_>) -> Replaced {
        let py = object.py();
        let class = object.get_type();
        let lookup = class.getattr(intern!(py, "__getattribute__"));
        if !lookup.is_ok_and(|lookup| lookup.is(self.lookup.bind(py))) {
            // The class says itself what its objects have, which a call finds out.
            return Replaced(u32::MAX);
        }
        let Some(own) = object.getattr(intern!(py, "__dict__")).ok().and_then(|own| own.cast_into::<PyDict>().ok())
        else {
            return Replaced(u32::MAX);
        };
        let mut replaced = 0;
        for (index, (name, step)) in self.steps.iter().enumerate() {
            let name = name.bind(py);
            let is_ours = class.getattr(name).is_ok_and(|found| found.is(step.bind(py)))
                && own.contains(name).is_ok_and(|is_set| !is_set);
            replaced |= u32::from(!is_ours) << index;
        }
        Replaced(replaced)
    }

    /// Calls a step by its name.
    pub(super) fn call<'py>(
        &self,
        object: &Object<'py>,
        step: usize,
        arguments: impl pyo3::call::PyCallArgs<'py>,
        named: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Object<'py>> {
        let py = object.py();
        let Some((name, _)) = self.steps.get(step) else { return Err(PyKeyError::new_err(step)) };
        reentry::call(py, || object.call_method(name.bind(py), arguments, named))
    }
}

impl Replaced {
    pub(super) const fn has(self, step: usize) -> bool {
        self.0 >> step & 1 == 1
    }
}

/// An argument whose default is not None.
pub(super) enum Argument<'py> {
    Left,
    Given(Object<'py>),
}

impl<'py> FromPyObject<'_, 'py> for Argument<'py> {
    type Error = PyErr;

    fn extract(argument: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self::Given(argument.to_owned()))
    }
}

impl<'py> Argument<'py> {
    pub(super) fn or(self, default: impl FnOnce() -> Object<'py>) -> Object<'py> {
        match self {
            Self::Left => default(),
            Self::Given(argument) => argument,
        }
    }
}

/// A member of a mapping, which is a dict unless a replaced step made it.
pub(super) fn member<'py>(mapping: &Object<'py>, name: &Object<'py>) -> PyResult<Option<Object<'py>>> {
    if let Ok(dict) = mapping.cast_exact::<PyDict>() {
        return dict.get_item(name);
    }
    reentry::call(mapping.py(), || if mapping.contains(name)? { mapping.get_item(name).map(Some) } else { Ok(None) })
}

/// The exception of this name in `jwseal.compat.pyjwt.exceptions`.
#[cold]
pub(super) fn refusal(py: Python<'_>, class: &str, message: impl AsRef<str>) -> PyErr {
    match exception(py, class) {
        Ok(class) => PyErr::from_type(class, (message.as_ref().to_owned(),)),
        Err(error) => error,
    }
}

/// The class of an exception.
pub(super) fn exception<'py>(py: Python<'py>, class: &str) -> PyResult<Bound<'py, PyType>> {
    Ok(py.import("jwseal.compat.pyjwt.exceptions")?.getattr(class)?.cast_into::<PyType>()?)
}

/// A name of a module of ours, which nothing replaces: a class, a table, the names of the module.
pub(super) fn of_module<'py>(
    py: Python<'py>,
    kept: &'static MadeOnce<Py<PyAny>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Object<'py>> {
    Ok(kept.get_or_try_make(|| py.import(module)?.getattr(name).map(Bound::unbind))?.bind(py))
}
