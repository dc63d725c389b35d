//! How a condition reached its outcome: every part of it with its own outcome, with nothing left out.

use super::facts::Source;
use super::operator::Operator;
use super::outcome::Outcome;
use super::tree::{Evaluation, Tree};
use crate::json::Value;

/// A condition with its outcome.
#[derive(Clone, Debug)]
pub struct Explained<'a> {
    /// What it says.
    pub outcome: Outcome,
    /// What it is made of.
    pub part: Part<'a>,
}

/// What a condition is made of.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// `all`
    All(Vec<Explained<'a>>),
    /// `any`
    Any(Vec<Explained<'a>>),
    /// `not`
    Not(Box<Explained<'a>>),
    /// A demand on one value.
    Leaf {
        /// Where the value is read from.
        source: &'a Source,
        /// The operator's name.
        operator: &'static str,
        /// The value, if the token has it.
        value: Option<Value<'a>>,
        /// Why it is not simply compared: `absent`, `wrong type`, `unknown value`.
        reason: Option<&'static str>,
    },
}

impl Tree {
    /// Evaluates every part.
    #[must_use]
    pub fn explain<'a>(&self, evaluation: &mut Evaluation<'a, 'a>) -> Option<Explained<'a>> {
        let mut each = |trees: &[Self]| trees.iter().map(|tree| tree.explain(evaluation)).collect::<Option<Vec<_>>>();
        let outcomes = |parts: &[Explained<'_>]| parts.iter().map(|part| part.outcome).collect::<Vec<_>>().into_iter();
        Some(match self {
            Self::All(trees) => {
                let parts = each(trees)?;
                Explained { outcome: Outcome::all(outcomes(&parts)), part: Part::All(parts) }
            }
            Self::Any(trees) => {
                let parts = each(trees)?;
                Explained { outcome: Outcome::any(outcomes(&parts)), part: Part::Any(parts) }
            }
            Self::Not(tree) => {
                let inner = tree.explain(evaluation)?;
                Explained { outcome: inner.outcome.negated(), part: Part::Not(Box::new(inner)) }
            }
            Self::Leaf(leaf) => {
                let (outcome, value) = (leaf.evaluate(evaluation), evaluation.value(leaf.source));
                let reason = match (value, outcome) {
                    (None, _) => Some("absent"),
                    (Some(value), Outcome::Error) => Some(error(&leaf.operator, value)),
                    _ => None,
                };
                let source = evaluation.source(leaf.source)?;
                Explained { outcome, part: Part::Leaf { source, operator: leaf.name, value, reason } }
            }
        })
    }
}

/// Why a value that is there cannot be compared.
fn error(operator: &Operator, value: Value<'_>) -> &'static str {
    match operator {
        Operator::AcrAtLeast { .. } if value.as_str().is_some() => "unknown value",
        Operator::Before(_) | Operator::After(_) if value.as_f64().is_some() => "unknown value",
        _ => "wrong type",
    }
}
