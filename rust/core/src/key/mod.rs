//! Keys, each bound to its algorithms (RFC 7517, RFC 8725 section 3.1).
//!
//! A key that exists was judged: its parts belong together, it is strong enough, and it is used with the algorithms it
//! says and no others. Public keys, private keys and secrets are different types, so that none can be taken for another.

mod declaration;
pub mod key_text;
pub mod secret;
pub mod signing;
pub mod verifying;

pub use secret::SecretKey;
pub use signing::{Ed448Private, Loaded, RsaPrivate, SigningKey};
pub use verifying::VerifyingKey;

use crate::crypto::digest::{Digested, Method};
use crate::error::{Error, Result};
use crate::jwa::{Alg, AlgSet, Kty};

/// A message to verify or to sign.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message itself.
    Whole(&'a [u8]),
    /// What the key's own method made of it.
    Digest(&'a Digested),
}

/// A key that verifies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A secret: whoever can verify with it can sign with it.
    Secret(SecretKey),
    /// A public key.
    Verifying(VerifyingKey),
}

impl Key {
    /// The algorithms it is used with.
    #[must_use]
    pub fn algs(&self) -> AlgSet {
        match self {
            Self::Secret(key) => AlgSet::of(key.alg()),
            Self::Verifying(key) => key.algs(),
        }
    }

    /// Its identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Secret(key) => key.kid(),
            Self::Verifying(key) => key.kid(),
        }
    }

    /// Its type.
    #[must_use]
    pub fn kty(&self) -> Kty {
        match self {
            Self::Secret(_) => Kty::Oct,
            Self::Verifying(key) => key.kty(),
        }
    }

    /// The SHA-256 thumbprint (RFC 7638). That of a secret helps to guess it: keep it out of logs.
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        match self {
            Self::Secret(key) => key.thumbprint(),
            Self::Verifying(key) => key.thumbprint(),
        }
    }

    /// Whether it is the same key under whatever algorithms and identifier: whoever signs with one signs with the other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Secret(one), Self::Secret(other)) => one.is_equivalent(other),
            (Self::Verifying(one), Self::Verifying(other)) => one.thumbprint() == other.thumbprint(),
            _ => false,
        }
    }

    /// Verifies a signature under one of the key's algorithms.
    #[inline]
    pub fn verify(&self, alg: Alg, message: Message<'_>, signature: &[u8]) -> Result<()> {
        match (self, message) {
            (Self::Secret(key), _) if key.alg() != alg => Err(Error::AlgorithmNotAllowed),
            (Self::Secret(key), Message::Whole(message)) => key.verify(message, signature),
            (Self::Secret(key), Message::Digest(message)) => key.verify_digested(message, signature),
            (Self::Verifying(key), Message::Whole(message)) => key.verify(alg, message, signature),
            (Self::Verifying(key), Message::Digest(message)) => key.verify_digested(alg, message, signature),
        }
    }

    /// Verifies by the backend's own check, for comparing and measuring the other.
    pub fn verify_plain(&self, alg: Alg, message: &[u8], signature: &[u8]) -> Result<()> {
        match self {
            Self::Secret(key) if key.alg() != alg => Err(Error::AlgorithmNotAllowed),
            Self::Secret(key) => key.verify_plain(message, signature),
            Self::Verifying(key) => key.verify_plain(alg, message, signature),
        }
    }

    /// Builds what verifying goes on with once a key has found enough signatures good, without waiting for them; whether
    /// this call is what brought it about.
    #[must_use]
    pub fn prepare(&self, alg: Alg) -> bool {
        match self {
            Self::Secret(_) => false,
            Self::Verifying(key) => key.prepare(alg),
        }
    }

    /// How it takes in a message under one of its algorithms.
    pub(crate) fn method(&self, alg: Alg) -> Result<Method> {
        match self {
            Self::Secret(key) if key.alg() != alg => Err(Error::AlgorithmNotAllowed),
            Self::Secret(key) => Ok(key.method()),
            Self::Verifying(key) => key.method(alg),
        }
    }
}

impl From<SecretKey> for Key {
    fn from(key: SecretKey) -> Self {
        Self::Secret(key)
    }
}

impl From<VerifyingKey> for Key {
    fn from(key: VerifyingKey) -> Self {
        Self::Verifying(key)
    }
}

