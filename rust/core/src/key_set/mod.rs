//! Sets of keys and the choice among them (RFC 7517 section 5, RFC 7515 section 6 and appendix D).
//!
//! A set is never empty and never changes. It answers one question, for which header `alg` and `kid` which keys may be
//! tried, and a token's `kid` can narrow that answer but not widen it. Reading a JWK Set skips members that cannot be used
//! and says why; one that came from a URL gives public keys only.

use std::fmt;

use crate::error::{Error, Result};
use crate::json::{Array, Value};
use crate::jwa::{Alg, AlgSet, Kty};
use crate::jwk::{self, Jwk, Material};
use crate::key::{Key, SecretKey, VerifyingKey};
use crate::limits::MAX_CANDIDATES;

/// Keys to verify with, in the order they were given.
#[derive(Clone)]
pub struct KeySet {
    keys: Box<[Key]>,
    /// The algorithms of each key, beside each other for a quick search.
    algs: Box<[AlgSet]>,
    skipped: Box<[Skipped]>,
}

/// A member of a JWK Set that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the set.
    pub place: usize,
    /// Its identifier, where it has a readable one.
    pub kid: Option<String>,
    /// Why it was left out; holds no key material.
    pub reason: String,
}

/// Where a JWK Set came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The operator's own configuration.
    Local,
    /// A URL: whoever answers there may add public keys and nothing else.
    Remote,
}

/// The places of the keys to try for one header, at most four.
#[derive(Clone, Copy, Debug)]
pub struct Candidates {
    places: [usize; MAX_CANDIDATES],
    len: usize,
}

impl Candidates {
    /// The places, in the order to try them.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.places.into_iter().take(self.len)
    }
}

impl KeySet {
    /// A set of these keys; the same key twice counts once. Secrets and public keys may stand side by side here.
    pub fn new(keys: Vec<Key>) -> Result<Self> {
        let keys = distinct(keys);
        if keys.is_empty() {
            return Err(Error::key("a key set needs a key"));
        }
        if let Some(kid) = keys.iter().find(|key| is_ambiguous(key, &keys)).and_then(Key::kid) {
            return Err(Error::key(format!("different keys of one type share the kid {kid:?}")));
        }
        Self::build(keys, Vec::new())
    }

    /// Reads a JWK Set. `fill` are the algorithms of RSA keys that name none; it fills in and never filters.
    pub fn from_jwks(text: &[u8], fill: AlgSet, origin: Origin) -> Result<Self> {
        if let Some(alg) = fill.iter().find(|alg| alg.spec().kty == Kty::Oct) {
            return Err(Error::policy(format!("{alg} cannot be filled in: a secret in a JWK Set names its own alg")));
        }
        let document = jwk::document(text)?;
        let members = document.root().as_object().and_then(|set| set.get("keys")).and_then(Value::as_array);
        let set = members
            .ok_or_else(|| Error::key("a JWK Set is a JSON object with an array of keys"))
            .and_then(|members| Self::from_members(members, fill, origin));
        document.wipe();
        set
    }

    fn from_members(members: Array<'_>, fill: AlgSet, origin: Origin) -> Result<Self> {
        let mut keys = Vec::new();
        let mut skipped = Vec::new();
        for (place, member) in members.iter().enumerate() {
            match member_key(member, fill, origin) {
                Ok(key) => keys.push((place, key)),
                Err(error) => skipped.push(Skipped { place, kid: kid_of(member), reason: error.to_string() }),
            }
        }
        if origin == Origin::Remote {
            let (sound, ambiguous) = keys.iter().cloned().partition(|(_, key)| !is_ambiguous_among(key, &keys));
            keys = sound;
            skipped.extend(leave_out(ambiguous));
        }
        skipped.sort_by_key(|one| one.place);
        let keys: Vec<Key> = keys.into_iter().map(|(_, key)| key).collect();
        if keys.is_empty() {
            return Err(Error::key(none_usable(&skipped)));
        }
        let secrets = keys.iter().filter(|key| matches!(key, Key::Secret(_))).count();
        if secrets > 0 && secrets < keys.len() {
            return Err(Error::key(
                "this JWK Set mixes secrets and public keys, which invites confusion: build a KeySet of them on purpose",
            ));
        }
        Self::new(keys).map(|set| Self { skipped: skipped.into(), ..set })
    }

