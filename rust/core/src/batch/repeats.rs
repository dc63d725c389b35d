//! Finds equal texts of a batch while several threads look at them.
//!
//! A text is looked for at a place that follows from a keyed hash of its length and its last bytes, which are of the signature:
//! hashing all of it would cost more than the rest. Texts are compared whole, if their hashes are equal: the other text is seldom in
//! the cache. Texts with the same end share a place; beyond `WINDOW` of them a text counts as the first of its kind, and is then
//! verified once more than it needs to be.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

/// The last bytes of a text, which are hashed.
const HASHED: usize = 16;

/// The places at which a text can be.
const WINDOW: usize = 32;

/// The upper half of a hash.
const UPPER: u64 = u64::MAX << 32;

/// A table of the texts that were seen. No thread waits for another.
pub struct Repeats {
    /// The upper half of a text's hash, and below it its number plus one; or zero. At most half of them are used.
    slots: Box<[AtomicU64]>,
    key: RandomState,
}

impl Repeats {
    /// A table for `count` texts.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let slots = std::iter::repeat_with(AtomicU64::default).take((2 * count).next_power_of_two()).collect();
        Self { slots, key: RandomState::new() }
    }

    /// The number of the text that was seen first among those equal to this one; its own if it is the first.
    ///
    /// It may be told to be the first though it is not, where other texts take all the places that it can have.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low bits of the hash are wanted, and a number has 32 bits"
    )]
    pub fn first<'a>(&self, number: usize, text: impl Fn(usize) -> &'a [u8]) -> usize {
        let Some(mark) = u32::try_from(number).ok().and_then(|number| number.checked_add(1)) else { return number };
        let own = text(number);
        let end = own.last_chunk::<HASHED>().map_or(own, |end| end);
        let hash = self.key.hash_one((end, own.len()));
        let entry = hash & UPPER | u64::from(mark);
        let (before, from) = self.slots.split_at(hash as usize & (self.slots.len() - 1));
        for slot in from.iter().chain(before).take(WINDOW) {
            match slot.compare_exchange(0, entry, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return number,
                Err(other) if other & UPPER == hash & UPPER => {
                    let other = (other & !UPPER) as usize - 1;
                    if text(other) == own {
                        return other;
                    }
                }
                Err(_) => {}
            }
        }
        number
    }
}
