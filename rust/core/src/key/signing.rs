//! A private key (RFC 7517 section 9.2, RFC 8725 section 3.2).
//!
//! It signs under one algorithm. `to_pkcs8` and `to_private_jwk` are the only ways to its private parts; it has no equality, and
//! its `Debug` shows names only. Two kinds of private material are returned to be completed: Ed448, which another library
//! signs with, and RSA keys without their primes.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::declaration::agreed;
use super::verifying::VerifyingKey;
use crate::crypto::digest::{Message, Method};
use crate::crypto::material::{PrivateParts, PublicParts, RsaUsage, Secret};
use crate::crypto::{PrivateKey, eddsa, random};
use crate::der::{pkcs8, spki};
use crate::error::{Error, Result};
use crate::external::External;
use crate::jwa::{Alg, Curve, Kty};
use crate::jwk::{self, Jwk, Material, Reading};

/// A private key; clones share it.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    alg: Alg,
    verifying: VerifyingKey,
    holder: Holder,
}

/// Where the private key is.
enum Holder {
    Own(PrivateKey),
    External { signer: Box<dyn External>, seed: Option<Secret> },
}

/// The result of loading or generating a private key.
#[derive(Debug)]
pub enum Loaded {
    /// A key.
    Ready(SigningKey),
    /// An Ed448 key that lacks its signer.
    Ed448(Ed448Private),
    /// An RSA key that lacks its primes.
    RsaWithoutPrimes(RsaPrivate),
}

impl SigningKey {
    /// A new key; `bits` is the size of an RSA modulus and ignored elsewhere.
    pub fn generate(alg: Alg, kid: Option<&str>, bits: usize) -> Result<Loaded> {
        if alg.spec().curve == Some(Curve::Ed448) {
            return Ed448Private::new(random(eddsa::ED448_LEN)?, None, Some(alg), kid).map(Loaded::Ed448);
        }
        let mut signing = PrivateKey::generate(alg, bits)?;
        if alg.spec().kty == Kty::Rsa {
            // Read again as if it had been loaded: only then are its primes known, and it signs as fast as loaded keys do.
            signing = PrivateKey::new(Some(alg), &pkcs8::read(&signing.to_pkcs8()?)?)?;
        }
        Self::own(signing, Some(alg), kid).map(Loaded::Ready)
    }

