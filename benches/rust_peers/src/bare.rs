//! AWS-LC alone: the signature over the same octets, with the key parsed once. What no library can go below with it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, PqdsaKeyPair, RsaKeyPair};
use aws_lc_rs::{hmac, signature::VerificationAlgorithm};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::hint::black_box;

use crate::{Case, Operation};

/// Verifies each token's signature over its signing input, both split and decoded beforehand.
pub fn verify(alg: &str, case: &Case) -> Option<Operation> {
    let parts = split(case);
    if let Some(algorithm) = mac(alg) {
        let key = hmac::Key::new(algorithm, &case.secret);
        assert!(parts.iter().all(|(input, tag)| hmac::verify(&key, input, tag).is_ok()), "{alg}: a tag is wrong");
        return Some(Box::new(move |rounds| {
            for (input, tag) in parts.iter().cycle().take(rounds) {
                black_box(hmac::verify(&key, black_box(input), black_box(tag))).expect("valid");
            }
        }));
    }
    let key = ParsedPublicKey::new(public(alg)?, &case.spki).expect("a public key");
    assert!(parts.iter().all(|(input, s)| key.verify_sig(input, s).is_ok()), "{alg}: a signature is wrong");
    Some(Box::new(move |rounds| {
        for (input, signature) in parts.iter().cycle().take(rounds) {
            black_box(key.verify_sig(black_box(input), black_box(signature))).expect("valid");
        }
    }))
}

/// Signs each token's signing input.
pub fn sign(alg: &str, case: &Case) -> Option<Operation> {
    let inputs: Vec<Vec<u8>> = split(case).into_iter().map(|(input, _)| input).collect();
    let make = signing(alg, case)?;
    Some(Box::new(move |rounds| {
        for input in inputs.iter().cycle().take(rounds) {
            make(black_box(input));
        }
    }))
}

fn signing(alg: &str, case: &Case) -> Option<Box<dyn Fn(&[u8])>> {
    if let Some(algorithm) = mac(alg) {
        let key = hmac::Key::new(algorithm, &case.secret);
        return Some(Box::new(move |input| _ = black_box(hmac::sign(&key, input))));
    }
    let random = SystemRandom::new();
    if let Some(encoding) = padding(alg) {
        let key = RsaKeyPair::from_pkcs8(&case.pkcs8).expect("an RSA key");
        let length = key.public_modulus_len();
        return Some(Box::new(move |input| {
            let mut signature = vec![0; length];
            key.sign(encoding, &random, input, &mut signature).expect("a signature");
            black_box(signature);
        }));
    }
    if let Some(algorithm) = curve(alg) {
        let key = EcdsaKeyPair::from_pkcs8(algorithm, &case.pkcs8).expect("an EC key");
        return Some(Box::new(move |input| _ = black_box(key.sign(&random, input).expect("a signature"))));
    }
    if matches!(alg, "EdDSA" | "Ed25519") {
        let key = Ed25519KeyPair::from_pkcs8(&case.pkcs8).expect("an Ed25519 key");
        return Some(Box::new(move |input| _ = black_box(key.sign(input))));
    }
    let algorithm = match alg {
        "ML-DSA-44" => &sig::ML_DSA_44_SIGNING,
        "ML-DSA-65" => &sig::ML_DSA_65_SIGNING,
        "ML-DSA-87" => &sig::ML_DSA_87_SIGNING,
        _ => return None,
    };
    let key = PqdsaKeyPair::from_pkcs8(algorithm, &case.pkcs8).expect("an ML-DSA key");
    let length = algorithm.signature_len();
    Some(Box::new(move |input| {
        let mut signature = vec![0; length];
        key.sign(input, &mut signature).expect("a signature");
        black_box(signature);
    }))
}

fn split(case: &Case) -> Vec<(Vec<u8>, Vec<u8>)> {
    let pair = |token: &String| {
        let (input, signature) = token.rsplit_once('.').expect("a compact token");
        (input.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).expect("base64url"))
    };
    case.tokens.iter().map(pair).collect()
}

/// The HMAC of an algorithm that has one.
pub fn mac(alg: &str) -> Option<hmac::Algorithm> {
    match alg {
        "HS256" => Some(hmac::HMAC_SHA256),
        "HS384" => Some(hmac::HMAC_SHA384),
        "HS512" => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn padding(alg: &str) -> Option<&'static dyn sig::RsaEncoding> {
    match alg {
        "RS256" => Some(&sig::RSA_PKCS1_SHA256),
        "RS384" => Some(&sig::RSA_PKCS1_SHA384),
        "RS512" => Some(&sig::RSA_PKCS1_SHA512),
        "PS256" => Some(&sig::RSA_PSS_SHA256),
        "PS384" => Some(&sig::RSA_PSS_SHA384),
        "PS512" => Some(&sig::RSA_PSS_SHA512),
        _ => None,
    }
}

fn curve(alg: &str) -> Option<&'static sig::EcdsaSigningAlgorithm> {
    match alg {
        "ES256" => Some(&sig::ECDSA_P256_SHA256_FIXED_SIGNING),
        "ES384" => Some(&sig::ECDSA_P384_SHA384_FIXED_SIGNING),
        "ES512" => Some(&sig::ECDSA_P521_SHA512_FIXED_SIGNING),
        "ES256K" => Some(&sig::ECDSA_P256K1_SHA256_FIXED_SIGNING),
        _ => None,
    }
}

/// AWS-LC's algorithm for public keys.
pub fn public(alg: &str) -> Option<&'static dyn VerificationAlgorithm> {
    match alg {
        "RS256" => Some(&sig::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&sig::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&sig::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&sig::RSA_PSS_2048_8192_SHA256),
        "PS384" => Some(&sig::RSA_PSS_2048_8192_SHA384),
        "PS512" => Some(&sig::RSA_PSS_2048_8192_SHA512),
        "ES256" => Some(&sig::ECDSA_P256_SHA256_FIXED),
        "ES384" => Some(&sig::ECDSA_P384_SHA384_FIXED),
        "ES512" => Some(&sig::ECDSA_P521_SHA512_FIXED),
        "ES256K" => Some(&sig::ECDSA_P256K1_SHA256_FIXED),
        "EdDSA" | "Ed25519" => Some(&sig::ED25519),
        "ML-DSA-44" => Some(&sig::ML_DSA_44),
        "ML-DSA-65" => Some(&sig::ML_DSA_65),
        "ML-DSA-87" => Some(&sig::ML_DSA_87),
        _ => None,
    }
}
