//! Private keys: made, read, written and used to sign.

use super::*;
use crate::error::Foreign;
use crate::jwa::{Kty, TABLE};

const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn ready(loaded: Result<Loaded>) -> SigningKey {
    match loaded.unwrap() {
        Loaded::Ready(key) => key,
        other => panic!("{other:?}"),
    }
}

fn refusal(loaded: Result<Loaded>) -> String {
    let error = loaded.unwrap_err();
    assert_eq!("invalid_key", error.code());
    error.to_string()
}

struct Fixed(std::result::Result<Vec<u8>, ()>);

impl External for Fixed {
    fn sign(&self, _: &[u8]) -> std::result::Result<Vec<u8>, Foreign> {
        self.0.clone().map_err(|()| Foreign(Box::new("mine")))
    }
}

struct Delegate(SigningKey);

impl External for Delegate {
    fn sign(&self, octets: &[u8]) -> std::result::Result<Vec<u8>, Foreign> {
        self.0.sign(Message::Whole(octets)).map_err(|error| Foreign(Box::new(error)))
    }
}

/// Keys of every algorithm sign, survive both exports and load as the same key.
#[test]
fn private_keys_round_trip() {
    for alg in TABLE.iter().filter(|spec| spec.kty != Kty::Oct).map(|spec| spec.alg).filter(|alg| *alg != Alg::Ed448) {
        let key = ready(SigningKey::generate(alg, Some("k1"), 2_048));
        assert_eq!((alg, Some("k1")), (key.alg(), key.kid()));
        let jwk = key.to_private_jwk().unwrap();
        let by_jwk = ready(SigningKey::from_jwk(jwk.as_bytes(), None, None));
        let by_pkcs8 = ready(SigningKey::from_pkcs8(&key.to_pkcs8().unwrap(), Some(alg), Some("k1")));
        for again in [by_jwk, by_pkcs8] {
            assert_eq!((alg, key.verifying_key()), (again.alg(), again.verifying_key()));
            let signature = again.sign(Message::Whole(b"message")).unwrap();
            key.verifying_key().verify(alg, Message::Whole(b"message"), &signature).unwrap();
            assert_eq!(*jwk, *again.to_private_jwk().unwrap());
        }
        assert!(!format!("{key:?}").contains("\"d\""));
    }
    let error = SigningKey::generate(Alg::Hs256, None, 0).unwrap_err();
    assert_eq!("invalid_key", error.code());
}

/// RFC 8037 appendix A.1 and A.4: the signature is the standard's, under either name of the algorithm.
#[test]
fn edwards_signature_is_the_standards() {
    let input = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    for (alg, expected) in [(None, Alg::EdDsa), (Some(Alg::Ed25519), Alg::Ed25519)] {
        let key = ready(SigningKey::from_jwk(ED25519.as_bytes(), alg, None));
        assert_eq!(expected, key.alg());
        assert_eq!(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
            crate::base64url::encode(&key.sign(Message::Whole(input)).unwrap())
        );
    }
}

/// A private key beside the public half of another is refused, for every type (RUSTSEC-2022-0093).
#[test]
fn foreign_public_halves_are_refused() {
    for alg in [Alg::Es256, Alg::Es256k, Alg::EdDsa, Alg::MlDsa44, Alg::Rs256] {
        let jwk = |key: &SigningKey| key.to_private_jwk().unwrap().to_string();
        let own = jwk(&ready(SigningKey::generate(alg, None, 2_048)));
        let foreign = jwk(&ready(SigningKey::generate(alg, None, 2_048)));
        let member = |text: &str, name: &str| {
            let start = text.find(&format!("\"{name}\":\"")).unwrap() + name.len() + 4;
            text[start..start + text[start..].find('"').unwrap()].to_owned()
        };
        let name = if alg == Alg::Rs256 {
            "n"
        } else if alg == Alg::MlDsa44 {
            "pub"
        } else {
            "x"
        };
        let mixed = own.replace(&member(&own, name), &member(&foreign, name));
        refusal(SigningKey::from_jwk(mixed.as_bytes(), None, None));
    }
}

