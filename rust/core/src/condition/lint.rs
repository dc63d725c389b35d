//! Conditions that can never or always hold, or say less than they seem to: mistakes that no compiler refuses.
//!
//! A finding is advice. It names a place and repeats no value.

use std::borrow::Cow;

use super::choice::Sources;
use super::facts::Source;
use super::instant::Instant;
use super::literal::Literal;
use super::operator::{Holds, Operator};
use super::place::{Place, Step};
use super::tree::{Condition, Leaf, Tree};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where it is.
    pub place: Place,
    /// What it is and what to write instead.
    pub advice: Cow<'static, str>,
}

impl Finding {
    /// A finding about the whole of what is looked at.
    pub fn new(advice: impl Into<Cow<'static, str>>) -> Self {
        Self { place: Place::default(), advice: advice.into() }
    }

    /// The same finding, seen from one level further up.
    #[must_use]
    pub fn within(self, step: impl Into<Step>) -> Self {
        Self { place: self.place.within(step.into()), ..self }
    }
}

/// Looks at a condition. `permits` says whether meeting it permits something: then an unverified `email` is a danger.
#[must_use]
pub fn lint(tree: &Tree, sources: &Sources, permits: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    of_tree(tree, sources, &mut Vec::new(), &mut findings);
    if permits && decides_by_email(tree, sources) {
        findings.push(Finding::new(UNVERIFIED_EMAIL));
    }
    findings
}

const UNVERIFIED_EMAIL: &str =
    "decides by email, which anyone may have chosen: demand email_verified = true as well, or use sub";

impl Condition {
    /// Looks at a condition that permits something where it holds.
    #[must_use]
    pub fn lint(&self) -> Vec<Finding> {
        lint(&self.tree, &self.sources, true)
    }
}

fn of_tree(tree: &Tree, sources: &Sources, place: &mut Vec<Step>, findings: &mut Vec<Finding>) {
    let mut add = |place: &[Step], advice: &'static str| {
        findings.push(Finding { place: Place(place.to_vec()), advice: advice.into() });
    };
    let (name, trees) = match tree {
        Tree::All(trees) => ("all", trees),
        Tree::Any(trees) => ("any", trees),
        Tree::Not(inner) => {
            place.push("not".into());
            of_tree(inner, sources, place, findings);
            place.pop();
            return;
        }
        Tree::Leaf(leaf) => {
            for advice in of_leaf(leaf, sources) {
                place.push(leaf.name.into());
                add(place, advice);
                place.pop();
            }
            return;
        }
    };
    place.push(name.into());
    for (index, tree) in trees.iter().enumerate() {
        place.push(index.into());
        let before = || trees.iter().take(index);
        if before().any(|other| other == tree) {
            add(place, "is here for the second time");
        } else if name == "all" && before().any(|other| exclude(other, tree)) {
            add(place, "can never hold together with another condition of the same all");
        } else if name == "any" && before().any(|other| exhaust(other, tree)) {
            add(place, "always holds together with another condition of the same any");
        }
        place.pop();
    }
    for (index, tree) in trees.iter().enumerate() {
        place.push(index.into());
        of_tree(tree, sources, place, findings);
        place.pop();
    }
    place.pop();
}

fn of_leaf(leaf: &Leaf, sources: &Sources) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut add = |holds: bool, advice| {
        if holds {
            found.push(advice);
        }
    };
    match &leaf.operator {
        Operator::OneOf { literals, coerced, .. } => {
            let boolean = |literal: &Literal| literal.is_text("true") || literal.is_text("false");
            add(
                !coerced && literals.iter().any(boolean),
                "is text that a boolean claim never equals: write true or false",
            );
            add(repeats(literals), "names a literal for the second time");
        }
        Operator::Contains { literals, split, .. } => {
            let is_word =
                |literal: &Literal| matches!(literal, Literal::Text(text) if !text.is_empty() && !text.contains(' '));
            add(
                *split && !literals.iter().all(is_word),
                "is not a word, and a string that is split at spaces has only words",
            );
            add(repeats(literals), "names a literal for the second time");
        }
        Operator::Glob(glob) => {
            add(glob.matches_all(), "matches every string: write exists = true, or a narrower pattern");
        }
        Operator::StartsWith(text) | Operator::EndsWith(text) => {
            add(text.is_empty(), "is empty, so it holds for every string");
        }
        Operator::After(Instant(offset)) => {
            add(*offset >= 0.0, "holds for no date but those within the leeway: after refuses dates in the future");
        }
        Operator::AcrAtLeast { least: 0, .. } => {
            add(true, "is the weakest level, so it holds for every one in the order");
        }
        Operator::Exists(true) => {
            let always = sources.source(leaf.source).is_some_and(|source| *source == Source::Header("alg".into()));
            add(always, "holds for every token: no header is without alg");
        }
        Operator::Exists(false)
        | Operator::Number { .. }
        | Operator::Before(_)
        | Operator::AcrAtLeast { .. }
        | Operator::EqualsRequest(_)
        | Operator::CoversRequest { .. } => {}
    }
    found
}

fn repeats(literals: &[Literal]) -> bool {
    literals.iter().enumerate().any(|(index, literal)| literals.iter().take(index).any(|other| other == literal))
}

/// Whether one condition is the contrary of another.
fn contrary(one: &Tree, other: &Tree) -> bool {
    let negates = |one: &Tree, other: &Tree| matches!(one, Tree::Not(inner) if **inner == *other);
    negates(one, other) || negates(other, one)
}

