//! The operators: what each requires of the value it finds.
//!
//! A value of a type that an operator cannot compare is an error, so that a rule which denies a risk of 70 and more does not let `"95"`
//! pass. An absent value is evaluated here only for `exists`.

use std::cmp::Ordering;
use std::sync::Arc;

use super::acr::AcrOrder;
use super::coercion;
use super::facts::{Facts, Source};
use super::glob::Glob;
use super::instant::Instant;
use super::literal::Literal;
use super::number::Number;
use super::outcome::Outcome;
use super::request::{self, words_of};
use crate::json::{Kind, Value};
use crate::limits;

/// What a leaf demands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operator {
    /// Whether the value is there.
    Exists(bool),
    /// One of these literals, or none of them.
    OneOf { literals: Box<[Literal]>, negated: bool, coerced: bool },
    /// An array (or a string of words) with some or all of these.
    Contains { literals: Box<[Literal]>, all: bool, split: bool },
    /// A string that begins with this.
    StartsWith(Box<str>),
    /// A string that ends with this.
    EndsWith(Box<str>),
    /// A string of this pattern.
    Glob(Glob),
    /// A number that compares with the bound in this way.
    Number { bound: Number<Box<str>>, holds: Holds },
    /// A NumericDate strictly before the moment.
    Before(Instant),
    /// A NumericDate strictly after the moment, and not in the future.
    After(Instant),
    /// An `acr` of this level at least.
    AcrAtLeast { order: Arc<AcrOrder>, least: usize },
    /// The request's value of this name.
    EqualsRequest(Box<str>),
    /// Every value that the request has under this name.
    CoversRequest { name: Box<str>, split: bool },
}

/// Which order of a claim and a bound holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    /// What an absent value means: only `exists = false` holds of it.
    pub(super) const fn of_absent(&self) -> Outcome {
        match self {
            Self::Exists(false) => Outcome::True,
            _ => Outcome::False,
        }
    }

    /// The name of the request's value that it compares with.
    pub(super) fn request_name(&self) -> Option<&str> {
        match self {
            Self::EqualsRequest(name) | Self::CoversRequest { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether its outcome may be another at another time.
    pub(super) const fn reads_now(&self) -> bool {
        match self {
            Self::Before(_) | Self::After(_) => true,
            Self::Exists(_)
            | Self::OneOf { .. }
            | Self::Contains { .. }
            | Self::StartsWith(_)
            | Self::EndsWith(_)
            | Self::Glob(_)
            | Self::Number { .. }
            | Self::AcrAtLeast { .. }
            | Self::EqualsRequest(_)
            | Self::CoversRequest { .. } => false,
        }
    }

    /// Judges a value that is there.
    #[inline]
    pub(super) fn evaluate(&self, value: Value<'_>, source: &Source, facts: &Facts<'_>) -> Outcome {
        match self {
            Self::Exists(expected) => (*expected).into(),
            Self::OneOf { literals, negated, coerced } => one_of(literals, *negated, *coerced, value),
            Self::Contains { literals, all, split } => contains(literals, *all, *split, value),
            Self::StartsWith(prefix) => text(value, |text| text.starts_with(&**prefix)),
            Self::EndsWith(suffix) => text(value, |text| text.ends_with(&**suffix)),
            Self::Glob(glob) => text(value, |text| glob.matches(text)),
            Self::Number { bound, holds } => match Number::of(value) {
                Some(number) => holds.of(number.compare(bound)).into(),
                None => Outcome::Error,
            },
            Self::Before(Instant(offset)) => date(value, |date| date < facts.now + offset),
            Self::After(Instant(offset)) => {
                date(value, |date| date > facts.now + offset && date <= facts.now + facts.leeway)
            }
            Self::AcrAtLeast { order, least } => match value.as_str().and_then(|acr| order.level(acr)) {
                Some(level) => (level >= *least).into(),
                None => Outcome::Error,
            },
            Self::EqualsRequest(name) => {
                let wanted = facts.request().map_or(&[][..], |request| request.values(name));
                request::equals(value, wanted, source.parent(facts))
            }
            Self::CoversRequest { name, split } => {
                let wanted = facts.request().map_or(&[][..], |request| request.values(name));
                request::covers(value, wanted, source.parent(facts), *split)
            }
        }
    }
}

impl Holds {
    fn of(self, ordering: Ordering) -> bool {
        match self {
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::AtLeast => ordering.is_ge(),
        }
    }
}

/// Literals of different JSON types are never equal; an array or an object cannot be compared with a literal.
fn one_of(literals: &[Literal], negated: bool, coerced: bool, value: Value<'_>) -> Outcome {
    let is_one = if coerced {
        literals.iter().any(|literal| match literal {
            Literal::Text(text) => coercion::is_text(text, value),
            literal => literal.equals(value),
        })
    } else if matches!(value.kind(), Kind::Array(_) | Kind::Object(_)) {
        return Outcome::Error;
    } else {
        literals.iter().any(|literal| literal.equals(value))
    };
    (is_one != negated).into()
}

fn contains(literals: &[Literal], all: bool, split: bool, value: Value<'_>) -> Outcome {
    let found = |holds: &dyn Fn(&Literal) -> bool| {
        if all { literals.iter().all(holds) } else { literals.iter().any(holds) }
    };
    match value.kind() {
        Kind::Array(items) => found(&|literal| items.iter().any(|item| literal.equals(item))).into(),
        Kind::Str(text) if split => {
            found(&|literal| words_of(text.octets()).any(|word| literal.is_octets(word))).into()
        }
        _ => Outcome::Error,
    }
}

fn text(value: Value<'_>, holds: impl FnOnce(&str) -> bool) -> Outcome {
    match value.as_str() {
        Some(text) => holds(text).into(),
        None => Outcome::Error,
    }
}

/// A NumericDate (RFC 7519 section 2).
fn date(value: Value<'_>, holds: impl FnOnce(f64) -> bool) -> Outcome {
    match value.as_f64() {
        Some(date) if (0.0..=limits::MAX_NUMERIC_DATE).contains(&date) => holds(date).into(),
        _ => Outcome::Error,
    }
}
