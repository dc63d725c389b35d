//! The candidates for a header, the members of a JWK Set that are skipped, and every refusal.

use super::*;
use crate::key::{Loaded, SigningKey};

fn public(alg: Alg, kid: Option<&str>) -> VerifyingKey {
    match SigningKey::generate(alg, kid, 2_048).unwrap() {
        Loaded::Ready(key) => key.verifying_key().clone(),
        other => panic!("{other:?}"),
    }
}

fn secret(kid: Option<&str>) -> SecretKey {
    SecretKey::generate(Alg::Hs256, kid).unwrap()
}

fn set(keys: &[&VerifyingKey]) -> KeySet {
    KeySet::new(keys.iter().map(|key| Key::from((*key).clone())).collect()).unwrap()
}

fn jwks(members: &[String]) -> Vec<u8> {
    format!("{{\"keys\":[{}]}}", members.join(",")).into_bytes()
}

fn local(members: &[String]) -> Result<KeySet> {
    KeySet::from_jwks(&jwks(members), AlgSet::EMPTY, Origin::Local, Reading::Strict)
}

fn remote(members: &[String]) -> Result<KeySet> {
    KeySet::from_jwks(&jwks(members), AlgSet::EMPTY, Origin::Remote, Reading::Strict)
}

fn indices(set: &KeySet, alg: Alg, kid: Option<&str>) -> std::result::Result<Vec<usize>, &'static str> {
    set.candidates(alg, kid, None).map(|found| found.indices().collect()).map_err(|error| error.code())
}

fn refusal(result: Result<KeySet>) -> String {
    let error = result.unwrap_err();
    assert_eq!("invalid_key", error.code());
    error.to_string()
}

fn reasons(set: &KeySet) -> Vec<(usize, &str)> {
    set.skipped().iter().map(|one| (one.index, one.reason.as_str())).collect()
}

/// A key without kid is tried for every token, one with kid for tokens that name it or name none; in order.
#[test]
fn candidates_by_kid() {
    let (a, b) = (public(Alg::Es256, Some("a")), public(Alg::Es256, Some("b")));
    let (bare, other) = (public(Alg::Es256, None), public(Alg::Es384, Some("c")));
    let keys = set(&[&a, &bare, &other, &b]);
    assert_eq!(Ok(vec![0, 1]), indices(&keys, Alg::Es256, Some("a")));
    assert_eq!(Ok(vec![1, 3]), indices(&keys, Alg::Es256, Some("b")));
    assert_eq!(Ok(vec![0, 1, 3]), indices(&keys, Alg::Es256, None));
    assert_eq!(Ok(vec![1]), indices(&keys, Alg::Es256, Some("unknown")));
    assert_eq!(Ok(vec![1]), indices(&keys, Alg::Es256, Some("A")));
    assert_eq!(Ok(vec![2]), indices(&keys, Alg::Es384, None));
}

/// The alg is known but no key is a candidate: key_not_found.
#[test]
fn unknown_kid_is_key_not_found() {
    let keys = set(&[&public(Alg::Es256, Some("a"))]);
    assert_eq!(Err("key_not_found"), indices(&keys, Alg::Es256, Some("b")));
    assert_eq!(Err("key_not_found"), indices(&keys, Alg::Es256, Some("")));
}

/// No key has the alg, the key named by kid has another, or the verifier is narrower: algorithm_not_allowed.
#[test]
fn foreign_alg_is_not_allowed() {
    let keys = set(&[&public(Alg::Es256, Some("a")), &public(Alg::Es384, Some("b"))]);
    assert_eq!(Err("algorithm_not_allowed"), indices(&keys, Alg::Rs256, None));
    assert_eq!(Err("algorithm_not_allowed"), indices(&keys, Alg::Hs256, Some("a")));
    assert_eq!(Err("algorithm_not_allowed"), indices(&keys, Alg::Es384, Some("a")));
    let narrowed = Some(AlgSet::of(Alg::Es384));
    assert_eq!("algorithm_not_allowed", keys.candidates(Alg::Es256, Some("a"), narrowed).unwrap_err().code());
    assert!(keys.candidates(Alg::Es384, Some("b"), narrowed).is_ok());
}

