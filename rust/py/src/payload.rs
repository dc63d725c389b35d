//! Payload arguments: bytes in memory, or a file that is read while it is signed or verified.
//!
//! Bytes that could change are copied first. A file is read once with `read(size)`, from its current position to its end, and
//! stays open. After the first mebibyte the interpreter lock is released while bytes are hashed.

use jwseal_core::error::Result as CoreResult;
use jwseal_core::jws::detached::PayloadSink;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::convert::type_name;
use crate::error::Fault;
use crate::fork;
use crate::once::{MadeOnce, intern};
use crate::reentry;

/// A payload argument, not yet read.
pub(crate) enum Payload<'py> {
    Octets(Bound<'py, PyBytes>),
    View(Bound<'py, PyMemoryView>),
    File(Bound<'py, PyAny>),
}

/// Bytes up to which the lock is kept: taking it back under contention takes longer than hashing these.
const SHORT: usize = 1 << 20;

/// Bytes that are read from a file at once.
const PIECE: usize = 1 << 18;

impl<'py> Payload<'py> {
    /// Judges the argument's type and reads nothing.
    pub(crate) fn from_argument(argument: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(octets) = argument.cast::<PyBytes>() {
            return Ok(Self::Octets(octets.clone()));
        }
        if let Ok(view) = argument.cast::<PyMemoryView>() {
            return Ok(Self::View(view.clone()));
        }
        let advice = if argument.is_instance_of::<PyByteArray>() {
            "it can change while it is read: give bytes(payload), or memoryview(payload), which is copied"
        } else if argument.is_instance_of::<PyString>() {
            "text has an encoding that is yours to choose: give payload.encode(), or open(path, \"rb\") for a file"
        } else if is_text_file(argument)? {
            TEXT_FILE
        } else if argument.hasattr(intern!(argument.py(), "read"))? {
            return Ok(Self::File(argument.clone()));
        } else {
            "give its bytes, or a file opened with open(path, \"rb\")"
        };
        Err(PyTypeError::new_err(format!(
            "payload must be bytes, a memoryview or a binary file, not {}: {advice}",
            type_name(argument)
        )))
    }

    /// The bytes, for a JWS that carries them.
    pub(crate) fn into_octets(self) -> PyResult<Bound<'py, PyBytes>> {
        match self {
            Self::Octets(octets) => Ok(octets),
            Self::View(view) => octets_of(&view),
            Self::File(_) => Err(PyTypeError::new_err(
                "a file is signed with detached=True; to put its bytes into the JWS give file.read()",
            )),
        }
    }

    /// Feeds the whole payload to a sink; its result, and the payload's bytes where they are in memory.
    pub(crate) fn feed<S: PayloadSink<Outcome: Send> + Send>(
        self,
        sink: S,
    ) -> Result<(S::Outcome, Option<Bound<'py, PyBytes>>), Fault> {
        match self {
            Self::Octets(octets) => Ok((feed_bytes(&octets, sink)?, Some(octets))),
            Self::View(view) => {
                let octets = octets_of(&view)?;
                Ok((feed_bytes(&octets, sink)?, Some(octets)))
            }
            Self::File(file) => Ok((feed_file(&file, sink)?, None)),
        }
    }
}

fn feed_bytes<S: PayloadSink<Outcome: Send> + Send>(
    octets: &Bound<'_, PyBytes>,
    mut sink: S,
) -> CoreResult<S::Outcome> {
    let (py, octets) = (octets.py(), octets.as_bytes());
    if octets.len() <= SHORT {
        sink.update(octets);
        return sink.finish();
    }
    py.detach(|| sink.update(octets));
    finish_long(py, sink)
}

fn feed_file<S: PayloadSink<Outcome: Send> + Send>(file: &Bound<'_, PyAny>, mut sink: S) -> Result<S::Outcome, Fault> {
    let py = file.py();
    let read = file.getattr(intern!(py, "read"))?;
    let mut total = 0_usize;
    loop {
        let piece = reentry::call(py, || read.call1((PIECE,)))?;
        let octets = piece.cast::<PyBytes>().map_err(|_| not_octets(&piece))?.as_bytes();
        if octets.is_empty() {
            break;
        }
        total = total.saturating_add(octets.len());
        if total > SHORT {
            py.detach(|| sink.update(octets));
            // So that reading a file that never ends can be interrupted, also where its `read` runs no Python.
            py.check_signals()?;
        } else {
            sink.update(octets);
        }
    }
    Ok(if total > SHORT { finish_long(py, sink) } else { sink.finish() }?)
}

/// Ends a payload of more than `SHORT` bytes. The code of an external signer, which could fork, keeps the interpreter lock.
fn finish_long<S: PayloadSink<Outcome: Send> + Send>(py: Python<'_>, sink: S) -> CoreResult<S::Outcome> {
    if sink.signs_elsewhere() { sink.finish() } else { fork::detached(py, || sink.finish()) }
}

/// The bytes of a view: the bytes object behind it where the view is all of it, a copy otherwise.
fn octets_of<'py>(view: &Bound<'py, PyMemoryView>) -> PyResult<Bound<'py, PyBytes>> {
    let py = view.py();
    if !view.getattr(intern!(py, "c_contiguous"))?.is_truthy()? {
        return Err(PyTypeError::new_err("payload is a memoryview with gaps: give bytes(payload)"));
    }
    if let Ok(octets) = view.getattr(intern!(py, "obj"))?.cast_into_exact::<PyBytes>()
        && view.getattr(intern!(py, "nbytes"))?.extract::<usize>()? == octets.as_bytes().len()
    {
        return Ok(octets);
    }
    Ok(view.call_method0(intern!(py, "tobytes"))?.cast_into::<PyBytes>()?)
}

fn is_text_file(argument: &Bound<'_, PyAny>) -> PyResult<bool> {
    static TEXT_IO: MadeOnce<Py<PyAny>> = MadeOnce::new();
    let py = argument.py();
    let class = TEXT_IO.get_or_try_make(|| py.import("io")?.getattr("TextIOBase").map(Bound::unbind))?;
    argument.is_instance(class.bind(py))
}

fn not_octets(piece: &Bound<'_, PyAny>) -> PyErr {
    let advice = if piece.is_instance_of::<PyString>() {
        TEXT_FILE
    } else if piece.is_none() {
        "a file that does not block cannot be read to its end here"
    } else {
        "read(size) must give bytes, and empty bytes at the end"
    };
    PyTypeError::new_err(format!("the payload's read returned {}, not bytes: {advice}", type_name(piece)))
}

const TEXT_FILE: &str = "a file opened as text has other bytes than the file itself: open it with open(path, \"rb\")";
