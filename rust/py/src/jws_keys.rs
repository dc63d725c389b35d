//! The keys that a JWS without JWT is verified with: those given, or those that their source has for it.

use jwseal_core::error::{Error, NoKey};
use jwseal_core::jwa::AlgSet;
use jwseal_core::jws::unverified::Unverified;
use jwseal_core::key_source::{KeySource, Need, Reason, Times};
use pyo3::prelude::*;

use crate::clock;
use crate::convert;
use crate::error::Fault;
use crate::key_set::Keys;
use crate::key_source::{KeysArgument, Source};

/// Keys or a source of them, and the algorithms that a caller accepts.
pub(crate) struct JwsKeys {
    keys: KeysArgument,
    algorithms: Option<AlgSet>,
}

/// Keys at hand.
pub(crate) struct AtHand {
    pub(crate) keys: Keys,
    pub(crate) algorithms: Option<AlgSet>,
    /// Whether they may be others another time.
    pub(crate) changing: bool,
}

impl JwsKeys {
    /// The arguments `keys` and `algorithms`.
    pub(crate) fn from_arguments(
        keys: &Bound<'_, PyAny>,
        algorithms: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        let keys = KeysArgument::from_argument(keys)?;
        let algorithms = keys.core().narrowed(convert::algorithms(algorithms)?)?;
        Ok(Self { keys, algorithms })
    }

    /// The keys for all signatures of a JWS, or for the one at an index; waits for them where the source must get them.
    pub(crate) fn at_hand(self, py: Python<'_>, jws: &Unverified, index: Option<usize>) -> Result<AtHand, Fault> {
        let Self { keys, algorithms } = self;
        let (keys, changing) = match keys {
            KeysArgument::Fixed(keys) => (keys, false),
            KeysArgument::Source(source) => (of_source(py, &source, jws, index, algorithms)?, true),
        };
        Ok(AtHand { keys, algorithms, changing })
    }
}

fn of_source(
    py: Python<'_>,
    source: &Source,
    jws: &Unverified,
    index: Option<usize>,
    algorithms: Option<AlgSet>,
) -> Result<Keys, Fault> {
    let times = Times { now: clock::machine()?, monotonic: source.monotonic() };
    source.refresh_if_due(py, times.monotonic)?;
    let set = match &**source.core() {
        KeySource::Replaced(set) => set,
        KeySource::Fixed(_) | KeySource::Lookup(_) => return of_store(py, source, jws, index, times),
    };
    let generation = match set.usable(times) {
        Ok(generation) => generation,
        Err(reason) => return Ok(Keys::of(source.ask_set(py, reason, None)?.wait(py)?.generation)),
    };
    match jws.unknown_kid(index, generation.keys(), algorithms) {
        Some(kid) if source.core().asks_for_unknown_kids(times.monotonic) => {
            Ok(Keys::of(source.ask_set(py, Reason::UnknownKid, Some(kid))?.wait(py)?.generation))
        }
        _ => Ok(Keys::of(generation)),
    }
}

fn of_store(
    py: Python<'_>,
    source: &Source,
    jws: &Unverified,
    index: Option<usize>,
    times: Times,
) -> Result<Keys, Fault> {
    if index.is_none() && jws.entries.len() != 1 {
        return Err(Error::KeyNotFound(NoKey::TooMany).into());
    }
    let (header, text) = jws.entry(index.unwrap_or(0))?.protected();
    let generation = match source.core().current(text, times) {
        Ok(generation) => generation,
        Err(reason) => {
            let need = Need { reason, header: header.clone(), text: text.into() };
            source.ask(py, &need)?.wait(py)?.generation
        }
    };
    generation.require_valid(times.now)?;
    Ok(Keys::of(generation))
}