/// Four candidates are tried, five are none.
#[test]
fn too_many_candidates_are_key_not_found() {
    let keys: Vec<VerifyingKey> = (0..5).map(|_| public(Alg::EdDsa, None)).collect();
    let four: Vec<&VerifyingKey> = keys.iter().take(4).collect();
    assert_eq!(Ok(vec![0, 1, 2, 3]), indices(&set(&four), Alg::EdDsa, Some("x")));
    let five: Vec<&VerifyingKey> = keys.iter().collect();
    assert_eq!(Err("key_not_found"), indices(&set(&five), Alg::EdDsa, Some("x")));
}

/// A header may call an Ed25519 key by either name.
#[test]
fn edwards_keys_answer_to_both_names() {
    let keys = set(&[&public(Alg::EdDsa, Some("a"))]);
    assert_eq!(Ok(vec![0]), indices(&keys, Alg::EdDsa, Some("a")));
    assert_eq!(Ok(vec![0]), indices(&keys, Alg::Ed25519, None));
    assert_eq!(Err("algorithm_not_allowed"), indices(&keys, Alg::Ed448, None));
}

/// A set is not empty, holds each key once, and a kid means one key of a type.
#[test]
fn building() {
    assert!(refusal(KeySet::new(Vec::new())).contains("needs a key"));
    let key = public(Alg::Es256, Some("a"));
    assert_eq!(1, set(&[&key, &key.clone(), &key]).keys().len());
    assert_eq!(2, set(&[&key, &key.with_kid(Some("b"))]).keys().len());
    let duplicates = vec![Key::from(key), Key::from(public(Alg::Es256, Some("a")))];
    assert!(refusal(KeySet::new(duplicates)).contains("share the kid \"a\""));
    let types = set(&[&public(Alg::Es256, Some("a")), &public(Alg::EdDsa, Some("a"))]);
    assert_eq!(2, types.keys().len());
    let mixed = KeySet::new(vec![public(Alg::Es256, None).into(), secret(None).into()]).unwrap();
    assert_eq!(AlgSet::of(Alg::Es256).with(Alg::Hs256), mixed.algs());
}

