//! JSON numbers compared exactly: an integer of any length with a float, and neither is rounded to the other.

use std::cmp::Ordering;

use crate::json::{Kind, Value};

/// A finite number; `T` holds the digits of an integer beyond 64 bits.
#[derive(Clone, Copy, Debug)]
pub enum Number<T> {
    /// An integer within 64 bits.
    Small(i64),
    /// Any other integer, by its digits and sign.
    Big(T),
    /// A number with a fraction or an exponent.
    Float(f64),
}

/// 2 to the power of 63, the first number beyond `i64`.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

impl Number<Box<str>> {
    /// An integer of these decimal digits.
    #[must_use]
    pub fn integer(digits: &str) -> Self {
        digits.parse().map_or_else(|_| Self::Big(digits.into()), Self::Small)
    }
}

impl<'a> Number<&'a str> {
    /// The number, if the value is one.
    #[must_use]
    #[inline]
    pub fn of(value: Value<'a>) -> Option<Self> {
        match value.kind() {
            Kind::Int(int) => Some(int.as_i64().map_or_else(|| Self::Big(int.digits()), Self::Small)),
            Kind::Float(float) => Some(Self::Float(float)),
            _ => None,
        }
    }
}

impl<T: AsRef<str>> Number<T> {
    /// How this number compares with another.
    #[must_use]
    pub fn compare<U: AsRef<str>>(&self, other: &Number<U>) -> Ordering {
        match (self, other) {
            (Self::Small(one), Number::Small(other)) => one.cmp(other),
            (Self::Float(one), Number::Float(other)) => one.partial_cmp(other).unwrap_or(Ordering::Equal),
            (Self::Small(one), Number::Float(other)) => integer_with_float(*one, *other),
            (Self::Float(one), Number::Small(other)) => integer_with_float(*other, *one).reverse(),
            (Self::Big(one), Number::Big(other)) => digits_with_digits(one.as_ref(), other.as_ref()),
            (Self::Big(one), Number::Small(_)) => sign(one.as_ref()),
            (Self::Small(_), Number::Big(other)) => sign(other.as_ref()).reverse(),
            (Self::Big(one), Number::Float(other)) => digits_with_float(one.as_ref(), *other),
            (Self::Float(one), Number::Big(other)) => digits_with_float(other.as_ref(), *one).reverse(),
        }
    }
}

impl<T: AsRef<str>> PartialEq for Number<T> {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

fn integer_with_float(integer: i64, float: f64) -> Ordering {
    if float >= BEYOND {
        return Ordering::Less;
    }
    if float < -BEYOND {
        return Ordering::Greater;
    }
    #[expect(clippy::cast_possible_truncation, reason = "its whole part is within 64 bits")]
    let whole = float.trunc() as i64;
    integer.cmp(&whole).then_with(|| 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal))
}

fn digits_with_float(digits: &str, float: f64) -> Ordering {
    if float.abs() < BEYOND {
        return sign(digits);
    }
    // A float this large has no fraction.
    digits_with_digits(digits, &format!("{float:.0}"))
}

/// How an integer beyond 64 bits compares with those within.
fn sign(digits: &str) -> Ordering {
    if digits.starts_with('-') { Ordering::Less } else { Ordering::Greater }
}

fn digits_with_digits(one: &str, other: &str) -> Ordering {
    let longer = |one: &str, other: &str| one.len().cmp(&other.len()).then_with(|| one.cmp(other));
    match (one.strip_prefix('-'), other.strip_prefix('-')) {
        (None, None) => longer(one, other),
        (Some(one), Some(other)) => longer(other, one),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}
