//! The crate oxitoken over AWS-LC: a whole token to a struct of claims, or to a map; issuer, audience and times checked.
//!
//! Version 0.1.0 does not compile its own keys of `aws-lc-rs` 1.19, so they are given to it here through its trait.

use std::hint::black_box;

use aws_lc_rs::{hmac, signature::ParsedPublicKey};
use oxitoken::Algorithm;
use oxitoken::claims::{Aud, Exp, Iss, Nbf};
use oxitoken::error::JwtError;
use oxitoken::header::Alg;
use oxitoken::validation::{StaticKeyProvider, ValidationPipeline, VerificationKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Case, Operation, bare};

/// Decodes each token to a struct.
pub fn verify_struct(alg: &str, case: &Case) -> Option<Operation> {
    verify::<Claims>(alg, case, |claims, payload| {
        payload["sub"] == claims.sub
            && payload["realm_access"]["roles"]
                .as_array()
                .is_some_and(|roles| roles.len() == claims.realm_access.roles.len())
    })
}

/// Decodes each token to a map of claims.
pub fn verify_map(alg: &str, case: &Case) -> Option<Operation> {
    verify::<Members>(alg, case, |claims, payload| *payload == Value::Object(claims.0.clone()))
}

fn verify<C>(alg: &str, case: &Case, is_right: impl Fn(&C, &Value) -> bool) -> Option<Operation>
where
    C: DeserializeOwned + Iss + Aud + Exp + Nbf + 'static,
{
    let algorithm = serde_json::from_value(Value::from(alg)).ok()?;
    let material = match bare::mac(alg) {
        Some(algorithm) => Material::Mac(Box::new(hmac::Key::new(algorithm, &case.secret))),
        None => Material::Public(ParsedPublicKey::new(bare::public(alg)?, &case.spki).expect("a public key")),
    };
    let key = Key { algorithm, material };
    let pipeline = ValidationPipeline::<Header, C, StaticKeyProvider<_>>::builder(key.into())
        .with_issuer_validator(case.issuer.clone())
        .with_audience_validator(case.audience.clone())
        .with_expiration_validator()
        .with_not_before_validator()
        .build();
    let tokens = case.tokens.clone();
    for (token, payload) in tokens.iter().zip(&case.payloads) {
        let (header, claims) = pipeline.verify(token.as_bytes()).expect("a valid token");
        assert!(header.kid == case.kid && header.typ == "JWT" && is_right(&claims, payload), "{alg}: wrong claims");
    }
    Some(Box::new(move |rounds| {
        for token in tokens.iter().cycle().take(rounds) {
            black_box(pipeline.verify(black_box(token.as_bytes()))).expect("valid");
        }
    }))
}

struct Key {
    algorithm: Algorithm,
    material: Material,
}

enum Material {
    Mac(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

impl VerificationKey for Key {
    fn alg(&self) -> Option<Algorithm> {
        Some(self.algorithm)
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JwtError> {
        let verified = match &self.material {
            Material::Mac(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
        };
        if verified { Ok(()) } else { Err(JwtError::InvalidSignature) }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: String,
    typ: String,
}

impl Alg for Header {
    fn alg(&self) -> Algorithm {
        self.alg
    }
}

/// Every claim of the tokens, in a field of its own.
#[derive(Deserialize)]
#[allow(dead_code, reason = "they are decoded, as a program that has such a struct would want")]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    azp: String,
    scope: String,
    realm_access: RealmAccess,
    acr: String,
    amr: Vec<String>,
    email: String,
    email_verified: bool,
    name: String,
}

#[derive(Deserialize)]
struct RealmAccess {
    roles: Vec<String>,
}

impl Iss for Claims {
    fn iss(&self) -> &str {
        &self.iss
    }
}

impl Aud for Claims {
    fn aud(&self) -> impl Iterator<Item = impl AsRef<str>> {
        std::iter::once(&self.aud)
    }
}

impl Exp for Claims {
    fn exp(&self) -> i64 {
        self.exp
    }
}

impl Nbf for Claims {
    fn nbf(&self) -> i64 {
        self.nbf
    }
}

/// The claims as they come.
#[derive(Deserialize)]
#[serde(transparent)]
struct Members(Map<String, Value>);

impl Members {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, name: &str) -> i64 {
        self.0.get(name).and_then(Value::as_i64).unwrap_or_default()
    }
}

impl Iss for Members {
    fn iss(&self) -> &str {
        self.text("iss")
    }
}

impl Aud for Members {
    fn aud(&self) -> impl Iterator<Item = impl AsRef<str>> {
        std::iter::once(self.text("aud"))
    }
}

impl Exp for Members {
    fn exp(&self) -> i64 {
        self.number("exp")
    }
}

impl Nbf for Members {
    fn nbf(&self) -> i64 {
        self.number("nbf")
    }
}
