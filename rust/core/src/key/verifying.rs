//! A public key (RFC 7517 section 4, RFC 7638).
//!
//! It verifies under its own algorithms only; an RSA key is parsed once for each of them. Keys are equal if their thumbprints,
//! algorithms, identifiers and issuers are.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::any_key::{Content, Inner, Key};
use super::declaration::{agreed, names};
use crate::crypto::material::{PublicParts, RsaUsage};
use crate::crypto::{KeyMaterial, choices, sha256};
use crate::der::spki;
use crate::error::{Error, Result};
use crate::issuer::KeyIssuer;
use crate::jwa::{Alg, AlgSet, Curve, Kty};
use crate::jwk::{self, Jwk, Material, Reading};

/// A public key; clones share it.
#[derive(Clone)]
pub struct VerifyingKey {
    key: Key,
    parts: Arc<PublicParts>,
}

impl VerifyingKey {
    /// Reads an SPKI (RFC 5280 section 4.1.2.7). `alg` may be left out where the key has no choice.
    pub fn from_spki(der: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        Self::new(spki::read(der)?, alg, kid)
    }

    /// Reads a JWK; of a private one the public half.
    pub fn from_jwk(text: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        Self::from_parsed(jwk::read(text, Reading::Strict)?, alg, kid)
    }

    /// Takes the public half of a parsed JWK.
    pub fn from_parsed(jwk: Jwk, alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        jwk.require_verify()?;
        let alg = agreed("alg", jwk.alg, alg)?;
        let kid = agreed("kid", jwk.kid.as_deref(), kid)?;
        match jwk.material {
            Material::Public(parts) | Material::Private { public: parts, .. } => {
                Ok(Self::new(parts, alg, kid)?.with_issuer(jwk.issuer))
            }
            Material::Secret(_) => Err(Error::key("this JWK is a secret (kty oct): load it as a SecretKey")),
        }
    }

    /// The public key that a key is, unless it is a secret.
    #[must_use]
    pub fn from_key(key: &Key) -> Option<Self> {
        match &key.inner().content {
            Content::Public(parts) => Some(Self { key: key.clone(), parts: Arc::clone(parts) }),
            Content::Secret(_) => None,
        }
    }

    /// Judges the parts and settles the algorithm.
    pub(crate) fn new(parts: PublicParts, alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        let choices = choices(&parts);
        let alg = settle(&parts, choices, alg)?;
        // The algorithm of an Edwards curve has two names (RFC 9864 section 4.1).
        let algs = if parts.kty() == Kty::Okp { choices } else { AlgSet::of(alg) };
        Self::build(Arc::new(parts), Some(alg), algs, kid)
    }

    /// The same key under these algorithms; only an RSA key can have more than it has.
    pub fn with_algs(&self, algs: AlgSet) -> Result<Self> {
        let choices = choices(&self.parts);
        if algs.is_empty() {
            return Err(Error::key(format!("name an algorithm: this key can be used with {}", names(choices))));
        }
        if let Some(alg) = algs.iter().find(|alg| !choices.contains(*alg)) {
            return Err(does_not_fit(&self.parts, alg, choices));
        }
        let is_okp = self.kty() == Kty::Okp;
        let only = algs.iter().next().filter(|alg| algs == AlgSet::of(*alg));
        let alg = only.or(self.alg().filter(|_| is_okp));
        let algs = if is_okp { choices } else { algs };
        Ok(Self::build(Arc::clone(&self.parts), alg, algs, self.kid())?.with_issuer(self.issuer().cloned()))
    }

    /// The same key under this identifier.
    #[must_use]
    pub fn with_kid(&self, kid: Option<&str>) -> Self {
        let key = Key::new(Inner { kid: kid.map(Box::from), ..self.key.inner().clone() });
        Self { key, parts: Arc::clone(&self.parts) }
    }

    /// The same key, published for this issuer.
    #[must_use]
    pub fn with_issuer(&self, issuer: Option<KeyIssuer>) -> Self {
        let key = Key::new(Inner { issuer, ..self.key.inner().clone() });
        Self { key, parts: Arc::clone(&self.parts) }
    }

    fn build(parts: Arc<PublicParts>, alg: Option<Alg>, algs: AlgSet, kid: Option<&str>) -> Result<Self> {
        // Padding and digest are part of a parsed RSA key; all names of any other key mean the same.
        let groups: Vec<AlgSet> =
            if parts.kty() == Kty::Rsa { algs.iter().map(AlgSet::of).collect() } else { vec![algs] };
        let parse = |group: AlgSet| {
            let alg = group.iter().next().ok_or_else(|| Error::key("this key fits no algorithm"))?;
            Ok((group, KeyMaterial::new(alg, &parts)?))
        };
        let materials = groups.into_iter().map(parse).collect::<Result<_>>()?;
        let thumbprint = sha256(jwk::thumbprint_input(&parts).as_bytes());
        let (content, kid) = (Content::Public(Arc::clone(&parts)), kid.map(Box::from));
        Ok(Self { key: Key::new(Inner { content, alg, algs, kid, issuer: None, thumbprint, materials }), parts })
    }

    /// The algorithm it was declared with, or the only one; `None` where there are several.
    #[must_use]
    pub fn alg(&self) -> Option<Alg> {
        self.key.inner().alg
    }

    /// Its curve, where it has one.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        self.parts.curve()
    }

    /// Bytes of a signature.
    pub(super) fn signature_len(&self) -> usize {
        match &*self.parts {
            PublicParts::Rsa { n, .. } => n.len(),
            parts => choices(parts).iter().find_map(|alg| alg.spec().signature_len).unwrap_or_default(),
        }
    }

    /// The JSON text that a thumbprint is the hash of, for other digests (RFC 7638 section 3).
    #[must_use]
    pub fn thumbprint_input(&self) -> String {
        jwk::thumbprint_input(&self.parts)
    }

    /// The JWK's JSON text: public members, alg, kid and issuer.
    #[must_use]
    pub fn to_jwk(&self) -> String {
        jwk::write_public(&self.parts, self.alg(), self.kid(), self.issuer())
    }

    /// The SPKI.
    #[must_use]
    pub fn to_spki(&self) -> Vec<u8> {
        spki::write(&self.parts)
    }

    pub(super) fn parts(&self) -> &PublicParts {
        &self.parts
    }
}

impl Deref for VerifyingKey {
    type Target = Key;

    fn deref(&self) -> &Key {
        &self.key
    }
}

impl From<VerifyingKey> for Key {
    fn from(key: VerifyingKey) -> Self {
        key.key
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

/// The algorithm of a key: as given, or the first of its choices where all of them mean the same.
fn settle(parts: &PublicParts, choices: AlgSet, given: Option<Alg>) -> Result<Alg> {
    match given {
        Some(alg) if choices.contains(alg) => Ok(alg),
        Some(alg) => Err(does_not_fit(parts, alg, choices)),
        None if parts.kty() == Kty::Rsa && choices.iter().count() > 1 => {
            Err(Error::key(format!("an RSA key needs its algorithm: give alg, one of {}", names(choices))))
        }
        None => choices.iter().next().ok_or_else(|| Error::key("this key fits no algorithm")),
    }
}

fn does_not_fit(parts: &PublicParts, alg: Alg, choices: AlgSet) -> Error {
    let kind = match parts {
        PublicParts::Rsa { usage: RsaUsage::Pss | RsaUsage::PssWith(_), .. } => "RSASSA-PSS",
        _ => parts.curve().map_or(parts.kty().name(), Curve::name),
    };
    Error::key(format!("{alg} does not fit this {kind} key: it is used with {}", names(choices)))
}
