//! What values are in Rust, and that writing and reading are each other's inverse. Which texts are read, and the reasons for which others
//! are refused, are tested from Python (`tests/unit/test_json.py`, `tests/attacks/test_resources.py`).

mod round_trip;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

const CLAIMS: &str = r#"{"iss":"https://id.example.com","aud":["api","account"],"exp":1924992000,"ok":true,"none":null,
    "realm_access":{"roles":["user"],"deep":[[],{},[{"a":-1.5e3}]]},"name":"Алиса","tab":"a\tb\u00e9\ud83d\ude00"}"#;

fn read(text: &str) -> Result<Document, &'static str> {
    Document::parse(text.into(), Limits::TEXT)
}

/// The document as text again, by way of everything that reads it.
fn written(value: Value<'_>, out: &mut Vec<u8>) {
    match value.kind() {
        Kind::Null => Writer::new(out).null(),
        Kind::Bool(value) => Writer::new(out).bool(value),
        Kind::Int(value) => match value.as_i64() {
            Some(value) => Writer::new(out).i64(value),
            None => Writer::new(out).raw(value.digits().as_bytes()),
        },
        Kind::Float(value) => Writer::new(out).f64(value).unwrap(),
        Kind::Str(value) => {
            assert_eq!(value.as_str().is_ascii(), value.is_ascii());
            Writer::new(out).string(value.as_str());
        }
        Kind::Array(array) => {
            assert_eq!(array.len(), array.iter().count());
            out.push(b'[');
            for (index, element) in array.iter().enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b"," });
                written(element, out);
            }
            out.push(b']');
        }
        Kind::Object(object) => {
            assert_eq!(object.len(), object.iter().count());
            out.push(b'{');
            for (index, (name, value)) in object.iter().enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b"," });
                Writer::new(out).string(name.as_str());
                out.push(b':');
                written(value, out);
                assert_eq!(value.nodes.as_ptr(), object.get(name.as_str()).unwrap().nodes.as_ptr());
            }
            out.push(b'}');
        }
    }
}

fn rewritten(text: &str) -> String {
    let mut out = Vec::new();
    written(read(text).expect(text).root(), &mut out);
    String::from_utf8(out).unwrap()
}

/// Every kind of value is read as what it is, and stepping over containers finds the members behind them.
#[test]
fn claims_are_read() {
    let document = read(CLAIMS).unwrap();
    let claims = document.root().as_object().unwrap();
    let get = |name| claims.get(name).unwrap();
    assert_eq!(8, claims.len());
    assert_eq!(Some("https://id.example.com"), get("iss").as_str());
    assert_eq!(
        vec![Some("api"), Some("account")],
        get("aud").as_array().unwrap().iter().map(Value::as_str).collect::<Vec<_>>()
    );
    assert_eq!(Some(1_924_992_000.0), get("exp").as_f64());
    assert!(matches!(get("exp").kind(), Kind::Int(value) if value.as_i64() == Some(1_924_992_000)));
    assert!(matches!(get("ok").kind(), Kind::Bool(true)));
    assert!(matches!(get("none").kind(), Kind::Null));
    assert!(matches!(get("name").kind(), Kind::Str(value) if value.as_str() == "Алиса" && !value.is_ascii()));
    assert_eq!(Some("a\tbé😀"), get("tab").as_str());
    assert!(claims.get("nam").is_none());
    assert!(get("iss").as_object().is_none() && get("ok").as_str().is_none() && get("iss").as_f64().is_none());
    let roles = get("realm_access").as_object().unwrap().get("roles").unwrap().as_array().unwrap();
    assert_eq!(Some("user"), roles.iter().next().and_then(Value::as_str));
    assert_eq!(CLAIMS.as_bytes(), document.text());
}

/// A document in a log shows its size only.
#[test]
fn debug_shows_no_text() {
    let document = read(r#"{"d":"secret"}"#).unwrap();
    let shown = format!("{document:?} {:?} {:?}", document.root(), document.root().as_object());
    assert!(!shown.contains("secret"), "{shown}");
    document.wipe();
}

/// Any integer has a nearest number, unless that is beyond every float.
#[test]
fn integers_have_a_nearest_number() {
    for text in ["0", "-0", "1893456000", "-9223372036854775808", "9223372036854775808", "18446744073709551617"] {
        assert_eq!(text.parse().ok(), read(text).unwrap().root().as_f64());
    }
    assert_eq!(None, read(&"9".repeat(4_300)).unwrap().root().as_f64());
}

/// A string knows whether it is ASCII, with escapes and without.
#[test]
fn strings_know_whether_they_are_ascii() {
    let document = read(r#"["a\u0041","\u00e9","é","plain"]"#).unwrap();
    let ascii = document.root().as_array().unwrap().iter().map(|value| match value.kind() {
        Kind::Str(text) => text.is_ascii(),
        _ => panic!("not a string"),
    });
    assert_eq!(vec![true, false, false, true], ascii.collect::<Vec<_>>());
}