/// A secret whose key_ops permit sign alone is refused.
#[test]
fn sign_only_secrets_are_refused() {
    let k = crate::base64url::encode(&[7; 32]);
    let text = format!(r#"{{"kty":"oct","k":"{k}","alg":"HS256","key_ops":["sign"]}}"#);
    let key = SecretKey::from_jwk(text.as_bytes(), None, None).unwrap();
    assert!(refusal(KeySet::new(vec![key.into()])).contains("sign only"));
    assert!(refusal(local(&[text])).contains("lack verify"));
}

/// Members that cannot be used are skipped, with index, kid and reason.
#[test]
fn unusable_members_are_skipped() {
    let good = public(Alg::Es256, Some("good")).to_jwk();
    let set = local(&[
        r#"{"kty":"EC","crv":"P-256","kid":"bad"}"#.to_owned(),
        good.clone(),
        "1".to_owned(),
        r#"{"kty":"XYZ"}"#.to_owned(),
        good.replacen('{', r#"{"use":"enc","#, 1),
        good.replacen('{', r#"{"key_ops":["sign"],"#, 1),
        good.replace("ES256", "ECDH-ES"),
        r#"{"kty":"oct","k":"AAAA"}"#.to_owned(),
        r#"{"kty":"oct","kid":7,"k":"AAAA","alg":"HS256"}"#.to_owned(),
    ])
    .unwrap();
    assert_eq!(1, set.keys().len());
    let found = reasons(&set);
    let expected =
        [(0, "no x"), (2, "object"), (3, "kty"), (4, "use"), (5, "verify"), (6, "alg"), (7, "alg"), (8, "kid")];
    assert_eq!(expected.len(), found.len(), "{found:?}");
    for ((index, word), (found, reason)) in expected.into_iter().zip(found) {
        assert_eq!(index, found);
        assert!(reason.contains(word), "{reason}");
    }
    assert_eq!(Some("bad"), set.skipped()[0].kid.as_deref());
    assert_eq!(None, set.skipped()[7].kid);
}

/// What is no JWK Set, is empty, or has no usable key is refused with the reasons.
#[test]
fn useless_sets_are_refused() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":1}"#, r#"{"Keys":[]}"#, r#"{"keys":[],"keys":[]}"#] {
        refusal(KeySet::from_jwks(text.as_bytes(), AlgSet::EMPTY, Origin::Local, Reading::Strict));
    }
    assert!(refusal(local(&[])).contains("empty"));
    let reasons = refusal(local(&[r#"{"kty":"XYZ"}"#.to_owned(), "{}".to_owned()]));
    assert!(reasons.contains("key 0: the JWK's kty is none of") && reasons.contains("key 1: the JWK has no kty"));
    let many: Vec<String> = (0..9).map(|_| "{}".to_owned()).collect();
    assert!(refusal(local(&many)).contains("and 5 more"));
}

/// A local set of secrets is a set; one that mixes them with public keys is refused.
#[test]
fn mixed_local_sets_are_refused() {
    let secret = secret(Some("s")).to_private_jwk().to_string();
    let public = public(Alg::Es256, Some("p")).to_jwk();
    assert!(refusal(local(&[secret.clone(), public])).contains("mixes"));
    assert_eq!(1, local(&[secret]).unwrap().keys().len());
}

/// From a URL come public keys only; from a file a private JWK gives its public half.
#[test]
fn private_members() {
    let Loaded::Ready(key) = SigningKey::generate(Alg::EdDsa, Some("p"), 0).unwrap() else { panic!("not ready") };
    let private = key.to_private_jwk().unwrap().to_string();
    let secret = secret(Some("s")).to_private_jwk().to_string();
    let good = public(Alg::Es256, Some("good")).to_jwk();
    let set = remote(&[private.clone(), secret.clone(), good]).unwrap();
    assert_eq!(1, set.keys().len());
    assert_eq!(
        vec![(0, "a private key from a URL is no longer private"), (1, "a secret from a URL is no longer secret")],
        reasons(&set)
    );
    refusal(remote(&[private.clone(), secret]));
    assert_eq!(&[Key::from(key.verifying_key().clone())], local(&[private]).unwrap().keys());
}

/// Different keys of one algorithm under one kid conflict: from_jwks leaves out all of them, wherever the set came from.
#[test]
fn conflicting_keys_are_skipped() {
    let duplicates = [public(Alg::Es256, Some("a")).to_jwk(), public(Alg::Es256, Some("a")).to_jwk()];
    let good = public(Alg::Es256, Some("b")).to_jwk();
    let members = [duplicates[0].clone(), good, duplicates[1].clone(), duplicates[0].clone()];
    for set in [local(&members).unwrap(), remote(&members).unwrap()] {
        assert_eq!(1, set.keys().len());
        assert_eq!(Some("b"), set.keys()[0].kid());
        assert_eq!(vec![0, 2, 3], set.skipped().iter().map(|one| one.index).collect::<Vec<_>>());
        for skipped in set.skipped() {
            assert_eq!((Some("a"), true), (skipped.kid.as_deref(), skipped.reason.contains("has this kid too")));
        }
    }
    for origin in [local(&duplicates), remote(&duplicates)] {
        assert!(refusal(origin).contains("key 1: a different key of the same algorithm"));
    }
    let same = [duplicates[0].clone(), duplicates[0].clone()];
    for set in [local(&same), remote(&same)] {
        assert_eq!(1, set.unwrap().keys().len());
    }
}

/// Keys without a common algorithm may share a kid, of one type or of two; the header's alg chooses between them.
#[test]
fn one_kid_for_different_algorithms() {
    let keys: Vec<VerifyingKey> =
        [Alg::Rs256, Alg::Rs512, Alg::Es256, Alg::EdDsa].map(|alg| public(alg, Some("a"))).into();
    let members: Vec<String> = keys.iter().map(VerifyingKey::to_jwk).collect();
    for set in [set(&keys.iter().collect::<Vec<_>>()), local(&members).unwrap(), remote(&members).unwrap()] {
        assert_eq!((4, 0), (set.keys().len(), set.skipped().len()));
        for (index, alg) in [Alg::Rs256, Alg::Rs512, Alg::Es256, Alg::EdDsa].into_iter().enumerate() {
            assert_eq!(Ok(vec![index]), indices(&set, alg, Some("a")));
        }
        assert_eq!(Err("algorithm_not_allowed"), indices(&set, Alg::Rs384, Some("a")));
    }
    // Two keys that fill in the same algorithms have them in common.
    let bare = [0, 1].map(|at| members[at].replace(r#""alg":"RS256","#, "").replace(r#""alg":"RS512","#, ""));
    let fill = AlgSet::of(Alg::Rs256);
    refusal(KeySet::from_jwks(&jwks(&bare), fill, Origin::Local, Reading::Strict));
}

/// Secrets that HMAC takes for the same are one key: they do not conflict.
#[test]
fn equivalent_secrets_do_not_conflict() {
    let secret = |octets: &[u8]| Key::from(SecretKey::from_bytes(octets, Alg::Hs256, Some("a")).unwrap());
    let long = [7; 100];
    let hash = crate::crypto::sha256(&long);
    for (one, other) in [(&[7; 32][..], &[&[7; 32][..], &[0; 20]].concat()), (&long, &hash.to_vec())] {
        assert!(secret(one).is_same(&secret(other)));
        KeySet::new(vec![secret(one), secret(other)]).unwrap();
    }
    for (one, other) in [([7; 32].to_vec(), [[7; 32], [1; 32]].concat()), (long.to_vec(), [7; 99].to_vec())] {
        assert!(refusal(KeySet::new(vec![secret(&one), secret(&other)])).contains("share the kid"));
    }
}

/// A lenient reading accepts what a strict one skips, and the reason says so.
#[test]
fn lenient_sets() {
    let good = public(Alg::Es256, Some("good")).to_jwk();
    let null = good.replace(r#""kid":"good""#, r#""kid":null"#);
    let strict = local(&[good.clone(), null.clone()]).unwrap();
    assert_eq!(vec![(1, "the JWK's kid is null: leave it out, or lenient=True accepts it")], reasons(&strict));
    for origin in [Origin::Local, Origin::Remote] {
        let set =
            KeySet::from_jwks(&jwks(std::slice::from_ref(&null)), AlgSet::EMPTY, origin, Reading::Lenient).unwrap();
        assert_eq!((1, None), (set.keys().len(), set.keys()[0].kid()));
    }
}

/// RSA keys without alg get those filled in; other keys are not affected, and no key becomes a secret.
#[test]
fn algorithms_are_filled_in() {
    let named = public(Alg::Rs512, Some("named")).to_jwk();
    let bare = public(Alg::Rs256, Some("bare")).to_jwk().replace(r#""alg":"RS256","#, "");
    let ec = public(Alg::Es256, Some("ec")).to_jwk();
    let members = jwks(&[named, bare, ec]);
    let read = |fill| KeySet::from_jwks(&members, fill, Origin::Remote, Reading::Strict);
    let set = read(AlgSet::EMPTY).unwrap();
    assert_eq!((2, 1), (set.keys().len(), set.skipped().len()));
    assert!(set.skipped()[0].reason.contains("without alg"));
    let fill = AlgSet::of(Alg::Rs256).with(Alg::Ps256).with(Alg::Es384);
    let set = read(fill).unwrap();
    let algs: Vec<AlgSet> = set.keys().iter().map(Key::algs).collect();
    let filled = AlgSet::of(Alg::Rs256).with(Alg::Ps256);
    assert_eq!(vec![AlgSet::of(Alg::Rs512), filled, AlgSet::of(Alg::Es256)], algs);
    assert_eq!(Ok(vec![1]), indices(&set, Alg::Ps256, Some("bare")));
    assert_eq!(Err("algorithm_not_allowed"), indices(&set, Alg::Rs384, Some("bare")));
    assert_eq!("invalid_policy", read(fill.with(Alg::Hs256)).unwrap_err().code());
    assert_eq!(2, read(AlgSet::of(Alg::Es256)).unwrap().keys().len());
}

/// A published set has public members only; one with a secret is refused.
#[test]
fn publishing() {
    let keys = set(&[&public(Alg::Es256, Some("a")), &public(Alg::EdDsa, Some("b"))]);
    let text = keys.to_jwks().unwrap();
    assert_eq!(keys, KeySet::from_jwks(text.as_bytes(), AlgSet::EMPTY, Origin::Remote, Reading::Strict).unwrap());
    let secrets = KeySet::new(vec![secret(None).into()]).unwrap();
    assert_eq!("invalid_key", secrets.to_jwks().unwrap_err().code());
}
