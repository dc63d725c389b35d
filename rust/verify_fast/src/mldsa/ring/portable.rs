//! The ring without vector instructions: the transforms of FIPS 204 section 7.5 as they stand there.
//!
//! Numbers are reduced only where they are multiplied. A layer of the transform adds less than q to a number, and one of
//! the inverse doubles it, which eight layers can do to a number below q before it leaves 32 bits.

use super::roots::{BACKWARD, FORWARD, Q_INVERSE, SCALE};
use super::{Polynomial, Q};

pub(super) fn transform(polynomial: &mut Polynomial) {
    let mut roots = FORWARD.iter().skip(1);
    for layer in (0..8).rev() {
        let len = 1 << layer;
        for (block, root) in polynomial.0.chunks_exact_mut(2 * len).zip(roots.by_ref()) {
            let (low, high) = block.split_at_mut(len);
            for (low, high) in low.iter_mut().zip(high) {
                let product = multiply(*high, *root);
                (*low, *high) = (*low + product, *low - product);
            }
        }
    }
}

pub(super) fn invert(polynomial: &mut Polynomial) {
    for layer in 0..8 {
        let len = 1 << layer;
        let roots = BACKWARD.iter().skip(128 / len);
        for (block, root) in polynomial.0.chunks_exact_mut(2 * len).zip(roots) {
            let (low, high) = block.split_at_mut(len);
            for (low, high) in low.iter_mut().zip(high) {
                (*low, *high) = (*low + *high, multiply(*low - *high, *root));
            }
        }
    }
    for number in &mut polynomial.0 {
        let reduced = multiply(*number, SCALE);
        *number = if reduced < 0 { reduced + Q } else { reduced };
    }
}

pub(super) fn product(row: &[Polynomial], column: &[Polynomial]) -> Polynomial {
    let mut sums = [0; 256];
    for (left, right) in row.iter().zip(column) {
        for ((sum, left), right) in sums.iter_mut().zip(&left.0).zip(&right.0) {
            *sum += i64::from(*left) * i64::from(*right);
        }
    }
    Polynomial(sums.map(reduce))
}

/// The standard's order is the one here.
pub(super) const fn arrange(_: &mut Polynomial) {}

/// The product times 2^-32, from -q+1..q where one factor is from -q+1..q.
fn multiply(left: i32, right: i32) -> i32 {
    reduce(i64::from(left) * i64::from(right))
}

/// A number times 2^-32, from -q+1..q where the number is within q times 2^31.
#[allow(clippy::cast_possible_truncation, reason = "the low half is what is meant; the high half fits")]
fn reduce(number: i64) -> i32 {
    let multiple = (number as i32).wrapping_mul(Q_INVERSE);
    ((number - i64::from(multiple) * i64::from(Q)) >> 32) as i32
}
