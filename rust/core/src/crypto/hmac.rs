//! HMAC with SHA-2 (RFC 2104, RFC 7518 section 3.2).
//!
//! The padded key is one block of the inner and one of the outer hash. It is hashed once, when the key is built, and the two
//! states are kept. They are enough to sign with, so they are built on the heap, never moved, and wiped on drop. AWS-LC
//! compares tags in constant time; a tag of another length never verifies. `key` decides whether a secret is long enough.
//!
//! AWS-LC hashes. For HS256, where the processor has instructions for SHA-256, a message in memory is compressed where it
//! is, without the contexts that a general interface copies, finishes and clears: for the short messages of tokens these take
//! a fifth of the time of the hash. Tokens of one issuer have the same header, so the state after the first block of a message
//! that was signed or verified is kept too.

use std::hint::black_box;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, Algorithm, Digest, MAX_BLOCK_LEN, SHA256, SHA384, SHA512};
use sha2::block_api::compress256;
use zeroize::Zeroizing;

use super::material::Secret;
use super::verify_fast::is_backend_alone;
use crate::error::{Error, Result};
use crate::jwa::Alg;
use crate::set_once::SetOnce;

/// A secret ready to sign and verify under one algorithm.
pub struct Mac {
    /// AWS-LC keeps the states of its contexts on the heap and wipes them.
    inner: digest::Context,
    outer: digest::Context,
    /// The same, for messages in memory; `None` where AWS-LC is faster.
    states: Option<Box<States>>,
}

impl Mac {
    /// A secret for this algorithm; `None` if the algorithm is not HMAC.
    #[must_use]
    pub fn new(alg: Alg, secret: &[u8]) -> Option<Self> {
        let (_, hash) = ROWS.iter().find(|(row, _)| *row == alg)?;
        let mac = Self::hashed(hash, secret);
        clear_stack();
        mac
    }

    /// Hashes the padded key. Its stack frame and those below it may keep values derived from the secret.
    #[inline(never)]
    fn hashed(hash: &'static Algorithm, secret: &[u8]) -> Option<Self> {
        let mut block: Secret = Zeroizing::new(vec![0; MAX_BLOCK_LEN]);
        let block = block.get_mut(..hash.block_len())?;
        if let Some(room) = block.get_mut(..secret.len()) {
            room.copy_from_slice(secret);
        } else {
            let digest = digest::digest(hash, secret);
            block.get_mut(..hash.output_len())?.copy_from_slice(digest.as_ref());
        }
        let has_own = *hash == SHA256 && has_instructions() && !is_backend_alone();
        let mut states = has_own.then(|| Box::new(States::initial()));
        let (mut inner, mut outer) = (digest::Context::new(hash), digest::Context::new(hash));
        for octet in block.iter_mut() {
            *octet ^= INNER;
        }
        inner.update(block);
        if let Some(states) = &mut states {
            compress256(&mut states.inner, block.as_chunks().0);
        }
        for octet in block.iter_mut() {
            *octet ^= INNER ^ OUTER;
        }
        outer.update(block);
        if let Some(states) = &mut states {
            compress256(&mut states.outer, block.as_chunks().0);
        }
        Some(Self { inner, outer, states })
    }

    /// The tag of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Tag {
        let tag = self.tag(message);
        self.remember(message);
        tag
    }

    /// Verifies a tag in constant time.
    #[inline]
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<()> {
        self.tag(message).verify(tag)?;
        self.remember(message);
        Ok(())
    }

    /// The same secret, hashed by AWS-LC alone.
    #[must_use]
    pub fn backend_alone(&self) -> Self {
        Self { inner: self.inner.clone(), outer: self.outer.clone(), states: None }
    }

    /// Starts to hash a message piece by piece.
    #[must_use]
    pub fn start(&self) -> Context {
        Context { inner: self.inner.clone(), outer: self.outer.clone() }
    }

    #[inline]
    fn tag(&self, message: &[u8]) -> Tag {
        if let Some(states) = &self.states {
            return Tag::Own(states.tag(message));
        }
        let mut context = self.start();
        context.update(message);
        context.finish()
    }

    /// Keeps the state after the first block of this message, if none is kept. Only messages that have a valid tag get here, so
    /// a forged token cannot choose the block.
    #[inline]
    fn remember(&self, message: &[u8]) {
        if let Some(states) = &self.states
            && states.start.get().is_none()
        {
            states.remember(message);
            clear_stack();
        }
    }
}

