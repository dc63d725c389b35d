//! What hashes are expanded into (FIPS 204 section 7.3): challenges, and the matrix A of a public key.
//!
//! Both read a hash's bytes until they have enough values that are in range, and skip the others.

use super::ring::{DEGREE, Polynomial, Q, Ring};
use super::shake::{Shake128, Shake256};

/// A polynomial with `tau` coefficients of 1 or -1 and zeros (Algorithm 29, SampleInBall).
#[inline]
pub(super) fn challenge(ring: Ring, hash: &[u8], tau: usize) -> Polynomial {
    let mut blocks = Shake256::new(ring).absorb(hash).finish();
    let mut out = Polynomial::ZERO;
    let mut positions = DEGREE - tau..DEGREE;
    let mut next = positions.next();
    let (mut signs, mut octets) = match blocks.next().split_first_chunk() {
        Some((signs, octets)) => (u64::from_le_bytes(*signs), octets),
        None => return out,
    };
    loop {
        for octet in octets {
            let Some(position) = next else { return out };
            let chosen = usize::from(*octet);
            if chosen <= position {
                out.0.swap(chosen, position);
                if let Some(number) = out.0.get_mut(chosen) {
                    *number = if signs & 1 == 0 { 1 } else { -1 };
                }
                signs >>= 1;
                next = positions.next();
            }
        }
        octets = blocks.next();
    }
}

/// One polynomial of A, transformed, from 0..q in the standard's order (Algorithm 30, RejNTTPoly).
pub(super) fn uniform(ring: Ring, seed: &[u8], row: u8, column: u8) -> Polynomial {
    let mut blocks = Shake128::new(ring).absorb(seed).absorb(&[column, row]).finish();
    let mut out = Polynomial::ZERO;
    let mut positions = out.0.iter_mut();
    let mut next = positions.next();
    loop {
        for [low, middle, high] in blocks.next().as_chunks().0 {
            let Some(position) = next else { return out };
            let number = i32::from_le_bytes([*low, *middle, *high & 0x7f, 0]);
            next = if number < Q {
                *position = number;
                positions.next()
            } else {
                Some(position)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Algorithm 29, line by line, over a stream that is read byte by byte.
    fn transcription(hash: &[u8], tau: usize) -> Vec<i32> {
        let mut blocks = Shake256::new(Ring::Portable).absorb(hash).finish();
        let stream: Vec<u8> = (0..4).flat_map(|_| *blocks.next()).collect();
        let mut read = stream[8..].iter().map(|octet| usize::from(*octet));
        let mut out = vec![0; DEGREE];
        for i in DEGREE - tau..DEGREE {
            let j = read.find(|j| *j <= i).unwrap();
            out[i] = out[j];
            let bit = i + tau - DEGREE;
            out[j] = if stream.get(bit / 8).is_some_and(|octet| octet >> (bit % 8) & 1 == 1) { -1 } else { 1 };
        }
        out
    }

    /// Challenges are the standard's, also where one block of the hash is not enough.
    #[test]
    fn challenges_are_the_standards() {
        for number in 0..=255_u8 {
            for tau in [39, 49, 60, 64] {
                let challenge = challenge(Ring::Portable, &[number; 48], tau);
                assert_eq!(transcription(&[number; 48], tau), challenge.0);
                assert_eq!(tau, challenge.0.iter().filter(|number| **number != 0).count());
            }
            let long = challenge(Ring::Portable, &[number; 48], 200).0;
            assert_eq!(200, long.iter().filter(|number| **number != 0).count());
            let positions = |numbers: &[i32]| numbers.iter().map(|number| *number != 0).collect::<Vec<_>>();
            assert_eq!(positions(&transcription(&[number; 48], 200)), positions(&long));
        }
    }
}
