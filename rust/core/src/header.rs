//! The JOSE header of a JWS (RFC 7515 section 4), protected or not.
//!
//! After `Header::parse` the text is one strict JSON object, every registered parameter has its JSON type, and `crit`
//! and `b64` are honoured or refused. It does not decide whether the algorithm is allowed, fetches nothing (`jku`,
//! `x5u`) and trusts no key found here (`jwk`, `x5c`).

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::json::{Document, Kind, Limits, Object, Value};
use crate::jwa::Alg;

/// A protected header whose rules were all checked.
#[derive(Debug)]
pub struct Header {
    document: Document,
    alg: NamedAlg,
    kid: Option<Box<str>>,
    /// `typ` in the form `media_type` gives.
    typ: Option<Box<str>>,
    unencoded: bool,
}

/// What a header's `alg` says.
#[derive(Clone, Copy, Debug)]
enum NamedAlg {
    Missing,
    Known(Alg),
    Unknown,
}

/// The extension parameters beside `b64` that the caller processes and that `crit` may name (RFC 7515 section 4.1.11).
#[derive(Clone, Debug, Default)]
pub struct CriticalExtensions(Vec<Box<str>>);

/// An unprotected header: members of a JSON serialization that no signature covers (RFC 7515 section 7.2.1).
#[derive(Clone, Copy, Debug)]
pub struct Unprotected<'a> {
    members: Object<'a>,
    kid: Option<&'a str>,
}

/// The JSON type a registered parameter must have.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    Object,
    Flag,
}

/// RFC 7515 section 4.1 and RFC 7797 section 3; `crit` has its own rules.
const REGISTERED: [(&str, Shape); 11] = [
    ("alg", Shape::Text),
    ("b64", Shape::Flag),
    ("cty", Shape::Text),
    ("jku", Shape::Text),
    ("jwk", Shape::Object),
    ("kid", Shape::Text),
    ("typ", Shape::Text),
    ("x5c", Shape::Texts),
    ("x5t", Shape::Text),
    ("x5t#S256", Shape::Text),
    ("x5u", Shape::Text),
];

/// The names that `crit` may never hold: those of RFC 7515 section 4.1 and of RFC 7518 section 4.
const NEVER_CRITICAL: [&str; 18] = [
    "alg", "apu", "apv", "crit", "cty", "epk", "iv", "jku", "jwk", "kid", "p2c", "p2s", "tag", "typ", "x5c", "x5t",
    "x5t#S256", "x5u",
];

impl Header {
    /// Parses the bytes of a protected header, at most `max_size` of them.
    pub fn parse(octets: Vec<u8>, critical: &CriticalExtensions, max_size: usize) -> Result<Self> {
        require_size(octets.len(), max_size)?;
        let document = Document::parse(octets, Limits::HEADER).map_err(|reason| Error::malformed("header", reason))?;
        let members = document.root().as_object().ok_or(Error::malformed("header", "is not a JSON object"))?;
        check_shapes(members)?;
        let alg = match text(members, "alg") {
            None => NamedAlg::Missing,
            Some(name) => Alg::from_name(name).map_or(NamedAlg::Unknown, NamedAlg::Known),
        };
        let crit_names_b64 = check_crit(members, critical)?;
        let unencoded = matches!(members.get("b64").map(Value::kind), Some(Kind::Bool(false)));
        if unencoded && !crit_names_b64 {
            return Err(Error::UnsupportedHeader { name: "b64", reason: "is false without crit naming it" });
        }
        let kid = text(members, "kid").map(Box::from);
        let typ = text(members, "typ").map(|typ| media_type(typ).into());
        Ok(Self { document, alg, kid, typ, unencoded })
    }

    /// The algorithm. A header without one is malformed, one of a name not known here is not allowed.
    pub fn alg(&self) -> Result<Alg> {
        match self.alg {
            NamedAlg::Missing => Err(Error::malformed("header", "has no alg")),
            NamedAlg::Known(alg) => Ok(alg),
            NamedAlg::Unknown => Err(Error::AlgorithmNotAllowed),
        }
    }

    /// Refuses a header without `alg`.
    pub fn require_alg(&self) -> Result<()> {
        match self.alg {
            NamedAlg::Missing => Err(Error::malformed("header", "has no alg")),
            NamedAlg::Known(_) | NamedAlg::Unknown => Ok(()),
        }
    }

    /// The key's identifier, as the sender gave it.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The media type of the whole object, in the form `media_type` gives.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Whether the payload is signed unencoded, without base64url (RFC 7797).
    #[must_use]
    pub const fn unencoded(&self) -> bool {
        self.unencoded
    }

