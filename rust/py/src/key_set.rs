//! `KeySet`, and the arguments that take keys to verify with.

use std::sync::Arc;

use jwseal_core::crypto::due;
use jwseal_core::error::Error;
use jwseal_core::jwa::AlgSet;
use jwseal_core::key::{Key, SecretKey, VerifyingKey};
use jwseal_core::key_set::{KeySet, Origin};
use jwseal_core::key_source::{Attached, Generation};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::key::{SecretKeyObject, SigningKeyObject, VerifyingKeyObject};
use crate::key_reading;
use crate::reentry;
use crate::repr;

/// Keys in the core's form, and beside them the objects that the caller gave, in the same order.
#[derive(Clone)]
pub(crate) struct Keys(Arc<Generation>);

/// The objects of keys, as the core keeps them.
type Objects = Vec<Py<PyAny>>;

impl Keys {
    /// One key or a set.
    pub(crate) fn from_argument(keys: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        if let Ok(set) = keys.cast::<KeySetObject>() {
            return Ok(set.get().keys.clone());
        }
        let key = key_of(keys)?;
        Ok(Self::new(KeySet::new(vec![key])?, vec![keys.clone().unbind()]))
    }

    /// The keys of a source, which the binding made.
    pub(crate) const fn of(generation: Arc<Generation>) -> Self {
        Self(generation)
    }

    fn new(set: KeySet, objects: Objects) -> Self {
        Self(Arc::new(Generation::fixed(set, Box::new(objects))))
    }

    /// The core's set.
    pub(crate) fn set(&self) -> &KeySet {
        self.0.keys()
    }

    /// The core's form of it all.
    pub(crate) const fn generation(&self) -> &Arc<Generation> {
        &self.0
    }

    /// The object at an index of the set.
    pub(crate) fn object(&self, py: Python<'_>, index: usize) -> PyResult<Py<PyAny>> {
        let object = self.objects().get(index).ok_or_else(|| PyIndexError::new_err("no such key"))?;
        Ok(object.clone_ref(py))
    }

    /// All of these keys in one set.
    pub(crate) fn answers(py: Python<'_>, answers: &[Self]) -> Result<Self, Fault> {
        let keys = || answers.iter().flat_map(|answer| answer.set().keys().iter().zip(answer.objects()));
        let set = KeySet::answers(keys().map(|(key, _)| key.clone()).collect())?;
        let object = |key: &Key| keys().find(|(other, _)| *other == key).map(|(_, object)| object.clone_ref(py));
        let objects = set.keys().iter().filter_map(object).collect();
        Ok(Self::new(set, objects))
    }

    /// The set and the objects, for a source to keep.
    pub(crate) fn parts(&self, py: Python<'_>) -> (KeySet, Attached) {
        let objects: Objects = self.objects().iter().map(|object| object.clone_ref(py)).collect();
        (self.set().clone(), Box::new(objects))
    }

    fn objects(&self) -> &[Py<PyAny>] {
        self.0.attached().downcast_ref::<Objects>().map_or(&[], Vec::as_slice)
    }
}

/// Prepares the key that is due after a verification of this thread, without the interpreter lock.
pub(crate) fn prepare_due(py: Python<'_>) {
    if let Some(due) = due() {
        py.detach(|| due.prepare());
    }
}

