//! Configuration read into conditions: `{ claim = PATH, OPERATOR = VALUE }`, `all`, `any`, `not`.
//!
//! What is not understood is refused, with its place. After compiling, every path, pattern and literal is within its
//! bounds and every operator has a value that it can use.

use std::sync::Arc;

use super::acr::AcrOrder;
use super::choice::Sources;
use super::facts::Source;
use super::glob::Glob;
use super::instant::Instant;
use super::literal::Literal;
use super::number::Number;
use super::operator::{Holds, Operator};
use super::path::Path;
use super::place::{Compiled, Misplaced};
use super::tree::{Condition, Leaf, Tree};
use crate::json::{Document, Kind, Limits, Object, Value};
use crate::limits;

/// What the place of a condition decides about its leaves.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The issuer's order of `acr` values.
    pub acr_order: Option<Arc<AcrOrder>>,
    /// Whether claims are compared as SignServer does, by their string form.
    pub coerced: bool,
    /// Whether there will be requests to compare with.
    pub has_request: bool,
}

/// Reads conditions that share their sources.
#[derive(Debug, Default)]
pub struct Compiler {
    sources: Vec<Source>,
    /// The leaves whose outcomes are kept, each once.
    leaves: Vec<Leaf>,
    nodes: usize,
}

/// The operators by their names.
const OPERATORS: [&str; 19] = [
    "acr_at_least",
    "after",
    "at_least",
    "at_most",
    "before",
    "contains",
    "contains_all",
    "contains_any",
    "covers_request",
    "ends_with",
    "equals",
    "equals_request",
    "exists",
    "glob",
    "greater",
    "less",
    "not_equals",
    "one_of",
    "starts_with",
];

impl Condition {
    /// Reads the JSON text of a condition.
    pub fn parse(text: Vec<u8>, context: &Context) -> Compiled<Self> {
        let document = Document::parse(text, Limits::TEXT).map_err(Misplaced::here)?;
        let mut compiler = Compiler::default();
        let tree = compiler.tree(document.root(), context)?;
        let (sources, _) = compiler.into_parts();
        Ok(Self { tree, sources })
    }
}

impl Compiler {
    /// Reads one condition.
    pub fn tree(&mut self, value: Value<'_>, context: &Context) -> Compiled<Tree> {
        self.nodes = 0;
        self.node(value, context, 1)
    }

    /// The sources of all conditions read, and the leaves that have a bit, in the order of their bits.
    #[must_use]
    pub fn into_parts(self) -> (Sources, Vec<Leaf>) {
        let leaves = self.leaves.iter().map(|leaf| (leaf.source, &leaf.operator, leaf.bit));
        (Sources::new(self.sources, leaves), self.leaves)
    }

    fn node(&mut self, value: Value<'_>, context: &Context, level: usize) -> Compiled<Tree> {
        self.nodes += 1;
        if level > limits::MAX_CONDITION_DEPTH {
            return Err(Misplaced::here("is nested deeper than conditions may be"));
        }
        if self.nodes > limits::MAX_CONDITION_NODES {
            return Err(Misplaced::here("is one condition more than a tree may have"));
        }
        let members = match value.kind() {
            Kind::Object(members) => members,
            Kind::Str(_) => return Err(Misplaced::here(RESERVED)),
            _ => return Err(Misplaced::here(EXPECTED)),
        };
        for (name, kind) in [("all", true), ("any", false)] {
            if let Some(value) = alone(members, name)? {
                let trees = self.nodes(value, context, level).map_err(|mistake| mistake.within(name))?;
                return Ok(if kind { Tree::All(trees) } else { Tree::Any(trees) });
            }
        }
        if let Some(value) = alone(members, "not")? {
            let tree = self.node(value, context, level + 1).map_err(|mistake| mistake.within("not"))?;
            return Ok(Tree::Not(Box::new(tree)));
        }
        self.leaf(members, context).map(Tree::Leaf)
    }

    fn nodes(&mut self, value: Value<'_>, context: &Context, level: usize) -> Compiled<Box<[Tree]>> {
        let items = value.as_array().ok_or(Misplaced::here("must be a list of conditions"))?;
        if items.is_empty() {
            return Err(Misplaced::here("is an empty list, of which nothing can be demanded"));
        }
        let node = |(index, item)| self.node(item, context, level + 1).map_err(|mistake| mistake.within(index));
        items.iter().enumerate().map(node).collect()
    }

