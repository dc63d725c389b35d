//! Has Python wait for threads that work without the interpreter lock before it forks, and what they do within that bound.

use jwseal_core::fork::{after_fork, after_fork_in_child, before_fork, between_forks};
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

/// Registers with `os.register_at_fork`, where there is one: `os.fork` and `multiprocessing` call what is registered.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    let Ok(register) = py.import("os")?.getattr("register_at_fork") else { return Ok(()) };
    // The interpreter lock is released meanwhile: what is waited for may be waiting for it.
    let before = PyCFunction::new_closure(py, None, None, |arguments, _| arguments.py().detach(before_fork))?;
    let after = PyCFunction::new_closure(py, None, None, |_, _| after_fork())?;
    let child = PyCFunction::new_closure(py, None, None, |_, _| after_fork_in_child())?;
    let hooks = PyDict::new(py);
    hooks.set_item("before", before)?;
    hooks.set_item("after_in_parent", after)?;
    hooks.set_item("after_in_child", child)?;
    register.call((), Some(&hooks)).map(drop)
}

/// Does this without the interpreter lock, while no thread forks.
pub(crate) fn detached<T: Ungil>(py: Python<'_>, work: impl Send + FnOnce() -> T) -> T {
    py.detach(|| between_forks(work))
}
