//! When keys are prepared, which key loses its slot to which, and that no lock is waited for.

use super::*;

/// Keys of edwards25519: the multiples of the generator by 1, 2, 4 and so on.
fn keys() -> Vec<[u8; 32]> {
    let mut point = crrl::ed25519::Point::BASE;
    std::iter::repeat_with(|| {
        point = point.double();
        point.encode()
    })
    .take(12)
    .collect()
}

fn entries(pool: &'static Pool, count: usize) -> Vec<Arc<Entry>> {
    keys().iter().take(count).map(|key| pool.entry(Alg::Ed25519, key)).collect()
}

fn is_prepared(entry: &Entry) -> bool {
    entry.with(|_| ()).is_some()
}

/// Verifications by the backend or by the prepared key, whichever it is at the moment.
fn used(entry: &Arc<Entry>, times: u32) {
    for _ in 0..times {
        if is_prepared(entry) {
            entry.count_use();
        } else {
            entry.count();
        }
        if let Some(due) = due() {
            due.prepare();
        }
    }
}

fn all_used(entries: &[Arc<Entry>], times: u32) {
    for entry in entries {
        used(entry, times);
    }
}

fn holders(entries: &[Arc<Entry>]) -> Vec<bool> {
    entries.iter().map(|entry| is_prepared(entry)).collect()
}

/// A key is due at its count and not before, for the thread that verified, and once.
#[test]
fn a_key_is_due_at_its_count() {
    static POOL: Pool = Pool::new(4);
    let entry = &entries(&POOL, 1)[0];
    (1..KEY_TABLE_AFTER).for_each(|_| entry.count());
    assert!(due().is_none() && !entry.has_slot.load(Ordering::Relaxed));
    entry.count();
    assert!(!is_prepared(entry));
    assert!(thread::scope(|scope| scope.spawn(|| due().is_none()).join().unwrap()));
    due().unwrap().prepare();
    assert!(due().is_none() && is_prepared(entry) && !entry.build());
}

/// A key that was due and not prepared is due again; one that is gone is not.
#[test]
fn a_key_that_was_not_prepared_is_due_again() {
    static POOL: Pool = Pool::new(4);
    let entry = entries(&POOL, 1).remove(0);
    for _ in 0..2 {
        (0..KEY_TABLE_AFTER).for_each(|_| entry.count());
        drop(due().unwrap());
    }
    (0..KEY_TABLE_AFTER).for_each(|_| entry.count());
    drop(entry);
    assert!(due().is_none());
}

/// Keys read from the same bytes share one entry as long as one of them is there; other bytes or algorithms do not.
#[test]
fn equal_keys_share_what_is_prepared() {
    static POOL: Pool = Pool::new(4);
    let (one, other) = (entries(&POOL, 2), entries(&POOL, 2));
    assert!(Arc::ptr_eq(&one[0], &other[0]) && !Arc::ptr_eq(&one[0], &other[1]));
    assert!(!Arc::ptr_eq(&one[0], &POOL.entry(Alg::Es256, &keys()[0])));
    used(&one[0], KEY_TABLE_AFTER);
    drop(one);
    let again = entries(&POOL, 1);
    assert!(is_prepared(&again[0]));
    drop((other, again));
    assert!(!is_prepared(&entries(&POOL, 1)[0]));
}

/// Entries of keys that are gone do not add up.
#[test]
fn keys_that_are_gone_are_forgotten() {
    static POOL: Pool = Pool::new(4);
    for number in 0..10_000_u32 {
        let _ = POOL.entry(Alg::Ed25519, &number.to_le_bytes());
    }
    assert!(POOL.state.lock().unwrap().known.len() <= 64);
}

/// No more keys are prepared than there are slots; one that goes makes room.
#[test]
fn slots_are_bounded() {
    static POOL: Pool = Pool::new(2);
    let mut keys = entries(&POOL, 3);
    all_used(&keys, KEY_TABLE_AFTER);
    assert_eq!(vec![true, true, false], holders(&keys));
    keys.remove(0);
    used(&keys[1], KEY_TABLE_AFTER);
    assert_eq!(vec![true, true], holders(&keys));
}

/// A key that is no longer used gives way to one that is, and the one that goes on being used stays.
#[test]
fn unused_keys_give_way() {
    static POOL: Pool = Pool::new(2);
    let keys = entries(&POOL, 3);
    used(&keys[0], 1_000_000);
    used(&keys[1], 1_000_000);
    for _ in 0..5 * EPOCH {
        used(&keys[1], 1);
        used(&keys[2], 1);
    }
    assert_eq!(vec![false, true, true], holders(&keys));
    // And back again.
    for _ in 0..5 * EPOCH {
        used(&keys[0], 1);
        used(&keys[1], 1);
    }
    assert_eq!(vec![true, true, false], holders(&keys));
}

/// Among many new keys that are used, all slots of unused ones are taken.
#[test]
fn many_keys_displace_many() {
    static POOL: Pool = Pool::new(4);
    let keys = entries(&POOL, 12);
    all_used(&keys[..4], 100_000);
    for _ in 0..5 * EPOCH {
        all_used(&keys[4..], 1);
    }
    assert_eq!([false; 4], holders(&keys)[..4]);
    assert_eq!(4, holders(&keys).iter().filter(|prepared| **prepared).count());
}

