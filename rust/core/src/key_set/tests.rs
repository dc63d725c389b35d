//! What a JWK Set from a URL may add. Everything else about sets is tested from Python (`tests/unit/test_key_set.py`).

use super::*;
use crate::key::{Loaded, SigningKey};

fn signing(alg: Alg, kid: &str) -> SigningKey {
    match SigningKey::generate(alg, Some(kid), 2_048).unwrap() {
        Loaded::Ready(key) => key,
        other => panic!("{other:?}"),
    }
}

fn remote(members: &[String]) -> Result<KeySet> {
    let text = format!("{{\"keys\":[{}]}}", members.join(","));
    KeySet::from_jwks(text.as_bytes(), AlgSet::EMPTY, Origin::Remote, Reading::Strict)
}

/// From a URL come public keys only, and a set of others is refused.
#[test]
fn private_members() {
    let private = signing(Alg::EdDsa, "p").to_private_jwk().unwrap().to_string();
    let secret = SecretKey::generate(Alg::Hs256, Some("s")).unwrap().to_private_jwk().to_string();
    let good = signing(Alg::Es256, "good").verifying_key().to_jwk();
    let set = remote(&[private.clone(), secret.clone(), good]).unwrap();
    assert_eq!(vec![Some("good")], set.keys().iter().map(|key| key.kid()).collect::<Vec<_>>());
    assert_eq!(
        vec![
            (0, "a private key was published at a URL: it is not used"),
            (1, "a secret was published at a URL: it is not used")
        ],
        set.skipped().iter().map(|one| (one.index, one.reason.as_str())).collect::<Vec<_>>()
    );
    assert_eq!("invalid_key", remote(&[private, secret]).unwrap_err().code());
}

/// Different keys of one algorithm under one kid are all left out, as they are of a local set.
#[test]
fn conflicting_keys_are_skipped() {
    let [one, other, good] = ["a", "a", "b"].map(|kid| signing(Alg::Es256, kid).verifying_key().to_jwk());
    let set = remote(&[one, good, other]).unwrap();
    assert_eq!(vec![Some("b")], set.keys().iter().map(|key| key.kid()).collect::<Vec<_>>());
    assert_eq!(vec![0, 2], set.skipped().iter().map(|one| one.index).collect::<Vec<_>>());
}
