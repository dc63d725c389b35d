//! What a request wants to be done, which a token must cover: values by name, and hashes of documents.
//!
//! Tokens of the Cloud Signature Consortium's API carry document hashes as hex, base64 or base64url. So hashes are compared as
//! bytes, and how many there must be is known from the digest's OID. A hash whose OID is absent or not known here is covered by nothing.
//! A string that is compared with hashes is a list of them, separated by commas, as that API's Signature Activation Data may have it.

use super::literal::Literal;
use super::outcome::Outcome;
use crate::base64url;
use crate::json::{Kind, Object, Value};

/// The values of one request.
#[derive(Clone, Debug, Default)]
pub struct Request(Vec<(Box<str>, Vec<Wanted>)>);

/// One value.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// A literal, compared by JSON type and value.
    Literal(Literal),
    /// The hash of a document.
    Hash(Hash),
}

/// The hash of a document, in bytes.
#[derive(Clone, Debug)]
pub struct Hash {
    oid: Box<str>,
    /// None if the text is not a hash of this digest, or the digest is unknown.
    octets: Option<Vec<u8>>,
}

/// Digests by their OID (NIST's arc 2.16.840.1.101.3.4.2): SHA-2, SHA-3, and the bytes of each.
const DIGESTS: [(&str, usize); 10] = [
    ("2.16.840.1.101.3.4.2.1", 32),
    ("2.16.840.1.101.3.4.2.2", 48),
    ("2.16.840.1.101.3.4.2.3", 64),
    ("2.16.840.1.101.3.4.2.4", 28),
    ("2.16.840.1.101.3.4.2.5", 28),
    ("2.16.840.1.101.3.4.2.6", 32),
    ("2.16.840.1.101.3.4.2.7", 28),
    ("2.16.840.1.101.3.4.2.8", 32),
    ("2.16.840.1.101.3.4.2.9", 48),
    ("2.16.840.1.101.3.4.2.10", 64),
];

impl Request {
    /// Adds the values of a name. Null and an empty string add nothing.
    pub fn add(&mut self, name: &str, mut wanted: Vec<Wanted>) {
        if let [Wanted::Literal(literal)] = &*wanted
            && (*literal == Literal::Null || literal.is_text(""))
        {
            wanted.clear();
        }
        self.0.push((name.into(), wanted));
    }

    /// The values of a name; none if it is not there.
    pub(super) fn values(&self, name: &str) -> &[Wanted] {
        self.0.iter().find(|(known, _)| **known == *name).map_or(&[], |(_, wanted)| wanted)
    }
}

impl Hash {
    /// A hash as text: hex, base64 or base64url, with or without padding.
    #[must_use]
    pub fn from_text(oid: &str, text: &str) -> Self {
        Self { oid: oid.into(), octets: size(oid).and_then(|size| decoded(text, size)) }
    }

    /// A hash as bytes.
    #[must_use]
    pub fn from_octets(oid: &str, octets: &[u8]) -> Self {
        Self { oid: oid.into(), octets: Some(octets.to_vec()).filter(|octets| size(oid) == Some(octets.len())) }
    }
}

/// Whether a claim is the one value wanted.
pub(super) fn equals(value: Value<'_>, wanted: &[Wanted], parent: Option<Object<'_>>) -> Outcome {
    if matches!(value.kind(), Kind::Array(_) | Kind::Object(_)) {
        return Outcome::Error;
    }
    match wanted {
        [Wanted::Literal(literal)] => literal.equals(value).into(),
        [Wanted::Hash(hash)] => Held::default().has(hash, [value].into_iter(), parent).into(),
        _ => Outcome::False,
    }
}

/// Whether a claim holds every value wanted; nothing covers nothing.
pub(super) fn covers(value: Value<'_>, wanted: &[Wanted], parent: Option<Object<'_>>, split: bool) -> Outcome {
    let mut held = Held::default();
    let mut is_held = |wanted: &Wanted| match (wanted, value.kind()) {
        (Wanted::Literal(literal), Kind::Array(items)) => items.iter().any(|item| literal.equals(item)),
        (Wanted::Literal(literal), Kind::Str(text)) => words(text.as_str()).any(|word| literal.is_text(word)),
        (Wanted::Hash(hash), Kind::Array(items)) => held.has(hash, items.iter(), parent),
        (Wanted::Hash(hash), Kind::Str(text)) if split => held.has_text(hash, words(text.as_str()), parent),
        (Wanted::Hash(hash), Kind::Str(text)) => held.has_text(hash, text.as_str().split(','), parent),
        _ => false,
    };
    match value.kind() {
        Kind::Array(_) => {}
        Kind::Str(_) if split || is_hashes(wanted) => {}
        _ => return Outcome::Error,
    }
    (!wanted.is_empty() && wanted.iter().all(&mut is_held)).into()
}

fn is_hashes(wanted: &[Wanted]) -> bool {
    !wanted.is_empty() && wanted.iter().all(|wanted| matches!(wanted, Wanted::Hash(_)))
}

/// The words of a string that is split at spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|word| !word.is_empty())
}

/// The same as bytes, which are faster to split.
pub(super) fn words_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|octet| *octet == b' ').filter(|word| !word.is_empty())
}

/// The hashes of a claim that have one size, sorted.
#[derive(Default)]
struct Held {
    size: usize,
    hashes: Vec<Vec<u8>>,
}

impl Held {
    fn has<'a>(&mut self, wanted: &Hash, items: impl Iterator<Item = Value<'a>>, parent: Option<Object<'_>>) -> bool {
        // An element is the text itself or, as in `documentDigests`, an object with a member `hash`.
        let texts = items.filter_map(|item| item.as_str().or_else(|| item.members().get("hash")?.as_str()));
        self.has_text(wanted, texts, parent)
    }

    fn has_text<'a>(
        &mut self,
        wanted: &Hash,
        texts: impl Iterator<Item = &'a str>,
        parent: Option<Object<'_>>,
    ) -> bool {
        let Some(octets) = &wanted.octets else { return false };
        // What the token says about its hashes must be what the request says about its own.
        let said = parent.and_then(|parent| parent.get("hashAlgorithmOID"));
        if said.is_some_and(|said| said.as_str() != Some(&wanted.oid)) {
            return false;
        }
        if self.size != octets.len() {
            self.size = octets.len();
            self.hashes = texts.filter_map(|text| decoded(text, octets.len())).collect();
            self.hashes.sort_unstable();
        }
        self.hashes.binary_search(octets).is_ok()
    }
}

fn size(oid: &str) -> Option<usize> {
    DIGESTS.iter().find(|(known, _)| *known == oid).map(|(_, size)| *size)
}

/// The bytes of a hash of this size.
fn decoded(text: &str, size: usize) -> Option<Vec<u8>> {
    if text.len() == 2 * size {
        let digits = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
        return digits
            .chunks(2)
            .map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok())
            .collect();
    }
    let url = |letter| match letter {
        b'+' => b'-',
        b'/' => b'_',
        letter => letter,
    };
    let text: Vec<u8> = text.bytes().map(url).collect();
    base64url::decode_padded(&text).filter(|octets| octets.len() == size)
}
