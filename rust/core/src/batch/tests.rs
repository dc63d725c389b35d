//! Batches: order, threads, stopping, panics, equal texts.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::{Batch, Failed, Repeats, discard};

fn finished<T: Send + Sync + 'static>(mut batch: Batch<T>, threads: usize) -> Result<Vec<T>, Failed> {
    batch.share(threads);
    while !batch.work(|| true) {}
    while !batch.wait(Duration::from_millis(1)) {}
    batch.finish()
}

/// Results are in the order of the items for any number of threads.
#[test]
fn results_are_in_order() {
    for threads in [0, 1, 7] {
        for count in [0, 1, 5, 10_000] {
            let squares = finished(Batch::new(count, |item| item * item), threads);
            assert_eq!(squares.unwrap(), (0..count).map(|item| item * item).collect::<Vec<_>>());
        }
    }
}

/// Each item is done once.
#[test]
fn each_item_is_done_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    finished(Batch::new(1_000, move |_| counted.fetch_add(1, Ordering::Relaxed)), 3).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1_000);
}

/// The threads of the pool do a batch alone where the caller does not work on it, and say when it is done.
#[test]
fn the_pool_works_alone() {
    let (sender, receiver) = mpsc::channel();
    let mut batch = Batch::new(1_000, |item| item);
    batch.share(2);
    batch.at_end(move || sender.send(()).unwrap());
    receiver.recv().unwrap();
    assert_eq!(batch.finish().unwrap().len(), 1_000);
}

/// A batch whose work panics has no results, and the next one is as good as ever.
#[test]
fn a_panic_stops_its_batch_alone() {
    for threads in [0, 2] {
        let panics = Batch::new(1_000, |item| assert_ne!(item, 500, "a panic of this test"));
        assert_eq!(finished(panics, threads), Err(Failed::Panicked));
        assert_eq!(finished(Batch::new(100, |item| item), threads).unwrap().len(), 100);
    }
}

/// A batch that is stopped begins no other item.
#[test]
fn a_stopped_batch_ends() {
    let mut batch = Batch::new(1_000, |_| thread::sleep(Duration::from_millis(1)));
    batch.share(2);
    batch.work(|| false);
    batch.stop();
    assert!(batch.wait(Duration::from_secs(60)));
    assert_eq!(batch.finish(), Err(Failed::Stopped));
}

/// The results of batches that are discarded are dropped by a thread of the pool, or now where there is none; what the tasks refer
/// to is dropped now.
#[test]
fn results_are_dropped_by_the_pool() {
    struct Result(mpsc::Sender<thread::ThreadId>);
    impl Drop for Result {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }
    for threads in [0, 2] {
        let (sender, receiver) = mpsc::channel();
        let task = Arc::new(());
        let kept = Arc::clone(&task);
        let mut first = Batch::new(3, move |_| (Arc::strong_count(&kept) > 0).then(|| Result(sender.clone())));
        first.share(threads);
        let mut second = Batch::new(100, |_| None);
        second.join(&first);
        second.share(threads);
        assert!(first.work(|| true) && first.is_begun() && !Batch::new(1, |_| ()).is_begun());
        for batch in [&first, &second] {
            batch.stop();
            assert!(batch.wait(Duration::from_secs(60)));
        }
        discard(vec![first, second]);
        assert_eq!(Arc::strong_count(&task), 1);
        let dropped_here: Vec<bool> = receiver.iter().map(|id| id == thread::current().id()).collect();
        assert_eq!(dropped_here, [threads == 0; 3]);
    }
}

/// A batch goes on while all threads of the pool are in another one.
#[test]
fn a_busy_pool_delays_no_caller() {
    let (sender, receiver) = mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let mut busy = Batch::new(64, move |_| receiver.lock().unwrap().recv().is_err());
    busy.share(2);
    assert_eq!(finished(Batch::new(100, |item| item), 2).unwrap().len(), 100);
    drop(sender);
    busy.work(|| true);
    assert_eq!(busy.finish().unwrap().len(), 64);
}

/// Equal texts have the number of one of them, other texts their own.
#[test]
fn equal_texts_are_found() {
    let texts: Vec<Vec<u8>> = (0..1_000_usize).map(|number| (number % 300).to_le_bytes().to_vec()).collect();
    let repeats = Arc::new(Repeats::new(texts.len()));
    let texts = Arc::new(texts);
    let (seen, known) = (Arc::clone(&texts), Arc::clone(&repeats));
    let firsts = finished(Batch::new(1_000, move |item| known.first(item, |number| &seen[number])), 3).unwrap();
    for (number, first) in firsts.iter().enumerate() {
        assert_eq!(texts[number], texts[*first]);
        assert_eq!(firsts[*first], *first);
    }
    let mut distinct = firsts;
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 300);
}

/// Texts with the same end, of which the hash is made, are told apart; beyond those that have a place, each is its own first.
#[test]
fn texts_with_one_end_are_told_apart() {
    let texts: Vec<Vec<u8>> = (100..200).map(|number| format!("{number}{}", "=".repeat(64)).into_bytes()).collect();
    let repeats = Repeats::new(2 * texts.len());
    let text = |number: usize| &*texts[number % texts.len()];
    let firsts: Vec<usize> = (0..200).map(|number| repeats.first(number, text)).collect();
    let found = firsts.iter().enumerate().filter(|(number, first)| number != *first);
    assert!(found.clone().all(|(number, first)| number == first + 100));
    assert_eq!(found.count(), 32);
}
