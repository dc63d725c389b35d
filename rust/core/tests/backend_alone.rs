//! The switch that leaves every computation to AWS-LC. It cannot be undone, so this test has a process of its own.

use jwseal_core::crypto::hmac::{Mac, Tag};
use jwseal_core::crypto::{in_use, use_backend_alone};
use jwseal_core::jwa::{Kty, TABLE};
use jwseal_core::key::{Key, Loaded, SigningKey};

/// After `use_backend_alone` no key can be prepared, and AWS-LC computes the tags of HMAC.
#[test]
fn aws_lc_computes_everything() {
    use_backend_alone();
    assert_eq!(0, in_use().count());
    for spec in &TABLE {
        if spec.kty == Kty::Oct {
            let mac = Mac::new(spec.alg, &[7; 64]).expect("an HMAC");
            assert!(matches!(mac.sign(b"message"), Tag::AwsLc(_)), "{}", spec.name);
            continue;
        }
        match SigningKey::generate(spec.alg, None, 2_048).expect("a key") {
            Loaded::Ready(key) => assert!(!Key::from(key.verifying_key().clone()).prepare(), "{}", spec.name),
            // AWS-LC does not have Ed448.
            Loaded::Ed448(_) => {}
            Loaded::RsaWithoutPrimes(_) => panic!("{} without primes", spec.name),
        }
    }
}
