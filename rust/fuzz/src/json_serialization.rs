//! The json_serialization target: flattened and general JWS objects (RFC 7515 section 7.2, RFC 7797).
//!
//! Asserts that an accepted object, rebuilt from its pieces, is read as the same pieces, that there is one payload and one
//! answer to `b64`, that what is required agrees with what verified, and that refusals are silent.

use std::collections::HashSet;

use jwseal_core::base64url;
use jwseal_core::error::Result;
use jwseal_core::header::Understood;
use jwseal_core::json::Writer;
use jwseal_core::jws::json_serialization::{Form, Parsed, Report, Require, verify, verify_detached};
use jwseal_core::limits::{MAX_SIGNATURES, MAX_TOKEN_SIZE};

use crate::Outcome;
use crate::compact::{DETACHED, taken};
use crate::header::EXTENSIONS;
use crate::known_keys::ALL;
use crate::outcome::refused;
use crate::rewrite::written;

/// Reads the octets as a JWS object.
pub fn json_serialization(data: &[u8]) -> Outcome {
    let understood = Understood::new(EXTENSIONS).expect("no name of ours is registered");
    let parsed = match Parsed::read(data.to_vec(), MAX_TOKEN_SIZE, &understood) {
        Ok(parsed) => parsed,
        Err(error) => return refused(&error, data),
    };
    assert!((1..=MAX_SIGNATURES).contains(&parsed.entries.len()));
    assert!(parsed.form == Form::General || parsed.form == Form::Flattened && parsed.entries.len() == 1);
    assert!(parsed.entries.iter().all(|entry| entry.header.unencoded() == parsed.unencoded));
    let text = rebuilt(&parsed);
    let again = Parsed::read(text.clone(), usize::MAX, &understood).expect("a rebuilt object is an object");
    assert_same(&parsed, &again);
    assert_eq!(text, rebuilt(&again), "a second rebuilding differs from the first");

    let carries = parsed.payload.is_some();
    assert_eq!(carries, parsed.carried().is_ok());
    let verdict = verify_carried(&parsed, data).and(verify_beside(&parsed, data));
    Outcome::accepted((parsed.form == Form::General, parsed.entries.len().min(3), parsed.unencoded, carries))
        .and(verdict)
}

/// The payload in the object.
fn verify_carried(parsed: &Parsed, data: &[u8]) -> Outcome {
    let ask = |require: &Require| verify(parsed, require, &ALL, None);
    match &parsed.payload {
        Some(payload) => verify_each(parsed, payload, ask, data),
        None => refused(&ask(&Require::Any).expect_err("nothing was signed"), data),
    }
}

/// The payload beside the object, taken in pieces: the same as if it were whole.
fn verify_beside(parsed: &Parsed, data: &[u8]) -> Outcome {
    let ask = |require: &Require| verify_detached(parsed, require, &ALL, None).and_then(taken);
    match parsed.payload.as_deref() {
        Some([]) | None => verify_each(parsed, DETACHED, ask, data),
        Some(_) => refused(&ask(&Require::Any).expect_err("two payloads"), data),
    }
}

/// Every requirement agrees with the signatures taken one by one.
fn verify_each(parsed: &Parsed, payload: &[u8], ask: impl Fn(&Require) -> Result<Report>, data: &[u8]) -> Outcome {
    let one_by_one: Vec<Option<usize>> = parsed
        .entries
        .iter()
        .map(|entry| entry.verify(payload, &ALL, None).ok().map(|signature| signature.key()))
        .collect();
    let sound = one_by_one.iter().flatten().count();
    let ask = |require: &Require| match ask(require) {
        Ok(report) => {
            assert_eq!(one_by_one, report.into_iter().map(Result::ok).collect::<Vec<_>>());
            true
        }
        Err(error) => {
            refused(&error, data);
            false
        }
    };
    assert_eq!(sound == one_by_one.len(), ask(&Require::All));
    assert_eq!(sound > 0, ask(&Require::Any));
    assert_eq!(sound > 0, ask(&Require::Count(1)));
    let keys: HashSet<usize> = one_by_one.iter().flatten().copied().collect();
    assert_eq!(keys.len() >= 2, ask(&Require::Count(2)), "entries were counted instead of keys");
    let named = |place: &usize| ALL.key(*place).is_some_and(|key| key.kid() == Some(KID));
    assert_eq!(keys.iter().any(named), ask(&Require::Kids(vec![KID.into()])));
    assert!(!ask(&Require::Count(0)) && !ask(&Require::Count(ALL.keys().len() + 1)));
    Outcome::refused((sound.min(3), keys.len().min(3)))
}

/// The only key with a kid.
const KID: &str = "018c0ae5-4d9b-471b-bfd6-eef314bc7037";

fn assert_same(one: &Parsed, other: &Parsed) {
    assert_eq!((one.form, &one.payload, one.unencoded), (other.form, &other.payload, other.unencoded));
    assert_eq!(one.entries.len(), other.entries.len());
    for (one, other) in one.entries.iter().zip(&other.entries) {
        assert_eq!(one.header.document().text(), other.header.document().text());
        assert_eq!((&one.signature, one.kid()), (&other.signature, other.kid()));
        assert_eq!(one.signing_input(b"payload"), other.signing_input(b"payload"));
    }
}

/// The object of these pieces, members that mean nothing left out.
fn rebuilt(parsed: &Parsed) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = (0..parsed.entries.len()).map(|place| rebuilt_entry(parsed, place)).collect();
    let mut out = b"{".to_vec();
    if let Some(payload) = &parsed.payload {
        let unencoded = || String::from_utf8(payload.clone()).expect("a JSON string is UTF-8");
        let text = if parsed.unencoded { unencoded() } else { base64url::encode(payload) };
        member("payload", &text, &mut out);
        out.push(b',');
    }
    if parsed.form == Form::General {
        out.extend_from_slice(b"\"signatures\":[{");
        out.extend_from_slice(&entries.join(&b"},{"[..]));
        out.extend_from_slice(b"}]");
    } else {
        out.extend_from_slice(&entries.concat());
    }
    out.push(b'}');
    out
}

fn rebuilt_entry(parsed: &Parsed, place: usize) -> Vec<u8> {
    let entry = &parsed.entries[place];
    let mut out = Vec::new();
    member("protected", &base64url::encode(entry.header.document().text()), &mut out);
    out.push(b',');
    if let Some(header) = parsed.unprotected(place) {
        out.extend_from_slice(b"\"header\":{");
        for (place, (name, value)) in header.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            Writer::new(&mut out).string(name.as_str());
            out.push(b':');
            out.extend_from_slice(&written(value));
        }
        out.extend_from_slice(b"},");
    }
    member("signature", &base64url::encode(&entry.signature), &mut out);
    out
}

fn member(name: &str, text: &str, out: &mut Vec<u8>) {
    Writer::new(out).string(name);
    out.push(b':');
    Writer::new(out).string(text);
}
