//! The core's errors as Python exceptions.
//!
//! One match without a wildcard arm: a new variant in the core does not compile here until it has a class. The classes
//! themselves are Python, in `jwseal.errors`.

use jwseal_core::error::{ClaimFault, Error};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::once::MadeOnce;

/// What a function of the binding can fail with: the core's refusal or a Python exception.
#[derive(Debug)]
pub(crate) enum Fault {
    Core(Error),
    Python(PyErr),
}

impl Fault {
    /// Whether a token is refused, and nothing else is wrong.
    pub(crate) fn is_refusal(&self, py: Python<'_>) -> bool {
        match self {
            Self::Core(_) => true,
            Self::Python(error) => class_named(py, "InvalidToken").is_ok_and(|class| error.is_instance(py, &class)),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<PyErr> for Fault {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Core(error) => Python::attach(|py| exception(py, error)),
            Fault::Python(error) => error,
        }
    }
}

/// The exception of a refusal.
pub(crate) fn exception(py: Python<'_>, error: Error) -> PyErr {
    let message = error.to_string();
    let class = match error {
        Error::AlgorithmNotAllowed => "AlgorithmNotAllowed",
        Error::Claim { name, fault } => return of_claim(py, claim_class(fault), message, Some(name.into_owned())),
        Error::ConditionNotMet { claim } => return of_claim(py, "ConditionNotMet", message, claim.map(String::from)),
        Error::External(foreign) => {
            return match foreign.0.downcast::<PyErr>() {
                Ok(error) => error.clone_ref(py),
                Err(_) => PyRuntimeError::new_err("the external signer failed"),
            };
        }
        Error::InsufficientScope { claim } => {
            return of_claim(py, "InsufficientScope", message, Some(claim.to_owned()));
        }
        Error::InvalidKey(_) => "InvalidKey",
        Error::InvalidPolicy(_) => "PolicyError",
        Error::InvalidSignature => "InvalidSignature",
        Error::KeyNotFound(_) => "KeyNotFound",
        Error::KeySourceUnavailable => "KeySourceUnavailable",
        Error::Malformed { .. } => "MalformedToken",
        Error::MissingToken => "MissingToken",
        Error::TooLarge { .. } => "TokenTooLarge",
        Error::UnsupportedHeader { .. } => "UnsupportedHeader",
        Error::WrongTyp => "WrongTyp",
    };
    match class_named(py, class) {
        Ok(class) => PyErr::from_type(class, (message,)),
        Err(error) => error,
    }
}

/// Whether an exception is one of `jwseal.errors`.
pub(crate) fn is_own(py: Python<'_>, error: &PyErr) -> bool {
    class_named(py, "JOSEError").is_ok_and(|class| error.is_instance(py, &class))
}

/// Whether the exception means that a token was refused or could not be checked.
pub(crate) fn is_verdict(py: Python<'_>, error: &PyErr) -> bool {
    let is = |class| class_named(py, class).is_ok_and(|class| error.is_instance(py, &class));
    is("InvalidToken") || is("Unavailable")
}

fn of_claim(py: Python<'_>, class: &str, message: String, claim: Option<String>) -> PyErr {
    match class_named(py, class) {
        Ok(class) => PyErr::from_type(class, (message, claim)),
        Err(error) => error,
    }
}

const fn claim_class(fault: ClaimFault) -> &'static str {
    match fault {
        ClaimFault::Expired => "TokenExpired",
        ClaimFault::Invalid | ClaimFault::LivesTooLong(_) => "InvalidClaim",
        ClaimFault::IsArray | ClaimFault::Mismatch => "ClaimMismatch",
        ClaimFault::Missing => "MissingClaim",
        ClaimFault::NotYetValid => "TokenNotYetValid",
        ClaimFault::Replayed => "Replayed",
        ClaimFault::Revoked => "Revoked",
        ClaimFault::TooOld => "TokenTooOld",
    }
}

fn class_named<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyType>> {
    static MODULE: MadeOnce<Py<PyModule>> = MadeOnce::new();
    let module = MODULE.get_or_try_make(|| py.import("jwseal.errors").map(Bound::unbind))?;
    Ok(module.bind(py).getattr(name)?.cast_into::<PyType>()?)
}
