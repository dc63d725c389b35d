//! An RSA key that lacks its primes. Everything else about private keys is tested from Python (`tests/unit/test_keys.py`,
//! `tests/unit/test_external.py`, `tests/attacks/test_primitives.py`, `tests/vectors/`).

use super::*;

fn ready(loaded: Result<Loaded>) -> SigningKey {
    match loaded.unwrap() {
        Loaded::Ready(key) => key,
        other => panic!("{other:?}"),
    }
}

/// An RSA JWK of n, e and d alone is returned for its primes and accepts no others.
#[test]
fn rsa_waits_for_its_primes() {
    let key = ready(SigningKey::generate(Alg::Ps256, Some("r"), 2_048));
    let jwk = key.to_private_jwk().unwrap();
    let start = jwk.find(",\"p\":").unwrap();
    let bare = format!("{}{}", &jwk[..start], &jwk[jwk.find(",\"alg\"").unwrap()..]);
    let load = || match SigningKey::from_jwk(bare.as_bytes(), None, None).unwrap() {
        Loaded::RsaWithoutPrimes(private) => private,
        other => panic!("{other:?}"),
    };
    let private = load();
    assert_eq!((256, &[1, 0, 1][..]), (private.n().len(), private.e()));
    assert!(!private.d().is_empty());
    let again = private.finish(&key.to_pkcs8().unwrap()).unwrap();
    assert_eq!(key.verifying_key(), again.verifying_key());
    let foreign = ready(SigningKey::generate(Alg::Ps256, None, 2_048)).to_pkcs8().unwrap();
    assert_eq!("invalid_key", load().finish(&foreign).unwrap_err().code());
}
