//! The jwk_set target: JWK Sets, local and from a URL (RFC 7517 section 5).
//!
//! Asserts that a set from a URL holds public keys only, that every member is a key, a repetition or listed as skipped,
//! that a published set is read back whole, that candidates are what header and kid allow, that a lenient reading finds
//! no fewer keys, and that refusals are silent.

use jwseal_core::json::{Document, Limits, Value};
use jwseal_core::jwa::{Alg, AlgSet, TABLE};
use jwseal_core::jwk::Reading;
use jwseal_core::key::Key;
use jwseal_core::key_set::{KeySet, Origin};
use jwseal_core::limits;

use crate::Outcome;
use crate::outcome::{assert_silent, refused};

/// Reads the bytes as a local set and as one from a URL, with and without algorithms to fill in.
pub fn jwk_set(data: &[u8]) -> Outcome {
    let fill = AlgSet::of(Alg::Rs256).with(Alg::Ps256);
    let local = read(data, AlgSet::EMPTY, Origin::Local, Reading::Strict).and(read(
        data,
        fill,
        Origin::Local,
        Reading::Lenient,
    ));
    local.and(read(data, fill, Origin::Remote, Reading::Strict))
}

fn read(data: &[u8], fill: AlgSet, origin: Origin, reading: Reading) -> Outcome {
    let set = match KeySet::from_jwks(data, fill, origin, reading) {
        Ok(set) => set,
        Err(error) => return refused(&error, data),
    };
    let members = Document::parse(data.to_vec(), Limits::TEXT).expect("an accepted set is strict JSON");
    let members = members.root().members().get("keys").and_then(Value::as_array).expect("keys is an array").len();
    assert!(!set.keys().is_empty() && set.keys().len() + set.skipped().len() <= members);
    assert!(set.skipped().is_sorted_by(|one, next| one.index < next.index), "a member was skipped twice");
    for skipped in set.skipped() {
        assert!(skipped.index < members);
        assert_silent(&skipped.reason, data);
    }
    assert_eq!(set, KeySet::new(set.keys().to_vec()).expect("the keys of a set are a set"));
    for spec in &TABLE {
        check_candidates(&set, spec.alg);
    }
    let secrets = set.keys().iter().filter(|key| key.is_secret()).count();
    if secrets > 0 {
        assert!(origin == Origin::Local && secrets == set.keys().len());
        assert!(set.to_jwks().is_err(), "secrets were published");
    } else {
        let text = set.to_jwks().expect("public keys are published");
        for origin in [Origin::Local, Origin::Remote] {
            let again =
                KeySet::from_jwks(text.as_bytes(), fill, origin, Reading::Strict).expect("a published set is read");
            assert_eq!((&set, 0), (&again, again.skipped().len()));
        }
    }
    Outcome::accepted((set.algs(), secrets > 0, set.keys().len().min(4), set.skipped().len().min(4)))
}

fn check_candidates(set: &KeySet, alg: Alg) {
    let kids = set.keys().iter().take(3).map(Key::kid).chain([None, Some("no key has this kid")]);
    for kid in kids {
        let Ok(candidates) = set.candidates(alg, kid, None) else { continue };
        let indices: Vec<usize> = candidates.indices().collect();
        assert!(!indices.is_empty() && indices.len() <= limits::MAX_CANDIDATES && indices.is_sorted());
        for index in indices {
            let key = set.key(index).expect("a candidate is a key of the set");
            assert!(key.algs().contains(alg));
            assert!(kid.is_none() || key.kid().is_none() || key.kid() == kid, "a key was tried against its kid");
        }
        assert!(set.candidates(alg, kid, Some(AlgSet::EMPTY)).is_err(), "a verifier that accepts nothing accepted");
    }
}