    fn leaf(&mut self, members: Object<'_>, context: &Context) -> Compiled<Leaf> {
        let source = read_source(members)?;
        let words = matches!(source.top_level_claim(), Some("scope" | "scp"));
        let mut operator = None;
        for (name, value) in members {
            let name = name.as_str();
            if matches!(name, "claim" | "header" | "split" | "order") {
                continue;
            }
            let known = OPERATORS.iter().find(|known| **known == name);
            let known = *known.ok_or_else(|| Misplaced::at(name, unknown_operator(name)))?;
            if operator.is_some() {
                return Err(Misplaced::at(
                    name,
                    "is a second operator: write one condition for each, under all or any",
                ));
            }
            let read = ConditionReader { members, words, context }.operator(known, value);
            operator = Some((known, read.map_err(|mistake| mistake.within(name))?));
        }
        let (name, operator) =
            operator.ok_or_else(|| Misplaced::here(format!("needs {ONE_OPERATOR}{}", OPERATORS.join(", "))))?;
        for (modifier, applies) in [
            ("split", matches!(operator, Operator::Contains { .. } | Operator::CoversRequest { .. })),
            ("order", matches!(operator, Operator::AcrAtLeast { .. })),
        ] {
            if !applies && members.get(modifier).is_some() {
                return Err(Misplaced::at(modifier, "does not apply to this operator"));
            }
        }
        let leaf = Leaf { bit: 0, source: self.source(source), name, operator };
        Ok(self.numbered(leaf))
    }

    /// Gives a leaf its bit, if there is one left.
    fn numbered(&mut self, leaf: Leaf) -> Leaf {
        let is = |known: &&Leaf| known.source == leaf.source && known.operator == leaf.operator;
        if let Some(known) = self.leaves.iter().find(is) {
            return Leaf { bit: known.bit, ..leaf };
        }
        let Some(bit) = self.leaves.last().map_or(Some(1), |last| last.bit.checked_mul(2)) else { return leaf };
        let leaf = Leaf { bit, ..leaf };
        self.leaves.push(leaf.clone());
        leaf
    }

    fn source(&mut self, source: Source) -> usize {
        let known = self.sources.iter().position(|known| *known == source);
        known.unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        })
    }
}

const RESERVED: &str =
    "is text, which is reserved: write a condition such as { claim = \"scope\", contains = \"read\" }";
const EXPECTED: &str =
    "must be a condition such as { claim = \"scope\", contains = \"read\" }, or all, any or not with conditions";

const ONE_OPERATOR: &str = "one operator of ";

/// An operator that is not known, with the one that was probably meant, or with all.
fn unknown_operator(name: &str) -> String {
    let meant = OPERATORS.iter().map(|known| (edits(name, known), known)).min();
    match meant.filter(|(edits, known)| 2 * edits < known.len()) {
        Some((_, known)) => format!("is not an operator; did you mean {known}?"),
        None => format!("is not an operator; there must be {ONE_OPERATOR}{}", OPERATORS.join(", ")),
    }
}

