//! A public key (RFC 7517 section 4, RFC 7638).
//!
//! It verifies under its own algorithms only; an RSA key is parsed once for each of them. Two keys are equal when their
//! thumbprints, algorithms and identifiers are.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{agreed, names};
use crate::crypto::material::PublicParts;
use crate::crypto::{Verifying, choices, sha256};
use crate::der::spki;
use crate::error::{Error, Result};
use crate::jwa::{Alg, AlgSet, Curve, Kty};
use crate::jwk::{self, Jwk, Material};

/// A public key; clones share it.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    parts: PublicParts,
    alg: Option<Alg>,
    algs: AlgSet,
    kid: Option<Box<str>>,
    thumbprint: [u8; 32],
    primitives: Box<[(AlgSet, Verifying)]>,
}

impl VerifyingKey {
    /// Reads an SPKI (RFC 5280 section 4.1.2.7). `alg` may be left out where the key has no choice.
    pub fn from_spki(der: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        Self::new(spki::read(der)?, alg, kid)
    }

    /// Reads a JWK; of a private one the public half.
    pub fn from_jwk(text: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        Self::from_parsed(jwk::read(text)?, alg, kid)
    }

    /// Takes the public half of a parsed JWK.
    pub fn from_parsed(jwk: Jwk, alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        jwk.require_verify()?;
        let alg = agreed("alg", jwk.alg, alg)?;
        let kid = agreed("kid", jwk.kid.as_deref(), kid)?;
        match jwk.material {
            Material::Public(parts) | Material::Private { public: parts, .. } => Self::new(parts, alg, kid),
            Material::Secret(_) => Err(Error::key("this JWK is a secret (kty oct): load it as a SecretKey")),
        }
    }

    /// Judges the parts and settles the algorithm.
    pub(crate) fn new(parts: PublicParts, alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        let choices = choices(&parts);
        let alg = settle(&parts, choices, alg)?;
        // A key of an Edwards curve goes by both names of its algorithm (RFC 9864 section 4.1).
        let algs = if parts.kty() == Kty::Okp { choices } else { AlgSet::of(alg) };
        Self::build(parts, Some(alg), algs, kid)
    }

    /// The same key under these algorithms; only an RSA key can have more than it has.
    pub fn with_algs(&self, algs: AlgSet) -> Result<Self> {
        let inner = &*self.0;
        let choices = choices(&inner.parts);
        if algs.is_empty() {
            return Err(Error::key(format!("name an algorithm: this key can be used with {}", names(choices))));
        }
        if let Some(alg) = algs.iter().find(|alg| !choices.contains(*alg)) {
            return Err(does_not_fit(&inner.parts, alg, choices));
        }
        let mut several = algs.iter();
        let alg = several.next().filter(|_| several.next().is_none()).or(inner.alg.filter(|alg| algs.contains(*alg)));
        let algs = if inner.parts.kty() == Kty::Okp { choices } else { algs };
        let alg = if inner.parts.kty() == Kty::Rsa && algs.iter().count() > 1 { None } else { alg };
        Self::build(inner.parts.clone(), alg, algs, self.kid())
    }

    /// The same key under this identifier.
    #[must_use]
    pub fn with_kid(&self, kid: Option<&str>) -> Self {
        let inner = &*self.0;
        Self(Arc::new(Inner {
            parts: inner.parts.clone(),
            alg: inner.alg,
            algs: inner.algs,
            kid: kid.map(Box::from),
            thumbprint: inner.thumbprint,
            primitives: inner.primitives.clone(),
        }))
    }

    fn build(parts: PublicParts, alg: Option<Alg>, algs: AlgSet, kid: Option<&str>) -> Result<Self> {
        // Padding and digest are part of a parsed RSA key; the names of any other key mean one primitive.
        let groups: Vec<AlgSet> =
            if parts.kty() == Kty::Rsa { algs.iter().map(AlgSet::of).collect() } else { vec![algs] };
        let parse = |group: AlgSet| {
            let alg = group.iter().next().ok_or_else(|| Error::key("this key fits no algorithm"))?;
            Ok((group, Verifying::new(alg, &parts)?))
        };
        let primitives = groups.into_iter().map(parse).collect::<Result<_>>()?;
        let thumbprint = sha256(jwk::thumbprint_input(&parts).as_bytes());
        Ok(Self(Arc::new(Inner { parts, alg, algs, kid: kid.map(Box::from), thumbprint, primitives })))
    }

    /// The algorithms it is used with.
    #[must_use]
    pub fn algs(&self) -> AlgSet {
        self.0.algs
    }

    /// The algorithm it was declared with, or the one that goes without saying; `None` where there are several.
    #[must_use]
    pub fn alg(&self) -> Option<Alg> {
        self.0.alg
    }

    /// Its identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Its type.
    #[must_use]
    pub fn kty(&self) -> Kty {
        self.0.parts.kty()
    }

    /// Its curve, where it has one.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        self.0.parts.curve()
    }

    /// The SHA-256 thumbprint (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.0.thumbprint
    }

    /// The JSON text that a thumbprint is the hash of, for other digests (RFC 7638 section 3).
    #[must_use]
    pub fn thumbprint_input(&self) -> String {
        jwk::thumbprint_input(&self.0.parts)
    }

    /// The JWK's JSON text: public members, alg and kid.
    #[must_use]
    pub fn to_jwk(&self) -> String {
        jwk::write_public(&self.0.parts, self.alg(), self.kid())
    }

    /// The SPKI.
    #[must_use]
    pub fn to_spki(&self) -> Vec<u8> {
        spki::write(&self.0.parts)
    }

    /// Verifies a signature under one of the key's algorithms.
    #[inline]
    pub fn verify(&self, alg: Alg, message: &[u8], signature: &[u8]) -> Result<()> {
        let (_, primitive) =
            self.0.primitives.iter().find(|(algs, _)| algs.contains(alg)).ok_or(Error::AlgorithmNotAllowed)?;
        primitive.verify(message, signature)
    }

    pub(super) fn parts(&self) -> &PublicParts {
        &self.0.parts
    }
}

/// The algorithm of a key: as given, or the first of its choices where all of them are one primitive.
fn settle(parts: &PublicParts, choices: AlgSet, given: Option<Alg>) -> Result<Alg> {
    match given {
        Some(alg) if choices.contains(alg) => Ok(alg),
        Some(alg) => Err(does_not_fit(parts, alg, choices)),
        None if parts.kty() == Kty::Rsa => {
            Err(Error::key(format!("an RSA key needs its algorithm: give alg, one of {}", names(choices))))
        }
        None => choices.iter().next().ok_or_else(|| Error::key("this key fits no algorithm")),
    }
}

fn does_not_fit(parts: &PublicParts, alg: Alg, choices: AlgSet) -> Error {
    let kind = parts.curve().map_or(parts.kty().name(), Curve::name);
    Error::key(format!("{alg} does not fit this {kind} key: it is used with {}", names(choices)))
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.thumbprint() == other.thumbprint() && self.algs() == other.algs() && self.kid() == other.kid()
    }
}

impl Eq for VerifyingKey {}

impl Hash for VerifyingKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.thumbprint().hash(state);
        self.algs().hash(state);
        self.kid().hash(state);
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algs", &names(self.algs()))
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}
