//! An HMAC secret (RFC 7518 section 3.2).
//!
//! It is at least as long as its digest and holds no key text: with a public key as the secret, anyone who knows that key could
//! sign (CVE-2015-9235). `weak` waives the length and nothing else. The secret is wiped on drop.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::any_key::{Content, Inner, Key, SecretParts};
use super::declaration::{agreed, names};
use super::key_text;
use crate::crypto::digest::{Digested, Message, Method};
use crate::crypto::hmac::{Mac, Tag};
use crate::crypto::material::Secret;
use crate::crypto::{KeyMaterial, random, sha256};
use crate::error::{Error, Result};
use crate::jwa::{Alg, AlgSet, Kty, TABLE};
use crate::jwk::{self, Jwk, Material, Ops, Reading};

/// A secret; clones share it.
#[derive(Clone)]
pub struct SecretKey {
    key: Key,
    alg: Alg,
    parts: Arc<SecretParts>,
}

impl SecretKey {
    /// A new secret as long as the algorithm's digest.
    pub fn generate(alg: Alg, kid: Option<&str>) -> Result<Self> {
        require_hmac(alg)?;
        Self::new(random(alg.spec().min_secret_len)?, alg, kid, Ops::BOTH, Strength::Required)
    }

    /// A secret of at least the digest's length.
    pub fn from_bytes(secret: &[u8], alg: Alg, kid: Option<&str>) -> Result<Self> {
        Self::new(Zeroizing::new(secret.to_vec()), alg, kid, Ops::BOTH, Strength::Required)
    }

    /// A secret of at least one byte, for systems that cannot change theirs.
    pub fn weak(secret: &[u8], alg: Alg, kid: Option<&str>) -> Result<Self> {
        Self::new(Zeroizing::new(secret.to_vec()), alg, kid, Ops::BOTH, Strength::Waived)
    }

    /// Reads a JWK of kty oct.
    pub fn from_jwk(text: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        Self::from_parsed(jwk::read(text, Reading::Strict)?, alg, kid)
    }

    /// Takes a parsed JWK.
    pub fn from_parsed(jwk: Jwk, alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        let ops = jwk.require_either()?;
        let alg = agreed("alg", jwk.alg, alg)?;
        let kid = agreed("kid", jwk.kid.as_deref(), kid)?;
        let Material::Secret(octets) = jwk.material else {
            return Err(Error::key("this JWK is not a secret: load it as a VerifyingKey or SigningKey"));
        };
        let alg = alg.ok_or_else(|| {
            Error::key(format!("a secret needs its algorithm: give alg, one of {}", names(hmac_algs())))
        })?;
        Self::new(octets, alg, kid, ops, Strength::Required)
    }

    fn new(octets: Secret, alg: Alg, kid: Option<&str>, ops: Ops, strength: Strength) -> Result<Self> {
        require_hmac(alg)?;
        let least = alg.spec().min_secret_len;
        if octets.is_empty() {
            return Err(Error::key("the secret is empty: anyone could sign with it"));
        }
        if octets.len() > MAX_LEN {
            return Err(Error::key(format!("the secret has {} bytes, and the limit is {MAX_LEN}", octets.len())));
        }
        if let Some(kind) = key_text::find(&octets) {
            return Err(Error::key(format!(
                "this secret holds {kind}, which others may know: load it as a VerifyingKey or SigningKey"
            )));
        }
        let weak = octets.len() < least;
        if weak && strength == Strength::Required {
            return Err(Error::key(format!(
                "an {alg} secret has at least {least} bytes, this one has {}: generate one",
                octets.len()
            )));
        }
        let mac = Mac::new(alg, &octets).ok_or_else(|| Error::key(format!("{alg} does not use a secret")))?;
        let mac = Arc::new(mac);
        let thumbprint = sha256(jwk::secret_thumbprint_input(&octets).as_bytes());
        let (algs, materials) = (AlgSet::of(alg), Box::new([(AlgSet::of(alg), KeyMaterial::Hmac(Arc::clone(&mac)))]));
        let parts = Arc::new(SecretParts { octets, mac, ops, weak });
        let (content, kid) = (Content::Secret(Arc::clone(&parts)), kid.map(Box::from));
        let key = Key::new(Inner { content, alg: Some(alg), algs, kid, issuer: None, thumbprint, materials });
        Ok(Self { key, alg, parts })
    }

    /// The secret that a key is, unless it is a public key.
    #[must_use]
    pub fn from_key(key: &Key) -> Option<Self> {
        let inner = key.inner();
        match &inner.content {
            Content::Secret(parts) => Some(Self { key: key.clone(), alg: inner.alg?, parts: Arc::clone(parts) }),
            Content::Public(_) => None,
        }
    }

    /// Its algorithm.
    #[must_use]
    pub const fn alg(&self) -> Alg {
        self.alg
    }

    /// Whether it is shorter than its digest.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.parts.weak
    }

    /// What its `key_ops` permit; both where it had none.
    #[must_use]
    pub fn ops(&self) -> Ops {
        self.parts.ops
    }

    /// The secret itself.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.parts.octets
    }

    /// The JWK's JSON text, the secret in it.
    #[must_use]
    pub fn to_private_jwk(&self) -> Zeroizing<String> {
        jwk::write_secret(&self.parts.octets, self.alg, self.kid(), self.parts.ops)
    }

    /// The tag of a message.
    pub fn sign(&self, message: Message<'_>) -> Result<Tag> {
        self.require_sign()?;
        match message {
            Message::Whole(message) => Ok(self.parts.mac.sign(message)),
            Message::Digest(Digested::Mac(tag)) => Ok(*tag),
            Message::Digest(Digested::Hash(_)) => Err(Error::key("this digest was not made by the key's own method")),
        }
    }

    pub(super) fn method(&self) -> Method {
        Method::Mac(Arc::clone(&self.parts.mac))
    }

    pub(super) fn require_sign(&self) -> Result<()> {
        if self.parts.ops.sign { Ok(()) } else { Err(Error::key("this secret's key_ops permit verify only")) }
    }
}

impl Deref for SecretKey {
    type Target = Key;

    fn deref(&self) -> &Key {
        &self.key
    }
}

impl From<SecretKey> for Key {
    fn from(key: SecretKey) -> Self {
        key.key
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// Whether the length rule holds.
#[derive(Clone, Copy, PartialEq)]
enum Strength {
    Required,
    Waived,
}

/// Far above any secret, and below the size of most files that are given by mistake.
const MAX_LEN: usize = 65_536;

fn require_hmac(alg: Alg) -> Result<()> {
    if alg.spec().kty == Kty::Oct {
        return Ok(());
    }
    Err(Error::key(format!("{alg} does not use a secret: a secret is used with {}", names(hmac_algs()))))
}

fn hmac_algs() -> AlgSet {
    TABLE.iter().filter(|spec| spec.kty == Kty::Oct).map(|spec| spec.alg).collect()
}
