//! A tree in conjunctive normal form, for the rules of an authorizer: a few integers where the tree is many nodes.
//!
//! A clause is the bits of leaves of which one must be true, and a tree is true where each of its clauses is. That holds for all
//! three outcomes: false is less than error, error less than true, `all` is the least and `any` the greatest, and these
//! distribute over one another. So a tree and its clauses have the same outcome, and leaves are evaluated where they are needed.

use super::outcome::Outcome;
use super::tree::{Evaluation, Leaf, Tree};

/// The clauses of a tree, each the bits of its leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Clauses(Box<[u64]>);

/// A tree with more clauses is evaluated as a tree.
const MOST: usize = 16;

impl Clauses {
    /// The clauses of a tree, or `None` where it negates, has a leaf without a bit, or would have too many clauses.
    #[must_use]
    pub fn of(tree: &Tree) -> Option<Self> {
        clauses(tree).map(|clauses| Self(clauses.into()))
    }

    /// Evaluates them, to the outcome of the tree. `leaves` are those of all bits, in order.
    #[must_use]
    pub fn evaluate(&self, leaves: &[Leaf], evaluation: &mut Evaluation<'_, '_>) -> Outcome {
        Outcome::all(self.0.iter().map(|clause| evaluation.any_of(*clause, leaves)))
    }
}

fn clauses(tree: &Tree) -> Option<Vec<u64>> {
    let found = match tree {
        Tree::Leaf(leaf) => vec![leaf.bit],
        Tree::All(trees) => trees.iter().map(clauses).collect::<Option<Vec<_>>>()?.concat(),
        Tree::Any(trees) => trees.iter().try_fold(vec![0], |known, tree| {
            let others = clauses(tree)?;
            let both = known.iter().flat_map(|one| others.iter().map(move |other| one | other));
            Some(both.take(MOST + 1).collect())
        })?,
        Tree::Not(_) => return None,
    };
    let is_usable = found.len() <= MOST && !found.contains(&0);
    is_usable.then_some(found)
}
