//! The claims target: a payload that an honest issuer signed, judged by two policies (RFC 7519 sections 4.1 and 7.2).
//!
//! Asserts that a verifier that remembers a header judges as one that does not, that a strict policy accepts nothing that
//! a lax one refuses nor anything outside its own words, that an accepted token is refused once its time is over, that a
//! changed tag is an invalid signature before anything else is said, and that refusals are silent about the payload.

use std::sync::{Arc, LazyLock};

use jwseal_core::base64url;
use jwseal_core::claims::VerifiedJwt;
use jwseal_core::condition::{Condition, Context, Literal, Number};
use jwseal_core::error::{Error, Result};
use jwseal_core::json::{Kind, Object, Value};
use jwseal_core::jws::compact::{TokenReader, sign};
use jwseal_core::key::AnySigningKey;
use jwseal_core::key_source::Times;
use jwseal_core::limits::MAX_TOKEN_SIZE;
use jwseal_core::policy::{AcceptedIssuers, Policy, Typ};
use jwseal_core::verifier::{Outcome as Verdict, Verifier};

use crate::Outcome;
use crate::known_keys::{SECRET, SECRET_SET};
use crate::outcome::refused;
use crate::rewrite::rewritten;

/// Signs the bytes and verifies the token.
pub fn claims(data: &[u8]) -> Outcome {
    let token = token(data);
    let lax = verify(&LAX, &token, data);
    let strict = verify(&STRICT, &token, data);
    check_changed_tag(&token);
    match lax {
        Ok(jwt) => {
            assert_eq!(data, jwt.document().text());
            let rewritten = self::token(&rewritten(jwt.document()));
            assert!(
                rewritten.len() > MAX_TOKEN_SIZE || accepted(&LAX, &rewritten, NOW).is_ok(),
                "rewriting changes the verdict"
            );
            check_expiry(&jwt, &token);
            let shape = (jwt.claims().len().min(8), jwt.scopes().len().min(3));
            Outcome::accepted(shape).and(judged(strict, data))
        }
        Err(error) => {
            assert!(strict.is_err(), "the strict policy accepts what the lax one refuses");
            refused(&error, data)
        }
    }
}

/// Verifies with keys that never change, so that none is needed.
fn accepted(verifier: &Verifier, token: &[u8], now: f64) -> Result<VerifiedJwt> {
    match verifier.verify(token.into(), Times { now, monotonic: 0.0 })? {
        Verdict::Verified(accepted) => Ok(accepted.jwt),
        Verdict::Needs(need) => panic!("a fixed set needs keys: {}", need.reason.name()),
    }
}

/// Shortly before the `exp` of RFC 7519 section 3.1.
const NOW: f64 = 1_300_819_000.0;
const LEEWAY: f64 = 30.0;

/// Judges types and times; any issuer, audience and subject, no `exp` needed.
static LAX: LazyLock<Verifier> = LazyLock::new(|| {
    verifier(Policy {
        typ: Typ::Default,
        issuer: None,
        audience: None,
        subject: None,
        expiry_required: false,
        required: Vec::new(),
        leeway: LEEWAY,
        max_age: None,
        max_lifetime: None,
        claims: Vec::new(),
        scopes: Vec::new(),
        condition: None,
    })
});

/// Uses every demand a policy has.
static STRICT: LazyLock<Verifier> = LazyLock::new(|| {
    verifier(Policy {
        typ: Typ::OneOf(vec!["jwt".into()]),
        issuer: Some(AcceptedIssuers {
            names: vec!["joe".into(), "https://issuer.example".into()],
            templates: Vec::new(),
        }),
        audience: Some(vec!["api".into()]),
        subject: Some(vec!["alice".into()]),
        expiry_required: true,
        required: vec!["jti".into()],
        leeway: LEEWAY,
        max_age: Some(MAX_AGE),
        max_lifetime: Some(3_600.0),
        claims: vec![
            ("acr".into(), vec![Literal::Text("high".into()), Literal::Number(Number::integer("2")), Literal::Null]),
            // Names of the policy's own stand in sentences: these are too short to be taken for the token's.
            ("amr".into(), vec![Literal::Bool(true), Literal::Number(Number::Float(1.0))]),
        ],
        scopes: vec!["api".into()],
        condition: Some(condition()),
    })
});

/// An age of the session that a clock can have.
fn condition() -> Condition {
    let text = br#"{"any":[{"claim":"auth_time","exists":false},{"claim":"auth_time","before":"now"}]}"#;
    Condition::parse(text.to_vec(), &Context::default()).expect("a sound condition")
}

const MAX_AGE: f64 = 1_800.0;

