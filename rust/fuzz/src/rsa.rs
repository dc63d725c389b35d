//! The rsa target: signatures of 2048 bits with the exponent 65537 (RFC 8017 sections 8.1.2 and 8.2.2).
//!
//! The first octet chooses the algorithm, the next 256 are the signature, and the rest is the message. Asserts that the
//! core's own arithmetic gives AWS-LC's verdict, under a fixed key and under one whose modulus the message makes.

use std::sync::LazyLock;

use jwseal_core::base64url;
use jwseal_core::jwa::Alg;
use jwseal_core::key::VerifyingKey;

use crate::Outcome;

/// Verifies both ways.
pub fn rsa(data: &[u8]) -> Outcome {
    let Some((chosen, rest)) = data.split_first() else { return Outcome::refused("nothing") };
    let (alg, key) = &KEYS[usize::from(*chosen) % KEYS.len()];
    let (signature, message) = rest.split_at(OCTETS.min(rest.len()));
    if let Some(key) = message.first_chunk().and_then(|n| made(n, *alg)) {
        agreed(&key, *alg, message, signature);
    }
    let accepted = agreed(key, *alg, message, signature);
    if accepted { Outcome::accepted(alg.spec().name) } else { Outcome::refused(alg.spec().name) }
}

fn agreed(key: &VerifyingKey, alg: Alg, message: &[u8], signature: &[u8]) -> bool {
    let accepted = key.verify(alg, message, signature).is_ok();
    assert_eq!(key.verify_plain(alg, message, signature).is_ok(), accepted, "two ways to verify under {alg} disagree");
    accepted
}

/// A key of any modulus: nobody knows its factors, and neither way to verify asks for them.
fn made(n: &[u8; OCTETS], alg: Alg) -> Option<VerifyingKey> {
    let mut n = *n;
    n[0] |= 0x80;
    n[OCTETS - 1] |= 1;
    read(&base64url::encode(&n), alg)
}

fn read(n: &str, alg: Alg) -> Option<VerifyingKey> {
    let jwk = format!(r#"{{"kty":"RSA","e":"AQAB","n":"{n}"}}"#);
    VerifyingKey::from_jwk(jwk.as_bytes(), Some(alg), None).ok()
}

/// One key under each algorithm. Its private half is lost.
static KEYS: LazyLock<[(Alg, VerifyingKey); 6]> = LazyLock::new(|| {
    [Alg::Rs256, Alg::Rs384, Alg::Rs512, Alg::Ps256, Alg::Ps384, Alg::Ps512]
        .map(|alg| (alg, read(MODULUS, alg).expect("a key")))
});

const OCTETS: usize = 256;

const MODULUS: &str = "ktudBvJBFZ4zq4diF9FFvTGDvVVU9u8XZjYL5aiuEFphikOc8wd5H_u4em2f2dUdDcE6nJkv-JY2rjvir_nCw9Orm5wfeC46V91QaPbekwd72g\
    utw-fqkBRjFf85fcieM-reFnTC2GIKlSwsS-Iwz5F1B4-sgsngdgeREVl1TR1MdK-lwXr92WqHA_cV_2Bn8nbCxyM714jTt4Llt6USzJQITm8U\
    DsEpXxpP2WOLviTaNjBzGCqkp1xRvYawrlAeW6zvupfsSpAOE8xuCx3mrGDBEkSMfjFWU5k65oDI3xIwb0qsQ6W4C6HSrzBuuuPwfuDjFLid8u\
    JFFNUbe2ciPw";
