//! Sets of keys and the choice among them (RFC 7517 section 5, RFC 7515 section 6 and appendix D).
//!
//! A set never changes, and only `withdrawn` is empty. It says which keys are tried for a header's `alg` and `kid`; a `kid` can narrow that
//! choice but not widen it. Members of a JWK Set that cannot be used are skipped, with the reason. A JWK Set from a URL gives
//! public keys only.

use std::fmt;

use crate::crypto::LargeSet;
use crate::error::{Error, NoKey, Result};
use crate::json::{Array, Value};
use crate::jwa::{Alg, AlgSet, Kty};
use crate::jwk::{self, Jwk, Material, Reading};
use crate::key::{Key, SecretKey, VerifyingKey};
use crate::limits::MAX_CANDIDATES;

/// Keys to verify with, in the order they were given.
#[derive(Clone)]
pub struct KeySet {
    keys: Box<[Key]>,
    /// The algorithms of each key, stored contiguously to make the search fast.
    algs: Box<[AlgSet]>,
    skipped: Box<[Skipped]>,
}

/// A member of a JWK Set that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its index in the JWK Set.
    pub index: usize,
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
    /// A URL, which can add public keys and nothing else.
    Remote,
}

/// The indices of the keys to try for one header, at most four.
#[derive(Clone, Copy, Debug)]
pub struct Candidates {
    indices: [usize; MAX_CANDIDATES],
    len: usize,
}

impl Candidates {
    /// The indices, in the order to try them.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        self.indices.into_iter().take(self.len)
    }

    /// Those that a test picks; `None` if it picks none.
    #[must_use]
    pub fn only(&self, is_picked: impl Fn(&usize) -> bool) -> Option<Self> {
        let mut picked = Self { indices: [0; MAX_CANDIDATES], len: 0 };
        for (place, index) in picked.indices.iter_mut().zip(self.indices().filter(is_picked)) {
            *place = index;
            picked.len += 1;
        }
        (picked.len > 0).then_some(picked)
    }
}

impl KeySet {
    /// A set of these keys; the same key twice counts once. Secrets and public keys may be mixed here.
    pub fn new(keys: Vec<Key>) -> Result<Self> {
        let keys = distinct(keys);
        if keys.is_empty() {
            return Err(Error::key("a key set needs a key"));
        }
        if let Some(kid) = keys.iter().find(|key| conflicts(key, keys.iter())).and_then(Key::kid) {
            return Err(Error::key(format!(
                "different keys of one algorithm have the same kid {kid:?}: give each key a unique kid"
            )));
        }
        Self::build(keys, Vec::new())
    }

    /// Reads a JWK Set. `fill` are the algorithms of RSA keys that have no `alg`; other keys are not affected.
    pub fn from_jwks(text: &[u8], fill: AlgSet, origin: Origin, reading: Reading) -> Result<Self> {
        if let Some(alg) = fill.iter().find(|alg| alg.spec().kty == Kty::Oct) {
            return Err(Error::policy(format!("{alg} cannot be filled in: a secret in a JWK Set names its own alg")));
        }
        let document = jwk::document(text)?;
        let root = document.root();
        let set = match root.as_object().and_then(|set| set.get("keys")).and_then(Value::as_array) {
            Some(members) => Self::from_members(members, fill, origin, reading),
            None => Err(Error::key(not_a_set(root))),
        };
        document.wipe();
        set
    }

