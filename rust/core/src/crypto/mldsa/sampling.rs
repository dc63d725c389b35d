//! What hashes are expanded into (FIPS 204 section 7.3): challenges, and the matrix A of a public key.
//!
//! Both take what they can use of a hash's octets and skip the rest, for as long as it takes.

use jwseal_vectors::ring::{DEGREE, Polynomial, Q};

use super::shake::{Shake128, Shake256};

/// A polynomial with `tau` coefficients of 1 or -1 and zeros (Algorithm 29, SampleInBall).
#[inline]
pub(super) fn challenge(hash: &[u8], tau: usize) -> Polynomial {
    let mut blocks = Shake256::new().absorb(hash).finish();
    let mut out = Polynomial::ZERO;
    let mut places = DEGREE - tau..DEGREE;
    let mut next = places.next();
    let (mut signs, mut octets) = match blocks.next().split_first_chunk() {
        Some((signs, octets)) => (u64::from_le_bytes(*signs), octets),
        None => return out,
    };
    loop {
        for octet in octets {
            let Some(place) = next else { return out };
            let chosen = usize::from(*octet);
            if chosen <= place {
                out.0.swap(chosen, place);
                if let Some(number) = out.0.get_mut(chosen) {
                    *number = if signs & 1 == 0 { 1 } else { -1 };
                }
                signs >>= 1;
                next = places.next();
            }
        }
        octets = blocks.next();
    }
}

/// One polynomial of A, transformed, from 0..q in the standard's order (Algorithm 30, RejNTTPoly).
pub(super) fn uniform(seed: &[u8], row: u8, column: u8) -> Polynomial {
    let mut blocks = Shake128::new().absorb(seed).absorb(&[column, row]).finish();
    let mut out = Polynomial::ZERO;
    let mut places = out.0.iter_mut();
    let mut next = places.next();
    loop {
        for [low, middle, high] in blocks.next().as_chunks().0 {
            let Some(place) = next else { return out };
            let number = i32::from_le_bytes([*low, *middle, *high & 0x7f, 0]);
            next = if number < Q {
                *place = number;
                places.next()
            } else {
                Some(place)
            };
        }
    }
}