/// Whether two conditions can never both hold.
fn exclude(one: &Tree, other: &Tree) -> bool {
    let (Tree::Leaf(a), Tree::Leaf(b)) = (one, other) else { return contrary(one, other) };
    if a.source != b.source {
        return false;
    }
    let half = |a: &Operator, b: &Operator| match (a, b) {
        (Operator::Exists(false), b) => *b != Operator::Exists(false),
        (
            Operator::OneOf { literals: few, negated: false, coerced: false },
            Operator::OneOf { literals, negated, coerced: false },
        ) => few.iter().all(|literal| literals.contains(literal) == *negated),
        (Operator::Number { bound: low, holds: above }, Operator::Number { bound: high, holds: below }) => {
            let ordered = matches!((above, below), (Holds::Greater | Holds::AtLeast, Holds::Less | Holds::AtMost));
            let closed = (*above, *below) == (Holds::AtLeast, Holds::AtMost);
            ordered && if closed { low.compare(high).is_gt() } else { low.compare(high).is_ge() }
        }
        (Operator::After(Instant(after)), Operator::Before(Instant(before))) => after >= before,
        _ => false,
    };
    half(&a.operator, &b.operator) || half(&b.operator, &a.operator)
}

/// Whether one of two conditions always holds.
fn exhaust(one: &Tree, other: &Tree) -> bool {
    let (Tree::Leaf(a), Tree::Leaf(b)) = (one, other) else { return contrary(one, other) };
    let whether = |operator: &Operator| if let Operator::Exists(expected) = operator { Some(*expected) } else { None };
    a.source == b.source && whether(&a.operator).zip(whether(&b.operator)).is_some_and(|(a, b)| a != b)
}

/// Whether `email` decides in some way to meet a condition that does not demand `email_verified`.
fn decides_by_email(tree: &Tree, sources: &Sources) -> bool {
    match tree {
        Tree::All(_) if tree.demands_verified_email(sources) => false,
        Tree::All(trees) | Tree::Any(trees) => trees.iter().any(|tree| decides_by_email(tree, sources)),
        Tree::Not(tree) => decides_by_email(tree, sources),
        Tree::Leaf(leaf) => is_claim(leaf, "email", sources) && !matches!(leaf.operator, Operator::Exists(_)),
    }
}

fn is_claim(leaf: &Leaf, name: &str, sources: &Sources) -> bool {
    sources.source(leaf.source).and_then(Source::top_level_claim) == Some(name)
}

impl Tree {
    /// Whether only tokens whose `email_verified` is true meet it.
    #[must_use]
    pub fn demands_verified_email(&self, sources: &Sources) -> bool {
        match self {
            Self::All(trees) => trees.iter().any(|tree| tree.demands_verified_email(sources)),
            Self::Any(trees) => trees.iter().all(|tree| tree.demands_verified_email(sources)),
            Self::Not(_) => false,
            Self::Leaf(leaf) => match &leaf.operator {
                Operator::OneOf { literals, negated: false, coerced } => {
                    let is_true =
                        |literal: &Literal| *literal == Literal::Bool(true) || *coerced && literal.is_text("true");
                    is_claim(leaf, "email_verified", sources) && literals.iter().all(is_true)
                }
                _ => false,
            },
        }
    }

    /// Whether a deny rule with this condition denies every token whose `email_verified` is not true.
    #[must_use]
    pub fn denies_unverified_email(&self, sources: &Sources) -> bool {
        match self {
            Self::All(trees) => trees.iter().all(|tree| tree.denies_unverified_email(sources)),
            Self::Any(trees) => trees.iter().any(|tree| tree.denies_unverified_email(sources)),
            Self::Not(tree) => tree.demands_verified_email(sources),
            Self::Leaf(_) => false,
        }
    }
}

impl Tree {
    /// Whether whatever meets this condition meets the other one, as far as their form tells.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        match (self, other) {
            (_, Self::All(demands)) => demands.iter().all(|demand| self.implies(demand)),
            (Self::Any(ways), _) => ways.iter().all(|way| way.implies(other)),
            (Self::All(demands), Self::Any(ways)) => {
                ways.iter().any(|way| self.implies(way)) || demands.iter().any(|demand| demand.implies(other))
            }
            (_, Self::Any(ways)) => ways.iter().any(|way| self.implies(way)),
            (Self::All(demands), _) => demands.iter().any(|demand| demand.implies(other)),
            (Self::Leaf(one), Self::Leaf(other)) => one.implies(other),
            (Self::Not(_), _) | (_, Self::Not(_)) => false,
        }
    }
}

impl Leaf {
    fn implies(&self, other: &Self) -> bool {
        self.source == other.source
            && match (&self.operator, &other.operator) {
                (Operator::Exists(false), _) => false,
                (_, Operator::Exists(true)) => true,
                (
                    Operator::OneOf { literals: few, negated: false, coerced: ours },
                    Operator::OneOf { literals: many, negated: false, coerced: theirs },
                ) => ours == theirs && few.iter().all(|literal| many.contains(literal)),
                (Operator::StartsWith(long), Operator::StartsWith(short)) => long.starts_with(&**short),
                (Operator::EndsWith(long), Operator::EndsWith(short)) => long.ends_with(&**short),
                _ => false,
            }
    }
}
