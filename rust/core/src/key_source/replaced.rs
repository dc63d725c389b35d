//! A set that is replaced as a whole while verifiers use it.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::generation::{Attached, Generation, Moment, Reason, Times};
use crate::jwa::AlgSet;
use crate::key_set::KeySet;

/// A set that is replaced as a whole, and its current generation.
#[derive(Debug)]
pub struct ReplacedSet {
    current: ArcSwapOption<Generation>,
    algorithms: Option<AlgSet>,
    /// Before it an unknown kid is refused without asking for new keys.
    unknown_kid_after: Moment,
}

impl ReplacedSet {
    /// No keys yet. `algorithms` are all that its keys may ever have.
    pub(super) fn new(algorithms: Option<AlgSet>) -> Self {
        let current = ArcSwapOption::empty();
        Self { current, algorithms, unknown_kid_after: Moment::new(f64::NEG_INFINITY) }
    }

    /// The current generation, unless it is too old.
    pub fn usable(&self, times: Times) -> std::result::Result<Arc<Generation>, Reason> {
        let Some(generation) = self.current.load_full() else { return Err(Reason::Cold) };
        if generation.is_usable(times) { Ok(generation) } else { Err(Reason::Stale) }
    }

    /// Replaces the set and returns whether it changed. An equal set, in any order, keeps its generation, which is renewed.
    ///
    /// Calls must not overlap: of two that do, either may win.
    pub fn install(&self, keys: KeySet, attached: Attached, refresh_at: f64, refuse_after: f64) -> bool {
        let current = self.current.load_full();
        if let Some(generation) = current.as_ref().filter(|current| is_same(current.keys(), &keys)) {
            generation.refresh_at.set(refresh_at);
            generation.refuse_after.set(refuse_after);
            return false;
        }
        let number = current.as_ref().map_or(0, |current| current.number()) + 1;
        let generation = Generation::numbered(keys, attached, number, refresh_at, refuse_after);
        self.current.store(Some(Arc::new(generation)));
        if let Some(former) = current {
            former.supersede();
        }
        true
    }

    /// Refuses unknown kids until then without asking for new keys.
    pub fn hold_unknown_kids(&self, until: f64) {
        self.unknown_kid_after.set(until);
    }

    /// Whether an unknown kid may be asked for now.
    pub(super) fn asks_for_unknown_kids(&self, monotonic: f64) -> bool {
        monotonic >= self.unknown_kid_after.get()
    }

    /// The current generation, however old.
    pub(super) fn generation(&self) -> Option<Arc<Generation>> {
        self.current.load_full()
    }

    /// Whether the current keys are due for a refresh. Says so to one caller a second.
    #[must_use]
    pub fn take_refresh_due(&self, monotonic: f64) -> bool {
        let current = self.current.load();
        current.as_ref().is_some_and(|current| current.refresh_at.take(monotonic))
    }

    /// The algorithms that its keys may have.
    #[must_use]
    pub const fn algorithms(&self) -> Option<AlgSet> {
        self.algorithms
    }
}

/// Whether two sets have the same keys, in any order.
fn is_same(one: &KeySet, other: &KeySet) -> bool {
    one.keys().len() == other.keys().len() && one.keys().iter().all(|key| other.keys().contains(key))
}