/// A key that verifies, or a sentence that says what to give instead.
pub(crate) fn key_of(argument: &Bound<'_, PyAny>) -> PyResult<Key> {
    if let Ok(key) = argument.cast::<VerifyingKeyObject>() {
        return Ok(key.get().key().clone().into());
    }
    if let Ok(key) = argument.cast::<SecretKeyObject>() {
        return Ok(key.get().key().clone().into());
    }
    let advice = if argument.is_instance_of::<SigningKeyObject>() {
        "a SigningKey does not verify: give its .verifying_key"
    } else if argument.is_instance_of::<PyString>() || argument.is_instance_of::<PyBytes>() {
        "text is not a key: read it with VerifyingKey.from_pem(...), KeySet.from_jwks(...) or SecretKey.from_bytes(...)"
    } else if argument.is_instance_of::<PyDict>() {
        "a dict is not a key: read it with VerifyingKey.from_jwk(...) or KeySet.from_jwks(...)"
    } else if argument.is_instance_of::<PyList>() || argument.is_instance_of::<PyTuple>() {
        "give several keys as KeySet([...])"
    } else {
        "keys must be a VerifyingKey, a SecretKey, a KeySet or a key source: read one with VerifyingKey.from_pem(...), \
         KeySet.from_jwks(...) or SecretKey.from_bytes(...), or fetch them with jwseal.remote.RemoteKeySet(...)"
    };
    Err(PyTypeError::new_err(format!("{advice} (got {})", convert::type_name(argument))))
}

#[doc = doc!("KeySet")]
#[pyclass(name = "KeySet", module = "jwseal._native", frozen)]
pub(crate) struct KeySetObject {
    keys: Keys,
    skipped: Vec<(usize, Option<String>, String)>,
}

#[pymethods]
impl KeySetObject {
    #[new]
    fn new(keys: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        if keys.is_instance_of::<PyDict>() || keys.is_instance_of::<PyString>() || keys.is_instance_of::<PyBytes>() {
            return Err(
                PyTypeError::new_err("KeySet takes key objects; read a JWK Set with KeySet.from_jwks(...)").into()
            );
        }
        if !keys.hasattr("__iter__")? && !keys.hasattr("__getitem__")? {
            return Err(PyTypeError::new_err(format!(
                "KeySet takes a list of keys: write KeySet([key]), also for one (got {})",
                convert::type_name(keys)
            ))
            .into());
        }
        let given = reentry::items(keys)?.collect::<PyResult<Vec<_>>>()?;
        let cores = given.iter().map(key_of).collect::<PyResult<Vec<_>>>()?;
        let set = KeySet::new(cores.clone())?;
        let original = |key: &Key| {
            let index = cores.iter().position(|core| core == key);
            index.and_then(|index| given.get(index)).map(|object| object.clone().unbind())
        };
        let objects = set.keys().iter().filter_map(original).collect();
        Ok(Self { keys: Keys::new(set, objects), skipped: Vec::new() })
    }

    #[doc = doc!("KeySet.from_jwks")]
    #[staticmethod]
    #[pyo3(signature = (jwks, *, algorithms=None, lenient=false))]
    fn from_jwks(jwks: &Bound<'_, PyAny>, algorithms: Option<&Bound<'_, PyAny>>, lenient: bool) -> Result<Self, Fault> {
        let py = jwks.py();
        let text = key_reading::key_text(jwks, "a JWK Set")?;
        let fill = convert::algorithms(algorithms)?;
        if fill.is_some_and(AlgSet::is_empty) {
            return Err(
                Error::policy("algorithms is empty; leave it out if every RSA key in the set has its alg").into()
            );
        }
        let fill = fill.unwrap_or_default();
        Self::of_set(py, KeySet::from_jwks(&text, fill, Origin::Local, key_reading::reading(lenient))?)
    }

