//! The expanded target: ML-DSA signatures (FIPS 204 Algorithm 3, RFC 9964).
//!
//! The first octet chooses the key, the next are the signature, and the rest is the message. Asserts that the expanded key
//! gives AWS-LC's verdict. Under these keys, whose t1 is 0, a challenge changes nothing of what is hashed, so that octets
//! after it can change and a signature stay good.

use std::sync::LazyLock;

use jwseal_core::crypto::mldsa::Verifying;
use jwseal_core::jwa::Alg;

use crate::Outcome;

/// Verifies both ways.
pub fn expanded(data: &[u8]) -> Outcome {
    let Some((chosen, rest)) = data.split_first() else { return Outcome::refused("nothing") };
    let (alg, key) = &KEYS[usize::from(*chosen) % KEYS.len()];
    let len = alg.spec().signature_len.unwrap_or(0);
    let (signature, message) = rest.split_at(len.min(rest.len()));
    let accepted = key.verify(message, signature).is_ok();
    assert_eq!(key.verify_plain(message, signature).is_ok(), accepted, "two ways to verify under {alg} disagree");
    if accepted { Outcome::accepted(alg.spec().name) } else { Outcome::refused(alg.spec().name) }
}

/// Keys that are expanded, where any are.
static KEYS: LazyLock<[(Alg, Verifying); 3]> = LazyLock::new(|| {
    [(Alg::MlDsa44, 4), (Alg::MlDsa65, 6), (Alg::MlDsa87, 8)].map(|(alg, rows)| {
        let key = [vec![1; 32], vec![0; 320 * rows]].concat();
        let key = Verifying::new(alg, &key).expect("a key");
        assert!(key.prepare() || cfg!(not(target_arch = "x86_64")), "the key is not expanded");
        (alg, key)
    })
});