    /// Reads plain PKCS#8 (RFC 5958). `alg` may be left out where the key has no choice.
    pub fn from_pkcs8(der: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Loaded> {
        Self::from_parts(pkcs8::read(der)?, alg, kid)
    }

    /// Reads a private JWK.
    pub fn from_jwk(text: &[u8], alg: Option<Alg>, kid: Option<&str>) -> Result<Loaded> {
        Self::from_parsed(jwk::read(text, Reading::Strict)?, alg, kid)
    }

    /// Takes a parsed private JWK.
    pub fn from_parsed(jwk: Jwk, alg: Option<Alg>, kid: Option<&str>) -> Result<Loaded> {
        jwk.require_sign()?;
        let alg = agreed("alg", jwk.alg, alg)?;
        let kid = agreed("kid", jwk.kid.as_deref(), kid)?;
        match jwk.material {
            Material::Private { private, .. } => Self::from_parts(private, alg, kid),
            Material::Public(_) => Err(Error::key("this JWK is a public key: load it as a VerifyingKey")),
            Material::Secret(_) => Err(Error::key("this JWK is a secret (kty oct): load it as a SecretKey")),
        }
    }

    /// A key that another program holds; it signs under one of the public key's algorithms.
    pub fn external(
        signer: Box<dyn External>,
        verifying_key: &VerifyingKey,
        alg: Alg,
        kid: Option<&str>,
    ) -> Result<Self> {
        if !verifying_key.algs().contains(alg) {
            return Err(Error::key(format!("the external signer's alg {alg} is not one of its verifying key's")));
        }
        let kid = agreed("kid", verifying_key.kid(), kid)
            .map_err(|_| Error::key("the external signer's kid differs from its verifying key's"))?;
        let verifying = verifying_key.with_kid(kid);
        Ok(Self(Arc::new(Inner { alg, verifying, holder: Holder::External { signer, seed: None } })))
    }

    fn from_parts(parts: PrivateParts, alg: Option<Alg>, kid: Option<&str>) -> Result<Loaded> {
        if let PrivateParts::Okp { curve: Curve::Ed448, d, x } = parts {
            return Ed448Private::new(d, x.as_deref(), alg, kid).map(Loaded::Ed448);
        }
        let PrivateParts::Rsa { n, e, d, primes, .. } = &parts else {
            return Self::own(PrivateKey::new(alg, &parts)?, alg, kid).map(Loaded::Ready);
        };
        // The public half is judged first: its refusals say more, and it knows what an RSASSA-PSS key is used with.
        let public = parts.public().ok_or_else(needs_alg)?;
        let verifying = VerifyingKey::new(public, alg, kid)?;
        let alg = verifying.alg().ok_or_else(needs_alg)?;
        if primes.is_none() {
            let (n, e, d, kid) = (n.clone(), e.clone(), d.clone(), kid.map(Box::from));
            return Ok(Loaded::RsaWithoutPrimes(RsaPrivate { n, e, d, alg, kid }));
        }
        let holder = Holder::Own(PrivateKey::new(Some(alg), &parts)?);
        Ok(Loaded::Ready(Self(Arc::new(Inner { alg, verifying, holder }))))
    }

    fn own(signing: PrivateKey, alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        let verifying = VerifyingKey::new(spki::read(&signing.to_spki()?)?, alg, kid)?;
        let alg = verifying.alg().ok_or_else(needs_alg)?;
        Ok(Self(Arc::new(Inner { alg, verifying, holder: Holder::Own(signing) })))
    }

    /// The algorithm it signs under.
    #[must_use]
    pub fn alg(&self) -> Alg {
        self.0.alg
    }

    /// Its identifier.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.0.verifying.kid()
    }

    /// Whether its signatures are computed elsewhere: by another program or another library.
    #[must_use]
    pub fn signs_elsewhere(&self) -> bool {
        matches!(self.0.holder, Holder::External { .. })
    }

    /// Its public half.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.0.verifying
    }

    /// Signs. What an external signer returns is verified first: a faulty device must not leak its key through invalid
    /// signatures, nor may a token leave that no verifier accepts.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        match (&self.0.holder, message) {
            (Holder::Own(signing), _) => own_signature(signing, message),
            (Holder::External { .. }, Message::Digest(_)) => {
                Err(Error::key("an external signer signs whole messages only"))
            }
            (Holder::External { signer, .. }, Message::Whole(octets)) => {
                let signature = signer.sign(octets).map_err(Error::External)?;
                self.accept(message, &signature)?;
                Ok(signature)
            }
        }
    }

    /// Verifies what an external signer returned. Never inlined, as `own_signature`: an external signer may call another one,
    /// and the stack of arithmetic that does not run would be between the two.
    #[inline(never)]
    fn accept(&self, message: Message<'_>, signature: &[u8]) -> Result<()> {
        self.0.verifying.verify(self.0.alg, message, signature).map_err(|_| {
            Error::key(
                "the external signer returned a signature that its verifying key does not verify: \
                 check that both belong together and that the signature has JOSE form",
            )
        })
    }

    /// How messages are hashed for it; an external signer gets the whole message.
    pub(super) fn method(&self) -> Method {
        match &self.0.holder {
            Holder::Own(signing) => signing.method(),
            Holder::External { .. } => Method::Whole,
        }
    }

    /// The key as plain PKCS#8.
    pub fn to_pkcs8(&self) -> Result<Secret> {
        match &self.0.holder {
            Holder::Own(signing) => {
                let der = signing.to_pkcs8()?;
                match self.0.verifying.parts() {
                    PublicParts::Rsa { usage, .. } if *usage != RsaUsage::Any => {
                        pkcs8::restrict_rsa(&der, *usage).ok_or_else(|| Error::key("this RSA key cannot be exported"))
                    }
                    _ => Ok(der),
                }
            }
            Holder::External { seed: Some(seed), .. } => Ok(pkcs8::write_okp(Curve::Ed448, seed)),
            Holder::External { seed: None, .. } => {
                Err(Error::key("an external signer keeps its private key: it cannot be exported"))
            }
        }
    }

    /// The private JWK's JSON text, with alg and kid.
    pub fn to_private_jwk(&self) -> Result<Zeroizing<String>> {
        let parts = pkcs8::read(&self.to_pkcs8()?)?;
        Ok(jwk::write_private(self.0.verifying.parts(), &parts, self.0.alg, self.kid()))
    }
}