/// Public keys and secrets are no private keys, and `key_ops` must permit signing.
#[test]
fn other_material_is_refused() {
    let load = |text: &str| SigningKey::from_jwk(text.as_bytes(), None, None);
    let public = ED25519.replace(r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","#, "");
    assert!(refusal(load(&public)).contains("VerifyingKey"));
    assert!(refusal(load(r#"{"kty":"oct","k":"AAAA","alg":"HS256"}"#)).contains("SecretKey"));
    assert!(refusal(load(&ED25519.replace('{', r#"{"key_ops":["verify"],"#))).contains("lack sign"));
    assert!(load(&ED25519.replace('{', r#"{"key_ops":["sign"],"use":"sig","#)).is_ok());
    assert!(refusal(load(&ED25519.replace('{', r#"{"alg":"ES256","#))).contains("does not fit"));
    let rsa = ready(SigningKey::generate(Alg::Rs256, None, 2_048)).to_pkcs8().unwrap();
    assert!(refusal(SigningKey::from_pkcs8(&rsa, None, None)).contains("RSA key needs its algorithm"));
}

/// An external signer signs; a signature that does not verify is refused, and the signer's own error is passed on.
#[test]
fn external_signers_are_checked() {
    for alg in [Alg::Es256, Alg::Rs256, Alg::EdDsa, Alg::MlDsa44] {
        let inner = ready(SigningKey::generate(alg, None, 2_048));
        let public = inner.verifying_key().clone();
        let external = |signer| SigningKey::external(signer, &public, alg, Some("hsm")).unwrap();
        let key = external(Box::new(Delegate(inner.clone())));
        public.verify(alg, Message::Whole(b"message"), &key.sign(Message::Whole(b"message")).unwrap()).unwrap();
        assert_eq!((Some("hsm"), true), (key.kid(), key.is_external()));
        assert_eq!("invalid_key", key.to_pkcs8().unwrap_err().code());
        assert_eq!("invalid_key", key.to_private_jwk().unwrap_err().code());
        let stale = inner.sign(Message::Whole(b"another message")).unwrap();
        for bad in [stale, vec![], vec![0; 64], vec![0x30; 72]] {
            let error = external(Box::new(Fixed(Ok(bad)))).sign(Message::Whole(b"message")).unwrap_err();
            assert_eq!("invalid_key", error.code());
            assert!(error.to_string().contains("does not verify"));
        }
        let Error::External(Foreign(error)) = external(Box::new(Fixed(Err(())))).sign(Message::Whole(b"")).unwrap_err()
        else {
            panic!("not the signer's own error");
        };
        assert_eq!(Some(&"mine"), error.downcast_ref::<&str>());
    }
}

/// An external signer's alg and kid are its verifying key's.
#[test]
fn external_declarations_agree() {
    let public = ready(SigningKey::generate(Alg::Es256, Some("a"), 0)).verifying_key().clone();
    let declare = |alg, kid| SigningKey::external(Box::new(Fixed(Err(()))), &public, alg, kid);
    assert_eq!(Some("a"), declare(Alg::Es256, None).unwrap().kid());
    assert_eq!("invalid_key", declare(Alg::Es384, None).unwrap_err().code());
    assert_eq!("invalid_key", declare(Alg::Es256, Some("b")).unwrap_err().code());
}

/// An Ed448 key is returned with its checked seed, and is exported once it has a signer.
#[test]
fn ed448_waits_for_its_signer() {
    let Loaded::Ed448(private) = SigningKey::generate(Alg::Ed448, Some("g"), 0).unwrap() else { panic!("not Ed448") };
    let seed = private.seed().to_vec();
    assert_eq!(57, seed.len());
    assert!(!format!("{private:?}").contains("seed"));
    let key = private.finish(Box::new(Fixed(Ok(vec![0; 114]))));
    assert_eq!((Alg::Ed448, false), (key.alg(), key.is_external()));
    assert_eq!("invalid_key", key.sign(Message::Whole(b"")).unwrap_err().code());
    let jwk = key.to_private_jwk().unwrap();
    let Loaded::Ed448(again) = SigningKey::from_jwk(jwk.as_bytes(), None, None).unwrap() else { panic!("not Ed448") };
    assert_eq!(seed, again.seed());
    let pkcs8 = key.to_pkcs8().unwrap();
    let Loaded::Ed448(again) = SigningKey::from_pkcs8(&pkcs8, None, None).unwrap() else { panic!("not Ed448") };
    assert_eq!(Alg::EdDsa, again.finish(Box::new(Fixed(Err(())))).alg());
    let d = crate::base64url::encode(&seed);
    let other = crate::base64url::encode(&[9; 57]);
    refusal(SigningKey::from_jwk(jwk.replace(&d, &other).as_bytes(), None, None));
}

/// An RSA JWK of n, e and d alone is returned for its primes and accepts no others.
#[test]
fn rsa_waits_for_its_primes() {
    let key = ready(SigningKey::generate(Alg::Ps256, Some("r"), 2_048));
    let jwk = key.to_private_jwk().unwrap();
    let start = jwk.find(",\"p\":").unwrap();
    let bare = format!("{}{}", &jwk[..start], &jwk[jwk.find(",\"alg\"").unwrap()..]);
    let load = || match SigningKey::from_jwk(bare.as_bytes(), None, None).unwrap() {
        Loaded::RsaWithoutPrimes(private) => private,
        other => panic!("{other:?}"),
    };
    let private = load();
    assert_eq!((256, &[1, 0, 1][..]), (private.n().len(), private.e()));
    assert!(!private.d().is_empty());
    let again = private.finish(&key.to_pkcs8().unwrap()).unwrap();
    assert_eq!(key.verifying_key(), again.verifying_key());
    let foreign = ready(SigningKey::generate(Alg::Ps256, None, 2_048)).to_pkcs8().unwrap();
    assert_eq!("invalid_key", load().finish(&foreign).unwrap_err().code());
}
