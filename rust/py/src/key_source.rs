//! Key sources for Python: the base of sets that are replaced, lookups in a store, and the clock that both read.
//!
//! The core says what a source needs; this file asks the Python object for it. That happens only if no current key fits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jwseal_core::error::{Error, NoKey};
use jwseal_core::key_set::KeySet;
use jwseal_core::key_source::{Generation, KeyLookup, KeySource, Need, Reason, ReplacedSet, Times, Validity};
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::convert;
use crate::error::{self, Fault};
use crate::key_set::{KeySetObject, Keys};
use crate::objects;
use crate::reentry;

#[doc = doc!("MonotonicClock")]
#[pyclass(name = "MonotonicClock", module = "jwseal._native", frozen)]
pub(crate) struct MonotonicClockObject {
    origin: Instant,
    /// The time of a manual clock, which changes only when it is moved.
    standing: Option<AtomicU64>,
    /// A tenth of a second of the machine's other clock, and that of this one in it.
    seen: AtomicU64,
}

#[pymethods]
impl MonotonicClockObject {
    #[new]
    #[pyo3(signature = (start=None))]
    fn new(start: Option<f64>) -> Self {
        let standing = start.map(|start| AtomicU64::new(start.to_bits()));
        Self { origin: Instant::now(), standing, seen: AtomicU64::new(0) }
    }

    #[doc = doc!("MonotonicClock.read")]
    pub(crate) fn read(&self) -> f64 {
        match &self.standing {
            Some(seconds) => f64::from_bits(seconds.load(Ordering::Acquire)),
            None => self.origin.elapsed().as_secs_f64(),
        }
    }

    #[doc = doc!("MonotonicClock.advance")]
    fn advance(&self, seconds: f64) -> PyResult<()> {
        let Some(standing) = &self.standing else {
            return Err(PyTypeError::new_err("the machine's clock moves by itself; give MonotonicClock a start"));
        };
        standing.store((self.read() + seconds).to_bits(), Ordering::Release);
        Ok(())
    }
}

impl MonotonicClockObject {
    /// The time, at most two tenths of a second late: where reading a clock is slow, one reading serves all verifications in
    /// a tenth of a second of the machine's other clock. `wall` is what that one says, and nothing that a caller gave. Only where
    /// that clock is set back to the very tenth of the last reading, that one serves a tenth of a second longer.
    pub(crate) fn read_near(&self, wall: f64) -> f64 {
        let tenth = tenths(wall);
        let seen = self.seen.load(Ordering::Relaxed);
        if self.standing.is_none() && seen >> 32 == tenth {
            return f64::from(u32::try_from(seen & u64::from(u32::MAX)).unwrap_or(u32::MAX)) / 10.0;
        }
        let seconds = self.read();
        self.seen.store(tenth << 32 | tenths(seconds), Ordering::Relaxed);
        seconds
    }
}

/// Whole tenths of a second, as far as 32 bits hold them.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds are positive, and they may wrap")]
fn tenths(seconds: f64) -> u64 {
    (seconds * 10.0) as u64 & u64::from(u32::MAX)
}

#[doc = doc!("KeySetSource")]
#[pyclass(name = "KeySetSource", module = "jwseal._native", frozen, subclass)]
pub(crate) struct KeySetSourceObject {
    core: Arc<KeySource>,
    clock: Py<MonotonicClockObject>,
}

#[pymethods]
impl KeySetSourceObject {
    #[new]
    #[pyo3(signature = (*, algorithms=None, clock=None))]
    fn new(
        py: Python<'_>,
        algorithms: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<MonotonicClockObject>>,
    ) -> Result<Self, Fault> {
        let algorithms = convert::algorithms(algorithms)?;
        Ok(Self { core: Arc::new(KeySource::replaced(algorithms)), clock: clock_or_machine(py, clock)? })
    }

