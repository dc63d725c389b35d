//! HMAC with SHA-2 (RFC 2104, RFC 7518 section 3.2).
//!
//! The padded key is hashed once, when the key is built. A message at hand takes the quicker of two ways to the same tag,
//! one that comes in pieces AWS-LC's. Tags are compared in constant time by AWS-LC; a tag of another length never verifies.
//! Whether a secret is long enough is the key's business, not this file's.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, Algorithm, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};

use super::midstate::Midstate;
use crate::error::{Error, Result};
use crate::jwa::Alg;

/// A secret ready to sign and verify under one algorithm.
#[derive(Clone)]
pub struct Mac {
    key: hmac::Key,
    midstate: Option<Midstate>,
}

impl Mac {
    /// A secret for this algorithm; `None` where the algorithm is no HMAC.
    #[must_use]
    pub fn new(alg: Alg, secret: &[u8]) -> Option<Self> {
        let (_, digest) = ROWS.iter().find(|(row, _)| *row == alg)?;
        let midstate = if *digest == HMAC_SHA256 { Midstate::new(secret) } else { None };
        Some(Self { key: hmac::Key::new(*digest, secret), midstate })
    }

    /// The tag of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Tag {
        match &self.midstate {
            Some(midstate) => Tag::Own(midstate.tag(message)),
            None => Tag::AwsLc(hmac::sign(&self.key, message)),
        }
    }

    /// Verifies a tag in constant time.
    #[inline]
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<()> {
        self.sign(message).verify(tag)
    }

    /// The same by AWS-LC alone.
    pub fn verify_plain(&self, message: &[u8], tag: &[u8]) -> Result<()> {
        hmac::verify(&self.key, message, tag).map_err(|_| Error::InvalidSignature)
    }

    /// Begins to take in a message piece by piece.
    #[must_use]
    pub fn start(&self) -> Running {
        Running(hmac::Context::with_key(&self.key))
    }
}

/// A message being taken in under one secret.
pub struct Running(hmac::Context);

impl Running {
    /// Takes in the next piece.
    pub fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// The tag of all pieces.
    #[must_use]
    pub fn finish(self) -> Tag {
        Tag::AwsLc(self.0.sign())
    }
}

/// An authentication tag, by who computed it.
#[derive(Clone, Copy)]
pub enum Tag {
    /// AWS-LC.
    AwsLc(hmac::Tag),
    /// `midstate`.
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

static ROWS: [(Alg, Algorithm); 3] = [(Alg::Hs256, HMAC_SHA256), (Alg::Hs384, HMAC_SHA384), (Alg::Hs512, HMAC_SHA512)];

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 section 4.3 (test case 2) for all three digests.
    #[test]
    fn tags_are_those_of_the_standard() {
        let starts: [(Alg, usize, [u8; 4]); 3] = [
            (Alg::Hs256, 32, [0x5b, 0xdc, 0xc1, 0x46]),
            (Alg::Hs384, 48, [0xaf, 0x45, 0xd2, 0xe3]),
            (Alg::Hs512, 64, [0x16, 0x4b, 0x7a, 0x7b]),
        ];
        for (alg, len, start) in starts {
            let mac = Mac::new(alg, b"Jefe").unwrap();
            let tag = mac.sign(b"what do ya want for nothing?");
            assert_eq!(len, tag.as_ref().len());
            assert_eq!(start, tag.as_ref()[..4]);
            mac.verify(b"what do ya want for nothing?", tag.as_ref()).unwrap();
            assert_eq!("invalid_signature", mac.verify(b"what", tag.as_ref()).unwrap_err().code());
            let short = &tag.as_ref()[..len - 1];
            assert_eq!("invalid_signature", mac.verify(b"what do ya want for nothing?", short).unwrap_err().code());
        }
    }

    /// A signature algorithm makes no MAC.
    #[test]
    fn other_algorithms_have_no_mac() {
        assert!(Mac::new(Alg::Rs256, &[7; 64]).is_none());
    }
}
