//! A parsed JSON text, written again from its parse: what is read and what is written must be one language.

use jwseal_core::json::{Document, Kind, Limits, Value, Writer};

/// Writes a document again, and asserts that the rewriting says the same and stays the same from then on.
pub fn rewritten(document: &Document) -> Vec<u8> {
    let text = written(document.root());
    let again = Document::parse(text.clone(), Limits::TEXT).expect("what was written is strict JSON");
    assert!(same(document.root(), again.root()), "a rewritten text says something else");
    assert_eq!(text, written(again.root()), "a second rewriting differs from the first");
    text
}

/// A value as JSON text without blanks.
pub fn written(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: Value<'_>, out: &mut Vec<u8>) {
    match value.kind() {
        Kind::Null => Writer::new(out).null(),
        Kind::Bool(flag) => Writer::new(out).bool(flag),
        Kind::Int(number) => match number.as_i64() {
            Some(number) => Writer::new(out).i64(number),
            None => Writer::new(out).raw(number.digits().as_bytes()),
        },
        Kind::Float(number) => Writer::new(out).f64(number).expect("a parsed number is finite"),
        Kind::Str(text) => {
            assert_eq!(text.as_str().is_ascii(), text.is_ascii());
            Writer::new(out).string(text.as_str());
        }
        Kind::Array(items) => {
            assert_eq!(items.len(), items.iter().count());
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                write(item, out);
            }
            out.push(b']');
        }
        Kind::Object(members) => {
            assert_eq!(members.len(), members.iter().count());
            out.push(b'{');
            for (index, (name, value)) in members.iter().enumerate() {
                separate(index, out);
                Writer::new(out).string(name.as_str());
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

/// Whether two values are the same, numbers to the bit and members in order; -0 and 0 are one integer.
fn same(one: Value<'_>, other: Value<'_>) -> bool {
    match (one.kind(), other.kind()) {
        (Kind::Null, Kind::Null) => true,
        (Kind::Bool(one), Kind::Bool(other)) => one == other,
        (Kind::Int(one), Kind::Int(other)) => match one.as_i64() {
            Some(number) => other.as_i64() == Some(number),
            None => one.digits() == other.digits(),
        },
        (Kind::Float(one), Kind::Float(other)) => one.to_bits() == other.to_bits(),
        (Kind::Str(one), Kind::Str(other)) => one.as_str() == other.as_str(),
        (Kind::Array(one), Kind::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| same(one, other))
        }
        (Kind::Object(one), Kind::Object(other)) => {
            one.len() == other.len()
                && one.iter().zip(other.iter()).all(|((name, one), (other_name, other))| {
                    name.as_str() == other_name.as_str() && same(one, other)
                })
                // Names are unique, so that looking a member up and walking to it agree.
                && one.iter().all(|(name, value)| one.get(name.as_str()).is_some_and(|found| same(found, value)))
        }
        _ => false,
    }
}