/// A message that is being hashed under one secret.
pub struct Context {
    inner: digest::Context,
    outer: digest::Context,
}

impl Context {
    /// Hashes the next piece.
    pub fn update(&mut self, octets: &[u8]) {
        self.inner.update(octets);
    }

    /// The tag of all pieces.
    #[must_use]
    pub fn finish(self) -> Tag {
        let Self { inner, mut outer } = self;
        outer.update(inner.finish().as_ref());
        Tag::AwsLc(outer.finish())
    }
}

/// An authentication tag, by who computed it.
#[derive(Clone, Copy)]
pub enum Tag {
    /// AWS-LC.
    AwsLc(Digest),
    /// `States`.
    Own([u8; 32]),
}

impl Tag {
    /// Compares it with the one received, in constant time.
    pub fn verify(&self, tag: &[u8]) -> Result<()> {
        verify_slices_are_equal(self.as_ref(), tag).map_err(|_| Error::InvalidSignature)
    }
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::AwsLc(tag) => tag.as_ref(),
            Self::Own(tag) => tag,
        }
    }
}

/// The states of SHA-256 after the padded key (FIPS 180-4 section 6.2).
struct States {
    inner: Zeroizing<[u32; 8]>,
    outer: Zeroizing<[u32; 8]>,
    start: SetOnce<Start>,
}

/// The first block of a message, and the inner state after it.
struct Start {
    block: [u8; BLOCK],
    state: Zeroizing<[u32; 8]>,
}

impl States {
    /// Before the padded key.
    fn initial() -> Self {
        Self { inner: Zeroizing::new(INITIAL), outer: Zeroizing::new(INITIAL), start: SetOnce::new() }
    }

    /// The tag of a message.
    fn tag(&self, message: &[u8]) -> [u8; 32] {
        let (mut state, after) = self.started(message);
        let (blocks, rest) = after.as_chunks();
        compress256(&mut state, blocks);
        close(&mut state, rest, message.len());
        let digest = octets(state);
        let mut state = *self.outer;
        close(&mut state, &digest, digest.len());
        octets(state)
    }

    /// The inner state that is known already, and what of the message comes after it.
    #[inline]
    fn started<'a>(&self, message: &'a [u8]) -> ([u32; 8], &'a [u8]) {
        if let Some((block, after)) = message.split_first_chunk()
            && let Some(start) = self.start.get()
            && start.block == *block
        {
            return (*start.state, after);
        }
        (*self.inner, message)
    }

    #[cold]
    #[inline(never)]
    fn remember(&self, message: &[u8]) {
        let Some(block) = message.first_chunk() else { return };
        let mut state = self.inner.clone();
        compress256(&mut state, std::slice::from_ref(block));
        let _ = self.start.set(Start { block: *block, state });
    }
}

/// Compresses the last bytes of a message of `len` bytes that follows one block, with their padding: a one bit, zeros and the
/// length.
fn close(state: &mut [u32; 8], rest: &[u8], len: usize) {
    let mut last = [[0; BLOCK]; 2];
    let blocks = if rest.len() + 1 + LENGTH <= BLOCK { 1 } else { 2 };
    let flat = last.as_flattened_mut();
    if let Some((to, after)) = flat.split_at_mut_checked(rest.len()) {
        to.copy_from_slice(rest);
        if let Some(bit) = after.first_mut() {
            *bit = 0x80;
        }
    }
    let bits = ((BLOCK + len) as u64).wrapping_mul(8);
    if let Some(length) = flat.get_mut(..blocks * BLOCK).and_then(<[u8]>::last_chunk_mut) {
        *length = bits.to_be_bytes();
    }
    compress256(state, last.get(..blocks).unwrap_or_default());
}