    /// The members as received.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }
}

impl CriticalExtensions {
    /// The caller's list, which may hold no registered name.
    pub fn new<I: IntoIterator<Item = S>, S: Into<Box<str>>>(names: I) -> Result<Self> {
        let names: Vec<Box<str>> = names.into_iter().map(Into::into).collect();
        if names.iter().any(|name| NEVER_CRITICAL.contains(&&**name)) {
            return Err(Error::policy("crit lists a registered header parameter; list extension names only"));
        }
        Ok(Self(names))
    }

    /// The names, as listed.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| &**known == name)
    }
}

impl<'a> Unprotected<'a> {
    /// Checks an unprotected header beside its protected one: types, no `crit` and no `b64`, no name in both.
    pub fn parse(value: Value<'a>, protected: &Header) -> Result<Self> {
        let members = value.as_object().ok_or(Error::malformed("header", "is not a JSON object"))?;
        check_shapes(members)?;
        for name in ["crit", "b64"] {
            if members.get(name).is_some() {
                return Err(Error::UnsupportedHeader { name, reason: "stands outside the protected header" });
            }
        }
        let protected = protected.document.root().as_object();
        if members.iter().any(|(name, _)| protected.is_some_and(|p| p.get(name.as_str()).is_some())) {
            return Err(Error::malformed("header", "has a name that the protected header has too"));
        }
        Ok(Self { members, kid: text(members, "kid") })
    }

    /// The key's identifier.
    #[must_use]
    pub const fn kid(&self) -> Option<&'a str> {
        self.kid
    }

    /// The members as received.
    #[must_use]
    pub const fn members(&self) -> Object<'a> {
        self.members
    }
}

/// Refuses the base64url text of a header that decodes to more bytes than the caller allows, before it is decoded.
pub fn require_text_size(text: &[u8], limit: usize) -> Result<()> {
    let padding = text.iter().rev().take_while(|octet| **octet == b'=').count();
    require_size((text.len() - padding) * 3 / 4, limit)
}

fn require_size(size: usize, limit: usize) -> Result<()> {
    if size > limit { Err(Error::TooLarge { what: "header", size, limit }) } else { Ok(()) }
}

fn check_shapes(members: Object<'_>) -> Result<()> {
    for (name, value) in members {
        let Some((name, shape)) = REGISTERED.iter().find(|(registered, _)| *registered == name.as_str()) else {
            continue;
        };
        let fits = match (shape, value.kind()) {
            (Shape::Text, Kind::Str(_)) | (Shape::Object, Kind::Object(_)) | (Shape::Flag, Kind::Bool(_)) => true,
            (Shape::Texts, Kind::Array(items)) => items.iter().all(|item| item.as_str().is_some()),
            _ => false,
        };
        if !fits {
            return Err(Error::UnsupportedHeader { name, reason: "has the wrong JSON type" });
        }
    }
    Ok(())
}

/// Checks `crit`; whether it names `b64`.
fn check_crit(members: Object<'_>, critical: &CriticalExtensions) -> Result<bool> {
    let refused = |reason| Err(Error::UnsupportedHeader { name: "crit", reason });
    let mut names_b64 = false;
    let Some(crit) = members.get("crit") else { return Ok(false) };
    let Some(names) = crit.as_array() else { return refused("is not a list") };
    if names.is_empty() {
        return refused("is empty");
    }
    for (index, item) in names.iter().enumerate() {
        let Some(name) = item.as_str() else { return refused("holds something other than a name") };
        if names.iter().take(index).any(|earlier| earlier.as_str() == Some(name)) {
            return refused("holds a name twice");
        }
        if NEVER_CRITICAL.contains(&name) {
            return refused("names a registered header parameter");
        }
        if members.get(name).is_none() {
            return refused("names a parameter that is not in the protected header");
        }
        if name == "b64" {
            names_b64 = true;
        } else if !critical.contains(name) {
            return refused("names a parameter that is not understood here");
        }
    }
    Ok(names_b64)
}

/// The form in which two `typ` values are compared: lower case, and without `application/` where no other slash follows
/// (RFC 7515 section 4.1.9).
#[must_use]
pub fn media_type(typ: &str) -> Cow<'_, str> {
    let lower = if typ.bytes().any(|octet| octet.is_ascii_uppercase()) {
        Cow::Owned(typ.to_ascii_lowercase())
    } else {
        Cow::Borrowed(typ)
    };
    match lower.strip_prefix("application/") {
        Some(rest) if !rest.contains('/') => Cow::Owned(rest.to_owned()),
        _ => lower,
    }
}

fn text<'a>(members: Object<'a>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}
