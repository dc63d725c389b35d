//! A compiled condition: a tree of leaves, evaluated without making anything.
//!
//! Each claim that several leaves name is looked for once, and a leaf that stands in several trees is evaluated once: the rules of an
//! authorizer repeat most of their demands.

use super::choice::{Outcomes, Sources};
use super::facts::{Facts, Source};
use super::operator::Operator;
use super::outcome::Outcome;
use crate::json::Value;

/// A condition, alone with its sources.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub(super) tree: Tree,
    pub(super) sources: Sources,
}

/// A condition whose sources are in a separate list, which several trees share.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// True where all are.
    All(Box<[Tree]>),
    /// True where one is.
    Any(Box<[Tree]>),
    /// True where it is false.
    Not(Box<Tree>),
    /// A demand on one value.
    Leaf(Leaf),
}

/// A demand on one value.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Its bit among the leaves that share their sources; equal leaves have the same, and those beyond the limit have none.
    pub(super) bit: u64,
    /// Which source has it.
    pub(super) source: usize,
    /// The operator by its name.
    pub(super) name: &'static str,
    pub(super) operator: Operator,
}

/// The state of evaluating conditions on one token: what was looked up, and the outcomes so far.
pub struct Evaluation<'a, 's> {
    facts: Facts<'a>,
    sources: &'s Sources,
    found: [Found<'a>; KEPT],
    /// The outcomes of leaves that were evaluated.
    outcomes: Outcomes,
}

/// The state of one look-up.
#[derive(Clone, Copy)]
enum Found<'a> {
    NotYet,
    Absent,
    Value(Value<'a>),
}

/// How many sources are cached. Values of further sources are looked up each time.
const KEPT: usize = 24;

impl Condition {
    /// Evaluates it on a token.
    #[must_use]
    pub fn evaluate(&self, facts: Facts<'_>) -> Outcome {
        self.tree.evaluate(&mut Evaluation::new(facts, &self.sources))
    }

    /// Whether a demand compares a claim with the time.
    #[must_use]
    pub fn reads_now(&self) -> bool {
        self.tree.leaves().into_iter().any(|leaf| leaf.operator.reads_now())
    }

    /// The claim that one leaf alone finds at fault, where the condition is that leaf or demands it among others.
    #[must_use]
    pub fn claim_at_fault(&self, facts: Facts<'_>) -> Option<&str> {
        self.tree.claim_at_fault(&mut Evaluation::new(facts, &self.sources))
    }
}

impl Tree {
    /// Evaluates it on a token.
    #[must_use]
    #[inline]
    pub fn evaluate(&self, evaluation: &mut Evaluation<'_, '_>) -> Outcome {
        // Most parts of a tree are leaves that were evaluated before: they cost no call.
        if let Self::Leaf(leaf) = self { leaf.evaluate(evaluation) } else { self.evaluate_parts(evaluation) }
    }

    fn evaluate_parts(&self, evaluation: &mut Evaluation<'_, '_>) -> Outcome {
        match self {
            Self::All(trees) => Outcome::all(trees.iter().map(|tree| tree.evaluate(evaluation))),
            Self::Any(trees) => Outcome::any(trees.iter().map(|tree| tree.evaluate(evaluation))),
            Self::Not(tree) => tree.evaluate(evaluation).negated(),
            Self::Leaf(leaf) => leaf.evaluate(evaluation),
        }
    }

    /// The demands it is made of, in the order written.
    pub(super) fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Self::All(trees) | Self::Any(trees) => trees.iter().flat_map(Self::leaves).collect(),
            Self::Not(tree) => tree.leaves(),
            Self::Leaf(leaf) => vec![leaf],
        }
    }

    /// The names of the request's values that it compares with.
    #[must_use]
    pub fn request_names(&self) -> Vec<&str> {
        self.leaves().into_iter().filter_map(|leaf| leaf.operator.request_name()).collect()
    }

    fn claim_at_fault<'s>(&self, evaluation: &mut Evaluation<'_, 's>) -> Option<&'s str> {
        match self {
            Self::All(trees) => {
                let fault = trees.iter().find(|tree| tree.evaluate(evaluation) != Outcome::True)?;
                fault.claim_at_fault(evaluation)
            }
            Self::Leaf(leaf) => match evaluation.sources.source(leaf.source)? {
                Source::Claim(path) => Some(path.text()),
                Source::Header(_) => None,
            },
            Self::Any(_) | Self::Not(_) => None,
        }
    }
}

/// Leaves are equal where they demand the same of the same source.
impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        (self.source, self.name, &self.operator) == (other.source, other.name, &other.operator)
    }
}

impl Leaf {
    #[inline]
    pub(super) fn evaluate(&self, evaluation: &mut Evaluation<'_, '_>) -> Outcome {
        match evaluation.outcomes.of(self.bit) {
            Some(known) => known,
            None => self.evaluate_first(evaluation),
        }
    }

    /// Evaluates a leaf for the first time, and keeps the outcome if it has a bit.
    #[inline(never)]
    fn evaluate_first(&self, evaluation: &mut Evaluation<'_, '_>) -> Outcome {
        if let Some(choice) = evaluation.sources.choice(self.bit) {
            let value = evaluation.value(choice.source);
            choice.evaluate(value, &mut evaluation.outcomes);
            return evaluation.outcomes.of(self.bit).unwrap_or(Outcome::Error);
        }
        let outcome = self.evaluate_now(evaluation);
        evaluation.outcomes.add(self.bit, outcome);
        outcome
    }

    fn evaluate_now(&self, evaluation: &mut Evaluation<'_, '_>) -> Outcome {
        let Some(source) = evaluation.sources.source(self.source) else { return Outcome::Error };
        match evaluation.value(self.source) {
            Some(value) => self.operator.evaluate(value, source, &evaluation.facts),
            None => self.operator.of_absent(),
        }
    }
}

impl<'a, 's> Evaluation<'a, 's> {
    /// Nothing has been looked up yet.
    #[must_use]
    pub fn new(facts: Facts<'a>, sources: &'s Sources) -> Self {
        Self { facts, sources, found: [Found::NotYet; KEPT], outcomes: Outcomes::default() }
    }

    /// The outcome where one of the leaves of these bits must be true; `leaves` are those of all bits, in order.
    #[inline]
    pub(super) fn any_of(&mut self, bits: u64, leaves: &[Leaf]) -> Outcome {
        loop {
            if let Some(outcome) = self.outcomes.any(bits) {
                return outcome;
            }
            let unknown = self.outcomes.unknown(bits);
            let first = unknown & unknown.wrapping_neg();
            match leaves.get(first.trailing_zeros() as usize) {
                // Its outcome is known after this.
                Some(leaf) => _ = leaf.evaluate_first(self),
                None => self.outcomes.add(first, Outcome::Error),
            }
        }
    }

    /// The value of a source.
    #[inline]
    pub(super) fn value(&mut self, source: usize) -> Option<Value<'a>> {
        let find = || self.sources.source(source).and_then(|source| source.find(&self.facts));
        let found = match self.found.get_mut(source) {
            Some(Found::Value(value)) => return Some(*value),
            Some(Found::Absent) => return None,
            Some(found @ Found::NotYet) => found,
            None => return find(),
        };
        let value = find();
        *found = value.map_or(Found::Absent, Found::Value);
        value
    }

    /// A source as it was declared.
    pub(super) fn source(&self, source: usize) -> Option<&'s Source> {
        self.sources.source(source)
    }
}
