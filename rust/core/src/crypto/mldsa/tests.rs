//! ML-DSA keys: what is accepted, what is refused, and when a key goes on expanded.

use super::*;

/// A signature verifies with its key and message and with no other, at its exact length only.
#[test]
fn signs_and_verifies() {
    for row in &ROWS {
        let key = Signing::generate(row.alg).unwrap();
        let verifying = Verifying::new(row.alg, key.0.public_key().as_ref()).unwrap();
        let mut signature = key.sign(b"message").unwrap();
        assert_eq!(row.alg.spec().signature_len, Some(signature.len()));
        verifying.verify(b"message", &signature).unwrap();
        assert_eq!("invalid_signature", verifying.verify(b"massage", &signature).unwrap_err().code());
        signature.push(0);
        assert_eq!("invalid_signature", verifying.verify(b"message", &signature).unwrap_err().code());
    }
}

/// A seed makes the expanded key that may stand beside it, and the same key every time.
#[test]
fn own_parts_are_accepted() {
    for row in &ROWS {
        let key = Signing::new(row.alg, &[1; 32], None, None).unwrap();
        let expanded = key.0.private_key().as_raw_bytes().unwrap();
        let public = key.0.public_key().as_ref();
        assert!(Signing::new(row.alg, &[1; 32], Some(public), Some(expanded.as_ref())).is_ok());
        assert!(Signing::new(row.alg, &[2; 32], Some(public), None).is_err());
        assert!(Signing::new(row.alg, &[2; 32], None, Some(expanded.as_ref())).is_err());
    }
}

/// Keys of a wrong length and foreign public halves are refused.
#[test]
fn foreign_parts_are_refused() {
    assert_eq!("invalid_key", Verifying::new(Alg::MlDsa44, &[0; 1311]).err().unwrap().code());
    let Err(error) = Signing::new(Alg::MlDsa44, &[1; 31], None, None) else { panic!("short seed accepted") };
    assert_eq!("invalid_key", error.code());
    let Err(error) = Signing::new(Alg::MlDsa44, &[1; 32], Some(&[0; 1312]), None) else { panic!("accepted") };
    assert_eq!("invalid_key", error.code());
    let Err(error) = Signing::new(Alg::MlDsa44, &[1; 32], None, Some(&[0; 2560])) else { panic!("accepted") };
    assert_eq!("invalid_key", error.code());
}
