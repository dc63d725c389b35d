//! A table of values by the whole text of a token: bounded in entries and in bytes, read and changed without a lock.
//!
//! A call that finds its token waits for nothing, and neither does one that keeps a token: where another thread is changing
//! the same slot, it keeps it another time. So a process that was forked while a thread changed a slot loses that one slot.
//!
//! The place of a token follows from a hash of its last `HASHED` bytes, which are of the signature, and of its length. The hash is
//! SipHash under a random key of this table, so tokens that share a place cannot be chosen, whatever their bytes: hashing
//! more would take longer than all the rest of a call. Two tokens of one hash only share a place. What decides is the
//! comparison of the whole token, whose time depends on the length alone, so that it does not show how much of a token was guessed.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;

use crate::crypto;

/// Values by tokens.
pub(super) struct Table<T> {
    key: RandomState,
    /// A power of two, at least twice the entries.
    slots: Box<[Slot<T>]>,
    pub(super) max_entries: usize,
    pub(super) max_bytes: usize,
    entries: AtomicUsize,
    bytes: AtomicUsize,
    evictions: AtomicU64,
    /// The slot that `evict` looks at next.
    hand: AtomicUsize,
}

/// A place for one entry. `state` is `EMPTY`, `HELD` by the one thread that may change the slot, or the hash of the entry's token.
struct Slot<T> {
    state: AtomicU64,
    entry: ArcSwapOption<Entry<T>>,
}

/// A token, and what is kept for it.
pub(super) struct Entry<T> {
    token: Box<[u8]>,
    value: T,
    bytes: usize,
    /// Whether it was found since `evict` passed it last.
    was_found: AtomicBool,
}

/// Bytes of a token that are hashed: its last ones. Of an HMAC with SHA-256, whose signatures are the shortest, they are
/// all 43 characters and the end of the payload.
const HASHED: usize = 64;

/// Slots in which a token may be, one after the other. Where at most half of all slots are taken, one of them is almost always free;
/// if not, an entry there is removed.
const WINDOW: usize = 32;

/// How many recently used entries `evict` skips before it takes the next one. This bounds the longest call.
const MOST_SPARED: usize = 64;

const EMPTY: u64 = 0;
const HELD: u64 = 1;