/// How many characters must be put in, taken out or replaced to make one name of another (Levenshtein's distance). The names of
/// operators are short; a longer name than any is as far away as can be.
fn edits(one: &str, other: &str) -> usize {
    if one.len() > 32 {
        return usize::MAX / 2;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (done, letter) in one.bytes().enumerate() {
        let mut diagonal = done;
        let mut left = done + 1;
        for (cell, wanted) in row.iter_mut().skip(1).zip(other.bytes()) {
            let above = *cell;
            *cell = (diagonal + usize::from(letter != wanted)).min(above + 1).min(left + 1);
            (diagonal, left) = (above, *cell);
        }
        if let Some(first) = row.first_mut() {
            *first = done + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The value of `all`, `any` or `not`, which must be the only member.
fn alone<'a>(members: Object<'a>, name: &str) -> Compiled<Option<Value<'a>>> {
    let value = members.get(name);
    if value.is_some() && members.len() > 1 {
        return Err(Misplaced::at(name, "must stand alone: put what is beside it under all or any"));
    }
    Ok(value)
}

fn read_source(members: Object<'_>) -> Compiled<Source> {
    match (members.get("claim"), members.get("header")) {
        (Some(claim), None) => {
            let path = claim.as_str().ok_or("must be the path of a claim, a string").and_then(Path::parse);
            path.map(Source::Claim).map_err(|reason| Misplaced::at("claim", reason))
        }
        (None, Some(header)) => match header.as_str() {
            Some(name) if (1..=limits::MAX_CONDITION_TEXT).contains(&name.len()) => Ok(Source::Header(name.into())),
            _ => Err(Misplaced::at("header", "must be the name of a header parameter, a string")),
        },
        (Some(_), Some(_)) => Err(Misplaced::at("header", "stands beside claim: write two conditions")),
        (None, None) => Err(Misplaced::here(EXPECTED)),
    }
}

/// Reads the value of an operator.
#[derive(Clone, Copy)]
struct ConditionReader<'a> {
    members: Object<'a>,
    /// Whether a string is split without saying so.
    words: bool,
    context: &'a Context,
}

impl ConditionReader<'_> {
    fn operator(self, name: &str, value: Value<'_>) -> Compiled<Operator> {
        let one_of = |literals, negated| Operator::OneOf { literals, negated, coerced: self.context.coerced };
        let contains = |literals, all| Ok(Operator::Contains { literals, all, split: self.split()? });
        let number = |holds| Ok(Operator::Number { bound: number(value)?, holds });
        match name {
            "exists" => match value.kind() {
                Kind::Bool(expected) => Ok(Operator::Exists(expected)),
                _ => Err(Misplaced::here("must be true or false")),
            },
            "equals" => Ok(one_of(Box::new([literal(value)?]), false)),
            "not_equals" => Ok(one_of(Box::new([literal(value)?]), true)),
            "one_of" => Ok(one_of(literals(value)?, false)),
            "contains" => contains(Box::new([literal(value)?]), false),
            "contains_any" => contains(literals(value)?, false),
            "contains_all" => contains(literals(value)?, true),
            "starts_with" => Ok(Operator::StartsWith(text(value)?.into())),
            "ends_with" => Ok(Operator::EndsWith(text(value)?.into())),
            "glob" => Ok(Operator::Glob(Glob::parse(text(value)?).map_err(Misplaced::here)?)),
            "less" => number(Holds::Less),
            "at_most" => number(Holds::AtMost),
            "greater" => number(Holds::Greater),
            "at_least" => number(Holds::AtLeast),
            "before" => Ok(Operator::Before(Instant::parse(text(value)?).map_err(Misplaced::here)?)),
            "after" => Ok(Operator::After(Instant::parse(text(value)?).map_err(Misplaced::here)?)),
            "acr_at_least" => self.acr_at_least(text(value)?),
            "equals_request" => Ok(Operator::EqualsRequest(self.request_name(value)?)),
            "covers_request" => Ok(Operator::CoversRequest { name: self.request_name(value)?, split: self.split()? }),
            _ => Err(Misplaced::here(unknown_operator(name))),
        }
    }

    fn split(self) -> Compiled<bool> {
        match self.members.get("split") {
            None => Ok(self.words),
            Some(value) if value.as_str() == Some(" ") => Ok(true),
            Some(_) => Err(Misplaced::here("is used with a split that is not \" \", the only one there is")),
        }
    }

    fn acr_at_least(self, least: &str) -> Compiled<Operator> {
        let order = match (self.members.get("order"), &self.context.acr_order) {
            (Some(order), _) => Arc::new(AcrOrder::read(order)?),
            (None, Some(order)) => Arc::clone(order),
            (None, None) => {
                return Err(Misplaced::here(
                    "needs an order of acr values: the issuer's acr_order, or order = [...] here",
                ));
            }
        };
        match order.level(least) {
            Some(least) => Ok(Operator::AcrAtLeast { order, least }),
            None => Err(Misplaced::here("is not in the order: use one of the values of acr_order, or of order")),
        }
    }

    fn request_name(self, value: Value<'_>) -> Compiled<Box<str>> {
        if !self.context.has_request {
            return Err(Misplaced::here("compares with a request, which only an authorizer has"));
        }
        match text(value)? {
            "" => Err(Misplaced::here("must name a value of the request")),
            name => Ok(name.into()),
        }
    }
}

fn literal(value: Value<'_>) -> Compiled<Literal> {
    match value.as_str() {
        Some(_) => Ok(Literal::Text(text(value)?.into())),
        None => Literal::of(value).ok_or(Misplaced::here("must be one string, number, boolean or null")),
    }
}

fn literals(value: Value<'_>) -> Compiled<Box<[Literal]>> {
    let items = value.as_array().ok_or(Misplaced::here("must be a list of strings, numbers or booleans"))?;
    if items.is_empty() || items.len() > limits::MAX_CONDITION_LITERALS {
        return Err(Misplaced::here("must be a list of 1 to 1,024 literals"));
    }
    let one = |(index, item)| literal(item).map_err(|mistake| mistake.within(index));
    items.iter().enumerate().map(one).collect()
}

fn text(value: Value<'_>) -> Compiled<&str> {
    match value.as_str() {
        Some(text) if text.len() <= limits::MAX_CONDITION_TEXT => Ok(text),
        Some(_) => Err(Misplaced::here("is longer than a text in a condition may be")),
        None => Err(Misplaced::here("must be a string")),
    }
}

fn number(value: Value<'_>) -> Compiled<Number<Box<str>>> {
    match Literal::of(value) {
        Some(Literal::Number(bound)) => Ok(bound),
        _ => Err(Misplaced::here("must be a number")),
    }
}
