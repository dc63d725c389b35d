//! Demands on one value that differ only in the text they name, evaluated together.
//!
//! The rules of an authorizer often demand another role each of the same claim. The claim is then read once for all of them, so
//! that the time does not grow with the number of rules times the number of roles.

use super::facts::Source;
use super::literal::Literal;
use super::operator::Operator;
use super::outcome::Outcome;
use super::request::words_of;
use crate::json::{Kind, Value};

/// The sources that trees share, and which of their leaves are evaluated together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    list: Box<[Source]>,
    choices: Box<[Choice]>,
}

/// Leaves that demand different texts of one source in the same way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) source: usize,
    way: Way,
    /// The text of each leaf and its bit, the shortest first.
    texts: Box<[(Box<str>, u64)]>,
    /// The bits of all of them.
    all: u64,
}

/// How a leaf demands its one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Equals,
    Contains { all: bool, split: bool },
}

/// The outcomes of leaves, a bit for each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcomes {
    known: u64,
    holding: u64,
    errors: u64,
}

/// Fewer leaves are evaluated one by one.
const FEWEST: usize = 4;

impl Sources {
    /// Puts the leaves together that are alike. Of each leaf there are its source, its operator and its bit.
    pub(super) fn new<'l>(list: Vec<Source>, leaves: impl Iterator<Item = (usize, &'l Operator, u64)>) -> Self {
        let mut choices: Vec<Choice> = Vec::new();
        for (source, operator, bit) in leaves {
            let Some((way, text)) = Way::of(operator) else { continue };
            let member = (text.into(), bit);
            match choices.iter_mut().find(|choice| (choice.source, choice.way) == (source, way)) {
                Some(choice) => choice.add(member),
                None => choices.push(Choice { source, way, all: member.1, texts: Box::new([member]) }),
            }
        }
        choices.retain(|choice| choice.texts.len() >= FEWEST);
        Self { list: list.into(), choices: choices.into() }
    }

    /// A source as it was declared.
    #[inline]
    pub(super) fn source(&self, index: usize) -> Option<&Source> {
        self.list.get(index)
    }

    /// The leaves that are evaluated together with the leaf of this bit.
    pub(super) fn choice(&self, bit: u64) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.all & bit != 0)
    }
}

impl Way {
    /// How an operator demands its text, if it demands one text and no more.
    fn of(operator: &Operator) -> Option<(Self, &str)> {
        let (way, literals) = match operator {
            Operator::OneOf { literals, negated: false, coerced: false } => (Self::Equals, literals),
            Operator::Contains { literals, all, split } => (Self::Contains { all: *all, split: *split }, literals),
            _ => return None,
        };
        match &**literals {
            [Literal::Text(text)] => Some((way, text)),
            _ => None,
        }
    }
}

impl Choice {
    fn add(&mut self, member: (Box<str>, u64)) {
        self.all |= member.1;
        let mut texts = std::mem::take(&mut self.texts).into_vec();
        texts.push(member);
        texts.sort_by(|(one, _), (other, _)| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
        self.texts = texts.into();
    }

    /// Evaluates all of its leaves, as each of them alone would be.
    pub(super) fn evaluate(&self, value: Option<Value<'_>>, outcomes: &mut Outcomes) {
        let Some(value) = value else { return outcomes.add(self.all, Outcome::False) };
        match (self.way, value.kind()) {
            (Way::Equals, Kind::Str(text)) => outcomes.choose(self.all, self.bit(text.octets())),
            (Way::Equals, Kind::Array(_) | Kind::Object(_)) => outcomes.add(self.all, Outcome::Error),
            (Way::Equals, _) => outcomes.add(self.all, Outcome::False),
            (Way::Contains { .. }, Kind::Array(items)) => {
                let bits = items.iter().map(|item| match item.kind() {
                    Kind::Str(text) => self.bit(text.octets()),
                    _ => 0,
                });
                outcomes.choose(self.all, bits.fold(0, |bits, bit| bits | bit));
            }
            (Way::Contains { split: true, .. }, Kind::Str(text)) => {
                let bits = words_of(text.octets()).map(|word| self.bit(word));
                outcomes.choose(self.all, bits.fold(0, |bits, bit| bits | bit));
            }
            (Way::Contains { .. }, _) => outcomes.add(self.all, Outcome::Error),
        }
    }

    /// The bit of the leaf that demands this text, or 0.
    #[inline]
    fn bit(&self, text: &[u8]) -> u64 {
        let order =
            |(known, _): &(Box<str>, u64)| known.len().cmp(&text.len()).then_with(|| known.as_bytes().cmp(text));
        self.texts.binary_search_by(order).ok().and_then(|place| self.texts.get(place)).map_or(0, |(_, bit)| *bit)
    }
}

impl Outcomes {
    /// The outcome of a leaf, if it was evaluated.
    #[inline]
    pub(super) const fn of(self, bit: u64) -> Option<Outcome> {
        if self.known & bit == 0 {
            None
        } else if self.holding & bit != 0 {
            Some(Outcome::True)
        } else if self.errors & bit != 0 {
            Some(Outcome::Error)
        } else {
            Some(Outcome::False)
        }
    }

    /// The outcome where one of these leaves must be true, unless an outcome that is not known would decide it.
    #[inline]
    pub(super) const fn any(self, bits: u64) -> Option<Outcome> {
        if self.holding & bits != 0 {
            Some(Outcome::True)
        } else if self.unknown(bits) != 0 {
            None
        } else if self.errors & bits != 0 {
            Some(Outcome::Error)
        } else {
            Some(Outcome::False)
        }
    }

    /// Those of these leaves that were not evaluated.
    #[inline]
    pub(super) const fn unknown(self, bits: u64) -> u64 {
        bits & !self.known
    }

    /// Keeps one outcome for these leaves.
    #[inline]
    pub(super) const fn add(&mut self, bits: u64, outcome: Outcome) {
        self.known |= bits;
        match outcome {
            Outcome::True => self.holding |= bits,
            Outcome::Error => self.errors |= bits,
            Outcome::False => {}
        }
    }

    /// Keeps that some of these leaves hold, and the others do not.
    const fn choose(&mut self, all: u64, holding: u64) {
        self.add(all, Outcome::False);
        self.add(holding, Outcome::True);
    }
}
