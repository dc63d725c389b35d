//! A compiled condition: a tree of leaves, judged without making anything.
//!
//! Each claim that several leaves name is looked for once, and a leaf that stands in several trees is judged once: the rules of an
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

/// The values that were looked up so far.
pub struct Lookup<'a, 's> {
    facts: Facts<'a>,
    sources: &'s Sources,
    found: [Found<'a>; KEPT],
    /// The outcomes of leaves that were judged.
    judged: Outcomes,
}

/// The state of one lookup.
#[derive(Clone, Copy)]
enum Found<'a> {
    NotYet,
    Absent,
    Value(Value<'a>),
}

/// How many sources are cached. Values of further sources are looked up each time.
const KEPT: usize = 24;

impl Condition {
    /// Judges a token.
    #[must_use]
    pub fn judge(&self, facts: Facts<'_>) -> Outcome {
        self.tree.judge(&mut Lookup::new(facts, &self.sources))
    }

    /// Whether a demand compares a claim with the time.
    #[must_use]
    pub fn reads_now(&self) -> bool {
        self.tree.leaves().into_iter().any(|leaf| leaf.operator.reads_now())
    }

    /// The claim that one leaf alone finds at fault, where the condition is that leaf or demands it among others.
    #[must_use]
    pub fn claim_at_fault(&self, facts: Facts<'_>) -> Option<&str> {
        self.tree.claim_at_fault(&mut Lookup::new(facts, &self.sources))
    }
}

impl Tree {
    /// Judges a token.
    #[must_use]
    #[inline]
    pub fn judge(&self, lookup: &mut Lookup<'_, '_>) -> Outcome {
        // Most parts of a tree are leaves that were judged before: they cost no call.
        if let Self::Leaf(leaf) = self { leaf.judge(lookup) } else { self.judge_parts(lookup) }
    }

    fn judge_parts(&self, lookup: &mut Lookup<'_, '_>) -> Outcome {
        match self {
            Self::All(trees) => Outcome::all(trees.iter().map(|tree| tree.judge(lookup))),
            Self::Any(trees) => Outcome::any(trees.iter().map(|tree| tree.judge(lookup))),
            Self::Not(tree) => tree.judge(lookup).negated(),
            Self::Leaf(leaf) => leaf.judge(lookup),
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

    fn claim_at_fault<'s>(&self, lookup: &mut Lookup<'_, 's>) -> Option<&'s str> {
        match self {
            Self::All(trees) => {
                let fault = trees.iter().find(|tree| tree.judge(lookup) != Outcome::True)?;
                fault.claim_at_fault(lookup)
            }
            Self::Leaf(leaf) => match lookup.sources.source(leaf.source)? {
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
    pub(super) fn judge(&self, lookup: &mut Lookup<'_, '_>) -> Outcome {
        match lookup.judged.of(self.bit) {
            Some(known) => known,
            None => self.judge_first(lookup),
        }
    }

    /// Judges a leaf for the first time, and keeps the outcome if it has a bit.
    #[inline(never)]
    fn judge_first(&self, lookup: &mut Lookup<'_, '_>) -> Outcome {
        if let Some(choice) = lookup.sources.choice(self.bit) {
            let value = lookup.value(choice.source);
            choice.judge(value, &mut lookup.judged);
            return lookup.judged.of(self.bit).unwrap_or(Outcome::Error);
        }
        let outcome = self.judge_now(lookup);
        lookup.judged.add(self.bit, outcome);
        outcome
    }

    fn judge_now(&self, lookup: &mut Lookup<'_, '_>) -> Outcome {
        let Some(source) = lookup.sources.source(self.source) else { return Outcome::Error };
        match lookup.value(self.source) {
            Some(value) => self.operator.judge(value, source, &lookup.facts),
            None => self.operator.of_absent(),
        }
    }
}

impl<'a, 's> Lookup<'a, 's> {
    /// Nothing has been looked up yet.
    #[must_use]
    pub fn new(facts: Facts<'a>, sources: &'s Sources) -> Self {
        Self { facts, sources, found: [Found::NotYet; KEPT], judged: Outcomes::default() }
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