#[inline(never)]
fn own_signature(signing: &PrivateKey, message: Message<'_>) -> Result<Vec<u8>> {
    signing.sign(message)
}

fn needs_alg() -> Error {
    Error::key("this private key needs its algorithm: give alg")
}

/// An Ed448 private key whose signer is still to be built from its seed (RFC 8037 section 2).
pub struct Ed448Private {
    seed: Secret,
    alg: Alg,
    verifying: VerifyingKey,
}

impl Ed448Private {
    fn new(seed: Secret, x: Option<&[u8]>, alg: Option<Alg>, kid: Option<&str>) -> Result<Self> {
        let public = eddsa::ed448_public(&seed)?;
        if x.is_some_and(|x| !matches!(&public, PublicParts::Okp { x: own, .. } if own == x)) {
            return Err(Error::key("the public key does not belong to this Ed448 private key"));
        }
        let verifying = VerifyingKey::new(public, alg, kid)?;
        let alg = verifying.alg().ok_or_else(needs_alg)?;
        Ok(Self { seed, alg, verifying })
    }

    /// The seed of 57 bytes.
    #[must_use]
    pub fn seed(&self) -> &[u8] {
        &self.seed
    }

    /// The key, signing through this signer.
    #[must_use]
    pub fn finish(self, signer: Box<dyn External>) -> SigningKey {
        let holder = Holder::External { signer, seed: Some(self.seed) };
        SigningKey(Arc::new(Inner { alg: self.alg, verifying: self.verifying, holder }))
    }
}

/// An RSA private key whose primes are still to be recovered (RFC 7518 section 6.3.2).
pub struct RsaPrivate {
    n: Vec<u8>,
    e: Vec<u8>,
    d: Secret,
    alg: Alg,
    kid: Option<Box<str>>,
}

impl RsaPrivate {
    /// The modulus.
    #[must_use]
    pub fn n(&self) -> &[u8] {
        &self.n
    }

    /// The public exponent.
    #[must_use]
    pub fn e(&self) -> &[u8] {
        &self.e
    }

    /// The private exponent.
    #[must_use]
    pub fn d(&self) -> &[u8] {
        &self.d
    }

    /// The key, from PKCS#8 that holds the primes of the same key.
    pub fn finish(self, der: &[u8]) -> Result<SigningKey> {
        let parts = pkcs8::read(der)?;
        if !matches!(&parts, PrivateParts::Rsa { n, e, .. } if *n == self.n && *e == self.e) {
            return Err(Error::key("the completed RSA key is not the one of this JWK"));
        }
        SigningKey::own(PrivateKey::new(Some(self.alg), &parts)?, Some(self.alg), self.kid.as_deref())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("alg", &self.alg().name()).field("kid", &self.kid()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Ed448Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed448Private(redacted)")
    }
}

impl fmt::Debug for RsaPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivate(redacted)")
    }
}

#[cfg(test)]
mod tests;