    #[doc = doc!("KeySetSource.install")]
    #[pyo3(signature = (keys, *, refresh_at, refuse_after))]
    fn install(
        &self,
        py: Python<'_>,
        keys: Option<&Bound<'_, KeySetObject>>,
        refresh_at: f64,
        refuse_after: f64,
    ) -> Result<bool, Fault> {
        let (keys, attached) = match keys {
            Some(keys) => keys.get().keys().parts(py),
            None => (KeySet::withdrawn(), Box::new(()) as _),
        };
        Ok(self.set()?.install(keys, attached, refresh_at, refuse_after))
    }

    #[doc = doc!("KeySetSource.generation")]
    #[getter]
    fn generation(&self) -> u64 {
        self.core.generation().map_or(0, |generation| generation.number())
    }

    #[doc = doc!("KeySetSource.clock")]
    #[getter]
    fn clock(&self, py: Python<'_>) -> Py<MonotonicClockObject> {
        self.clock.clone_ref(py)
    }

    #[doc = doc!("KeySetSource.hold_unknown_kids")]
    fn hold_unknown_kids(&self, until: f64) -> Result<(), Fault> {
        self.set()?.hold_unknown_kids(until);
        Ok(())
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

impl KeySetSourceObject {
    fn set(&self) -> PyResult<&ReplacedSet> {
        replaced(&self.core)
    }
}

fn replaced(core: &KeySource) -> PyResult<&ReplacedSet> {
    match core {
        KeySource::Replaced(set) => Ok(set),
        KeySource::Fixed(_) | KeySource::Lookup(_) => Err(PyTypeError::new_err("this source holds no set")),
    }
}

#[doc = doc!("KeyLookup")]
#[pyclass(name = "KeyLookup", module = "jwseal._native", frozen, subclass)]
pub(crate) struct KeyLookupObject {
    core: Arc<KeySource>,
    store: Py<PyAny>,
    clock: Py<MonotonicClockObject>,
}

#[pymethods]
impl KeyLookupObject {
    #[new]
    #[pyo3(signature = (store, *, ttl=300.0, max_entries=1024, clock=None))]
    fn new(
        store: &Bound<'_, PyAny>,
        ttl: f64,
        max_entries: usize,
        clock: Option<Py<MonotonicClockObject>>,
    ) -> Result<Self, Fault> {
        if !is_store(store)? {
            let given = convert::type_name(store);
            return Err(PyTypeError::new_err(format!(
                "a store of keys has a method find_key(header) or find_key_async(header), and {given} has neither"
            ))
            .into());
        }
        let core = Arc::new(KeySource::Lookup(KeyLookup::new(max_entries, ttl)?));
        Ok(Self { core, store: store.clone().unbind(), clock: clock_or_machine(store.py(), clock)? })
    }

    #[doc = doc!("KeyLookup.store")]
    #[getter]
    fn store(&self, py: Python<'_>) -> Py<PyAny> {
        self.store.clone_ref(py)
    }

    /// The number of answers that are kept.
    fn __len__(&self) -> usize {
        match &*self.core {
            KeySource::Lookup(lookup) => lookup.len(),
            KeySource::Fixed(_) | KeySource::Replaced(_) => 0,
        }
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.store)
    }
}

#[doc = doc!("FoundKeys")]
#[pyclass(name = "FoundKeys", module = "jwseal._native", frozen)]
pub(crate) struct FoundKeysObject {
    keys: Keys,
    validity: Validity,
}

#[pymethods]
impl FoundKeysObject {
    #[new]
    #[pyo3(signature = (keys, *, not_before=None, not_after=None))]
    fn new(
        keys: &Bound<'_, PyAny>,
        not_before: Option<&Bound<'_, PyAny>>,
        not_after: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        let bound = |bound: Option<&Bound<'_, PyAny>>, name, open| {
            bound.filter(|bound| !bound.is_none()).map_or(Ok(open), |bound| convert::moment(bound, name))
        };
        let validity = Validity {
            not_before: bound(not_before, "not_before", f64::NEG_INFINITY)?,
            not_after: bound(not_after, "not_after", f64::INFINITY)?,
        };
        Ok(Self { keys: Keys::from_argument(keys)?, validity })
    }
}

