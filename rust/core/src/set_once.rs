//! A value that is set once and read without a lock.
//!
//! Unlike `OnceLock` it never waits: of threads that set it at the same time one does, and the others are refused. In a process
//! that was forked meanwhile nobody sets it any more, and what it is for does without.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A value that is set once.
#[derive(Debug)]
pub(crate) struct SetOnce<T> {
    value: OnceLock<T>,
    is_claimed: AtomicBool,
}

impl<T> SetOnce<T> {
    pub(crate) const fn new() -> Self {
        Self { value: OnceLock::new(), is_claimed: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Sets it, or returns what it cannot be set to any more.
    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        if self.is_claimed.swap(true, Ordering::Relaxed) { Err(value) } else { self.value.set(value) }
    }
}

impl<T> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first value stays. One that a lost thread was about to set is never waited for.
    #[test]
    fn the_first_value_stays() {
        let number = SetOnce::new();
        assert_eq!(None, number.get());
        assert_eq!(Ok(()), number.set(1));
        assert_eq!(Err(2), number.set(2));
        assert_eq!(Some(&1), number.get());
        let lost = SetOnce { value: OnceLock::new(), is_claimed: AtomicBool::new(true) };
        assert_eq!((Err(1), None), (lost.set(1), lost.get()));
    }
}