/// Keys that are used about equally keep their slots: none is prepared again and again.
#[test]
fn equally_used_keys_keep_their_slots() {
    static POOL: Pool = Pool::new(2);
    let keys = entries(&POOL, 6);
    all_used(&keys, KEY_TABLE_AFTER);
    for _ in 0..10 * EPOCH {
        all_used(&keys, 1);
        used(&keys[5], 1);
    }
    assert_eq!(vec![true, true, false, false, false, false], holders(&keys));
}

/// A large key set has half of the slots at most, however much its keys are used; among themselves its keys give way.
#[test]
fn no_large_set_has_more_than_half() {
    static POOL: Pool = Pool::new(4);
    let keys = entries(&POOL, 6);
    let (large, others) = keys.split_at(4);
    for key in large {
        key.set.store(7, Ordering::Relaxed);
    }
    all_used(large, 5 * EPOCH);
    assert_eq!(2, holders(large).iter().filter(|prepared| **prepared).count());
    all_used(others, KEY_TABLE_AFTER);
    assert_eq!(vec![true, true], holders(others));
    used(&large[3], 10 * EPOCH);
    assert!(is_prepared(&large[3]));
    assert_eq!(2, holders(large).iter().filter(|prepared| **prepared).count());
    assert_eq!(vec![true, true], holders(others));
    // Numbers are for sets that could fill more than half.
    assert!(LargeSet::new(MAX_PREPARED / 2).is_none() && LargeSet::new(MAX_PREPARED / 2 + 1).is_some());
}

/// A key in use is not removed, and the key that needs its slot does not wait.
#[test]
fn a_key_in_use_stays() {
    static POOL: Pool = Pool::new(1);
    let keys = entries(&POOL, 2);
    used(&keys[0], KEY_TABLE_AFTER);
    // Each attempt beyond `MORE_USED` gives way to other threads a hundred times, which takes long on a busy machine: a few do.
    keys[0].with(|_| used(&keys[1], 2 * MORE_USED * KEY_TABLE_AFTER)).unwrap();
    assert_eq!(vec![true, false], holders(&keys));
    used(&keys[1], KEY_TABLE_AFTER);
    assert_eq!(vec![false, true], holders(&keys));
}

/// A key whose slot went to another while it was being prepared keeps nothing.
#[test]
fn a_lost_slot_is_noticed() {
    static POOL: Pool = Pool::new(1);
    let entry = &entries(&POOL, 1)[0];
    assert!(POOL.claim(entry));
    entry.leave();
    entry.build();
    assert!(!is_prepared(entry));
}

/// Bytes of which nothing can be prepared give their slot back.
#[test]
fn failures_give_their_slot_back() {
    static POOL: Pool = Pool::new(1);
    let broken = POOL.entry(Alg::Ed25519, b"no point");
    assert!(POOL.claim(&broken) && !broken.build());
    let entry = &entries(&POOL, 1)[0];
    assert!(POOL.claim(entry) && entry.build());
}

/// However many threads prepare one key, one does it.
#[test]
fn one_thread_prepares() {
    static POOL: Pool = Pool::new(8);
    for key in entries(&POOL, 8) {
        assert!(POOL.claim(&key));
        let built = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| key.build())).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|built| *built).count()
        });
        assert_eq!(1, built);
        assert!(is_prepared(&key));
    }
}

/// Another thread of this process that prepares a key is left to it; one that a fork left behind is not waited for.
#[test]
fn a_fork_leaves_no_builder_behind() {
    static POOL: Pool = Pool::new(1);
    let entry = &entries(&POOL, 1)[0];
    assert!(POOL.claim(entry));
    entry.builder.store(process::id(), Ordering::Relaxed);
    assert!(!entry.build());
    entry.builder.store(process::id() ^ 1, Ordering::Relaxed);
    assert!(entry.build());
}

/// While a lock is held, as it may have been at a fork, keys are read and verify all the same, with the backend.
#[test]
fn no_lock_is_waited_for() {
    static POOL: Pool = Pool::new(2);
    let keys = entries(&POOL, 2);
    used(&keys[0], KEY_TABLE_AFTER);
    let held = POOL.state.lock().unwrap();
    assert!(!Arc::ptr_eq(&keys[0], &POOL.entry(Alg::Ed25519, &super::tests::keys()[0])));
    used(&keys[1], KEY_TABLE_AFTER);
    assert!(!is_prepared(&keys[1]));
    drop(held);
    let held = keys[0].prepared.write().unwrap();
    assert!(keys[0].with(|_| ()).is_none());
    drop(held);
    assert_eq!(vec![true, false], holders(&keys));
}

/// Counts halve with each epoch and never wrap.
#[test]
fn uses_decay() {
    static POOL: Pool = Pool::new(1);
    assert_eq!([100, 50, 25, 0], [5, 6, 7, 60].map(|epoch| decayed(packed(5, 100), epoch)));
    assert_eq!(MOST_USES >> 1, decayed(packed(u32::MAX, MOST_USES), 0));
    let entry = &entries(&POOL, 1)[0];
    (0..2 * MOST_USES).for_each(|_| entry.count_use());
    assert_eq!(MOST_USES, entry.recent_uses());
}
