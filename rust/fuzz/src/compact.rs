//! The compact target: JWS Compact Serialization, read and verified (RFC 7515 section 7.1, RFC 7797).
//!
//! Asserts that an accepted token encodes back to itself, that accepting padding accepts no less and reads the same, that
//! two ways to verify agree, that a token that verifies under a secret has the one right tag, and that refusals are silent
//! about the token and about what it encodes.

use jwseal_core::base64url;
use jwseal_core::bearer::bearer;
use jwseal_core::error::Result;
use jwseal_core::header::Understood;
use jwseal_core::jws::VerifiedSignature;
use jwseal_core::jws::compact::{self as product, Compact, Demands, Encoding};
use jwseal_core::jws::detached::Sink;
use jwseal_core::jws::json_serialization::Form;
use jwseal_core::key::Key;
use jwseal_core::limits::MAX_TOKEN_SIZE;

use crate::Outcome;
use crate::header::EXTENSIONS;
use crate::known_keys::ALL;
use crate::outcome::refused;

/// Reads the octets as a token.
pub fn compact(data: &[u8]) -> Outcome {
    let understood = Understood::new(EXTENSIONS).expect("no name of ours is registered");
    let padded = Compact::read(data, MAX_TOKEN_SIZE, Encoding::Padded);
    let token = match Compact::read(data, MAX_TOKEN_SIZE, Encoding::Canonical) {
        Ok(token) => token,
        Err(error) => return refused(&error, data).and(Outcome::refused(padded.is_ok())),
    };
    let payload = token.into_payload();
    assert_eq!(Some(&payload), padded.ok().map(Compact::into_payload).as_ref(), "padding changes what is read");

    let decoded: Vec<Vec<u8>> = data.split(|octet| *octet == b'.').filter_map(base64url::decode).collect();
    let outcome = read_entry(data, &payload, &understood);
    outcome.and(verify(data, &decoded, &payload, &understood))
}

/// The pieces encode back to the token.
fn read_entry(data: &[u8], payload: &[u8], understood: &Understood) -> Outcome {
    let token = Compact::read(data, MAX_TOKEN_SIZE, Encoding::Canonical).expect("it was read before");
    let parsed = match token.into_parsed(understood) {
        Ok(parsed) => parsed,
        Err(error) => return refused(&error, data),
    };
    assert_eq!((Form::Compact, Some(payload)), (parsed.form, parsed.payload.as_deref()));
    let [entry] = &*parsed.entries else { panic!("a compact JWS has one signature") };
    let segments = [entry.header.document().text(), payload, &entry.signature].map(base64url::encode);
    assert_eq!(data, segments.join(".").as_bytes(), "a token has a second spelling");
    let value = [b"Bearer ", data].concat();
    assert_eq!(Some(data), bearer(&value).ok().map(str::as_bytes), "an Authorization header cannot carry the token");
    if !entry.header.unencoded() {
        assert_eq!(segments[..2].join(".").as_bytes(), entry.signing_input(payload));
    }
    Outcome::accepted((entry.header.alg().ok(), entry.kid().is_some(), payload.is_empty()))
}

/// Under all keys, with the payload in the token and beside it.
fn verify(data: &[u8], decoded: &[Vec<u8>], payload: &[u8], understood: &Understood) -> Outcome {
    let demands =
        Demands { keys: &ALL, algorithms: None, understood, max_size: MAX_TOKEN_SIZE, encoding: Encoding::Canonical };
    let by_entry = |payload: &[u8]| {
        let token = Compact::read(data, MAX_TOKEN_SIZE, Encoding::Canonical)?;
        token.into_parsed(understood)?.entries[0].verify(payload, &ALL, None).map(|signature| signature.key())
    };
    let detached = product::verify_detached(data, &demands).and_then(taken);
    assert!(detached.is_err() || payload.is_empty(), "a detached payload beside one in the token");
    if payload.is_empty() {
        let place = detached.as_ref().ok().map(VerifiedSignature::key);
        assert_eq!(by_entry(DETACHED).ok(), place, "a payload in pieces is another than the whole one");
    }
    match product::verify(data, &demands) {
        Ok(verified) => {
            assert_eq!(payload, verified.payload());
            assert_eq!(Some(verified.signature().key()), by_entry(payload).ok());
            check_tag(data, verified.signature().key());
            Outcome::accepted((verified.signature().resolved().alg(), detached.is_ok()))
        }
        Err(error) => {
            // Where the payload is unencoded, the only way is the detached one.
            assert!(by_entry(payload).is_err() || payload.is_empty(), "one way verifies and the other does not");
            for octets in decoded {
                refused(&error, octets);
            }
            refused(&error, data).and(Outcome::refused(detached.is_ok()))
        }
    }
}

/// The payload of RFC 7797 section 4.
pub const DETACHED: &[u8] = b"$.02";

/// The detached payload, in pieces.
pub fn taken<S: Sink>(mut sink: S) -> Result<S::Outcome> {
    DETACHED.chunks(3).for_each(|piece| sink.take(piece));
    sink.finish()
}

/// HMAC has one tag for one message.
fn check_tag(data: &[u8], place: usize) {
    let Some(Key::Secret(secret)) = ALL.key(place) else { return };
    let dot = data.iter().rposition(|octet| *octet == b'.').expect("a token has dots");
    let tag = secret.sign(&data[..dot]).expect("a secret signs");
    assert_eq!(&data[dot + 1..], base64url::encode(tag.as_ref()).as_bytes());
}
