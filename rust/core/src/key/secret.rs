//! An HMAC secret (RFC 7518 section 3.2).
//!
//! It is at least as long as its digest and holds no key text: a public key taken for a secret would let anyone who
//! knows that key sign (CVE-2015-9235). `weak` waives the length and nothing else. The octets are wiped on drop.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{agreed, key_text, names};
use crate::crypto::hmac::{Mac, Tag};
use crate::crypto::material::Secret;
use crate::crypto::{random, sha256};
use crate::error::{Error, Result};
use crate::jwa::{Alg, AlgSet, Kty, TABLE};
use crate::jwk::{self, Jwk, Material, Ops};

/// A secret; clones share it.
#[derive(Clone)]
pub struct SecretKey(Arc<Inner>);

struct Inner {
    alg: Alg,
    kid: Option<Box<str>>,
    weak: bool,
    ops: Ops,
    octets: Secret,
    mac: Mac,
    thumbprint: [u8; 32],
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

    /// A secret of any length but none; for systems that cannot change theirs.
    pub fn weak(secret: &[u8], alg: Alg, kid: Option<&str>) -> Result<Self> {
        Self::new(Zeroizing::new(secret.to_vec()), alg, kid, Ops::BOTH, Strength::Waived)
    }

    /// Reads a JWK of kty oct.
    pub fn from_jwk(text: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        Self::from_parsed(jwk::read(text)?, alg, kid)
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
            return Err(Error::key("an empty secret is no secret: anyone could sign with it"));
        }
        if octets.len() > MAX_LEN {
            return Err(Error::key(format!(
                "a secret of {} octets is no secret: the limit is {MAX_LEN}",
                octets.len()
            )));
        }
        if let Some(kind) = key_text::find(&octets) {
            return Err(Error::key(format!(
                "this secret holds {kind}, which others may know: load it as a VerifyingKey or SigningKey"
            )));
        }
        let weak = octets.len() < least;
        if weak && strength == Strength::Required {
            return Err(Error::key(format!(
                "an {alg} secret has at least {least} octets, this one has {}: generate one",
                octets.len()
            )));
        }
        let mac = Mac::new(alg, &octets).ok_or_else(|| Error::key(format!("{alg} does not use a secret")))?;
        let thumbprint = sha256(jwk::secret_thumbprint_input(&octets).as_bytes());
        Ok(Self(Arc::new(Inner { alg, kid: kid.map(Box::from), weak, ops, octets, mac, thumbprint })))
    }

    /// Its algorithm.
    #[must_use]
    pub fn alg(&self) -> Alg {
        self.0.alg
    }

    /// Its identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Whether it is shorter than its digest.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.0.weak
    }

    /// What its `key_ops` permit; both where it had none.
    #[must_use]
    pub fn ops(&self) -> Ops {
        self.0.ops
    }

    /// The octets, for a caller that asked for them by name.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0.octets
    }

    /// The SHA-256 thumbprint (RFC 7638); it helps to guess the secret.
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.0.thumbprint
    }

    /// The JWK's JSON text, the secret in it.
    #[must_use]
    pub fn to_private_jwk(&self) -> Zeroizing<String> {
        jwk::write_secret(&self.0.octets, self.0.alg, self.kid(), self.0.ops)
    }

    /// The tag of a message.
    pub fn sign(&self, message: &[u8]) -> Result<Tag> {
        if !self.0.ops.sign {
            return Err(Error::key("this secret's key_ops permit verify only"));
        }
        Ok(self.0.mac.sign(message))
    }

    /// Verifies a tag in constant time.
    #[inline]
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<()> {
        if !self.0.ops.verify {
            return Err(Error::key("this secret's key_ops permit sign only"));
        }
        self.0.mac.verify(message, tag)
    }
}

/// Whether the length rule holds.
#[derive(Clone, Copy, PartialEq)]
enum Strength {
    Required,
    Waived,
}

/// Far above any secret; below what a file taken for a secret may have.
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

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.thumbprint() == other.thumbprint() && self.alg() == other.alg() && self.kid() == other.kid()
    }
}

impl Eq for SecretKey {}

impl Hash for SecretKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.thumbprint().hash(state);
        self.alg().hash(state);
        self.kid().hash(state);
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.is_weak() { "SecretKey(weak)" } else { "SecretKey" };
        f.debug_struct(name).field("alg", &self.alg().name()).field("kid", &self.kid()).finish_non_exhaustive()
    }
}
