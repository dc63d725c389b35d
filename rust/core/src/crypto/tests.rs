//! What every algorithm does with messages, digests and prepared keys. Vectors, forgeries and keys that are refused are tested from Python
//! (`tests/interoperability/test_wycheproof.py`, `tests/attacks/test_primitives.py`).

use super::digest::Hash;
use super::verify_fast::is_faster;
use super::*;
use crate::der::spki;
use crate::limits::{EXPANDED_AFTER, KEY_TABLE_AFTER};

const MESSAGE: Message<'_> = Message::Whole(b"message");
const OTHER: Message<'_> = Message::Whole(b"massage");

fn pair(alg: Alg) -> (PrivateKey, PublicKey) {
    let key = PrivateKey::generate(alg, 2_048).unwrap();
    let parts = spki::read(&key.to_spki().unwrap()).unwrap();
    let KeyMaterial::Public(verifying) = KeyMaterial::new(alg, &parts).unwrap() else { panic!("{alg}") };
    (key, verifying)
}

fn assert_refused(key: &PublicKey, message: Message<'_>, signature: &[u8]) {
    assert_eq!("invalid_signature", key.verify(message, signature).unwrap_err().code());
}

/// A signature verifies with its key and message and with no other, at its exact length only, with a prepared key and without.
#[test]
fn signs_and_verifies() {
    for spec in TABLE.iter().filter(|spec| !matches!(spec.alg, Alg::EdDsa | Alg::Ed448) && spec.kty != Kty::Oct) {
        let (key, verifying) = pair(spec.alg);
        let signature = key.sign(MESSAGE).unwrap();
        let len = signature.len();
        assert!(spec.signature_len.is_none_or(|expected| expected == len));
        let (longer, zeros) = ([&signature[..], &[0]].concat(), vec![0; len]);
        for _ in 0..2 {
            for verifying in [&verifying, &verifying.backend_alone()] {
                verifying.verify(MESSAGE, &signature).unwrap();
                assert_refused(verifying, OTHER, &signature);
                for wrong in [&longer, &zeros, &signature[1..], &signature[..len - 1], &[]] {
                    assert_refused(verifying, MESSAGE, wrong);
                }
            }
            assert_eq!(is_faster(spec.alg), verifying.prepared.prepare() || verifying.prepared.is_done());
        }
    }
}

/// Hashed first or not, a message has the same signatures, with a prepared key and without. A digest of another hash is
/// refused.
#[test]
fn digests_stand_for_messages() {
    for spec in TABLE.iter().filter(|spec| matches!(spec.kty, Kty::Rsa | Kty::Ec)) {
        let (key, verifying) = pair(spec.alg);
        assert!(key.method().shares_with(&verifying.method()));
        let signature = key.sign(MESSAGE).unwrap();
        for verifying in [verifying.backend_alone(), verifying] {
            verifying.prepared.prepare();
            for hash in [Hash::SHA256, Hash::SHA384, Hash::SHA512] {
                let digest = Digested::Hash(hash.of(b"message"));
                if verifying.hash == Some(hash) {
                    verifying.verify(MESSAGE, &key.sign(Message::Digest(&digest)).unwrap()).unwrap();
                    verifying.verify(Message::Digest(&digest), &signature).unwrap();
                    assert_refused(&verifying, Message::Digest(&digest), &signature[1..]);
                } else {
                    assert_eq!("invalid_key", key.sign(Message::Digest(&digest)).unwrap_err().code());
                    assert_refused(&verifying, Message::Digest(&digest), &signature);
                }
            }
        }
    }
}

/// The prepared key takes over after the count, for all clones, and changes no verdict. Neither refusals count nor what AWS-LC
/// verifies on purpose.
#[test]
fn the_prepared_key_takes_over() {
    let curves = [Alg::Es256, Alg::Es384, Alg::Es512, Alg::Es256k, Alg::Ed25519].map(|alg| (alg, KEY_TABLE_AFTER));
    for (alg, after) in curves.into_iter().chain([(Alg::MlDsa44, EXPANDED_AFTER)]) {
        let (key, verifying) = pair(alg);
        let (backend, clone) = (verifying.backend_alone(), verifying.clone());
        let digest = verifying.hash.map(|hash| Digested::Hash(hash.of(b"message")));
        let valid = key.sign(MESSAGE).unwrap();
        let mut bad = valid.clone();
        bad[5] ^= 1;
        let refuse = || {
            for key in [&verifying, &clone] {
                assert_refused(key, MESSAGE, &bad);
                assert_refused(key, OTHER, &valid);
            }
        };
        for _ in 0..2 * after {
            refuse();
        }
        for count in 1..=after + 2 {
            backend.verify(MESSAGE, &valid).unwrap();
            if count % 2 == 0 {
                verifying.verify(MESSAGE, &valid).unwrap();
            } else {
                clone.verify(digest.as_ref().map_or(MESSAGE, Message::Digest), &valid).unwrap();
            }
            if let Some(due) = due() {
                assert_eq!(after, count);
                due.prepare();
            }
            assert_eq!(is_faster(alg) && count >= after, verifying.prepared.is_done());
            refuse();
        }
        assert!(!clone.prepared.prepare() && !verifying.prepared.prepare());
    }
}