    /// Reads the body of a JWK Set endpoint: public keys of these algorithms only, from at most `max_keys` members.
    ///
    /// An empty array is an answer too: the provider has withdrawn all keys. Members none of which is usable are not.
    pub fn published(text: &[u8], algorithms: AlgSet, max_keys: usize, reading: Reading) -> Result<Self> {
        if algorithms.is_empty() {
            return Err(Error::policy(
                "algorithms is empty, which accepts nothing: name those that the issuer signs with",
            ));
        }
        if let Some(alg) = algorithms.iter().find(|alg| alg.spec().kty == Kty::Oct) {
            return Err(Error::policy(format!("{alg} needs a secret, and a JWK Set that is published holds none")));
        }
        let count = {
            let document = jwk::document(text)?;
            let members = document.root().as_object().and_then(|set| set.get("keys")).and_then(Value::as_array);
            members.map(Array::len)
        };
        match count {
            Some(0) => return Ok(Self::withdrawn()),
            Some(count) if count > max_keys => {
                return Err(Error::key(format!("the JWK Set has {count} keys, and at most {max_keys} are read")));
            }
            _ => {}
        }
        let Self { keys, skipped, .. } = Self::from_jwks(text, algorithms, Origin::Remote, reading)?;
        let skipped = skipped.into_vec();
        let (keys, others): (Vec<Key>, Vec<Key>) =
            keys.into_iter().partition(|key| !key.algs().intersection(algorithms).is_empty());
        if keys.is_empty() {
            let algs: AlgSet = others.iter().fold(AlgSet::EMPTY, |algs, key| algs.union(key.algs()));
            let names: Vec<&str> = algs.iter().map(Alg::name).collect();
            return Err(Error::key(format!(
                "the JWK Set has no key of the algorithms accepted, only of {}",
                names.join(", ")
            )));
        }
        Self::build(keys, skipped)
    }

    /// The keys that a store answered with, each for another header, so that they may share a kid.
    pub fn answers(keys: Vec<Key>) -> Result<Self> {
        Self::build(distinct(keys), Vec::new())
    }

    /// No keys: what a source has whose provider withdrew all of them. Nothing else makes an empty set.
    #[must_use]
    pub fn withdrawn() -> Self {
        Self { keys: Box::default(), algs: Box::default(), skipped: Box::default() }
    }

    fn from_members(members: Array<'_>, fill: AlgSet, origin: Origin, reading: Reading) -> Result<Self> {
        let mut keys = Vec::new();
        let mut skipped = Vec::new();
        for (index, member) in members.iter().enumerate() {
            match member_key(member, fill, origin, reading) {
                Ok(key) => keys.push((index, key)),
                Err(error) => skipped.push(Skipped { index, kid: kid_of(member), reason: error.to_string() }),
            }
        }
        let (conflicting, keys): (Vec<_>, Vec<_>) =
            keys.iter().cloned().partition(|(_, key)| conflicts(key, keys.iter().map(|(_, other)| other)));
        skipped.extend(conflicting.into_iter().map(|(index, key)| Skipped {
            index,
            kid: key.kid().map(str::to_owned),
            reason: "a different key of the same algorithm has this kid too".to_owned(),
        }));
        skipped.sort_by_key(|one| one.index);
        let keys: Vec<Key> = keys.into_iter().map(|(_, key)| key).collect();
        if keys.is_empty() {
            return Err(Error::key(none_usable(&skipped)));
        }
        let secrets = keys.iter().filter(|key| key.is_secret()).count();
        if secrets > 0 && secrets < keys.len() {
            return Err(Error::key(
                "this JWK Set mixes secrets and public keys, which invites confusion: build a KeySet of them on purpose",
            ));
        }
        Self::new(keys).map(|set| Self { skipped: skipped.into(), ..set })
    }

    fn build(keys: Vec<Key>, skipped: Vec<Skipped>) -> Result<Self> {
        keys.iter().try_for_each(Key::require_verify)?;
        if let Some(large) = LargeSet::new(keys.len()) {
            for key in &keys {
                key.join(large);
            }
        }
        let algs = keys.iter().map(Key::algs).collect();
        Ok(Self { keys: keys.into(), algs, skipped: skipped.into() })
    }

    /// Prepares all keys now that verify faster then, as far as there is room; how many are prepared.
    #[must_use]
    pub fn prepare(&self) -> usize {
        self.keys.iter().filter(|key| key.prepare()).count()
    }

    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The key at an index.
    #[must_use]
    pub fn key(&self, index: usize) -> Option<&Key> {
        self.keys.get(index)
    }

