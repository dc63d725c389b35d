//! Integers as limbs of 64 bits, least significant first.

/// Little-endian bytes as limbs.
#[inline]
pub(super) fn limbs<const LIMBS: usize>(octets: &[u8]) -> [u64; LIMBS] {
    let mut limbs = [0; LIMBS];
    for (limb, octets) in limbs.iter_mut().zip(octets.chunks(8)) {
        *limb = octets.iter().rev().fold(0, |limb, octet| limb << 8 | u64::from(*octet));
    }
    limbs
}

/// Limbs as little-endian bytes, as many as asked for.
#[inline]
pub(super) fn octets<const LEN: usize>(limbs: &[u64]) -> [u8; LEN] {
    let mut octets = [0; LEN];
    for (octets, limb) in octets.chunks_mut(8).zip(limbs) {
        for (octet, own) in octets.iter_mut().zip(limb.to_le_bytes()) {
            *octet = own;
        }
    }
    octets
}

/// One.
#[inline]
pub(super) fn one<const LIMBS: usize>() -> [u64; LIMBS] {
    let mut one = [0; LIMBS];
    if let Some(lowest) = one.first_mut() {
        *lowest = 1;
    }
    one
}

/// The lowest limb.
#[inline]
pub(super) const fn lowest<const LIMBS: usize>(number: &[u64; LIMBS]) -> u64 {
    match number.first() {
        Some(lowest) => *lowest,
        None => 0,
    }
}

/// A difference modulo 2^(64 LIMBS), and whether it is below zero.
#[inline]
pub(super) fn subtract<const LIMBS: usize>(number: &[u64; LIMBS], other: &[u64; LIMBS]) -> ([u64; LIMBS], bool) {
    let mut differences = [0; LIMBS];
    let mut borrow = false;
    for ((difference, limb), other) in differences.iter_mut().zip(number).zip(other) {
        let (once, under) = limb.overflowing_sub(*other);
        let (twice, under_again) = once.overflowing_sub(u64::from(borrow));
        (*difference, borrow) = (twice, under || under_again);
    }
    (differences, borrow)
}

/// The product of two limbs.
#[inline]
pub(super) fn product(one: u64, other: u64) -> u128 {
    u128::from(one) * u128::from(other)
}

/// The lower limb of two.
#[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
#[inline]
pub(super) const fn low(number: u128) -> u64 {
    number as u64
}
