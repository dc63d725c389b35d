//! What is written is read back, and debugging shows nothing private. Every refusal is tested from Python (`tests/unit/test_keys.py`,
//! `tests/unit/test_lenient_jwk.py`, `tests/attacks/test_primitives.py`).

use super::*;

const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","use":"sig","kid":"1"}"#;

fn strict(text: &[u8]) -> Result<Jwk> {
    read(text, Reading::Strict)
}

/// What is written is read back; a public text holds nothing private, and a kid is escaped.
#[test]
fn texts_round_trip() {
    let kid = "a\"\\\u{1}é";
    let jwk = strict(P256.as_bytes()).unwrap();
    let Material::Private { public, private } = jwk.material else { panic!("not private") };
    let text = write_private(&public, &private, Alg::Es256, Some(kid));
    let again = strict(text.as_bytes()).unwrap();
    assert_eq!((Some(Alg::Es256), Some(kid)), (again.alg, again.kid.as_deref()));
    let Material::Private { public: same, .. } = again.material else { panic!("not private") };
    assert_eq!(public, same);
    let text = write_public(&public, None, None, None);
    assert_eq!(
        r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#,
        text
    );
    assert!(matches!(strict(text.as_bytes()).unwrap().material, Material::Public(_)));
}

/// Debugging shows no private octets.
#[test]
fn debug_is_redacted() {
    let shown = format!("{:?}", strict(P256.as_bytes()).unwrap());
    assert!(shown.contains("redacted") && !shown.contains("243"), "{shown}");
}
