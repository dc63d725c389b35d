//! HMAC with SHA-256 over a message at hand (RFC 2104 section 4, FIPS 180-4 section 6.2), from kept states.
//!
//! The padded key is one block on either side of HMAC. Their states are kept, and a message is compressed where it lies,
//! without the contexts that a general interface copies, finishes and clears: on the short messages of tokens these weigh
//! a fifth as much as the hash. Used only where the processor has instructions for SHA-256; elsewhere AWS-LC's assembly is
//! faster. The tag is not compared here.

use sha2::block_api::compress256;
use zeroize::Zeroizing;

/// Octets of a block.
const BLOCK: usize = 64;
/// Octets of the length that ends a message.
const LENGTH: usize = 8;
/// FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The states after the padded key, inner and outer. Whoever has them can sign, so they are wiped.
#[derive(Clone)]
pub struct Midstate {
    inner: Zeroizing<[u32; 8]>,
    outer: Zeroizing<[u32; 8]>,
}

impl Midstate {
    /// The states of a secret of at most one block; `None` for a longer one, or where AWS-LC is faster.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        if !has_instructions() {
            return None;
        }
        let mut key = Zeroizing::new([0; BLOCK]);
        key.get_mut(..secret.len())?.copy_from_slice(secret);
        let state = |pad: u8| {
            let mut state = Zeroizing::new(INITIAL);
            compress256(&mut state, &[*Zeroizing::new(key.map(|octet| octet ^ pad))]);
            state
        };
        Some(Self { inner: state(0x36), outer: state(0x5c) })
    }

    /// The tag of a message.
    #[must_use]
    pub fn tag(&self, message: &[u8]) -> [u8; 32] {
        let mut state = *self.inner;
        let (blocks, rest) = message.as_chunks::<BLOCK>();
        compress256(&mut state, blocks);
        close(&mut state, rest, message.len());
        let digest = octets(state);
        let mut state = *self.outer;
        close(&mut state, &digest, digest.len());
        octets(state)
    }
}

/// Compresses the last octets of a message of `len` octets that follows one block: they, a one bit, zeros, the length.
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

#[cfg(target_arch = "x86_64")]
fn has_instructions() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

#[cfg(not(target_arch = "x86_64"))]
const fn has_instructions() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;

    use super::*;

    /// Every length of message and of secret gives AWS-LC's tag.
    #[test]
    fn tags_are_those_of_aws_lc() {
        let message: Vec<u8> = (0..400_u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for secret_len in [0, 1, 31, 32, 33, 63, 64] {
            let secret = &message[7..7 + secret_len];
            let Some(own) = Midstate::new(secret) else { return };
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            for len in 0..=message.len() {
                assert_eq!(hmac::sign(&key, &message[..len]).as_ref(), own.tag(&message[..len]), "{secret_len} {len}");
            }
        }
    }

    /// A secret longer than a block would have to be hashed first.
    #[test]
    fn long_secrets_have_no_state() {
        assert!(Midstate::new(&[7; 65]).is_none());
    }
}