/// A source of keys and its Python object.
pub(crate) struct Source {
    core: Arc<KeySource>,
    /// The subclass of `KeySetSource`, or the store.
    object: Py<PyAny>,
    clock: Py<MonotonicClockObject>,
}

/// Keys that do not change, or a source of them.
pub(crate) enum KeysArgument {
    Fixed(Keys),
    Source(Source),
}

impl KeysArgument {
    /// What a `keys` argument is.
    pub(crate) fn from_argument(keys: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        let py = keys.py();
        if let Ok(source) = keys.cast::<KeySetSourceObject>() {
            let KeySetSourceObject { core, clock } = source.get();
            let (core, clock) = (Arc::clone(core), clock.clone_ref(py));
            return Ok(Self::Source(Source { core, object: keys.clone().unbind(), clock }));
        }
        if let Ok(lookup) = keys.cast::<KeyLookupObject>() {
            return Ok(Self::Source(Source::of_lookup(py, lookup.get())));
        }
        if is_store(keys)? {
            let lookup = Bound::new(py, KeyLookupObject::new(keys, 300.0, 1_024, None)?)?;
            return Ok(Self::Source(Source::of_lookup(py, lookup.get())));
        }
        Ok(Self::Fixed(Keys::from_argument(keys)?))
    }

    /// The core's form.
    pub(crate) fn core(&self) -> Arc<KeySource> {
        match self {
            Self::Fixed(keys) => Arc::new(KeySource::Fixed(Arc::clone(keys.generation()))),
            Self::Source(source) => Arc::clone(&source.core),
        }
    }

    pub(crate) fn into_source(self) -> Option<Source> {
        match self {
            Self::Fixed(_) => None,
            Self::Source(source) => Some(source),
        }
    }
}

/// What a source was asked for.
pub(crate) enum Asked<'a, 'py> {
    /// Something to wait for, or nothing.
    Waiter(&'a Source, Option<Bound<'py, PyAny>>),
    /// An answer.
    Found(Answer),
}

/// Keys to verify a token under.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) generation: Arc<Generation>,
}

impl Source {
    fn of_lookup(py: Python<'_>, lookup: &KeyLookupObject) -> Self {
        let KeyLookupObject { core, store, clock } = lookup;
        Self { core: Arc::clone(core), object: store.clone_ref(py), clock: clock.clone_ref(py) }
    }

    pub(crate) const fn core(&self) -> &Arc<KeySource> {
        &self.core
    }

