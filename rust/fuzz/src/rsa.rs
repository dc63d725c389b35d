//! The rsa target: signatures of 2048 bits with the exponent 65537 (RFC 8017 sections 8.1.2 and 8.2.2).
//!
//! The first byte chooses the algorithm, the next 256 are the signature, and the rest is the message. Asserts that our own
//! arithmetic gives AWS-LC's verdict, under a fixed key and under one whose modulus the message makes.

use std::sync::LazyLock;

use jwseal_core::base64url;
use jwseal_core::jwa::Alg;

use crate::Outcome;
use crate::both_ways::BothWays;

/// Verifies both ways.
pub fn rsa(data: &[u8]) -> Outcome {
    let Some((chosen, rest)) = data.split_first() else { return Outcome::refused("nothing") };
    let at = usize::from(*chosen) % KEYS.len();
    let (signature, message) = rest.split_at(OCTETS.min(rest.len()));
    if let Some(key) = message.first_chunk().and_then(|n| made(n, ALGS[at])) {
        key.verify(message, signature);
    }
    KEYS[at].verify(message, signature)
}

/// A key of any modulus: its factors are unknown, and neither way to verify needs them.
fn made(n: &[u8; OCTETS], alg: Alg) -> Option<BothWays> {
    let mut n = *n;
    n[0] |= 0x80;
    n[OCTETS - 1] |= 1;
    read(&n, alg)
}

fn read(n: &[u8], alg: Alg) -> Option<BothWays> {
    let jwk = format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, base64url::encode(n));
    BothWays::new(alg, &jwk, n)
}

const ALGS: [Alg; 6] = [Alg::Rs256, Alg::Rs384, Alg::Rs512, Alg::Ps256, Alg::Ps384, Alg::Ps512];

/// One key under each algorithm. Its private half is lost.
static KEYS: LazyLock<[BothWays; 6]> = LazyLock::new(|| {
    let n = base64url::decode(MODULUS.as_bytes()).expect("base64url");
    ALGS.map(|alg| read(&n, alg).expect("a key"))
});

const OCTETS: usize = 256;

const MODULUS: &str = "ktudBvJBFZ4zq4diF9FFvTGDvVVU9u8XZjYL5aiuEFphikOc8wd5H_u4em2f2dUdDcE6nJkv-JY2rjvir_nCw9Orm5wfeC46V91QaPbekwd72g\
    utw-fqkBRjFf85fcieM-reFnTC2GIKlSwsS-Iwz5F1B4-sgsngdgeREVl1TR1MdK-lwXr92WqHA_cV_2Bn8nbCxyM714jTt4Llt6USzJQITm8U\
    DsEpXxpP2WOLviTaNjBzGCqkp1xRvYawrlAeW6zvupfsSpAOE8xuCx3mrGDBEkSMfjFWU5k65oDI3xIwb0qsQ6W4C6HSrzBuuuPwfuDjFLid8u\
    JFFNUbe2ciPw";
