//! A JSON literal, compared with a claim by JSON type and value.

use std::cmp::Ordering;

use super::number::Number;
use crate::json::{Kind, Value};

/// What a claim is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// A number. JSON has one type of number: 1 and 1.0 are the same value.
    Number(Number<Box<str>>),
    /// A string.
    Text(Box<str>),
}

impl Literal {
    /// The literal that a value is, unless it is an array or an object.
    #[must_use]
    pub fn of(value: Value<'_>) -> Option<Self> {
        match value.kind() {
            Kind::Null => Some(Self::Null),
            Kind::Bool(flag) => Some(Self::Bool(flag)),
            Kind::Int(int) => Some(Self::Number(Number::integer(int.digits()))),
            Kind::Float(float) => Some(Self::Number(Number::Float(float))),
            Kind::Str(text) => Some(Self::Text(text.as_str().into())),
            Kind::Array(_) | Kind::Object(_) => None,
        }
    }

    /// Whether a claim has this type and value.
    #[must_use]
    #[inline]
    pub fn equals(&self, value: Value<'_>) -> bool {
        match (self, value.kind()) {
            (Self::Text(expected), Kind::Str(found)) => expected.as_bytes() == found.octets(),
            (Self::Bool(expected), Kind::Bool(found)) => *expected == found,
            (Self::Number(expected), Kind::Int(_) | Kind::Float(_)) => {
                Number::of(value).is_some_and(|found| found.compare(expected) == Ordering::Equal)
            }
            (Self::Null, Kind::Null) => true,
            _ => false,
        }
    }

    /// The string, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_) | Self::Null | Self::Number(_) => None,
        }
    }

    /// Whether it is the string of these bytes.
    #[inline]
    pub(super) fn is_octets(&self, text: &[u8]) -> bool {
        matches!(self, Self::Text(expected) if expected.as_bytes() == text)
    }

    /// Whether it is this string.
    #[must_use]
    #[inline]
    pub fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Text(expected) if **expected == *text)
    }
}