/// A key that signs.
#[derive(Clone, Debug)]
pub enum AnySigningKey {
    /// A secret.
    Secret(SecretKey),
    /// A private key.
    Signing(SigningKey),
}

impl AnySigningKey {
    /// The algorithm it signs under.
    #[must_use]
    pub fn alg(&self) -> Alg {
        match self {
            Self::Secret(key) => key.alg(),
            Self::Signing(key) => key.alg(),
        }
    }

    /// Its identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Secret(key) => key.kid(),
            Self::Signing(key) => key.kid(),
        }
    }

    /// Signs.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        match (self, message) {
            (Self::Secret(key), Message::Whole(message)) => key.sign(message).map(|tag| tag.as_ref().to_vec()),
            (Self::Secret(key), Message::Digest(message)) => {
                key.sign_digested(message).map(|tag| tag.as_ref().to_vec())
            }
            (Self::Signing(key), Message::Whole(message)) => key.sign(message),
            (Self::Signing(key), Message::Digest(message)) => key.sign_digested(message),
        }
    }

    /// How it takes in a message.
    pub(crate) fn method(&self) -> Result<Method> {
        match self {
            Self::Secret(key) => key.require_sign().map(|()| key.method()),
            Self::Signing(key) => Ok(key.method()),
        }
    }
}

impl From<SecretKey> for AnySigningKey {
    fn from(key: SecretKey) -> Self {
        Self::Secret(key)
    }
}

impl From<SigningKey> for AnySigningKey {
    fn from(key: SigningKey) -> Self {
        Self::Signing(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was taken in by one kind of key is good for no other, nor for another algorithm.
    #[test]
    fn digests_are_not_mistaken() {
        let secret = SecretKey::generate(Alg::Hs256, None).unwrap();
        let Loaded::Ready(signing) = SigningKey::generate(Alg::Es256, None, 0).unwrap() else { panic!("not ready") };
        let Loaded::Ready(edwards) = SigningKey::generate(Alg::EdDsa, None, 0).unwrap() else { panic!("not ready") };
        let public = Key::from(signing.verifying_key().clone());
        let digested = |method: Method| {
            let mut context = method.start().unwrap();
            context.update(b"message");
            context.finish()
        };
        let tag = digested(AnySigningKey::from(secret.clone()).method().unwrap());
        let hash = digested(public.method(Alg::Es256).unwrap());
        let (secret, edwards) = (Key::from(secret), Key::from(edwards.verifying_key().clone()));
        for (key, alg, message) in
            [(&secret, Alg::Hs256, &hash), (&public, Alg::Es256, &tag), (&edwards, Alg::EdDsa, &hash)]
        {
            let refused = |alg| key.verify(alg, Message::Digest(message), &[1; 64]).unwrap_err().code();
            assert_eq!("invalid_signature", refused(alg));
            assert_eq!("algorithm_not_allowed", refused(Alg::Rs256));
            assert_eq!("algorithm_not_allowed", key.method(Alg::Rs256).unwrap_err().code());
        }
        assert_eq!("invalid_key", AnySigningKey::from(signing).sign(Message::Digest(&tag)).unwrap_err().code());
    }

    /// A key verifies under no algorithm but its own, whatever kind of key it is.
    #[test]
    fn foreign_algorithms_are_not_allowed() {
        let secret = SecretKey::generate(Alg::Hs256, Some("s")).unwrap();
        let Loaded::Ready(signing) = SigningKey::generate(Alg::Es256, Some("p"), 0).unwrap() else {
            panic!("not ready")
        };
        let public = signing.verifying_key().clone();
        let message = Message::Whole(b"message");
        let tag = AnySigningKey::from(secret.clone()).sign(message).unwrap();
        let signature = AnySigningKey::from(signing).sign(message).unwrap();
        for (key, own, value) in [(Key::from(secret), Alg::Hs256, tag), (Key::from(public), Alg::Es256, signature)] {
            key.verify(own, message, &value).unwrap();
            let other = Message::Whole(b"massage");
            assert_eq!("invalid_signature", key.verify(own, other, &value).unwrap_err().code());
            for spec in crate::jwa::TABLE.iter().filter(|spec| spec.alg != own) {
                let error = key.verify(spec.alg, message, &value).unwrap_err();
                assert_eq!("algorithm_not_allowed", error.code(), "{}", spec.name);
            }
        }
    }
}
