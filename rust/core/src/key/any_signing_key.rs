//! A key that signs: a private key or a secret.

use super::secret::SecretKey;
use super::signing::SigningKey;
use crate::crypto::digest::{Message, Method};
use crate::error::Result;
use crate::jwa::Alg;

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

    /// Bytes of a signature.
    #[must_use]
    pub fn signature_len(&self) -> usize {
        match self {
            Self::Secret(key) => key.alg().spec().signature_len.unwrap_or_default(),
            Self::Signing(key) => key.verifying_key().signature_len(),
        }
    }

    /// Whether its signatures are computed elsewhere: by another program or another library.
    #[must_use]
    pub fn signs_elsewhere(&self) -> bool {
        matches!(self, Self::Signing(key) if key.signs_elsewhere())
    }

    /// Signs.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        match self {
            Self::Secret(key) => key.sign(message).map(|tag| tag.as_ref().to_vec()),
            Self::Signing(key) => key.sign(message),
        }
    }

    /// How messages are hashed for it.
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
