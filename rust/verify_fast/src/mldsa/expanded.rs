//! A public key expanded once, and signatures verified with it (FIPS 204 Algorithms 3 and 8: pure, the empty context).
//!
//! What depends on the key alone is most of what verifying computes: the matrix A from its seed, the transform of
//! t1 2^13, the hash of the key. With them at hand a verification computes A z - c t1, one row at a time, and rounds it. The
//! verdict is AWS-LC's, which the tests compare. Everything here is public, and takes variable time.

#![allow(clippy::inline_always, reason = "only what is inlined is compiled for the ring's instructions")]

#[cfg(test)]
pub(super) mod tests;

use super::encoding::{self, Signature};
use super::parameters::{MOST, Parameters};
use super::ring::{Computation, Polynomial, Q, Ring};
use super::rounding::Rounding;
use super::sampling;
use super::shake::Shake256;
use crate::PreparedKey;

/// What RFC 9964 section 4 fixes: no pre-hash, and a context of no bytes.
const PURE: [u8; 2] = [0, 0];

/// A public key, ready to verify many signatures.
pub(super) struct Expanded {
    parameters: &'static Parameters,
    ring: Ring,
    /// The hash of the public key, to which a message is bound.
    tr: [u8; 64],
    /// The rows of A, each followed by minus t1 2^13 of that row, all transformed: times z and c it is A z - c t1 2^13.
    rows: Box<[Polynomial]>,
}

impl Expanded {
    /// Expands a key, to be computed with in this ring; `None` if it has the wrong length.
    pub(super) fn new(parameters: &'static Parameters, ring: Ring, key: &[u8]) -> Option<Self> {
        if key.len() != parameters.public_key_len() {
            return None;
        }
        let (seed, t1) = key.split_at_checked(32)?;
        let mut rows = Vec::with_capacity(parameters.k * (parameters.l + 1));
        for (row, t1) in (0..).zip(t1.chunks_exact(320)) {
            for column in (0..).take(parameters.l) {
                let mut number = sampling::uniform(ring, seed, row, column);
                ring.arrange(&mut number);
                rows.push(number);
            }
            let mut t1 = encoding::read_t1(t1);
            ring.transform(&mut t1);
            rows.push(Polynomial(t1.0.map(|number| (-number).rem_euclid(Q))));
        }
        let tr = *Shake256::new(ring).absorb(key).finish().next().first_chunk()?;
        Some(Self { parameters, ring, tr, rows: rows.into() })
    }

    #[inline(always)]
    fn verdict(&self, message: &[u8], signature: &[u8]) -> Option<bool> {
        let Self { parameters, ring, .. } = self;
        let signature = Signature::read(parameters, signature)?;
        let mut column = [Polynomial::ZERO; MOST];
        let (z, c) = column.get_mut(..=parameters.l)?.split_at_mut_checked(parameters.l)?;
        for (polynomial, octets) in z.iter_mut().zip(signature.z.chunks_exact(parameters.z_len())) {
            if !encoding::read_z(parameters, octets, polynomial) {
                return None;
            }
            ring.transform(polynomial);
        }
        let c = c.first_mut()?;
        *c = sampling::challenge(*ring, signature.challenge, parameters.tau);
        ring.transform(c);

        let hash = self.challenge_hash(message, &column, signature.hints.polynomials());
        let (expected, _) = hash.split_at_checked(parameters.challenge_len)?;
        Some(expected == signature.challenge)
    }

    /// The hash that a challenge is made of, for z and c, transformed, and the positions of hints in each polynomial.
    #[inline(always)]
    fn challenge_hash<'a>(
        &self,
        message: &[u8],
        column: &[Polynomial],
        hints: impl Iterator<Item = &'a [u8]>,
    ) -> [u8; 136] {
        let Self { parameters: Parameters { rounding, l, .. }, ring, .. } = self;
        let mut mu = Shake256::new(*ring).absorb(&self.tr).absorb(&PURE).absorb(message).finish();
        let (mu, _) = mu.next().split_at(64);
        let mut hash = Shake256::new(*ring).absorb(mu);
        for (row, hints) in self.rows.chunks_exact(l + 1).zip(hints) {
            let mut approximate = ring.product(row, column);
            ring.invert(&mut approximate);
            let high = rounding.use_hints(&approximate, hints);
            hash = match rounding {
                Rounding::Into16 => hash.absorb(&encoding::in_four_bits(&high)),
                Rounding::Into44 => hash.absorb(&encoding::in_six_bits(&high)),
            };
        }
        *hash.finish().next()
    }
}

impl PreparedKey for Expanded {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.ring.run(Verdict { expanded: self, message, signature }).unwrap_or(false)
    }
}

/// A signature to be judged.
struct Verdict<'a> {
    expanded: &'a Expanded,
    message: &'a [u8],
    signature: &'a [u8],
}

impl Computation for Verdict<'_> {
    type Output = Option<bool>;

    #[inline(always)]
    fn run(self) -> Option<bool> {
        self.expanded.verdict(self.message, self.signature)
    }
}