impl<T> Table<T> {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        let slots = (max_entries * 2).next_power_of_two().max(WINDOW);
        Self {
            key: RandomState::new(),
            slots: (0..slots).map(|_| Slot::default()).collect(),
            max_entries,
            max_bytes,
            entries: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            evictions: AtomicU64::new(0),
            hand: AtomicUsize::new(0),
        }
    }

    /// What is kept for this token.
    pub(super) fn find(&self, token: &[u8]) -> Option<Arc<Entry<T>>> {
        let hash = self.hash(token);
        let of_hash = self.window(hash).filter(|slot| slot.state.load(Ordering::Acquire) == hash);
        let mut found =
            of_hash.filter_map(|slot| slot.entry.load().as_ref().filter(|entry| entry.is_of(token)).cloned());
        let entry = found.next()?;
        if !entry.was_found.load(Ordering::Relaxed) {
            entry.was_found.store(true, Ordering::Relaxed);
        }
        Some(entry)
    }

    /// Stores a value of `bytes` bytes for a token and replaces the previous one.
    ///
    /// Where the table is full, entries that were not used recently are removed. A value larger than the whole table is not stored.
    pub(super) fn insert(&self, token: &[u8], value: T, bytes: usize) {
        let (hash, bytes) = (self.hash(token), bytes + token.len() + size_of::<Entry<T>>());
        if let Some(slot) = self.slot_of(hash, token) {
            self.remove(slot, hash);
        }
        if bytes > self.max_bytes || !self.make_room(bytes) {
            return;
        }
        if let Some(slot) = self.held_slot(hash) {
            let entry = Entry { token: token.into(), value, bytes, was_found: AtomicBool::new(false) };
            let former = slot.entry.swap(Some(Arc::new(entry)));
            slot.state.store(hash, Ordering::Release);
            if let Some(former) = former {
                self.forget(former.bytes);
                self.evictions.fetch_add(1, Ordering::Relaxed);
            }
        } else {
            self.forget(bytes);
        }
    }

    /// Removes the entries of these slots whose values are not to be kept.
    pub(super) fn retain(&self, slots: Range<usize>, keep: impl Fn(&T) -> bool) {
        for slot in self.slots.get(slots).unwrap_or_default() {
            let state = slot.state.load(Ordering::Acquire);
            if slot.entry.load().as_ref().is_some_and(|entry| !keep(&entry.value)) {
                self.remove(slot, state);
            }
        }
    }

    /// The number of slots.
    pub(super) const fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The number of entries.
    pub(super) fn entries(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// What the entries take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many entries were removed to make room for others.
    pub(super) fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }

    /// Never `EMPTY` or `HELD`.
    fn hash(&self, token: &[u8]) -> u64 {
        let end = token.last_chunk::<HASHED>().map_or(token, |end| end);
        self.key.hash_one((end, token.len())) | 2
    }

    /// The slots in which a token of this hash may be.
    fn window(&self, hash: u64) -> impl Iterator<Item = &Slot<T>> {
        let mask = self.slots.len() - 1;
        // Half of the bits of a hash fit everywhere.
        let first = usize::try_from(hash >> 32).unwrap_or_default();
        (0..WINDOW).filter_map(move |step| self.slots.get(first.wrapping_add(step) & mask))
    }

    /// The slot that has this token.
    fn slot_of(&self, hash: u64, token: &[u8]) -> Option<&Slot<T>> {
        let has = |slot: &&Slot<T>| slot.entry.load().as_ref().is_some_and(|entry| entry.is_of(token));
        self.window(hash).filter(|slot| slot.state.load(Ordering::Acquire) == hash).find(has)
    }

    /// Locks a slot for this hash: a free one if possible, else any.
    fn held_slot(&self, hash: u64) -> Option<&Slot<T>> {
        let free = self.window(hash).find(|slot| slot.hold(EMPTY));
        free.or_else(|| self.window(hash).find(|slot| slot.hold(slot.state.load(Ordering::Acquire))))
    }

    /// Counts a new entry, after others made room for it; whether there is room.
    fn make_room(&self, bytes: usize) -> bool {
        let one_more = |entries| Some(entries + 1).filter(|entries| *entries <= self.max_entries);
        let more = |all| Some(all + bytes).filter(|all| *all <= self.max_bytes);
        loop {
            if self.entries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok() {
                if self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
                    return true;
                }
                self.entries.fetch_sub(1, Ordering::Relaxed);
            }
            if !self.evict() {
                return false;
            }
        }
    }

    /// Removes an entry that was not used recently. Returns whether there was one.
    fn evict(&self) -> bool {
        let mut spared = 0;
        for _ in 0..2 * self.slots.len() {
            let index = self.hand.fetch_add(1, Ordering::Relaxed) & (self.slots.len() - 1);
            let Some(slot) = self.slots.get(index) else { continue };
            let state = slot.state.load(Ordering::Acquire);
            if state == EMPTY || state == HELD {
                continue;
            }
            let was_found =
                slot.entry.load().as_ref().is_some_and(|entry| entry.was_found.swap(false, Ordering::Relaxed));
            if was_found && spared < MOST_SPARED {
                spared += 1;
            } else if self.remove(slot, state) {
                self.evictions.fetch_add(1, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// Empties a slot, unless another thread holds it or has changed it.
    fn remove(&self, slot: &Slot<T>, state: u64) -> bool {
        if !slot.hold(state) {
            return false;
        }
        let entry = slot.entry.swap(None);
        slot.state.store(EMPTY, Ordering::Release);
        if let Some(entry) = entry {
            self.forget(entry.bytes);
        }
        true
    }

    /// Counts an entry no more.
    fn forget(&self, bytes: usize) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl<T> Slot<T> {
    /// Makes this thread the one that may change the slot, if it is still in this state.
    fn hold(&self, state: u64) -> bool {
        state != HELD && self.state.compare_exchange(state, HELD, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { state: AtomicU64::new(EMPTY), entry: ArcSwapOption::empty() }
    }
}

impl<T> Entry<T> {
    /// What is kept.
    pub(super) const fn value(&self) -> &T {
        &self.value
    }

    /// Whether it is the entry of this token, byte for byte. Every byte is compared, whichever differs.
    fn is_of(&self, token: &[u8]) -> bool {
        crypto::is_same(&self.token, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: usize) -> Vec<u8> {
        format!("header.payload.{number:064}").into_bytes()
    }

    fn found(table: &Table<usize>, number: usize) -> Option<usize> {
        table.find(&token(number)).map(|entry| *entry.value())
    }

    fn filled(entries: usize) -> Table<usize> {
        let table = Table::new(entries, usize::MAX);
        (0..entries).for_each(|number| table.insert(&token(number), number, 100));
        table
    }

    /// Of 4,096 entries one is removed in one of a hundred tables, because all slots that it may have are taken.
    #[test]
    fn every_entry_up_to_the_bound_is_found() {
        for entries in [1, 2, 3, 16, 17, 1_000, 4_096] {
            let table = filled(entries);
            let number_found = (0..entries).filter(|number| found(&table, *number) == Some(*number)).count();
            assert_eq!(number_found, table.entries());
            assert_eq!((entries - number_found) as u64, table.evictions());
            assert!(table.evictions() <= entries as u64 / 100, "{entries}");
        }
    }

    #[test]
    fn the_bounds_hold_and_the_bytes_are_those_of_the_entries() {
        let one = { filled(1) }.bytes();
        let table = Table::new(1_000, one * 10);
        (0..500).for_each(|number| table.insert(&token(number), number, 100));
        assert_eq!((table.entries(), table.bytes(), table.evictions()), (10, one * 10, 490));
        let table = Table::new(10, usize::MAX);
        (0..500).for_each(|number| table.insert(&token(number), number, 100));
        assert_eq!((table.entries(), table.bytes(), table.evictions()), (10, one * 10, 490));
    }

    #[test]
    fn what_is_larger_than_the_table_is_not_kept_and_removes_nothing() {
        let table = Table::new(8, 4_096);
        table.insert(&token(1), 1, 100);
        table.insert(&token(2), 2, 4_096);
        assert_eq!((found(&table, 1), found(&table, 2), table.entries()), (Some(1), None, 1));
    }

    #[test]
    fn an_entry_that_is_found_again_and_again_outlives_the_others() {
        let table = filled(8);
        for number in 8..1_000 {
            assert_eq!(found(&table, 3), Some(3));
            table.insert(&token(number), number, 100);
        }
        assert_eq!(table.entries(), 8);
    }

    #[test]
    fn a_token_kept_again_has_one_entry() {
        let table = filled(4);
        table.insert(&token(2), 22, 50);
        assert_eq!((found(&table, 2), table.entries(), table.evictions()), (Some(22), 4, 0));
        let table = Table::new(4, usize::MAX);
        (0..3).for_each(|value| table.insert(&token(2), value, 100));
        assert_eq!((found(&table, 2), table.entries(), table.evictions()), (Some(2), 1, 0));
    }

    #[test]
    fn tokens_that_share_what_is_hashed_are_told_apart() {
        let (one, other) = ([b"a.b.", &[b'c'; HASHED][..]].concat(), [b"x.b.", &[b'c'; HASHED][..]].concat());
        let table = Table::new(4, usize::MAX);
        table.insert(&one, 1, 0);
        assert!(table.hash(&one) == table.hash(&other) && table.find(&other).is_none());
        table.insert(&other, 2, 0);
        assert_eq!(table.find(&one).map(|entry| entry.value), Some(1));
        assert_eq!(table.find(&other).map(|entry| entry.value), Some(2));
    }

    #[test]
    fn more_tokens_of_one_hash_than_a_window_has_slots_replace_one_another() {
        let table = Table::new(1_000, usize::MAX);
        for number in 0..2 * WINDOW {
            table.insert(&[number.to_string().as_bytes(), b".", &[b'c'; HASHED]].concat(), number, 0);
        }
        assert!(table.entries() <= WINDOW + 10 && table.evictions() > 0);
    }

    #[test]
    fn retaining_removes_the_others() {
        let table = filled(100);
        table.retain(0..table.slots(), |number| number % 2 == 0);
        assert_eq!((table.entries(), found(&table, 1), found(&table, 2)), (50, None, Some(2)));
        table.retain(0..table.slots(), |_| false);
        assert_eq!((table.entries(), table.bytes(), table.evictions()), (0, 0, 0));
    }

    #[test]
    fn a_slot_that_a_thread_holds_is_passed_over() {
        let table = filled(1);
        let held: Vec<_> = table.slots.iter().map(|slot| slot.state.swap(HELD, Ordering::AcqRel)).collect();
        assert_eq!(found(&table, 0), None);
        table.insert(&token(1), 1, 100);
        table.retain(0..table.slots(), |_| false);
        assert_eq!(table.entries(), 1);
        table.slots.iter().zip(held).for_each(|(slot, state)| slot.state.store(state, Ordering::Release));
        assert_eq!(found(&table, 0), Some(0));
    }

    #[test]
    fn threads_find_only_what_was_kept_and_keep_the_count() {
        let table = Table::new(64, usize::MAX);
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let table = &table;
                scope.spawn(move || {
                    for round in 0..20_000 {
                        let number = (round * (thread + 1)) % 200;
                        assert!(found(table, number).is_none_or(|value| value == number));
                        table.insert(&token(number), number, 100);
                        if round % 1_000 == 0 {
                            table.retain(0..table.slots(), |value| value % 3 != 0);
                        }
                    }
                });
            }
        });
        let entries = (0..200).filter(|number| found(&table, *number).is_some()).count();
        assert!(entries <= 64);
        table.retain(0..table.slots(), |_| false);
        assert_eq!((table.entries(), table.bytes()), (0, 0));
    }
}