    /// What tells sources apart that are alive at the same time.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.core).addr()
    }

    /// Whether it is a store that is asked for each header.
    pub(crate) fn is_store(&self) -> bool {
        matches!(*self.core, KeySource::Lookup(_))
    }

    pub(crate) fn monotonic(&self) -> f64 {
        self.clock.get().read()
    }

    /// As `monotonic`, a little late, beside a reading of the machine's clock.
    pub(crate) fn monotonic_near(&self, wall: f64) -> f64 {
        self.clock.get().read_near(wall)
    }

    /// Tells the source that its keys are due for a refresh, if they are. It fetches them elsewhere.
    #[inline]
    pub(crate) fn refresh_if_due(&self, py: Python<'_>, monotonic: f64) -> PyResult<()> {
        let KeySource::Replaced(set) = &*self.core else { return Ok(()) };
        if set.take_refresh_due(monotonic) {
            reentry::call(py, || self.object.bind(py).call_method0("refresh_due"))?;
        }
        Ok(())
    }

    /// Asks for what is needed, without waiting for it where that is a fetch.
    pub(crate) fn ask<'py>(&self, py: Python<'py>, need: &Need) -> Result<Asked<'_, 'py>, Fault> {
        match &*self.core {
            KeySource::Fixed(_) | KeySource::Replaced(_) => self.ask_set(py, need.reason, need.header.kid()),
            KeySource::Lookup(_) => {
                let found = self.find(py, "find_key", need)?;
                Ok(Asked::Found(self.answer(&found)?))
            }
        }
    }

    /// Asks a set for its keys.
    pub(crate) fn ask_set<'py>(
        &self,
        py: Python<'py>,
        reason: Reason,
        kid: Option<&str>,
    ) -> Result<Asked<'_, 'py>, Fault> {
        let needed = || self.object.bind(py).call_method1("keys_needed", (reason.name(), kid));
        let waiter = reentry::call(py, needed)?;
        Ok(Asked::Waiter(self, Some(waiter).filter(|waiter| !waiter.is_none())))
    }

    /// The coroutine of a store that can be awaited.
    pub(crate) fn find_async<'py>(&self, py: Python<'py>, need: &Need) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.is_store() && self.object.bind(py).hasattr("find_key_async")? {
            return self.find(py, "find_key_async", need).map(Some);
        }
        Ok(None)
    }

    fn find<'py>(&self, py: Python<'py>, method: &str, need: &Need) -> PyResult<Bound<'py, PyAny>> {
        let object = self.object.bind(py);
        if !object.hasattr(method)? {
            return Err(PyTypeError::new_err(
                "this store of keys can only be awaited: use verify_async, or give it a method find_key(header)",
            ));
        }
        let header = objects::document(py, need.header.document())?;
        reentry::call(py, || object.call_method1(method, (header,))).map_err(|fault| unavailable(py, fault))
    }

    /// What a store returned, as keys to verify a token under.
    pub(crate) fn answer(&self, found: &Bound<'_, PyAny>) -> Result<Answer, Fault> {
        let py = found.py();
        let KeySource::Lookup(lookup) = &*self.core else {
            return Err(PyTypeError::new_err("this source is not a key store").into());
        };
        if found.is_none() {
            return Err(Error::KeyNotFound(NoKey::NotInStore).into());
        }
        let (keys, validity) = match found.cast::<FoundKeysObject>() {
            Ok(found) => (found.get().keys.clone(), found.get().validity),
            Err(_) => (Keys::from_argument(found)?, Validity::ALWAYS),
        };
        let (set, attached) = keys.parts(py);
        Ok(Answer { generation: lookup.answer(set, attached, validity, self.monotonic()) })
    }

    /// The keys that a set has after it was asked.
    pub(crate) fn answer_of_set(&self) -> Result<Answer, Fault> {
        let times = Times { now: 0.0, monotonic: self.monotonic() };
        match replaced(&self.core)?.usable(times) {
            Ok(generation) => Ok(Answer { generation }),
            Err(_) => Err(Error::KeySourceUnavailable.into()),
        }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.object)
    }
}

impl Asked<'_, '_> {
    /// Waits until the source has what it was asked for, or cannot have it.
    pub(crate) fn wait(self, py: Python<'_>) -> Result<Answer, Fault> {
        match self {
            Self::Found(answer) => Ok(answer),
            Self::Waiter(source, waiter) => {
                if let Some(waiter) = waiter {
                    reentry::call(py, || waiter.call_method0("wait"))?;
                }
                source.answer_of_set()
            }
        }
    }
}

/// What an exception of a store means for a token: jwseal's own as they are, anything else that the store could not answer.
pub(crate) fn unavailable(py: Python<'_>, fault: PyErr) -> PyErr {
    if error::is_own(py, &fault) || !fault.is_instance_of::<PyException>(py) {
        return fault;
    }
    let unavailable = error::exception(py, Error::KeySourceUnavailable);
    unavailable.set_cause(py, Some(fault));
    unavailable
}

/// Whether an object answers headers with keys.
fn is_store(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let is_data = object.is_instance_of::<PyString>()
        || object.is_instance_of::<PyBytes>()
        || object.is_instance_of::<PyDict>()
        || object.is_instance_of::<KeySetObject>();
    Ok(!is_data && (object.hasattr("find_key")? || object.hasattr("find_key_async")?))
}

fn clock_or_machine(py: Python<'_>, clock: Option<Py<MonotonicClockObject>>) -> PyResult<Py<MonotonicClockObject>> {
    clock.map_or_else(|| Py::new(py, MonotonicClockObject::new(None)), Ok)
}