    #[doc = doc!("KeySet.skipped")]
    #[getter]
    fn skipped<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.skipped.clone())
    }

    #[doc = doc!("KeySet.prepare")]
    fn prepare(&self, py: Python<'_>) -> usize {
        py.detach(|| self.keys.set().prepare())
    }

    #[doc = doc!("KeySet.to_jwks")]
    fn to_jwks<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Fault> {
        convert::text_dict(py, &self.keys.set().to_jwks()?)
    }

    #[doc = doc!("KeySet.by_kid")]
    fn by_kid<'py>(&self, py: Python<'py>, kid: Text<'_>) -> PyResult<Bound<'py, PyTuple>> {
        let keys = self.keys.set().keys().iter().zip(self.keys.objects());
        PyTuple::new(py, keys.filter(|(key, _)| key.kid() == Some(&*kid)).map(|(_, object)| object).collect::<Vec<_>>())
    }

    #[doc = doc!("KeySet.__or__")]
    fn __or__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Fault> {
        let Ok(other) = other.cast::<Self>() else { return Ok(py.NotImplemented().into_bound(py)) };
        let keys = self.keys.objects().iter().chain(other.get().keys.objects());
        let union = Self::new(PyList::new(py, keys.collect::<Vec<_>>())?.as_any())?;
        Ok(Bound::new(py, union)?.into_any())
    }

    fn __len__(&self) -> usize {
        self.keys.objects().len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.tuple(py)?.try_iter()?.into_any())
    }

    fn __contains__(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.tuple(py)?.contains(key)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        match other.cast::<Self>() {
            Ok(other) => {
                let equal = self.tuple(py)?.eq(other.get().tuple(py)?)?;
                Ok(equal.into_pyobject(py)?.to_owned().into_any().unbind())
            }
            Err(_) => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.tuple(py)?.hash()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let restore = py.import("jwseal._native")?.getattr("_restore_key_set")?;
        let arguments = (self.tuple(py)?, self.skipped(py)?);
        (restore, arguments).into_pyobject(py)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        // A repr of a key cannot fail.
        let repr = |key: &Py<PyAny>| key.bind(py).repr().map(|repr| repr.to_string()).unwrap_or_default();
        format!("KeySet([{}])", repr::listed(self.keys.objects().iter().map(repr)))
    }
}

impl KeySetObject {
    /// A set that was read, with new objects for its keys.
    pub(crate) fn of_set(py: Python<'_>, set: KeySet) -> Result<Self, Fault> {
        let objects = set.keys().iter().map(|key| key_object(py, key)).collect::<PyResult<_>>()?;
        let skipped = set.skipped().iter().map(|one| (one.index, one.kid.clone(), one.reason.clone())).collect();
        Ok(Self { keys: Keys::new(set, objects), skipped })
    }

    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    fn tuple<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.keys.objects().iter().map(|object| object.bind(py)))
    }
}

#[doc = doc!("read_published_jwks")]
#[pyfunction]
#[pyo3(signature = (body, *, algorithms, max_keys, lenient))]
pub(crate) fn read_published_jwks(
    body: &Bound<'_, PyAny>,
    algorithms: &Bound<'_, PyAny>,
    max_keys: usize,
    lenient: bool,
) -> Result<Option<KeySetObject>, Fault> {
    let py = body.py();
    let algorithms = convert::algorithms(Some(algorithms))?.unwrap_or_default();
    let body = convert::bytes(body, "body")?;
    let set = KeySet::published(body, algorithms, max_keys, key_reading::reading(lenient))?;
    if set.keys().is_empty() { Ok(None) } else { KeySetObject::of_set(py, set).map(Some) }
}

#[doc = doc!("_restore_key_set")]
#[pyfunction]
#[pyo3(name = "_restore_key_set")]
pub(crate) fn restore_key_set(
    keys: &Bound<'_, PyAny>,
    skipped: Vec<(usize, Option<String>, String)>,
) -> Result<KeySetObject, Fault> {
    Ok(KeySetObject { skipped, ..KeySetObject::new(keys)? })
}

fn key_object(py: Python<'_>, key: &Key) -> PyResult<Py<PyAny>> {
    if let Some(key) = VerifyingKey::from_key(key) {
        return Ok(Py::new(py, VerifyingKeyObject::new(key))?.into_any());
    }
    let secret = SecretKey::from_key(key).ok_or_else(|| PyTypeError::new_err("this key is of no known type"))?;
    Ok(Py::new(py, SecretKeyObject::new(secret))?.into_any())
}
