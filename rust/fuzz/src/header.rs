//! The header target: protected and unprotected JOSE headers (RFC 7515 section 4).
//!
//! Asserts that an accepted header means the same when it is written again, that knowing more extensions never refuses
//! more, that `crit`, `b64` and `alg` stand where they may, and that refusals are silent.

use jwseal_core::header::{CriticalExtensions, Header, Unprotected, media_type};
use jwseal_core::json::{Document, Kind, Limits, Value};
use jwseal_core::limits;

use crate::Outcome;
use crate::outcome::refused;
use crate::rewrite::rewritten;

/// Reads the bytes as a protected and as an unprotected header.
pub fn header(data: &[u8]) -> Outcome {
    let critical = CriticalExtensions::new(EXTENSIONS).expect("no name of ours is registered");
    unprotected(data);
    let strict = Header::parse(data.to_vec(), &CriticalExtensions::default(), limits::MAX_HEADER_SIZE);
    let header = match Header::parse(data.to_vec(), &critical, limits::MAX_HEADER_SIZE) {
        Ok(header) => header,
        Err(error) => {
            assert!(strict.is_err(), "a header was refused for an extension that is processed");
            return refused(&error, data);
        }
    };
    check(&header, data);
    let text = rewritten(header.document());
    if text.len() <= limits::MAX_HEADER_SIZE {
        let again = Header::parse(text, &critical, limits::MAX_HEADER_SIZE).expect("a rewritten header is a header");
        assert_eq!((header.kid(), header.typ(), header.unencoded()), (again.kid(), again.typ(), again.unencoded()));
        assert_eq!(header.alg().ok(), again.alg().ok());
    }
    match header.alg() {
        Ok(alg) => Outcome::accepted((alg.name(), header.kid().is_some(), header.unencoded(), strict.is_ok())),
        Err(error) => refused(&error, data),
    }
}

/// Names that the caller says it understands; RFC 7515 appendix E has the second.
pub const EXTENSIONS: [&str; 2] = ["exp", "http://example.invalid/UNDEFINED"];

/// What the accessors say is what the text says.
fn check(header: &Header, data: &[u8]) {
    assert!(data.len() <= limits::MAX_HEADER_SIZE);
    assert_eq!(data, header.document().text());
    let members = header.document().root().as_object().expect("a header is an object");
    let text = |name| members.get(name).map(|value| value.as_str().expect("registered names have their type"));
    assert_eq!(text("kid"), header.kid());
    assert_eq!(text("typ").map(media_type).as_deref(), header.typ());
    if let Ok(alg) = header.alg() {
        assert_eq!(Some(alg.name()), text("alg"));
    }
    let crit = members.get("crit").map(|crit| crit.as_array().expect("crit is a list"));
    if header.unencoded() {
        assert!(matches!(members.get("b64").map(Value::kind), Some(Kind::Bool(false))));
        assert!(crit.is_some_and(|crit| crit.iter().any(|name| name.as_str() == Some("b64"))));
    }
    for name in crit.into_iter().flatten() {
        let name = name.as_str().expect("crit holds names");
        assert!(members.get(name).is_some() && (name == "b64" || EXTENSIONS.contains(&name)));
    }
}

/// Beside a protected header of alg and kid.
fn unprotected(data: &[u8]) {
    let protected = Header::parse(
        br#"{"alg":"HS256","kid":"a"}"#.to_vec(),
        &CriticalExtensions::default(),
        limits::MAX_HEADER_SIZE,
    )
    .expect("sound");
    let Ok(document) = Document::parse(data.to_vec(), Limits::HEADER) else { return };
    match Unprotected::parse(document.root(), &protected) {
        Ok(unprotected) => {
            for name in ["alg", "kid", "crit", "b64"] {
                assert!(unprotected.members().get(name).is_none(), "{name} outside the protected header");
            }
            assert_eq!(None, unprotected.kid());
        }
        Err(error) => {
            refused(&error, data);
        }
    }
}