fn verifier(policy: Policy) -> Verifier {
    Verifier::new(Arc::new(SECRET_SET.clone().into()), policy, None, TokenReader::default()).expect("a sound declaration")
}

/// A token of this payload, if the lax policy accepts it.
pub(crate) fn lax(payload: &[u8]) -> Option<VerifiedJwt> {
    accepted(&LAX, &token(payload), NOW).ok()
}

fn token(payload: &[u8]) -> Vec<u8> {
    let header = br#"{"typ":"JWT","alg":"HS256"}"#;
    let key = AnySigningKey::from(SECRET.clone());
    sign(header, payload, &key, false).expect("a secret signs").into_bytes()
}

/// Twice: the second time the header may be remembered, and nothing may depend on that.
fn verify(verifier: &Verifier, token: &[u8], data: &[u8]) -> Result<VerifiedJwt> {
    let verdict = accepted(verifier, token, NOW);
    match (&verdict, accepted(verifier, token, NOW)) {
        (Ok(one), Ok(other)) => assert_eq!(one.document().text(), other.document().text()),
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        _ => panic!("a token was judged differently the second time"),
    }
    if let Err(error) = &verdict {
        refused(error, token);
        assert_eq!(token.len() > MAX_TOKEN_SIZE, error.code() == "token_too_large");
        assert!(JUDGEMENTS.contains(&error.code()), "an honest token was refused with {}", error.code());
        refused(error, data);
    }
    verdict
}

/// What a payload alone can lead to.
const JUDGEMENTS: [&str; 10] = [
    "malformed_token",
    "token_too_large",
    "missing_claim",
    "invalid_claim",
    "token_expired",
    "token_not_yet_valid",
    "claim_mismatch",
    "token_too_old",
    "insufficient_scope",
    "condition_not_met",
];

/// Beside the lax verdict: the strict policy's own words, checked one by one.
fn judged(strict: Result<VerifiedJwt>, data: &[u8]) -> Outcome {
    let jwt = match strict {
        Ok(jwt) => jwt,
        Err(error) => return refused(&error, data),
    };
    let members = jwt.claims();
    let number = |name| members.get(name).and_then(Value::as_f64).expect("a date is there");
    assert!(NOW < number("exp") + LEEWAY && number("iat") <= NOW + LEEWAY);
    assert!(NOW - number("iat") <= MAX_AGE + LEEWAY && number("exp") - number("iat") <= 3_600.0);
    assert!(matches!(text(members, "iss"), Some("joe" | "https://issuer.example")));
    assert_eq!(Some("alice"), text(members, "sub"));
    assert!(text(members, "jti").is_some());
    let audience = members.get("aud").expect("an audience is there");
    let in_list = || audience.as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some("api")));
    assert!(audience.as_str() == Some("api") || in_list());
    let acr = members.get("acr").expect("acr is there");
    assert!(match acr.kind() {
        Kind::Null => true,
        Kind::Str(text) => text.as_str() == "high",
        _ => acr.as_f64() == Some(2.0),
    });
    let amr = members.get("amr").expect("amr is there");
    assert!(matches!(amr.kind(), Kind::Bool(true)) || amr.as_f64() == Some(1.0));
    assert!(jwt.scopes().contains(&"api"));
    assert!(members.get("auth_time").is_none_or(|value| value.as_f64().is_some_and(|seconds| seconds < NOW)));
    Outcome::accepted("strict")
}

fn text<'a>(members: Object<'a>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str)
}

/// From `exp` and the leeway on, an accepted token is expired.
fn check_expiry(jwt: &VerifiedJwt, token: &[u8]) {
    let Some(exp) = jwt.expires_at() else { return };
    assert!(NOW < exp + LEEWAY);
    let late = accepted(&LAX, token, exp + LEEWAY).map_err(|error| error.code());
    assert_eq!(Err("token_expired"), late.map(|_| ()));
}

/// Every other byte string of 32 bytes is the wrong tag, whatever the payload.
fn check_changed_tag(token: &[u8]) {
    if token.len() > MAX_TOKEN_SIZE {
        return;
    }
    let dot = token.iter().rposition(|octet| *octet == b'.').expect("a token has dots");
    let (rest, tag) = token.split_at(dot + 1);
    let mut tag = base64url::decode(tag).expect("a tag is base64url");
    tag[token.len() % 32] ^= 1;
    let changed = [rest, base64url::encode(&tag).as_bytes()].concat();
    let error = accepted(&STRICT, &changed, NOW).err();
    assert!(matches!(error, Some(Error::InvalidSignature)), "a changed tag gives {error:?}");
}
