//! What all keys of a curve share: the table of its generator.
//!
//! No lock is waited for, because a process forked while another thread held it would wait without end.

use std::sync::{Arc, Mutex};

/// What all keys of a curve share, built by the first that needs it.
pub(super) struct Shared<T>(Mutex<Option<Arc<T>>>);

impl<T> Shared<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// The shared value; a new one where another thread holds the lock, or held it when the process was forked.
    pub(super) fn obtain(&self, build: impl FnOnce() -> Option<T>) -> Option<Arc<T>> {
        if let Ok(kept) = self.0.try_lock()
            && let Some(shared) = &*kept
        {
            return Some(Arc::clone(shared));
        }
        let own = Arc::new(build()?);
        match self.0.try_lock() {
            Ok(mut kept) => Some(Arc::clone(kept.get_or_insert(own))),
            Err(_) => Some(own),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shared value is built once; while its lock is held, as it may have been at a fork, each caller builds its own.
    #[test]
    fn no_thread_waits_for_what_is_shared() {
        let shared = Shared::new();
        let one = shared.obtain(|| Some(1)).unwrap();
        assert!(Arc::ptr_eq(&one, &shared.obtain(|| Some(2)).unwrap()));
        let held = shared.0.lock().unwrap();
        assert_eq!(3, *shared.obtain(|| Some(3)).unwrap());
        drop(held);
        assert_eq!(1, *shared.obtain(|| Some(4)).unwrap());
        assert!(Shared::<u8>::new().obtain(|| None).is_none());
    }
}
