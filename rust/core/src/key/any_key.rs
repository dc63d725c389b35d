//! A key that verifies: a public key or a secret, bound to its algorithms (RFC 8725 section 3.1).
//!
//! `VerifyingKey` and `SecretKey` create it and return it; a set holds it. It was checked when it was created.

use std::fmt;
use std::sync::Arc;

use super::declaration::names;
use crate::crypto::digest::{Message, Method};
use crate::crypto::hmac::Mac;
use crate::crypto::material::{PublicParts, Secret};
use crate::crypto::{KeyMaterial, LargeSet};
use crate::error::{Error, Result};
use crate::issuer::KeyIssuer;
use crate::jwa::{Alg, AlgSet, Kty};
use crate::jwk::Ops;

/// A key that verifies; clones share it.
#[derive(Clone)]
pub struct Key(Arc<Inner>);

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) content: Content,
    /// The algorithm it was declared with, or the only one; `None` where there are several.
    pub(super) alg: Option<Alg>,
    pub(super) algs: AlgSet,
    pub(super) kid: Option<Box<str>>,
    pub(super) issuer: Option<KeyIssuer>,
    pub(super) thumbprint: [u8; 32],
    /// What verifies, by the algorithms it verifies.
    pub(super) materials: Box<[(AlgSet, KeyMaterial)]>,
}

/// What a key is made of.
#[derive(Clone)]
pub(super) enum Content {
    Public(Arc<PublicParts>),
    Secret(Arc<SecretParts>),
}

/// A secret and what was declared with it.
pub(super) struct SecretParts {
    pub(super) octets: Secret,
    pub(super) mac: Arc<Mac>,
    pub(super) ops: Ops,
    pub(super) weak: bool,
}

impl Key {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The algorithms it is used with.
    #[must_use]
    pub fn algs(&self) -> AlgSet {
        self.0.algs
    }

    /// Its identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// The issuer it is published for, which a token that it verifies must be of.
    #[must_use]
    pub fn issuer(&self) -> Option<&KeyIssuer> {
        self.0.issuer.as_ref()
    }

    /// Its type.
    #[must_use]
    pub fn kty(&self) -> Kty {
        match &self.0.content {
            Content::Public(parts) => parts.kty(),
            Content::Secret(_) => Kty::Oct,
        }
    }

    /// The SHA-256 thumbprint (RFC 7638). That of a secret helps to guess it: keep it out of logs.
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.0.thumbprint
    }

    /// Whether it is a secret, with which anyone who can verify can sign.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.0.content, Content::Secret(_))
    }

    /// Whether both are the same key, apart from algorithms and identifier: either signs what the other signs.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0.content, &other.0.content) {
            (Content::Public(_), Content::Public(_)) => self.thumbprint() == other.thumbprint(),
            (Content::Secret(one), Content::Secret(two)) => {
                self.algs().union(other.algs()).iter().any(|alg| makes_equal_tags(alg, &one.octets, &two.octets))
            }
            _ => false,
        }
    }

    /// Verifies a signature under one of the key's algorithms.
    #[inline]
    pub fn verify(&self, alg: Alg, message: Message<'_>, signature: &[u8]) -> Result<()> {
        self.require_verify()?;
        self.material(alg)?.verify(message, signature)
    }

    /// The same key, computed by the backend only, to compare the two.
    #[must_use]
    pub fn backend_alone(&self) -> Self {
        let materials = self.0.materials.iter().map(|(algs, material)| (*algs, material.backend_alone())).collect();
        Self::new(Inner { materials, ..Inner::clone(&self.0) })
    }

    /// Refuses a secret whose `key_ops` lack verify.
    #[inline]
    pub fn require_verify(&self) -> Result<()> {
        match &self.0.content {
            Content::Secret(secret) if !secret.ops.verify => {
                Err(Error::key("this secret's key_ops permit sign only: it cannot verify"))
            }
            _ => Ok(()),
        }
    }

    /// Prepares the key now, where that makes it faster and there is room; whether it is prepared.
    #[must_use]
    pub fn prepare(&self) -> bool {
        let prepared = |(_, material): &(AlgSet, KeyMaterial)| material.prepare() || material.is_prepared();
        self.0.materials.iter().filter(|material| prepared(material)).count() > 0
    }

    /// Says that the key belongs to a large key set.
    pub(crate) fn join(&self, set: LargeSet) {
        for (_, material) in &self.0.materials {
            material.join(set);
        }
    }

    /// How messages are hashed for it.
    pub(crate) fn method(&self, alg: Alg) -> Result<Method> {
        Ok(self.material(alg)?.method())
    }

    #[inline]
    fn material(&self, alg: Alg) -> Result<&KeyMaterial> {
        let found = self.0.materials.iter().find(|(algs, _)| algs.contains(alg));
        found.map(|(_, material)| material).ok_or_else(|| Error::AlgorithmNotAllowed)
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }
}

/// Whether tags made with one secret verify with the other: HMAC hashes a secret longer than its block and fills a shorter
/// one with zeros (RFC 2104 section 2), so different secrets can produce the same block.
fn makes_equal_tags(alg: Alg, one: &[u8], other: &[u8]) -> bool {
    // Equal tags of one message mean equal blocks: anything else would be a collision of the hash.
    let tag = |secret: &[u8]| Mac::new(alg, secret).map(|mac| mac.sign(b""));
    tag(one).zip(tag(other)).is_some_and(|(one, two)| one.verify(two.as_ref()).is_ok())
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.thumbprint() == other.thumbprint()
            && self.algs() == other.algs()
            && self.kid() == other.kid()
            && self.issuer() == other.issuer()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0.content {
            Content::Public(_) => "VerifyingKey",
            Content::Secret(secret) if secret.weak => "SecretKey(weak)",
            Content::Secret(_) => "SecretKey",
        };
        f.debug_struct(name).field("algs", &names(self.algs())).field("kid", &self.kid()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{AnySigningKey, Loaded, SecretKey, SigningKey};

    /// A digest made for one kind of key verifies with no other kind, nor under another algorithm.
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
            assert_eq!("algorithm_not_allowed", key.method(Alg::Rs256).err().unwrap().code());
        }
        assert_eq!("invalid_key", AnySigningKey::from(signing).sign(Message::Digest(&tag)).unwrap_err().code());
    }
}
