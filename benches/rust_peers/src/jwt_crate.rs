//! The crate jsonwebtoken over AWS-LC: a whole token to a map of claims, and back; issuer, audience and times checked.

use std::hint::black_box;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Map, Value};

use crate::{Case, Operation};

/// Decodes each token to a map of claims under a policy like the other contenders'.
pub fn verify(alg: &str, case: &Case) -> Option<Operation> {
    let algorithm: Algorithm = alg.parse().ok()?;
    let key = decoding_key(alg, case);
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_audience(&[&case.audience]);
    validation.set_issuer(&[&case.issuer]);
    let tokens = case.tokens.clone();
    for (token, payload) in tokens.iter().zip(&case.payloads) {
        let claims = decode::<Map<String, Value>>(token, &key, &validation).expect("a valid token").claims;
        assert_eq!(payload, &Value::Object(claims), "{alg}: wrong claims");
    }
    Some(Box::new(move |rounds| {
        for token in tokens.iter().cycle().take(rounds) {
            black_box(decode::<Map<String, Value>>(black_box(token), &key, &validation)).expect("valid");
        }
    }))
}

/// Signs each payload under a header with typ and kid.
pub fn sign(alg: &str, case: &Case) -> Option<Operation> {
    let algorithm: Algorithm = alg.parse().ok()?;
    let key = match alg.as_bytes() {
        [b'H', ..] => EncodingKey::from_secret(&case.secret),
        [b'R' | b'P', ..] => EncodingKey::from_rsa_pem(case.private_pem.as_bytes()).expect("an RSA key"),
        [b'E', b'S', ..] => EncodingKey::from_ec_pem(case.private_pem.as_bytes()).expect("an EC key"),
        _ => EncodingKey::from_ed_pem(case.private_pem.as_bytes()).expect("an Ed25519 key"),
    };
    let mut header = Header::new(algorithm);
    header.kid = Some(case.kid.clone());
    let payloads = case.payloads.clone();
    encode(&header, &payloads[0], &key).expect("a token");
    Some(Box::new(move |rounds| {
        for payload in payloads.iter().cycle().take(rounds) {
            black_box(encode(&header, black_box(payload), &key)).expect("a token");
        }
    }))
}

fn decoding_key(alg: &str, case: &Case) -> DecodingKey {
    match alg.as_bytes() {
        [b'H', ..] => DecodingKey::from_secret(&case.secret),
        [b'R' | b'P', ..] => DecodingKey::from_rsa_pem(case.public_pem.as_bytes()).expect("an RSA key"),
        [b'E', b'S', ..] => DecodingKey::from_ec_pem(case.public_pem.as_bytes()).expect("an EC key"),
        _ => DecodingKey::from_ed_pem(case.public_pem.as_bytes()).expect("an Ed25519 key"),
    }
}