    /// Whether a key has this kid.
    #[must_use]
    pub fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid() == Some(kid))
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

    /// The keys to try for a header: those of its algorithm whose `kid`, if both have one, is the header's.
    ///
    /// `narrowed` are the algorithms that the verifier accepts, where fewer than its keys have.
    pub fn candidates(&self, alg: Alg, kid: Option<&str>, narrowed: Option<AlgSet>) -> Result<Candidates> {
        if narrowed.is_some_and(|algs| !algs.contains(alg)) {
            return Err(Error::AlgorithmNotAllowed);
        }
        let of_alg = || self.algs.iter().zip(&self.keys).enumerate().filter(|(_, (algs, _))| algs.contains(alg));
        let mut found = Candidates { indices: [0; MAX_CANDIDATES], len: 0 };
        for (index, (_, key)) in of_alg() {
            if kid.is_some_and(|kid| key.kid().is_some_and(|own| own != kid)) {
                continue;
            }
            // More candidates than this would let a token cost too many verifications.
            let slot = found.indices.get_mut(found.len).ok_or(Error::KeyNotFound(NoKey::TooMany))?;
            *slot = index;
            found.len += 1;
        }
        if found.len > 0 {
            return Ok(found);
        }
        let named = kid.is_some() && self.keys.iter().any(|key| key.kid() == kid);
        Err(if named || of_alg().next().is_none() {
            Error::AlgorithmNotAllowed
        } else {
            Error::KeyNotFound(NoKey::UnknownKid)
        })
    }

    /// The JWK Set's JSON text; a set with a secret has none.
    pub fn to_jwks(&self) -> Result<String> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let Some(key) = VerifyingKey::from_key(key) else {
                return Err(Error::key("a JWK Set is public, and this KeySet holds a SecretKey"));
            };
            keys.push(key.to_jwk());
        }
        Ok(format!("{{\"keys\":[{}]}}", keys.join(",")))
    }
}

/// The key of one member.
fn member_key(member: Value<'_>, fill: AlgSet, origin: Origin, reading: Reading) -> Result<Key> {
    let jwk = jwk::read_value(member, reading)?;
    if origin == Origin::Remote {
        match jwk.material {
            Material::Public(_) => {}
            Material::Private { .. } => return Err(Error::key("a private key was published at a URL: it is not used")),
            Material::Secret(_) => return Err(Error::key("a secret was published at a URL: it is not used")),
        }
    }
    if let Material::Secret(_) = jwk.material {
        jwk.require_verify()?;
        return SecretKey::from_parsed(jwk, None, None).map(Key::from);
    }
    verifying_key(jwk, fill).map(Key::from)
}

/// A public key; an RSA key without alg gets those filled in.
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

/// Whether a kid does not identify the key: another key has the same one and an algorithm in common. Keys without a common
/// algorithm may share a kid, since a header names both.
fn conflicts<'a>(key: &Key, mut others: impl Iterator<Item = &'a Key>) -> bool {
    key.kid().is_some()
        && others.any(|other| {
            key.kid() == other.kid()
                && !key.algs().intersection(other.algs()).is_empty()
                && (!key.is_same(other) || key.issuer() != other.issuer())
        })
}

/// What was given in place of a JWK Set.
fn not_a_set(value: Value<'_>) -> &'static str {
    const WANTED: &str = "a JWK Set is a JSON object with an array of keys";
    let Some(members) = value.as_object() else {
        return if value.as_array().is_some() {
            "this is an array, not a JWK Set: give {\"keys\": [...]}"
        } else {
            WANTED
        };
    };
    let is_certificate =
        |value: Value<'_>| value.as_str().is_some_and(|text| text.starts_with("-----BEGIN CERTIFICATE"));
    if members.get("kty").is_some() {
        "this is one JWK, not a JWK Set: use VerifyingKey.from_jwk, SigningKey.from_jwk or SecretKey.from_jwk"
    } else if members.get("jwks_uri").is_some() {
        "this is an issuer's metadata, not its JWK Set: fetch its jwks_uri and give what that returns"
    } else if members.iter().next().is_some_and(|(_, value)| is_certificate(value)) {
        "these are certificates by kid, not a JWK Set: use VerifyingKey.from_certificate for each, with its kid"
    } else {
        WANTED
    }
}

fn none_usable(skipped: &[Skipped]) -> String {
    if skipped.is_empty() {
        return "the JWK Set is empty".to_owned();
    }
    let mut reasons: Vec<String> =
        skipped.iter().take(4).map(|one| format!("key {}: {}", one.index, one.reason)).collect();
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
