//! SHAKE128 and SHAKE256 (FIPS 202 section 6.2), of which AWS-LC offers none through its Rust interface.
//!
//! Bytes go in, then blocks come out; absorbing cannot resume after squeezing. The input is always public.

use super::keccak::{self, Permutation, State};
use super::ring::Ring;

/// A sponge with blocks of `BLOCK` bytes.
pub(super) struct Shake<const BLOCK: usize> {
    /// Whose instructions the permutation is compiled for.
    ring: Ring,
    state: State,
    block: [u8; BLOCK],
    filled: usize,
}

pub(super) type Shake128 = Shake<168>;
pub(super) type Shake256 = Shake<136>;

/// The output, block by block.
pub(super) struct Blocks<const BLOCK: usize> {
    sponge: Shake<BLOCK>,
    /// Whether the state has not been read since it was last mixed.
    fresh: bool,
}

impl<const BLOCK: usize> Shake<BLOCK> {
    #[inline]
    pub(super) const fn new(ring: Ring) -> Self {
        Self { ring, state: keccak::ZERO, block: [0; BLOCK], filled: 0 }
    }

    /// Takes in bytes.
    #[inline]
    pub(super) fn absorb(mut self, mut octets: &[u8]) -> Self {
        while let Some(room) = self.block.get_mut(self.filled..)
            && let Some((fitting, rest)) = octets.split_at_checked(room.len())
        {
            room.copy_from_slice(fitting);
            self.mix();
            (self.filled, octets) = (0, rest);
        }
        let end = self.filled + octets.len();
        if let Some(room) = self.block.get_mut(self.filled..end) {
            room.copy_from_slice(octets);
        }
        self.filled = end;
        self
    }

    /// Ends the input: the four bits that mark an extendable output and pad it, zeros, a one bit.
    #[inline]
    pub(super) fn finish(mut self) -> Blocks<BLOCK> {
        if let Some(room) = self.block.get_mut(self.filled..) {
            room.fill(0);
            if let Some(first) = room.first_mut() {
                *first = 0x1f;
            }
            if let Some(last) = room.last_mut() {
                *last |= 0x80;
            }
        }
        self.mix();
        Blocks { sponge: self, fresh: true }
    }

    #[inline]
    fn mix(&mut self) {
        for (word, octets) in self.state.as_flattened_mut().iter_mut().zip(self.block.as_chunks().0) {
            *word ^= u64::from_le_bytes(*octets);
        }
        self.permute();
    }

    #[inline]
    fn permute(&mut self) {
        let Self { ring, state, .. } = self;
        ring.run(Permutation(state));
    }
}

impl<const BLOCK: usize> Blocks<BLOCK> {
    /// The next block.
    #[inline]
    pub(super) fn next(&mut self) -> &[u8; BLOCK] {
        if !self.fresh {
            self.sponge.permute();
        }
        self.fresh = false;
        let Shake { state, block, .. } = &mut self.sponge;
        for (octets, word) in block.as_chunks_mut().0.iter_mut().zip(state.as_flattened()) {
            *octets = word.to_le_bytes();
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest;

    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().as_chunks().0.iter();
        digits.map(|two: &[u8; 2]| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    }

    /// The empty input, whose outputs are NIST's examples.
    #[test]
    fn examples() {
        let short = Shake128::new(Ring::Portable).finish().next()[..32].to_vec();
        assert_eq!(octets("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"), short);
        let long = Shake256::new(Ring::Portable).finish().next()[..64].to_vec();
        let expected = "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f\
             d75dc4ddd8c0f200cb05019d67b592f6fc821c49479ab48640292eacb3b7c4be";
        assert_eq!(octets(expected), long);
    }

    /// Every length up to a thousand bytes, in one piece and in two, and blocks beyond the first: the hash of all outputs
    /// is that of Python's `shake_256(m[:n]).digest(300) + shake_128(m[:n]).digest(400)` for each n.
    #[test]
    fn every_length() {
        fn output<const BLOCK: usize>(message: &[u8], len: usize) -> Vec<u8> {
            let whole = Shake::<BLOCK>::new(Ring::Portable).absorb(message);
            let (one, two) = message.split_at(message.len() / 3);
            let mut parts =
                Shake::<BLOCK>::new(Ring::on_vectors().unwrap_or(Ring::Portable)).absorb(one).absorb(two).finish();
            let mut blocks = whole.finish();
            let mut out = Vec::new();
            while out.len() < len {
                out.extend_from_slice(blocks.next());
                assert_eq!(out[out.len() - BLOCK..], *parts.next());
            }
            out.truncate(len);
            out
        }
        let message: Vec<u8> = (0..1000).map(|position| u8::try_from(position % 251).unwrap()).collect();
        let mut all = digest::Context::new(&digest::SHA256);
        for len in 0..message.len() {
            all.update(&output::<136>(&message[..len], 300));
            all.update(&output::<168>(&message[..len], 400));
        }
        let expected = octets("d6df74aca1705f103384ab15e5468be1dab1fe4f9c56a8ce28e391a838e5523e");
        assert_eq!(expected, all.finish().as_ref());
    }
}
