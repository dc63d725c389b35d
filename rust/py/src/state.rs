//! The stores of a verifier: what was used, what was revoked. They are Python objects, and `jwseal.state.check` asks them.

use jwseal_core::error::Error;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet};

use crate::error::Fault;
use crate::reentry;
use crate::verified_jwt::VerifiedJwtObject;

/// What asks the stores: a `jwseal.state.check.StateCheck`.
pub(crate) struct State(Py<PyAny>);

/// What asks the stores later: the object, the time that the token was judged at, and the leeway.
pub(crate) type Later = (Py<PyAny>, f64, f64);

impl State {
    /// The arguments of a verifier; None without a store.
    pub(crate) fn from_arguments(
        policy: &Bound<'_, PyAny>,
        replay: Option<&Bound<'_, PyAny>>,
        revocation: Option<&Bound<'_, PyAny>>,
        on_unavailable: Option<&Bound<'_, PyAny>>,
    ) -> Result<Option<Self>, Fault> {
        let py = policy.py();
        if replay.is_none() && revocation.is_none() {
            return match on_unavailable {
                None => Ok(None),
                Some(_) => Err(Error::policy("on_unavailable goes with replay or revocation").into()),
            };
        }
        let unchecked = py.import("jwseal.policy")?.getattr("UNCHECKED")?;
        if replay.is_some() && policy.getattr("expiry")?.is(&unchecked) {
            let reason = "replay needs an expiry: a token without one would have to be remembered without end";
            return Err(Error::policy(reason).into());
        }
        let named = PyDict::new(py);
        named.set_item("replay", replay)?;
        named.set_item("revocation", revocation)?;
        if let Some(on_unavailable) = on_unavailable {
            named.set_item("on_unavailable", on_unavailable)?;
        }
        let check = py.import("jwseal.state.check")?.getattr("StateCheck")?;
        Ok(Some(Self(check.call((), Some(&named))?.unbind())))
    }

    /// Asks the stores about a token that passed everything else.
    pub(crate) fn judge(&self, verified: &Bound<'_, VerifiedJwtObject>) -> PyResult<()> {
        let (py, jwt) = (verified.py(), verified.get().jwt());
        let arguments = (verified, jwt.verified_at(), jwt.leeway());
        let unchecked = reentry::call(py, || self.0.call_method1(py, "judge", arguments))?;
        verified.get().settle(unchecked.bind(py).cast::<PyFrozenSet>()?);
        Ok(())
    }

    pub(crate) fn later(&self, verified: &Bound<'_, VerifiedJwtObject>) -> Later {
        let jwt = verified.get().jwt();
        (self.0.clone_ref(verified.py()), jwt.verified_at(), jwt.leeway())
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)
    }
}
