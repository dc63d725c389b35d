//! Many tokens under one verifier and one `now`.
//!
//! Each token is judged by the same function as a single one, and its refusal is its own: one bad token changes nothing
//! for the others.

use crate::error::Result;
use crate::verifier::{VerifiedJwt, Verifier};

/// Verifies tokens in order.
pub fn verify_many<T: AsRef<[u8]>>(verifier: &Verifier, tokens: &[T], now: f64) -> Vec<Result<VerifiedJwt>> {
    tokens.iter().map(|token| verifier.verify(token.as_ref(), now)).collect()
}
