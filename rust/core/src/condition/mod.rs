//! Conditions over the claims and the header of a verified token, compiled once and evaluated on its parse.
//!
//! A condition is true, false or an error, and an error counts as neither: a claim of a type that the operator cannot
//! compare says nothing. An absent claim makes every leaf false but `exists = false`. Compiling refuses what it does not
//! know, names its place, and bounds depth, size and text; judging allocates nothing and takes time linear in the token.
//! `policy` and `rule` decide what an outcome leads to.

mod acr;
mod choice;
mod clauses;
mod coercion;
mod compiler;
mod explanation;
mod facts;
mod glob;
mod instant;
mod lint;
mod literal;
mod number;
mod operator;
mod outcome;
mod path;
mod place;
mod request;
mod step_up;
mod tree;

pub use acr::AcrOrder;
pub use choice::Sources;
pub use clauses::Clauses;
pub use compiler::{Compiler, Context};
pub use explanation::{Explained, Part};
pub use facts::{Facts, Source};
pub use glob::Glob;
pub use lint::{Finding, lint};
pub use literal::Literal;
pub use number::Number;
pub use outcome::Outcome;
pub use path::Path;
pub use place::{Misplaced, Place, Step};
pub use request::{Hash, Request, Wanted};
pub use step_up::StepUp;
pub use tree::{Condition, Evaluation, Leaf, Tree};
