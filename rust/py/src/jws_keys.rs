//! The keys that a JWS without JWT is verified with: those given, or those that their source has for it.

use std::sync::Arc;

use jwseal_core::error::Error;
use jwseal_core::jwa::AlgSet;
use jwseal_core::jws::require::Require;
use jwseal_core::jws::unverified::{Unverified, VerifyOptions};
use jwseal_core::key_set::KeySet;
use jwseal_core::key_source::{Need, Reason, Times};
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

/// Keys in memory.
pub(crate) struct AtHand {
    pub(crate) keys: Keys,
    algorithms: Option<AlgSet>,
    /// Whether the keys can change.
    changing: bool,
    /// Those that a store has for each signature.
    own: Option<Vec<KeySet>>,
}

impl AtHand {
    /// What the core verifies with.
    pub(crate) fn options<'a>(&'a self, require: &'a Require) -> VerifyOptions<'a> {
        let Self { keys, algorithms, changing, own } = self;
        let (keys, algorithms, changing) = (keys.set(), *algorithms, *changing);
        VerifyOptions { keys, algorithms, require, changing, own: own.as_deref() }
    }
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
        let source = match keys {
            KeysArgument::Fixed(keys) => return Ok(AtHand { keys, algorithms, changing: false, own: None }),
            KeysArgument::Source(source) => source,
        };
        let times = Times { now: clock::machine()?, monotonic: source.monotonic() };
        if source.is_store() {
            let (keys, own) = of_store(py, &source, jws, index, times)?;
            return Ok(AtHand { keys, algorithms, changing: true, own: Some(own) });
        }
        let keys = of_set(py, &source, jws, index, algorithms, times)?;
        Ok(AtHand { keys, algorithms, changing: true, own: None })
    }
}

/// The current keys of a set, or those that it has after it was asked.
fn of_set(
    py: Python<'_>,
    source: &Source,
    jws: &Unverified,
    index: Option<usize>,
    algorithms: Option<AlgSet>,
    times: Times,
) -> Result<Keys, Fault> {
    source.refresh_if_due(py, times.monotonic)?;
    let ask = |reason, kid| Ok(Keys::of(source.ask_set(py, reason, kid)?.wait(py)?.generation));
    let generation = match source.core().current(&[], times) {
        Ok(generation) => generation,
        Err(reason) => return ask(reason, None),
    };
    match jws.unknown_kid(index, generation.keys(), algorithms) {
        Some(kid) if source.core().asks_for_unknown_kids(times.monotonic) => ask(Reason::UnknownKid, Some(kid)),
        _ => Ok(Keys::of(generation)),
    }
}

/// The keys that a store has for the headers of a JWS, and those for each of its signatures.
fn of_store(
    py: Python<'_>,
    source: &Source,
    jws: &Unverified,
    index: Option<usize>,
    times: Times,
) -> Result<(Keys, Vec<KeySet>), Fault> {
    let (mut answers, mut own, mut missing) = (Vec::new(), Vec::new(), None);
    for at in 0..jws.entries.len() {
        let is_asked = index.is_none_or(|index| index == at);
        let answer =
            if is_asked { for_signature(py, source, jws, at, times) } else { Err(Error::InvalidSignature.into()) };
        match answer {
            Ok(keys) => {
                own.push(keys.set().clone());
                answers.push(keys);
            }
            Err(fault) if fault.is_refusal(py) => {
                own.push(KeySet::withdrawn());
                missing = missing.or(Some(fault).filter(|_| is_asked));
            }
            Err(fault) => return Err(fault),
        }
    }
    match missing {
        Some(fault) if answers.is_empty() => Err(fault),
        _ => Ok((Keys::answers(py, &answers)?, own)),
    }
}

/// The keys that a store has for one header.
fn for_signature(py: Python<'_>, source: &Source, jws: &Unverified, at: usize, times: Times) -> Result<Keys, Fault> {
    let (header, text) = jws.entry(at)?.protected();
    header.alg()?;
    let generation = match source.core().current(text, times) {
        Ok(generation) => generation,
        Err(reason) => {
            let need = Need { reason, header: Arc::clone(header), text: text.into() };
            source.ask(py, &need)?.wait(py)?.generation
        }
    };
    generation.require_valid(times.now)?;
    Ok(Keys::of(generation))
}
