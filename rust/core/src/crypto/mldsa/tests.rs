//! ML-DSA keys: what is accepted, what is refused, and when a key is expanded.

use super::*;
use crate::crypto::prepared::{Due, due};
use crate::crypto::verify_fast::is_faster;
use crate::limits::EXPANDED_AFTER;

fn verifying(alg: Alg, key: &PrivateKey) -> PublicKey {
    public_key(alg, key.0.public_key().as_ref()).unwrap()
}

/// A signature verifies with its key and message and with no other, at its exact length only.
#[test]
fn signs_and_verifies() {
    for row in &ROWS {
        let key = PrivateKey::generate(row.alg).unwrap();
        let verifying = verifying(row.alg, &key);
        let signature = key.sign(Message::Whole(b"message")).unwrap();
        assert_eq!(row.alg.spec().signature_len, Some(signature.len()));
        for _ in 0..2 {
            verifying.verify(Message::Whole(b"message"), &signature).unwrap();
            assert_eq!(
                "invalid_signature",
                verifying.verify(Message::Whole(b"massage"), &signature).unwrap_err().code()
            );
            let longer = [&signature[..], &[0]].concat();
            for wrong in [&longer, &signature[1..], &signature[..signature.len() - 1], &[]] {
                assert_eq!(
                    "invalid_signature",
                    verifying.verify(Message::Whole(b"message"), wrong).unwrap_err().code()
                );
                assert_eq!(
                    "invalid_signature",
                    verifying.backend_alone().verify(Message::Whole(b"message"), wrong).unwrap_err().code()
                );
            }
            assert_eq!(is_faster(Alg::MlDsa44), verifying.prepared.prepare() || verifying.prepared.is_done());
        }
    }
}

/// Only valid signatures count towards expanding a key, and clones share the count and the expanded key.
#[test]
fn only_valid_signatures_count_towards_expanding() {
    let key = PrivateKey::generate(Alg::MlDsa44).unwrap();
    let one = verifying(Alg::MlDsa44, &key);
    let other = one.clone();
    let valid = key.sign(Message::Whole(b"message")).unwrap();
    let mut bad = valid.clone();
    bad[0] ^= 1;
    let verdicts = || {
        assert!(one.verify(Message::Whole(b"message"), &bad).is_err());
        assert!(other.verify(Message::Whole(b"massage"), &valid).is_err());
        assert!(one.verify(Message::Whole(b"message"), &valid[1..]).is_err());
    };
    for _ in 0..100 {
        verdicts();
    }
    for count in 1..EXPANDED_AFTER {
        (if count % 2 == 0 { &one } else { &other }).verify(Message::Whole(b"message"), &valid).unwrap();
        verdicts();
        assert!(!one.prepared.is_done());
    }
    // Verifications by AWS-LC on purpose are not counted.
    one.backend_alone().verify(Message::Whole(b"message"), &valid).unwrap();
    assert!(!one.prepared.is_done());
    other.verify(Message::Whole(b"message"), &valid).unwrap();
    assert_eq!(is_faster(Alg::MlDsa44), due().map(Due::prepare).is_some());
    assert_eq!(is_faster(Alg::MlDsa44), one.prepared.is_done());
    one.verify(Message::Whole(b"message"), &valid).unwrap();
    other.verify(Message::Whole(b"message"), &valid).unwrap();
    verdicts();
    assert!(!one.prepared.prepare());
}

/// A seed makes the expanded key that may stand beside it, and the same key every time.
#[test]
fn own_parts_are_accepted() {
    for row in &ROWS {
        let key = PrivateKey::new(row.alg, &[1; 32], None, None).unwrap();
        let expanded = key.0.private_key().as_raw_bytes().unwrap();
        let public = key.0.public_key().as_ref();
        assert!(PrivateKey::new(row.alg, &[1; 32], Some(public), Some(expanded.as_ref())).is_ok());
        assert!(PrivateKey::new(row.alg, &[2; 32], Some(public), None).is_err());
        assert!(PrivateKey::new(row.alg, &[2; 32], None, Some(expanded.as_ref())).is_err());
    }
}

/// Keys of a wrong length and foreign public halves are refused.
#[test]
fn foreign_parts_are_refused() {
    assert_eq!("invalid_key", public_key(Alg::MlDsa44, &[0; 1311]).err().unwrap().code());
    let Err(error) = PrivateKey::new(Alg::MlDsa44, &[1; 31], None, None) else { panic!("short seed accepted") };
    assert_eq!("invalid_key", error.code());
    let Err(error) = PrivateKey::new(Alg::MlDsa44, &[1; 32], Some(&[0; 1312]), None) else { panic!("accepted") };
    assert_eq!("invalid_key", error.code());
    let Err(error) = PrivateKey::new(Alg::MlDsa44, &[1; 32], None, Some(&[0; 2560])) else { panic!("accepted") };
    assert_eq!("invalid_key", error.code());
}
