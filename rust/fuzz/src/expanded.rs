//! The expanded target: ML-DSA signatures (FIPS 204 Algorithm 3, RFC 9964).
//!
//! The first byte chooses the key, the next are the signature, and the rest is the message. Asserts that the expanded key
//! gives AWS-LC's verdict. Under these keys, whose t1 is 0, a challenge changes nothing of what is hashed, so that bytes
//! after it can change and a signature stay valid.

use std::sync::LazyLock;

use jwseal_core::base64url;
use jwseal_core::jwa::Alg;

use crate::Outcome;
use crate::both_ways::BothWays;

/// Verifies both ways.
pub fn expanded(data: &[u8]) -> Outcome {
    let Some((chosen, rest)) = data.split_first() else { return Outcome::refused("nothing") };
    let key = &KEYS[usize::from(*chosen) % KEYS.len()];
    let (signature, message) = rest.split_at(key.signature_len().min(rest.len()));
    key.verify(message, signature)
}

/// Keys that are expanded.
static KEYS: LazyLock<[BothWays; 3]> = LazyLock::new(|| {
    [(Alg::MlDsa44, 4), (Alg::MlDsa65, 6), (Alg::MlDsa87, 8)].map(|(alg, rows)| {
        let key = [vec![1; 32], vec![0; 320 * rows]].concat();
        let jwk = format!(r#"{{"kty":"AKP","alg":"{alg}","pub":"{}"}}"#, base64url::encode(&key));
        BothWays::new(alg, &jwk, &key).expect("a key")
    })
});
