//! The verification of one token, by a `Verifier` or by `Issuers`.
//!
//! A single verification keeps the interpreter lock: taking it back under contention costs a thousand times what the check
//! does. Only the verification after which its key is due releases it, once, while the key is prepared.

use jwseal_core::error::{Error, Result as CoreResult};
use jwseal_core::verifier::{Accepted, Outcome, Token};
use pyo3::prelude::*;

use crate::configured_verifier::{self, ConfiguredVerifier};
use crate::convert;
use crate::error::Fault;
use crate::key_set::prepare_due;
use crate::state::Later;
use crate::verified_jwt::VerifiedJwtObject;

/// An object that chooses the verifier for each token.
pub(crate) trait Verify: Sync {
    /// The verifier that decides on this token, and the token with what was read of it to choose one.
    fn choose<'s: 'a, 'a>(&'s self, token: &'a [u8]) -> CoreResult<(&'s ConfiguredVerifier, Token<'a>)>;

    /// The verifier that decides on this token.
    fn chosen(&self, token: &[u8]) -> CoreResult<&ConfiguredVerifier> {
        Ok(self.choose(token)?.0)
    }

    /// Whether any of its tokens has a sender to check or stores to be asked about it.
    fn has_state(&self) -> bool;

    /// Whether its tokens need a proof of their sender.
    fn has_sender(&self) -> bool;

    /// Whether a caller gave a clock for any of its tokens.
    fn has_clock(&self) -> bool;
}

/// Verifies one token, waiting for keys where its source must get them first.
pub(crate) fn verify<'py, V: Verify>(
    verifier: &V,
    token: &Bound<'py, PyAny>,
    now: Option<&Bound<'py, PyAny>>,
    sender: Option<&Bound<'py, PyAny>>,
) -> Result<Py<VerifiedJwtObject>, Fault> {
    if sender.is_some() && !verifier.has_sender() {
        return Err(Error::policy(NO_SENDER).into());
    }
    let result = unsettled(verifier, token, now)?;
    if verifier.has_state()
        && let Some(state) = verifier.chosen(convert::token_octets(token)?)?.state()
    {
        state.check_sender(&result, token, sender)?;
        state.ask_stores(&result)?;
    }
    Ok(result.unbind())
}

/// Verifies one token, waiting for keys where its source must get them first; its sender and the stores are not asked.
#[inline]
pub(crate) fn unsettled<'py, V: Verify>(
    verifier: &V,
    token: &Bound<'py, PyAny>,
    now: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, VerifiedJwtObject>, Fault> {
    let accepted = match begin(verifier, token, now)? {
        Outcome::Verified(accepted) => accepted,
        Outcome::Needs(need) => {
            let octets = convert::token_octets(token)?;
            let accepted = verifier.chosen(octets)?.wait_and_verify(token.py(), octets, now, &need);
            prepare_due(token.py());
            accepted?
        }
    };
    Ok(Bound::new(token.py(), configured_verifier::object(accepted))?)
}

/// Refuses a list or a stream of tokens that each need a proof of their sender.
pub(crate) fn require_no_sender<V: Verify>(verifier: &V) -> Result<(), Fault> {
    if verifier.has_sender() {
        return Err(Error::policy(ONE_BY_ONE).into());
    }
    Ok(())
}

const NO_SENDER: &str = "this verifier was made without sender=, so it checks no proof: give sender=\"dpop\" or \"mtls\" to \
                         Verifier, or give verify no sender";

const ONE_BY_ONE: &str =
    "this verifier was made with sender=, and each of its tokens comes with a proof: give them one by one to verify";

/// Asks the stores of its verifier about a token of a batch that passed everything else.
pub(crate) fn settled<V: Verify>(
    verifier: &V,
    py: Python<'_>,
    token: &[u8],
    accepted: Accepted,
) -> Result<Py<VerifiedJwtObject>, Fault> {
    let result = Bound::new(py, configured_verifier::object(accepted))?;
    if verifier.has_state()
        && let Some(state) = verifier.chosen(token)?.state()
    {
        state.ask_stores(&result)?;
    }
    Ok(result.unbind())
}

/// What checks the sender of a verified token, and asks the stores about it, later.
pub(crate) fn later<V: Verify>(
    verifier: &V,
    token: &Bound<'_, PyAny>,
    result: &Bound<'_, VerifiedJwtObject>,
) -> Result<Option<Later>, Fault> {
    if !verifier.has_state() {
        return Ok(None);
    }
    Ok(verifier.chosen(convert::token_octets(token)?)?.state().map(|state| state.later(result)))
}

/// Verifies one token with the keys at hand, or says which are needed.
#[inline]
pub(crate) fn begin<V: Verify>(
    verifier: &V,
    token: &Bound<'_, PyAny>,
    now: Option<&Bound<'_, PyAny>>,
) -> Result<Outcome, Fault> {
    let (py, octets) = (token.py(), convert::token_octets(token)?);
    let (configured, token) = verifier.choose(octets)?;
    let outcome = configured.verify(py, token, now);
    prepare_due(py);
    outcome
}
