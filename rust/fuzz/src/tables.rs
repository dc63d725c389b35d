//! The tables target: signatures on elliptic curves (RFC 7518 section 3.4, RFC 8032 section 5.1.7).
//!
//! The first byte chooses the key, the next are the signature, and the rest is the message. Asserts that the key's tables
//! give AWS-LC's verdict.

use std::sync::LazyLock;

use jwseal_core::base64url;
use jwseal_core::json::{Document, Limits};
use jwseal_core::jwa::Alg;

use crate::Outcome;
use crate::both_ways::BothWays;

/// Verifies both ways.
pub fn tables(data: &[u8]) -> Outcome {
    let Some((chosen, rest)) = data.split_first() else { return Outcome::refused("nothing") };
    let key = &KEYS[usize::from(*chosen) % KEYS.len()];
    let (signature, message) = rest.split_at(key.signature_len().min(rest.len()));
    key.verify(message, signature)
}

/// Keys with tables. Their private halves are a byte repeated, and used nowhere else.
static KEYS: LazyLock<[BothWays; 5]> =
    LazyLock::new(|| JWKS.map(|(alg, jwk)| BothWays::new(alg, jwk, &point(jwk)).expect("a key with tables")));

/// The bytes of a point: x alone for Ed25519, else the byte 4, x and y.
fn point(jwk: &str) -> Vec<u8> {
    let document = Document::parse(jwk.as_bytes().to_vec(), Limits::TEXT).expect("a JWK is strict JSON");
    let members = document.root().as_object().expect("a JWK is an object");
    let member = |name| members.get(name).and_then(|value| base64url::decode(value.as_str()?.as_bytes()));
    let x = member("x").expect("a point has x");
    member("y").map_or(x.clone(), |y| [&[4], x.as_slice(), &y].concat())
}

const JWKS: [(Alg, &str); 5] = [
    (
        Alg::Es256,
        r#"{"kty":"EC","crv":"P-256","x":"TVKVDfcq_KZMD3EXjs1vYa-8e33HCg9YNHjCSE4Nx44","y":"w6gmfSmaQgt57Dgu4v_i915SawsrpKc3RojicNjj-IY"}"#,
    ),
    (
        Alg::Es256k,
        r#"{"kty":"EC","crv":"secp256k1","x":"CfG9kgMOC2ykMCTNdbD3YLNKMlnworqdwj9V4JW-uNs","y":"3aQ9xM0JwId9WyFAn0kGX6fer9MvJfBKqxcwqaz1fns"}"#,
    ),
    (
        Alg::Es384,
        r#"{"kty":"EC","crv":"P-384","x":"7tL4EGp4frDZwodlmQd0vhSVn4juYiL95tr38X-4hXlcqPEsv_KjPJ6pwnjqQnq7","y":"NfU7zeMZxAMLusCioATsDePgLD2TeNR755asfdBbbei3wB5XAJFKOtKPcmkHkMFl"}"#,
    ),
    (
        Alg::Es512,
        r#"{"kty":"EC","crv":"P-521","x":"AK9Wcl5hxJKq1LU4fjpNGjz7zZll6hAX2uovM1Naryg8l_GS99eeW3epWbRaoBx4S8xGBHbhr_L_GDR1MZlACSxK","y":"AWTtDdXkqf_R35UVI4xqqaeg2NSpa8r6JhN--uQps75l4otKMZLXc8TqMeuoccsMz8S0ktYnmJoU6thKNPw8y_9I"}"#,
    ),
    (Alg::EdDsa, r#"{"kty":"OKP","crv":"Ed25519","x":"bnoc3Smwt4_ROvTFWY_v9O8qlxZuPKby5Pv8zYBQW_E"}"#),
];