fn octets(state: [u32; 8]) -> [u8; 32] {
    let mut octets = [0; 32];
    for (four, word) in octets.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *four = word.to_be_bytes();
    }
    octets
}

/// Overwrites the stack that earlier calls have used: hashing the key's block leaves states and message words there.
#[inline(never)]
fn clear_stack() {
    black_box(&mut [0_u8; 8 * 1024]);
}

#[cfg(target_arch = "x86_64")]
fn has_instructions() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_instructions() -> bool {
    false
}

static ROWS: [(Alg, &Algorithm); 3] = [(Alg::Hs256, &SHA256), (Alg::Hs384, &SHA384), (Alg::Hs512, &SHA512)];

/// What the key is combined with, in the inner and the outer hash.
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Bytes of the length that ends a message.
const LENGTH: usize = 8;
/// FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use super::*;

    /// Every length of message, and secrets shorter and longer than a block, give the tag of AWS-LC's own HMAC, whether the
    /// processor has instructions for SHA-256 or not.
    #[test]
    fn tags_are_those_of_aws_lc() {
        let message: Vec<u8> = (0..400_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let algorithms = [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512];
        for ((alg, hash), algorithm) in ROWS.into_iter().zip(algorithms) {
            for secret_len in [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 300] {
                let secret = &message[7..7 + secret_len];
                let key = hmac::Key::new(algorithm, secret);
                let mac = Mac::new(alg, secret).unwrap();
                let (backend, states) = (mac.backend_alone(), own_states(hash, secret));
                for len in 0..=message.len() {
                    let expected = hmac::sign(&key, &message[..len]);
                    assert_eq!(expected.as_ref(), mac.sign(&message[..len]).as_ref(), "{secret_len} {len}");
                    backend.verify(&message[..len], expected.as_ref()).unwrap();
                    if let Some(states) = &states {
                        assert_eq!(expected.as_ref(), states.tag(&message[..len]), "{secret_len} {len}");
                    }
                }
            }
        }
    }

    /// The state after a first block is kept for a message with a valid tag alone, and used for that block alone.
    #[test]
    fn first_blocks_of_valid_messages_are_kept() {
        let (secret, start, other) = ([7; 32], [1; BLOCK], [2; BLOCK]);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let expected = |message: &[u8]| hmac::sign(&key, message);
        let mac = Mac::new(Alg::Hs256, &secret).unwrap();
        let is_kept = || mac.states.as_ref().is_none_or(|states| states.start.get().is_some());
        assert_eq!("invalid_signature", mac.verify(&start, expected(&other).as_ref()).unwrap_err().code());
        mac.verify(&start[1..], expected(&start[1..]).as_ref()).unwrap();
        assert!(mac.states.is_none() || !is_kept());
        mac.verify(&start, expected(&start).as_ref()).unwrap();
        assert!(is_kept());
        for first in [start, other] {
            let mut message = [first, other].concat();
            for len in 0..=message.len() {
                assert_eq!(expected(&message[..len]).as_ref(), mac.sign(&message[..len]).as_ref(), "{len}");
            }
            for at in 0..message.len() {
                message[at] ^= 0x80;
                assert_eq!(expected(&message).as_ref(), mac.sign(&message).as_ref(), "{at}");
                message[at] ^= 0x80;
            }
        }
    }

    /// Made without asking the processor; `sha2` also has code for those without instructions.
    fn own_states(hash: &'static Algorithm, secret: &[u8]) -> Option<States> {
        let hashed = digest::digest(hash, secret);
        let key = if secret.len() > hash.block_len() { hashed.as_ref() } else { secret };
        let block: [u8; BLOCK] = std::array::from_fn(|at| key.get(at).copied().unwrap_or(0));
        (*hash == SHA256).then(|| {
            let mut states = States::initial();
            compress256(&mut states.inner, &[block.map(|octet| octet ^ INNER)]);
            compress256(&mut states.outer, &[block.map(|octet| octet ^ OUTER)]);
            states
        })
    }
}
