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
