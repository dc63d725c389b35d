//! What a verifier asks of Python about a token that passed everything else: the proof of its sender, then the stores of what
//! was used and what was revoked. `jwseal.sender` checks the proof, and `jwseal.state.check` asks the stores.

use jwseal_core::error::Error;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet};

use crate::error::Fault;
use crate::reentry;
use crate::verified_jwt::VerifiedJwtObject;

/// The check of the sender's proof, and what asks the stores. At least one is there.
pub(crate) struct State {
    /// A `jwseal.sender.DpopCheck` or `CertificateCheck`.
    sender: Option<Py<PyAny>>,
    /// A `jwseal.state.check.StateCheck`.
    stores: Option<Py<PyAny>>,
}

/// The deferred checks: the check of the proof, the stores, the time of the verification, and the leeway.
pub(crate) type Later = (Option<Py<PyAny>>, Option<Py<PyAny>>, f64, f64);

impl State {
    /// The arguments of a verifier; None without a sender to check and a store to ask.
    pub(crate) fn from_arguments(
        policy: &Bound<'_, PyAny>,
        replay: Option<&Bound<'_, PyAny>>,
        revocation: Option<&Bound<'_, PyAny>>,
        on_unavailable: Option<&Bound<'_, PyAny>>,
        sender: Option<&Bound<'_, PyAny>>,
    ) -> Result<Option<Self>, Fault> {
        let py = policy.py();
        let sender = match sender {
            Some(sender) => Some(py.import("jwseal.sender")?.getattr("sender_check")?.call1((sender,))?.unbind()),
            None => None,
        };
        let stores = Self::stores_from_arguments(policy, replay, revocation, on_unavailable)?;
        Ok((sender.is_some() || stores.is_some()).then_some(Self { sender, stores }))
    }

    fn stores_from_arguments(
        policy: &Bound<'_, PyAny>,
        replay: Option<&Bound<'_, PyAny>>,
        revocation: Option<&Bound<'_, PyAny>>,
        on_unavailable: Option<&Bound<'_, PyAny>>,
    ) -> Result<Option<Py<PyAny>>, Fault> {
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
        Ok(Some(check.call((), Some(&named))?.unbind()))
    }

    /// The check of the sender's proof.
    pub(crate) const fn sender(&self) -> Option<&Py<PyAny>> {
        self.sender.as_ref()
    }

    /// Judges the proof of a token's sender, where one is demanded.
    pub(crate) fn check_sender(
        &self,
        verified: &Bound<'_, VerifiedJwtObject>,
        token: &Bound<'_, PyAny>,
        sender: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let Some(check) = &self.sender else { return Ok(()) };
        let py = verified.py();
        let now = PyDict::new(py);
        now.set_item("now", verified.get().jwt().verified_at())?;
        let answer = reentry::call(py, || check.bind(py).call_method("check", (verified, sender, token), Some(&now)))?;
        debug_assert!(answer.is_none());
        Ok(())
    }

    /// Asks the stores about a token that passed everything else.
    pub(crate) fn ask_stores(&self, verified: &Bound<'_, VerifiedJwtObject>) -> PyResult<()> {
        let Some(stores) = &self.stores else { return Ok(()) };
        let (py, jwt) = (verified.py(), verified.get().jwt());
        let arguments = (verified, jwt.verified_at(), jwt.leeway());
        let unchecked = reentry::call(py, || stores.call_method1(py, "ask", arguments))?;
        verified.get().settle(unchecked.bind(py).cast::<PyFrozenSet>()?);
        Ok(())
    }

    pub(crate) fn later(&self, verified: &Bound<'_, VerifiedJwtObject>) -> Later {
        let (py, jwt) = (verified.py(), verified.get().jwt());
        let clone = |check: &Option<Py<PyAny>>| check.as_ref().map(|check| check.clone_ref(py));
        (clone(&self.sender), clone(&self.stores), jwt.verified_at(), jwt.leeway())
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.sender)?;
        visit.call(&self.stores)
    }
}
