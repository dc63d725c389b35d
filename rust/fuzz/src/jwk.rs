//! The jwk target: one JWK offered as every sort of key (RFC 7517 section 4).
//!
//! Asserts that no JWK is both a secret and a public key, that a private key comes with the public one that its JWK
//! names, that whatever is accepted survives export, that a lenient reading agrees with a strict one wherever that accepts
//! and gives canonical keys, and that refusals are silent.

use jwseal_core::error::Result;
use jwseal_core::jwa::Alg;
use jwseal_core::jwk::{Reading, read};
use jwseal_core::key::{Loaded, SecretKey, SigningKey, VerifyingKey};

use crate::Outcome;
use crate::key_agreement::{check_private, check_public, check_secret};
use crate::outcome::refused;

/// Reads the bytes as a public key, a private key and a secret.
pub fn jwk(data: &[u8]) -> Outcome {
    // What needs its algorithm told gets one that fits.
    let public = either(|alg| VerifyingKey::from_jwk(data, alg, None), Alg::Rs256);
    let private = either(|alg| SigningKey::from_jwk(data, alg, None), Alg::Ps384);
    let secret = either(|alg| SecretKey::from_jwk(data, alg, None), Alg::Hs256);
    assert!(secret.is_err() || public.is_err() && private.is_err(), "a JWK is a secret and a key of another type");
    if let (Ok(public), Ok(Loaded::Ready(private))) = (&public, &private) {
        assert_eq!(public.thumbprint(), private.verifying_key().thumbprint());
        assert_eq!(public.kid(), private.kid());
    }
    let lenient = either(|alg| VerifyingKey::from_parsed(read(data, Reading::Lenient)?, alg, None), Alg::Rs256);
    match (&public, &lenient) {
        (Ok(strict), lenient) => assert_eq!(Some(strict), lenient.as_ref().ok(), "a lenient reading gives another key"),
        (Err(_), Ok(lenient)) => check_public(lenient),
        (Err(_), Err(error)) => {
            refused(error, data);
        }
    }
    let public = public.map(|key| {
        check_public(&key);
        Outcome::accepted((key.algs(), key.kid().is_some()))
    });
    let private = private.map(|key| {
        check_private(&key);
        Outcome::accepted(sort(&key))
    });
    let secret = secret.map(|key| {
        check_secret(&key);
        Outcome::accepted((key.alg(), key.ops().sign, key.ops().verify))
    });
    [public, private, secret]
        .map(|result| result.unwrap_or_else(|error| refused(&error, data)))
        .into_iter()
        .reduce(Outcome::and)
        .unwrap_or(Outcome::refused(()))
}

fn either<T>(read: impl Fn(Option<Alg>) -> Result<T>, fallback: Alg) -> Result<T> {
    read(None).or_else(|error| read(Some(fallback)).map_err(|_| error))
}

fn sort(key: &Loaded) -> (u8, Option<Alg>) {
    match key {
        Loaded::Ready(key) => (0, Some(key.alg())),
        Loaded::Ed448(_) => (1, None),
        Loaded::RsaWithoutPrimes(_) => (2, None),
    }
}
