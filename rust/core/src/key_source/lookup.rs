//! The answers of a store that is asked for each header, kept by the header's exact text.
//!
//! An answer is kept once a token verified under it, so that what anyone can send does not drive out what is in use. At most
//! `max_entries` are kept, each for `ttl` seconds. An answer outside its validity is not used: the store is asked again.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::generation::{Attached, Generation, Times, Validity};
use crate::error::{Error, Result};
use crate::key_set::KeySet;

/// A store's answers.
#[derive(Debug)]
pub struct KeyLookup {
    /// Replaced as a whole, so that reading waits for nothing.
    answers: ArcSwap<HashMap<Arc<[u8]>, Arc<Generation>>>,
    max_entries: usize,
    ttl: f64,
}

impl KeyLookup {
    /// No answers yet.
    pub fn new(max_entries: usize, ttl: f64) -> Result<Self> {
        if !ttl.is_finite() || ttl < 0.0 {
            return Err(Error::policy("ttl must be a finite number of seconds, 0 to keep no answer"));
        }
        Ok(Self { answers: ArcSwap::default(), max_entries, ttl })
    }

    /// The answer for a header, to verify under.
    #[must_use]
    pub fn answer(&self, keys: KeySet, attached: Attached, validity: Validity, monotonic: f64) -> Arc<Generation> {
        Arc::new(Generation::found(keys, attached, validity, monotonic + self.ttl))
    }

    /// The number of answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.load().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn known(&self, text: &[u8], times: Times) -> Option<Arc<Generation>> {
        let answers = self.answers.load();
        answers.get(text).filter(|answer| answer.is_usable(times)).map(Arc::clone)
    }

    pub(super) fn remember(&self, text: &[u8], answer: &Arc<Generation>, monotonic: f64) {
        let is_kept = |known: &Arc<Generation>| Arc::ptr_eq(known, answer);
        if self.max_entries == 0 || self.ttl <= 0.0 || self.answers.load().get(text).is_some_and(is_kept) {
            return;
        }
        self.answers.rcu(|answers| {
            let mut answers = HashMap::clone(answers);
            answers.remove(text);
            if answers.len() >= self.max_entries {
                answers.retain(|_, answer| monotonic <= answer.refuse_after.get());
            }
            // All live equally long, so the one that ends first is the oldest.
            let end = |(_, answer): &(&Arc<[u8]>, &Arc<Generation>)| answer.refuse_after.get();
            let oldest = answers.iter().min_by(|one, other| end(one).total_cmp(&end(other)));
            if let Some(oldest) = oldest.map(|(text, _)| Arc::clone(text)).filter(|_| answers.len() >= self.max_entries)
            {
                answers.remove(&oldest);
            }
            answers.insert(text.into(), Arc::clone(answer));
            answers
        });
    }
}
