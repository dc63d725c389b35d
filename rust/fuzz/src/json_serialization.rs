//! The json_serialization target: flattened and general JWS objects (RFC 7515 section 7.2, RFC 7797).
//!
//! Asserts that an accepted object, rebuilt from its pieces, is read as the same pieces, that there is one payload and one
//! answer to `b64`, that what is required agrees with what verified, and that refusals are silent.

use std::collections::HashSet;

use jwseal_core::base64url;
use jwseal_core::error::Result;
use jwseal_core::header::CriticalExtensions;
use jwseal_core::json::Writer;
use jwseal_core::jws::VerifiedSignature;
use jwseal_core::jws::detached::DetachedVerification;
use jwseal_core::jws::json_serialization::read;
use jwseal_core::jws::require::{Report, Require};
use jwseal_core::jws::unverified::{Form, Unverified, VerifyOptions};
use jwseal_core::limits::{MAX_HEADER_SIZE, MAX_SIGNATURES, MAX_TOKEN_SIZE};

use crate::Outcome;
use crate::compact::{DETACHED, fed};
use crate::header::EXTENSIONS;
use crate::known_keys::ALL;
use crate::outcome::refused;
use crate::rewrite::written;

/// Reads the bytes as a JWS object.
pub fn json_serialization(data: &[u8]) -> Outcome {
    let critical = CriticalExtensions::new(EXTENSIONS).expect("no name of ours is registered");
    let jws = match read(data.to_vec(), MAX_TOKEN_SIZE, MAX_HEADER_SIZE, &critical) {
        Ok(jws) => jws,
        Err(error) => return refused(&error, data),
    };
    assert!((1..=MAX_SIGNATURES).contains(&jws.entries.len()));
    assert!(jws.form == Form::General || jws.form == Form::Flattened && jws.entries.len() == 1);
    assert!(jws.entries.iter().all(|entry| entry.header.unencoded() == jws.unencoded));
    let text = rebuilt(&jws, jws.payload.as_deref());
    let again = read(text.clone(), usize::MAX, MAX_HEADER_SIZE, &critical).expect("a rebuilt object is an object");
    assert_same(&jws, &again);
    assert_eq!(text, rebuilt(&again, again.payload.as_deref()), "a second rebuilding differs from the first");

    let carries = jws.payload.is_some();
    assert_eq!(carries, jws.carried().is_ok());
    let verdict = verify_carried(&jws, data).and(verify_beside(&jws, data, &critical));
    Outcome::accepted((jws.form == Form::General, jws.entries.len().min(3), jws.unencoded, carries)).and(verdict)
}

fn options(require: &Require) -> VerifyOptions<'_> {
    VerifyOptions { keys: &ALL, algorithms: None, require, changing: false, own: None }
}

/// The payload in the object.
fn verify_carried(jws: &Unverified, data: &[u8]) -> Outcome {
    let ask = |require: &Require| jws.verify(options(require));
    match &jws.payload {
        Some(_) => verify_each(jws, ask, data),
        None => refused(&ask(&Require::Any).expect_err("nothing was signed"), data),
    }
}

/// The payload beside the object, in pieces: the same as if it were whole.
fn verify_beside(jws: &Unverified, data: &[u8], critical: &CriticalExtensions) -> Outcome {
    let ask = |require: &Require| DetachedVerification::new(jws, options(require)).and_then(fed);
    match jws.payload.as_deref() {
        Some([]) | None => {
            let whole = read(rebuilt(jws, Some(DETACHED)), usize::MAX, MAX_HEADER_SIZE, critical)
                .expect("a rebuilt object is an object");
            verify_each(&whole, ask, data)
        }
        Some(_) => refused(&ask(&Require::Any).expect_err("two payloads"), data),
    }
}

/// Every requirement agrees with the signatures verified one by one.
fn verify_each(jws: &Unverified, ask: impl Fn(&Require) -> Result<Report>, data: &[u8]) -> Outcome {
    let key_index = |one: Result<VerifiedSignature>| one.ok().map(|verified| verified.key_index());
    let verify = |index| key_index(jws.verify_entry(index, options(&Require::All)));
    let one_by_one: Vec<Option<usize>> = (0..jws.entries.len()).map(verify).collect();
    let sound = one_by_one.iter().flatten().count();
    // An entry that names no algorithm refuses the whole object, whatever the others are.
    let whole = jws.entries.iter().all(|entry| entry.header.require_alg().is_ok());
    let ask = |require: &Require| match ask(require) {
        Ok(report) => {
            assert_eq!(one_by_one, report.into_iter().map(key_index).collect::<Vec<_>>());
            true
        }
        Err(error) => {
            refused(&error, data);
            false
        }
    };
    assert_eq!(whole && sound == one_by_one.len(), ask(&Require::All));
    assert_eq!(whole && sound > 0, ask(&Require::Any));
    assert_eq!(whole && sound > 0, ask(&Require::Count(1)));
    let keys: HashSet<usize> = one_by_one.iter().flatten().copied().collect();
    assert_eq!(whole && keys.len() >= 2, ask(&Require::Count(2)), "entries were counted instead of keys");
    let named = |index: &usize| ALL.key(*index).is_some_and(|key| key.kid() == Some(KID));
    assert_eq!(whole && keys.iter().any(named), ask(&Require::Kids(vec![KID.into()])));
    assert!(!ask(&Require::Count(0)) && !ask(&Require::Count(ALL.keys().len() + 1)));
    Outcome::refused((whole, sound.min(3), keys.len().min(3)))
}

/// The only key with a kid.
const KID: &str = "018c0ae5-4d9b-471b-bfd6-eef314bc7037";

fn assert_same(one: &Unverified, other: &Unverified) {
    assert_eq!((one.form, &one.payload, one.unencoded), (other.form, &other.payload, other.unencoded));
    assert_eq!(one.entries.len(), other.entries.len());
    for (entry, again) in one.entries.iter().zip(&other.entries) {
        assert_eq!(entry.header.document().text(), again.header.document().text());
        assert_eq!((&entry.signature, entry.kid()), (&again.signature, again.kid()));
        assert_eq!(one.signing_input(entry), other.signing_input(again));
    }
}

/// The object of these pieces with this payload, members that mean nothing left out; of a compact JWS the flattened form.
pub fn rebuilt(jws: &Unverified, payload: Option<&[u8]>) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = (0..jws.entries.len()).map(|index| rebuilt_entry(jws, index)).collect();
    let mut out = b"{".to_vec();
    if let Some(payload) = payload {
        let unencoded = || String::from_utf8(payload.to_vec()).expect("a JSON string is UTF-8");
        let text = if jws.unencoded { unencoded() } else { base64url::encode(payload) };
        member("payload", &text, &mut out);
        out.push(b',');
    }
    if jws.form == Form::General {
        out.extend_from_slice(b"\"signatures\":[{");
        out.extend_from_slice(&entries.join(&b"},{"[..]));
        out.extend_from_slice(b"}]");
    } else {
        out.extend_from_slice(&entries.concat());
    }
    out.push(b'}');
    out
}

fn rebuilt_entry(jws: &Unverified, index: usize) -> Vec<u8> {
    let entry = &jws.entries[index];
    let mut out = Vec::new();
    member("protected", &base64url::encode(entry.header.document().text()), &mut out);
    out.push(b',');
    if let Some(header) = jws.unprotected(index) {
        out.extend_from_slice(b"\"header\":{");
        for (index, (name, value)) in header.iter().enumerate() {
            if index > 0 {
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
