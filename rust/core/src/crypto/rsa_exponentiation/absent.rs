//! Both operations where there are no vectors for them: never built, so that AWS-LC computes.

use super::OCTETS;
use crate::crypto::material::{RsaPrimes, Wiped};

/// Never built.
pub enum PrivateOperation {}

impl PrivateOperation {
    /// `None`.
    #[must_use]
    pub const fn new(_: &[u8], _: &RsaPrimes) -> Option<Self> {
        None
    }

    /// `None`.
    #[must_use]
    pub const fn on_vectors(_: &RsaPrimes) -> Option<Self> {
        None
    }

    /// Never reached.
    #[must_use]
    pub const fn apply(&self, _: &[u8; OCTETS]) -> Wiped<[u8; OCTETS]> {
        match *self {}
    }
}

/// Never built.
pub enum PublicOperation {}

impl PublicOperation {
    /// `None`.
    #[must_use]
    pub const fn new(_: &[u8], _: &[u8]) -> Option<Self> {
        None
    }

    /// Never reached.
    #[must_use]
    pub const fn apply(&self, _: &[u8; OCTETS]) -> Option<[u8; OCTETS]> {
        match *self {}
    }
}