    fn build(keys: Vec<Key>, skipped: Vec<Skipped>) -> Result<Self> {
        let sign_only = |key: &Key| matches!(key, Key::Secret(secret) if !secret.ops().verify);
        if keys.iter().any(sign_only) {
            return Err(Error::key("a secret's key_ops permit sign only: it cannot verify"));
        }
        let algs = keys.iter().map(Key::algs).collect();
        Ok(Self { keys: keys.into(), algs, skipped: skipped.into() })
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The key at a place.
    #[must_use]
    pub fn key(&self, place: usize) -> Option<&Key> {
        self.keys.get(place)
    }

    /// The members of the JWK Set that were left out.
    #[must_use]
    pub const fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The algorithms of all keys.
    #[must_use]
    pub fn algs(&self) -> AlgSet {
        self.algs.iter().fold(AlgSet::EMPTY, |all, algs| all.union(*algs))
    }

    /// The keys to try for a header: of its algorithm, and either without `kid` or not contradicted by its `kid`.
    ///
    /// `narrowed` are the algorithms that the verifier accepts beside what its keys say.
    pub fn candidates(&self, alg: Alg, kid: Option<&str>, narrowed: Option<AlgSet>) -> Result<Candidates> {
        if narrowed.is_some_and(|algs| !algs.contains(alg)) {
            return Err(Error::AlgorithmNotAllowed);
        }
        let of_alg = || self.algs.iter().zip(&self.keys).enumerate().filter(|(_, (algs, _))| algs.contains(alg));
        let mut found = Candidates { places: [0; MAX_CANDIDATES], len: 0 };
        for (place, (_, key)) in of_alg() {
            if kid.is_some_and(|kid| key.kid().is_some_and(|own| own != kid)) {
                continue;
            }
            // More than a few keys to try is a set without order, not a choice.
            let slot = found.places.get_mut(found.len).ok_or(Error::KeyNotFound)?;
            *slot = place;
            found.len += 1;
        }
        if found.len > 0 {
            return Ok(found);
        }
        let named = kid.is_some() && self.keys.iter().any(|key| key.kid() == kid);
        Err(if named || of_alg().next().is_none() { Error::AlgorithmNotAllowed } else { Error::KeyNotFound })
    }

    /// The JWK Set's JSON text; a set with a secret has none.
    pub fn to_jwks(&self) -> Result<String> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let Key::Verifying(key) = key else {
                return Err(Error::key("a JWK Set is published: a secret cannot stand in it"));
            };
            keys.push(key.to_jwk());
        }
        Ok(format!("{{\"keys\":[{}]}}", keys.join(",")))
    }
}

/// The key of one member.
fn member_key(member: Value<'_>, fill: AlgSet, origin: Origin) -> Result<Key> {
    let jwk = jwk::read_value(member)?;
    if origin == Origin::Remote {
        match jwk.material {
            Material::Public(_) => {}
            Material::Private { .. } => return Err(Error::key("a private key from a URL is no longer private")),
            Material::Secret(_) => return Err(Error::key("a secret from a URL is no longer secret")),
        }
    }
    if let Material::Secret(_) = jwk.material {
        jwk.require_verify()?;
        return SecretKey::from_parsed(jwk, None, None).map(Key::Secret);
    }
    verifying_key(jwk, fill).map(Key::Verifying)
}

/// A public key; an RSA key without alg takes those filled in.
fn verifying_key(jwk: Jwk, fill: AlgSet) -> Result<VerifyingKey> {
    let is_rsa = match &jwk.material {
        Material::Public(parts) | Material::Private { public: parts, .. } => parts.kty() == Kty::Rsa,
        Material::Secret(_) => false,
    };
    if !is_rsa || jwk.alg.is_some() {
        return VerifyingKey::from_parsed(jwk, None, None);
    }
    let fill: AlgSet = fill.iter().filter(|alg| alg.spec().kty == Kty::Rsa).collect();
    let Some(first) = fill.iter().next() else {
        return Err(Error::key("an RSA key without alg: name the algorithms of such keys"));
    };
    VerifyingKey::from_parsed(jwk, Some(first), None)?.with_algs(fill)
}

fn kid_of(member: Value<'_>) -> Option<String> {
    member.as_object()?.get("kid")?.as_str().map(str::to_owned)
}

/// The keys without repetitions, in order.
fn distinct(keys: Vec<Key>) -> Vec<Key> {
    let mut kept: Vec<Key> = Vec::with_capacity(keys.len());
    for key in keys {
        if !kept.contains(&key) {
            kept.push(key);
        }
    }
    kept
}

/// Whether another key of the same type goes by the same kid, so that a kid would not say which is meant. The same kid
/// for keys of different types is for one key in several forms (RFC 7517 section 4.5).
fn is_ambiguous(key: &Key, keys: &[Key]) -> bool {
    key.kid().is_some() && keys.iter().any(|other| collide(key, other))
}

fn is_ambiguous_among(key: &Key, keys: &[(usize, Key)]) -> bool {
    key.kid().is_some() && keys.iter().any(|(_, other)| collide(key, other))
}

fn collide(key: &Key, other: &Key) -> bool {
    key.kid() == other.kid() && key.kty() == other.kty() && key.thumbprint() != other.thumbprint()
}

fn leave_out(keys: Vec<(usize, Key)>) -> impl Iterator<Item = Skipped> {
    keys.into_iter().map(|(place, key)| Skipped {
        place,
        kid: key.kid().map(str::to_owned),
        reason: "different keys of one type share this kid".to_owned(),
    })
}

fn none_usable(skipped: &[Skipped]) -> String {
    if skipped.is_empty() {
        return "the JWK Set is empty".to_owned();
    }
    let mut reasons: Vec<String> =
        skipped.iter().take(4).map(|one| format!("key {}: {}", one.place, one.reason)).collect();
    if skipped.len() > reasons.len() {
        reasons.push(format!("and {} more", skipped.len() - reasons.len()));
    }
    format!("the JWK Set has no usable key ({})", reasons.join("; "))
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &self.keys).field("skipped", &self.skipped.len()).finish_non_exhaustive()
    }
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Eq for KeySet {}

#[cfg(test)]
mod tests;
