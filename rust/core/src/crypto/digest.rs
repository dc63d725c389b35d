//! Messages hashed piece by piece (FIPS 180-4 section 6, RFC 2104 section 2).
//!
//! HMAC, RSA and ECDSA read a message once, from front to back, so a message of any size needs a few hundred bytes of
//! memory. EdDSA and ML-DSA read it more than once, or hash the key before it: they need the whole message. The digest of
//! a `Context` is for keys of the `Method` that started it, and AWS-LC checks which hash made it.

use std::sync::Arc;

use aws_lc_rs::digest::{self, Algorithm, Digest};

use super::hmac::{self, Mac, Tag};
use crate::error::{Error, Result};

/// A message to verify or to sign.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message itself.
    Whole(&'a [u8]),
    /// Its digest, made by the key's own method.
    Digest(&'a Digested),
}

impl<'a> Message<'a> {
    /// The message itself, for a private key that needs it.
    pub fn whole(self) -> Result<&'a [u8]> {
        match self {
            Self::Whole(message) => Ok(message),
            Self::Digest(_) => Err(Error::key("this private key signs whole messages only")),
        }
    }
}

/// How messages are hashed for a key.
#[derive(Clone)]
pub enum Method {
    /// By a hash, which any number of keys may share.
    Hash(Hash),
    /// By a MAC, which belongs to one secret.
    Mac(Arc<Mac>),
    /// Not at all: the key needs the whole message.
    Whole,
}

/// A hash function of SHA-2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(&'static Algorithm);

impl Hash {
    /// SHA-256.
    pub const SHA256: Self = Self(&digest::SHA256);
    /// SHA-384.
    pub const SHA384: Self = Self(&digest::SHA384);
    /// SHA-512.
    pub const SHA512: Self = Self(&digest::SHA512);

    /// The hash of a message in memory.
    #[must_use]
    pub fn of(self, message: &[u8]) -> Digest {
        digest::digest(self.0, message)
    }

    /// Whether the digest was made by this hash.
    #[must_use]
    pub fn made(self, digest: &Digest) -> bool {
        digest.algorithm() == self.0
    }
}

/// A message that is being hashed.
pub enum Context {
    /// By a hash.
    Hash(digest::Context),
    /// By a MAC.
    Mac(Box<hmac::Context>),
}

/// A message that was hashed.
#[derive(Clone, Copy)]
pub enum Digested {
    /// Its hash.
    Hash(Digest),
    /// Its tag under one secret.
    Mac(Tag),
}

impl Method {
    /// Starts to hash a message; `None` where the key needs the whole message.
    #[must_use]
    pub fn start(&self) -> Option<Context> {
        match self {
            Self::Hash(hash) => Some(Context::Hash(digest::Context::new(hash.0))),
            Self::Mac(mac) => Some(Context::Mac(Box::new(mac.start()))),
            Self::Whole => None,
        }
    }

    /// Whether a digest by one of them is also one by the other.
    #[must_use]
    pub fn shares_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Hash(one), Self::Hash(two)) => one == two,
            (Self::Whole, Self::Whole) => true,
            _ => false,
        }
    }
}

impl Context {
    /// Hashes the next piece.
    pub fn update(&mut self, octets: &[u8]) {
        match self {
            Self::Hash(context) => context.update(octets),
            Self::Mac(context) => context.update(octets),
        }
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> Digested {
        match self {
            Self::Hash(context) => Digested::Hash(context.finish()),
            Self::Mac(context) => Digested::Mac(context.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwa::Alg;

    /// One hash serves every key that uses it; a tag serves its own secret, and that one alone.
    #[test]
    fn only_hashes_are_shared() {
        let mac = || Method::Mac(Arc::new(Mac::new(Alg::Hs256, &[7; 64]).unwrap()));
        assert!(Method::Hash(Hash::SHA256).shares_with(&Method::Hash(Hash::SHA256)));
        assert!(!Method::Hash(Hash::SHA256).shares_with(&Method::Hash(Hash::SHA512)));
        assert!(!mac().shares_with(&mac()));
        assert!(!mac().shares_with(&Method::Hash(Hash::SHA256)));
        assert!(!Method::Whole.shares_with(&Method::Hash(Hash::SHA256)));
        assert!(Method::Whole.shares_with(&Method::Whole));
    }
}
