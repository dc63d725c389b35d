//! What a user who matches no rule can do to be let in: authenticate again, or more strongly (RFC 9470).
//!
//! Three claims say how the user authenticated: `acr`, `amr` and `auth_time`. Where a condition fails only by demands on them, a new
//! authentication can meet it. Demands under `not` are excluded: a challenge cannot ask for less.

use super::facts::Source;
use super::instant::Instant;
use super::literal::Literal;
use super::operator::Operator;
use super::outcome::Outcome;
use super::tree::{Evaluation, Leaf, Tree};

/// What the challenge of RFC 9470 asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepUp<'t> {
    /// The `acr` values that would do, weakest first; None where none is asked for.
    pub acr_values: Option<Vec<&'t str>>,
    /// The longest time since the user authenticated, in seconds.
    pub max_age: Option<f64>,
}

impl StepUp<'_> {
    /// Adds what another demand asks for: both must be met.
    fn and(&mut self, other: Self) {
        self.acr_values = match (self.acr_values.take(), other.acr_values) {
            (Some(ours), Some(theirs)) => Some(ours.into_iter().filter(|value| theirs.contains(value)).collect()),
            (ours, theirs) => ours.or(theirs),
        };
        self.max_age = match (self.max_age, other.max_age) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
    }
}

impl Tree {
    /// What to ask for, where the condition is not true and would be after a better authentication.
    #[must_use]
    pub fn step_up(&self, evaluation: &mut Evaluation<'_, '_>) -> Option<StepUp<'_>> {
        let mut step_up = StepUp::default();
        let would_do = self.evaluate(evaluation) != Outcome::True
            && self.evaluate_assured(evaluation, &mut step_up) == Outcome::True;
        let can_be_met = step_up.acr_values.as_ref().is_none_or(|values| !values.is_empty());
        (would_do && can_be_met).then_some(step_up)
    }

    /// Evaluates as if every demand on the authentication were met, and collects those that are not.
    fn evaluate_assured<'t>(&'t self, evaluation: &mut Evaluation<'_, '_>, step_up: &mut StepUp<'t>) -> Outcome {
        match self {
            Self::All(trees) => Outcome::all(trees.iter().map(|tree| tree.evaluate_assured(evaluation, step_up))),
            Self::Any(trees) => {
                if self.evaluate(evaluation) == Outcome::True {
                    return Outcome::True;
                }
                Outcome::any(trees.iter().map(|tree| {
                    let mut of_tree = StepUp::default();
                    let outcome = tree.evaluate_assured(evaluation, &mut of_tree);
                    if outcome == Outcome::True {
                        step_up.and(of_tree);
                    }
                    outcome
                }))
            }
            Self::Not(_) => self.evaluate(evaluation),
            Self::Leaf(leaf) => {
                match (leaf.evaluate(evaluation), leaf.authentication(evaluation.source(leaf.source))) {
                    (Outcome::False | Outcome::Error, Some(demand)) => {
                        step_up.and(demand);
                        Outcome::True
                    }
                    (outcome, _) => outcome,
                }
            }
        }
    }
}

impl Leaf {
    /// What this leaf requires of the authentication, if anything.
    fn authentication(&self, source: Option<&Source>) -> Option<StepUp<'_>> {
        let acr_values = |values: Vec<_>| StepUp { acr_values: Some(values), max_age: None };
        match (source?.top_level_claim()?, &self.operator) {
            ("acr", Operator::AcrAtLeast { order, least }) => Some(acr_values(order.from(*least).collect())),
            ("acr", Operator::OneOf { literals, negated: false, .. }) => {
                Some(acr_values(literals.iter().filter_map(Literal::text).collect()))
            }
            ("amr", Operator::Contains { .. }) => Some(StepUp::default()),
            ("auth_time", Operator::After(Instant(offset))) if *offset < 0.0 => {
                Some(StepUp { acr_values: None, max_age: Some(-offset) })
            }
            _ => None,
        }
    }
}
