//! Every refusal of the JWK parser, and that it reads what the writer writes.

use super::*;
use crate::jwa::Curve;

const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","use":"sig","kid":"1"}"#;
const RSA: &str = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"Ag","p":"Aw","q":"BA","dp":"BQ","dq":"Bg","qi":"Bw"}"#;
const ED448: &str =
    r#"{"kty":"OKP","crv":"Ed448","x":"X9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA"}"#;

fn strict(text: &[u8]) -> Result<Jwk> {
    read(text, Reading::Strict)
}

fn lenient(text: &str) -> Jwk {
    read(text.as_bytes(), Reading::Lenient).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refusal(text: &str) -> String {
    let error = strict(text.as_bytes()).unwrap_err();
    assert_eq!("invalid_key", error.code(), "{text}");
    error.to_string()
}

/// The JWK `text` with one member set to this JSON.
fn with(text: &str, name: &str, json: &str) -> String {
    without(text, name).replacen('{', &format!("{{\"{name}\":{json},"), 1)
}

/// The JWK `text` without one member.
fn without(text: &str, name: &str) -> String {
    let body = text.trim_start_matches('{').trim_end_matches('}');
    let start = format!("\"{name}\":");
    let members: Vec<&str> = body.split(',').filter(|member| !member.starts_with(&start)).collect();
    format!("{{{}}}", members.join(","))
}

/// A JWK is one strict JSON object with a kty that is known to the letter.
#[test]
fn shapes() {
    for text in ["", "[]", "1", "\"RSA\"", "{}", "{\"kty\":1}", "{\"kty\":\"EC\",\"kty\":\"EC\"}"] {
        refusal(text);
    }
    for kty in ["ec", "rsa", "Oct", "OCT", "okp", "RSA ", "", "DH"] {
        assert!(refusal(&with(P256, "kty", &format!("\"{kty}\""))).contains("kty"));
    }
    assert!(refusal(&format!("{P256}x")).contains("strict JSON"));
    assert!(refusal(&P256.replace("\"use\"", "\"kid\"")).contains("strict JSON"));
}

/// Unknown members are ignored, whatever they hold (RFC 7517 section 4).
#[test]
fn unknown_members_are_ignored() {
    for json in ["1", "null", "[{}]", "\"x\""] {
        let jwk = strict(with(&with(P256, "ext", json), "x5t", json).as_bytes()).unwrap();
        assert_eq!(Some("1"), jwk.kid.as_deref());
    }
}

/// kid, alg, use, crv and key members are strings.
#[test]
fn wrong_types() {
    for name in ["kid", "alg", "use", "crv", "x", "y", "d", "kty"] {
        for json in ["1", "null", "true", "[\"a\"]", "{}"] {
            assert!(refusal(&with(P256, name, json)).contains(name), "{name} {json}");
            let forgiven = json == "null" && !["crv", "x", "y", "kty"].contains(&name);
            assert_eq!(forgiven, read(with(P256, name, json).as_bytes(), Reading::Lenient).is_ok(), "{name} {json}");
        }
    }
}

/// use is sig; key_ops is a list of distinct strings that does not contradict it.
#[test]
fn usage() {
    for usage in ["enc", "SIG", "", "sig "] {
        assert!(refusal(&with(P256, "use", &format!("\"{usage}\""))).contains("use"));
    }
    for ops in [r#""verify""#, "{}", "1", "null", r#"["verify",1]"#, r#"["verify","verify"]"#, r#"["x",["verify"]]"#] {
        assert!(refusal(&P256.replacen('{', &format!("{{\"key_ops\":{ops},"), 1)).contains("key_ops"), "{ops}");
    }
    for op in ["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"] {
        let text = P256.replacen('{', &format!("{{\"key_ops\":[\"sign\",\"{op}\"],"), 1);
        assert!(refusal(&text).contains("contradict"));
        assert!(strict(without(&text, "use").as_bytes()).is_ok());
    }
    for (ops, sign, verify) in [
        ("[]", false, false),
        (r#"["sign"]"#, true, false),
        (r#"["verify"]"#, false, true),
        (r#"["sign","verify"]"#, true, true),
    ] {
        let jwk = strict(P256.replacen('{', &format!("{{\"key_ops\":{ops},"), 1).as_bytes()).unwrap();
        assert_eq!(Ops { sign, verify }, jwk.ops);
        assert_eq!((sign, verify), (jwk.require_sign().is_ok(), jwk.require_verify().is_ok()));
        assert_eq!(sign || verify, jwk.require_either().is_ok());
    }
}

/// Coordinates and scalars of EC and OKP have their full length, and the curve belongs to the type.
#[test]
fn fixed_lengths() {
    for name in ["x", "y", "d"] {
        let octets = |len: usize| format!("\"{}\"", crate::base64url::encode(&vec![7; len]));
        for len in [0, 31, 33, 66] {
            assert!(refusal(&with(P256, name, &octets(len))).contains("instead of 32"), "{name} {len}");
        }
    }
    for (name, text) in [("x", P256), ("y", P256), ("crv", P256), ("x", ED448), ("crv", ED448)] {
        assert!(refusal(&without(text, name)).contains(name));
    }
    for crv in ["P-257", "p-256", "Ed25519", "X25519", "secp256r1", ""] {
        assert!(refusal(&with(P256, "crv", &format!("\"{crv}\""))).contains("crv"));
    }
    for crv in ["P-256", "X448", "ed448"] {
        assert!(refusal(&with(ED448, "crv", &format!("\"{crv}\""))).contains("crv"));
    }
    assert!(refusal(&with(ED448, "crv", "\"Ed25519\"")).contains("instead of 32"));
    assert!(refusal(&with(ED448, "d", "\"AAAA\"")).contains("instead of 57"));
    let jwk = strict(ED448.as_bytes()).unwrap();
    assert!(matches!(jwk.material, Material::Public(PublicParts::Okp { curve: Curve::Ed448, .. })));
}

/// base64url is canonical: no padding, no other alphabet, no blanks, no stray bits.
#[test]
fn loose_base64url() {
    for value in ["AQAB=", "AQ+B", "AQ/B", "AQ AB", "AQAB\\n", "AR", "A"] {
        assert!(refusal(&with(RSA, "n", &format!("\"{value}\""))).contains("canonical"), "{value}");
    }
}

/// What a lenient reading forgives gives the same key, private members included; a strict one names member and option.
#[test]
fn lenient_readings_are_canonical() {
    let thumbprint = |jwk: Jwk| match jwk.material {
        Material::Public(parts) | Material::Private { public: parts, .. } => thumbprint_input(&parts),
        Material::Secret(octets) => secret_thumbprint_input(&octets).to_string(),
    };
    let encode = |octets: &[u8]| format!("\"{}\"", crate::base64url::encode(octets));
    let short = with(
        &with(P256, "x", &encode(&[&[0; 2][..], &[7; 30]].concat())),
        "d",
        &encode(&[&[0][..], &[9; 31]].concat()),
    );
    let ops = P256.replacen('{', "{\"key_ops\":null,", 1);
    for (name, text, canonical) in [
        ("n", with(RSA, "n", r#""AAEAAQ""#), RSA),
        ("n", with(RSA, "n", r#""AAABAAE""#), RSA),
        ("e", with(RSA, "e", r#""AQAB\n""#), RSA),
        ("dp", with(RSA, "dp", r#""BQ==""#), RSA),
        ("q", with(RSA, "q", r#""AAAE""#), RSA),
        ("p", with(RSA, "p", r#""Ax""#), RSA),
        ("x", P256.replace("o7Tu6KPAqv7D4", "o7Tu6KPAqv7D4=="), P256),
        ("y", P256.replace("7x8PxltmWWlbbM4IFyM", "7x8PxltmWWl bbM4IFyM="), P256),
        ("x", with(&short, "x", &encode(&[7; 30])), &short),
        ("x", with(&short, "x", &encode(&[&[0; 9][..], &[7; 30]].concat())), &short),
        ("d", with(&short, "d", &encode(&[9; 31])), &short),
        ("kid", with(P256, "kid", "null"), P256),
        ("use", with(P256, "use", "null"), P256),
        ("alg", with(P256, "alg", "null"), P256),
        ("key_ops", ops, P256),
        ("d", with(P256, "d", "null"), P256),
        ("oth", with(RSA, "oth", "null"), RSA),
        ("k", r#"{"kty":"oct","k":"-/-_+w=="}"#.to_owned(), r#"{"kty":"oct","k":"-_-_-w"}"#),
    ] {
        let sentence = refusal(&text);
        assert!(sentence.contains(&format!("JWK's {name} ")) && sentence.contains("lenient=True"), "{sentence}");
        assert_eq!(thumbprint(lenient(canonical)), thumbprint(lenient(&text)), "{text}");
    }
    let Material::Private { private: PrivateParts::Ec { d, .. }, .. } =
        lenient(&with(&short, "d", &encode(&[9; 31]))).material
    else {
        panic!("not private")
    };
    assert_eq!([&[0][..], &[9; 31]].concat(), *d);
    assert_eq!(None, lenient(&with(P256, "kid", "null")).kid);
}

/// A lenient reading forgives nothing else.
#[test]
fn lenient_readings_have_limits() {
    for text in [
        with(RSA, "n", r#""A=QAB""#),
        with(RSA, "n", r#""AQAB!""#),
        with(RSA, "n", r#""AQABA""#),
        with(RSA, "n", r#""AAAA""#),
        with(RSA, "n", "65537"),
        with(P256, "x", r#""""#),
        with(P256, "x", &format!("\"{}\"", crate::base64url::encode(&[7; 33]))),
        with(P256, "use", r#""enc""#),
        with(P256, "kid", "7"),
        with(P256, "kty", "null"),
        with(ED448, "x", r#""AAAA""#),
        P256.replace("\"use\"", "\"kid\""),
    ] {
        assert_eq!("invalid_key", read(text.as_bytes(), Reading::Lenient).unwrap_err().code(), "{text}");
        assert!(!refusal(&text).contains("lenient"), "{text}");
    }
}

/// RSA integers are minimal, and a private key has all of its primes or none (RFC 7518 sections 6.3.1 and 6.3.2).
#[test]
fn rsa_members() {
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        for value in ["AAEB", "AA", ""] {
            assert!(refusal(&with(RSA, name, &format!("\"{value}\""))).contains("zero"), "{name} {value}");
        }
    }
    for name in ["n", "e"] {
        assert!(refusal(&without(RSA, name)).contains(&format!("no {name}")));
    }
    for name in ["p", "q", "dp", "dq", "qi"] {
        assert!(refusal(&without(RSA, name)).contains("all or none"));
    }
    assert!(refusal(&without(RSA, "d")).contains("no d"));
    assert!(refusal(&with(RSA, "oth", "[]")).contains("two primes"));
    let mut bare = RSA.to_owned();
    for name in ["p", "q", "dp", "dq", "qi"] {
        bare = without(&bare, name);
    }
    let jwk = strict(bare.as_bytes()).unwrap();
    assert!(matches!(jwk.material, Material::Private { private: PrivateParts::Rsa { primes: None, .. }, .. }));
}

/// AKP names its algorithm and holds its seed (RFC 9964 section 3).
#[test]
fn akp_members() {
    let seed = crate::base64url::encode(&[1; 32]);
    let text = format!(r#"{{"kty":"AKP","alg":"ML-DSA-44","pub":"AQAB","priv":"{seed}"}}"#);
    assert!(strict(text.as_bytes()).is_ok());
    assert!(refusal(&without(&text, "alg")).contains("needs its alg"));
    assert!(refusal(&without(&text, "pub")).contains("no pub"));
    assert!(refusal(&with(&text, "alg", "\"ES256\"")).contains("ES256"));
    assert!(refusal(&with(&text, "alg", "\"ml-dsa-44\"")).contains("alg"));
    let expanded = crate::base64url::encode(&[1; 2_560]);
    assert!(refusal(&with(&text, "priv", &format!("\"{expanded}\""))).contains("instead of 32"));
}

/// An alg of another purpose, another case or none at all is refused.
#[test]
fn unknown_algorithms() {
    for alg in ["none", "ECDH-ES", "RSA-OAEP", "es256", "RS1", ""] {
        assert!(refusal(&with(P256, "alg", &format!("\"{alg}\""))).contains("alg"), "{alg}");
    }
    assert_eq!(Some(Alg::Es256), strict(with(P256, "alg", "\"ES256\"").as_bytes()).unwrap().alg);
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
    let text = write_public(&public, None, None);
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

/// Thumbprint texts hold the required members in order and nothing else.
#[test]
fn thumbprint_texts() {
    let Material::Private { public, .. } = strict(RSA.as_bytes()).unwrap().material else { panic!("not private") };
    assert_eq!(r#"{"e":"AQAB","kty":"RSA","n":"AQAB"}"#, thumbprint_input(&public));
    let akp = PublicParts::Akp { alg: Alg::MlDsa44, key: vec![1, 0, 1] };
    assert_eq!(r#"{"alg":"ML-DSA-44","kty":"AKP","pub":"AQAB"}"#, thumbprint_input(&akp));
    assert_eq!(r#"{"k":"AQAB","kty":"oct"}"#, *secret_thumbprint_input(&[1, 0, 1]));
}
