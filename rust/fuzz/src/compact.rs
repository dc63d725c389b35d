//! The compact target: JWS Compact Serialization, read and verified (RFC 7515 section 7.1, RFC 7797).
//!
//! Asserts that an accepted token encodes back to itself, that accepting padding accepts no less and reads the same, that
//! two ways to verify agree, that a token that verifies under a secret has the one right tag, and that refusals are silent
//! about the token and about what it encodes.

use jwseal_core::base64url;
use jwseal_core::bearer::bearer;
use jwseal_core::error::Result;
use jwseal_core::header::CriticalExtensions;
use jwseal_core::jws::VerifiedSignature;
use jwseal_core::jws::compact::{Compact, Encoding, TokenReader};
use jwseal_core::jws::detached::{DetachedVerification, PayloadSink};
use jwseal_core::jws::json_serialization;
use jwseal_core::jws::require::{Report, Require};
use jwseal_core::jws::unverified::{Form, Unverified, VerifyOptions};
use jwseal_core::key::{Message, SecretKey};
use jwseal_core::limits::MAX_HEADER_SIZE;

use crate::Outcome;
use crate::header::EXTENSIONS;
use crate::json_serialization::rebuilt;
use crate::known_keys::ALL;
use crate::outcome::refused;

/// Reads the bytes as a token.
pub fn compact(data: &[u8]) -> Outcome {
    let critical = CriticalExtensions::new(EXTENSIONS).expect("no name of ours is registered");
    let padded = TokenReader { encoding: Encoding::Padded, ..TokenReader::default() }.read(data);
    let token = match TokenReader::default().read(data) {
        Ok(token) => token,
        Err(error) => return refused(&error, data).and(Outcome::refused(padded.is_ok())),
    };
    let payload = token.into_payload();
    assert_eq!(Some(&payload), padded.ok().map(Compact::into_payload).as_ref(), "padding changes what is read");

    let decoded: Vec<Vec<u8>> = data.split(|octet| *octet == b'.').filter_map(base64url::decode).collect();
    let outcome = read_entry(data, &payload, &critical);
    outcome.and(verify(data, &decoded, &payload, &critical))
}

fn read(data: &[u8], critical: &CriticalExtensions) -> Result<Unverified> {
    TokenReader::default().read(data)?.into_unverified(critical)
}

/// The pieces encode back to the token.
fn read_entry(data: &[u8], payload: &[u8], critical: &CriticalExtensions) -> Outcome {
    let jws = match read(data, critical) {
        Ok(jws) => jws,
        Err(error) => return refused(&error, data),
    };
    assert_eq!((Form::Compact, Some(payload)), (jws.form, jws.payload.as_deref()));
    let [entry] = &*jws.entries else { panic!("a compact JWS has one signature") };
    let segments = [entry.header.document().text(), payload, &entry.signature].map(base64url::encode);
    assert_eq!(data, segments.join(".").as_bytes(), "a token has a second spelling");
    let value = [b"Bearer ", data].concat();
    assert_eq!(Some(data), bearer(&[&value]).ok().map(str::as_bytes), "an Authorization header cannot carry the token");
    if !entry.header.unencoded() {
        assert_eq!(segments[..2].join(".").as_bytes(), jws.signing_input(entry));
    }
    Outcome::accepted((entry.header.alg().ok(), entry.kid().is_some(), payload.is_empty()))
}

/// Under all keys, with the payload in the token and beside it.
fn verify(data: &[u8], decoded: &[Vec<u8>], payload: &[u8], critical: &CriticalExtensions) -> Outcome {
    let options = VerifyOptions { keys: &ALL, algorithms: None, require: &Require::All, changing: false, own: None };
    let by_entry = |jws: Unverified| jws.verify_entry(0, options).map(|signature| signature.key_index());
    let beside = |jws: Unverified| DetachedVerification::new(&jws, options).and_then(fed);
    let detached = read(data, critical).and_then(beside).map(|report| only(&report).key_index());
    assert!(detached.is_err() || payload.is_empty(), "a detached payload beside one in the token");
    if let Ok(jws) = read(data, critical)
        && payload.is_empty()
    {
        let whole = json_serialization::read(rebuilt(&jws, Some(DETACHED)), usize::MAX, MAX_HEADER_SIZE, critical)
            .and_then(by_entry);
        assert_eq!(whole.ok(), detached.as_ref().ok().copied(), "a payload in pieces is another than the whole one");
    }
    match read(data, critical).and_then(|jws| jws.verify(options)) {
        Ok(report) => {
            let verified = only(&report);
            assert_eq!(Some(verified.key_index()), read(data, critical).and_then(by_entry).ok());
            check_tag(data, verified.key_index());
            Outcome::accepted((verified.resolved().alg(), detached.is_ok()))
        }
        Err(error) => {
            // Where the payload is unencoded, the only way is the detached one.
            let other = read(data, critical).and_then(by_entry);
            assert!(other.is_err() || payload.is_empty(), "one way verifies and the other does not");
            for octets in decoded {
                refused(&error, octets);
            }
            refused(&error, data).and(Outcome::refused(detached.is_ok()))
        }
    }
}

/// The signature of a JWS that has one.
fn only(report: &Report) -> &VerifiedSignature {
    let [Ok(verified)] = &**report else { panic!("a compact JWS has one signature, which verified") };
    verified
}

/// The payload of RFC 7797 section 4.
pub const DETACHED: &[u8] = b"$.02";

/// The detached payload, in pieces.
pub fn fed<S: PayloadSink>(mut sink: S) -> Result<S::Outcome> {
    DETACHED.chunks(3).for_each(|piece| sink.update(piece));
    sink.finish()
}

/// HMAC has one tag for one message.
fn check_tag(data: &[u8], index: usize) {
    let Some(secret) = ALL.key(index).and_then(SecretKey::from_key) else { return };
    let dot = data.iter().rposition(|octet| *octet == b'.').expect("a token has dots");
    let tag = secret.sign(Message::Whole(&data[..dot])).expect("a secret signs");
    assert_eq!(&data[dot + 1..], base64url::encode(tag.as_ref()).as_bytes());
}
