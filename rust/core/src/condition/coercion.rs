//! The comparison of SignServer's JWT Authorizer: a claim by its string form, or an array that has the string as an element.
//!
//! Numbers are written as Java writes them. Elements of arrays are compared only if they are strings.

use crate::json::{Kind, Value};

/// Whether a claim is this text by those rules; null and objects are nothing.
pub(super) fn is_text(text: &str, value: Value<'_>) -> bool {
    match value.kind() {
        Kind::Str(found) => found.as_str() == text,
        Kind::Bool(found) => text == if found { "true" } else { "false" },
        Kind::Int(found) => text == found.digits(),
        Kind::Float(found) => text == java_text(found),
        Kind::Array(items) => items.iter().any(|item| item.as_str() == Some(text)),
        Kind::Null | Kind::Object(_) => false,
    }
}

/// `Double.toString`: decimal from 0.001 up to 10,000,000, scientific beyond, with one digit after the point at least.
fn java_text(number: f64) -> String {
    if number == 0.0 || (0.001..10_000_000.0).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}
