//! What must hold for every key that was accepted, whatever it was read from.

use jwseal_core::base64url;
use jwseal_core::crypto::sha256;
use jwseal_core::json::{Document, Limits};
use jwseal_core::key::{Loaded, Message, SecretKey, SigningKey, VerifyingKey};

/// A public key survives SPKI and JWK, publishes nothing private, and its thumbprint is that of its text.
pub fn check_public(key: &VerifyingKey) {
    let alg = key.alg().expect("one algorithm was settled");
    let by_spki = VerifyingKey::from_spki(&key.to_spki(), Some(alg), key.kid()).expect("an exported SPKI is read");
    assert_eq!((key, key.to_spki()), (&by_spki, by_spki.to_spki()));
    let text = key.to_jwk();
    let by_jwk = VerifyingKey::from_jwk(text.as_bytes(), None, None).expect("an exported JWK is read");
    assert_eq!((key, &text), (&by_jwk, &by_jwk.to_jwk()));
    assert_eq!(&sha256(key.thumbprint_input().as_bytes()), key.thumbprint());
    assert!(SecretKey::from_jwk(text.as_bytes(), None, None).is_err(), "a public key was taken for a secret");
    assert!(SigningKey::from_jwk(text.as_bytes(), None, None).is_err(), "a public key was taken for a private one");
    let document = Document::parse(text.into_bytes(), Limits::TEXT).expect("a JWK is strict JSON");
    for (name, _) in document.root().members() {
        assert!(PUBLIC_MEMBERS.contains(&name.as_str()), "{} was published", name.as_str());
    }
    for alg in key.algs().iter() {
        for len in [0, 1, 64, 96, 114, 132, 256] {
            assert!(key.verify(alg, Message::Whole(b"message"), &vec![0; len]).is_err(), "zeros verify under {alg}");
        }
    }
}

const PUBLIC_MEMBERS: [&str; 9] = ["alg", "crv", "e", "kid", "kty", "n", "pub", "x", "y"];

/// A private key signs what its public half verifies, and survives PKCS#8 and JWK. The others lack a part that this crate
/// does not supply.
pub fn check_private(loaded: &Loaded) {
    let Loaded::Ready(key) = loaded else { return };
    let public = key.verifying_key();
    check_public(public);
    let signature = key.sign(Message::Whole(b"message")).expect("a private key signs");
    public.verify(key.alg(), Message::Whole(b"message"), &signature).expect("its public half verifies");
    assert!(public.verify(key.alg(), Message::Whole(b"massage"), &signature).is_err());
    let pkcs8 = key.to_pkcs8().expect("a key of its own is exported");
    check_same(key, &SigningKey::from_pkcs8(&pkcs8, Some(key.alg()), key.kid()).expect("exported PKCS#8 is read"));
    let jwk = key.to_private_jwk().expect("a key of its own is exported");
    check_same(key, &SigningKey::from_jwk(jwk.as_bytes(), None, None).expect("an exported JWK is read"));
    let half = VerifyingKey::from_jwk(jwk.as_bytes(), None, None).expect("the public half of a private JWK is read");
    assert_eq!(public, &half);
}

fn check_same(key: &SigningKey, again: &Loaded) {
    let Loaded::Ready(again) = again else { panic!("an exported key came back incomplete") };
    assert_eq!((key.alg(), key.verifying_key()), (again.alg(), again.verifying_key()));
}

/// A secret survives a JWK, verifies its own tags, and does not show itself.
pub fn check_secret(key: &SecretKey) {
    assert!(!key.is_weak());
    let text = key.to_private_jwk();
    let again = SecretKey::from_jwk(text.as_bytes(), None, None).expect("an exported secret is read");
    assert_eq!((&**key, key.octets(), key.ops()), (&*again, again.octets(), again.ops()));
    assert!(VerifyingKey::from_jwk(text.as_bytes(), None, None).is_err(), "a secret was taken for a public key");
    assert!(!format!("{key:?}").contains(&base64url::encode(key.octets())));
    if key.ops().sign && key.ops().verify {
        let tag = key.sign(Message::Whole(b"message")).expect("a secret signs");
        key.verify(key.alg(), Message::Whole(b"message"), tag.as_ref()).expect("a secret verifies");
    }
}
