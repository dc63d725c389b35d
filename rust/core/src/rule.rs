//! Rules: who may do what, expressed as conditions on the tokens of named issuers.
//!
//! A deny rule that matches decides, and so does one whose condition is an error, because it might have matched. Else the first allow
//! rule that matches decides. An allow rule whose condition is an error does not match. Where no rule matches, nothing is
//! allowed; if an allow rule fails only by how the user authenticated, the answer is to authenticate better (RFC 9470).
//! Reading a configuration refuses what it does not know, with its location. Only verified tokens are decided on here.

use std::sync::Arc;

use crate::claims::VerifiedJwt;
use crate::condition::{
    AcrOrder, Clauses, Compiler, Context, Evaluation, Explained, Facts, Finding, Leaf, Misplaced, Outcome, Request,
    Sources, StepUp, Tree, lint,
};
use crate::error::{Error, Result};
use crate::json::{Document, Limits, Object, Value};
use crate::limits;

/// Rules over the tokens of some issuers.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    issuers: Vec<Issuer>,
    request_names: Vec<Box<str>>,
}

/// The members of a rule other than its condition.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which decisions and audit records carry.
    pub id: Box<str>,
    /// What it does where it matches.
    pub effect: Effect,
}

/// What a rule does where it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Permits the operation, unless another rule denies it.
    Allow,
    /// Forbids the operation.
    Deny,
}

/// The rules that apply to the tokens of one issuer.
#[derive(Debug)]
struct Issuer {
    name: Box<str>,
    sources: Sources,
    /// Deny rules first, either in the order they were written.
    trees: Vec<(usize, Effect, Tree)>,
    /// Those of each tree, if it has them, and the leaves that they name.
    clauses: Vec<Option<Clauses>>,
    leaves: Vec<Leaf>,
}

/// What rules say about a token; each rule by its index.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict<'r> {
    /// An allow rule matches, and no deny rule.
    Allowed(usize),
    /// A deny rule matches.
    Denied(usize),
    /// The condition of a deny rule cannot be evaluated.
    ConditionError(usize),
    /// An allow rule would match after a better authentication.
    StepUp(usize, StepUp<'r>),
    /// No rule matches.
    NoMatch,
}

impl RuleSet {
    /// Reads the JSON text `{"issuers": {NAME: {...}}, "rules": [...]}`.
    pub fn parse(text: Vec<u8>) -> std::result::Result<Self, Misplaced> {
        let document = Document::parse(text, Limits::TEXT).map_err(Misplaced::new)?;
        let root = document.root().members();
        let issuers = contexts(root).map_err(|mistake| mistake.within("issuers"))?;
        let mut set = Self { rules: Vec::new(), issuers: Vec::new(), request_names: Vec::new() };
        let declared = set.declarations(root, &issuers).map_err(|mistake| mistake.within("rules"))?;
        for (name, context) in &issuers {
            let issuer = set.issuer(name, context, &declared).map_err(|mistake| mistake.within("rules"))?;
            set.issuers.push(issuer);
        }
        set.request_names = set.names_of_request();
        Ok(set)
    }

    /// The rules, as they were written.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The names of the request's values that conditions compare with.
    #[must_use]
    pub fn request_names(&self) -> &[Box<str>] {
        &self.request_names
    }

    fn names_of_request(&self) -> Vec<Box<str>> {
        let mut names: Vec<_> = self
            .issuers
            .iter()
            .flat_map(|issuer| &issuer.trees)
            .flat_map(|(_, _, tree)| tree.request_names())
            .collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(Box::from).collect()
    }

    /// Decides on a token of an issuer, and what a request wants to be done.
    pub fn decide(&self, jwt: &VerifiedJwt, issuer: &str, request: Option<&Request>) -> Result<Verdict<'_>> {
        let issuer = self.of(issuer)?;
        let mut evaluation = Evaluation::new(Facts::new(jwt, request), &issuer.sources);
        for ((rule, effect, tree), clauses) in issuer.trees.iter().zip(&issuer.clauses) {
            let outcome = match clauses {
                Some(clauses) => clauses.evaluate(&issuer.leaves, &mut evaluation),
                None => tree.evaluate(&mut evaluation),
            };
            match (effect, outcome) {
                (Effect::Deny, Outcome::True) => return Ok(Verdict::Denied(*rule)),
                (Effect::Deny, Outcome::Error) => return Ok(Verdict::ConditionError(*rule)),
                (Effect::Allow, Outcome::True) => return Ok(Verdict::Allowed(*rule)),
                (Effect::Deny | Effect::Allow, _) => {}
            }
        }
        let allowing = issuer.trees.iter().filter(|(_, effect, _)| *effect == Effect::Allow);
        for (rule, _, tree) in allowing {
            if let Some(step_up) = tree.step_up(&mut evaluation) {
                return Ok(Verdict::StepUp(*rule, step_up));
            }
        }
        Ok(Verdict::NoMatch)
    }

    /// Every rule that applies to the tokens of an issuer, in the order written, with the outcome of each of its conditions.
    pub fn explain<'a>(
        &'a self,
        jwt: &'a VerifiedJwt,
        issuer: &str,
        request: Option<&'a Request>,
    ) -> Result<Vec<(&'a Rule, Explained<'a>)>> {
        let issuer = self.of(issuer)?;
        let mut evaluation = Evaluation::new(Facts::new(jwt, request), &issuer.sources);
        let mut trees: Vec<_> = issuer.trees.iter().collect();
        trees.sort_by_key(|(rule, _, _)| *rule);
        let explain =
            |(rule, _, tree): &(usize, Effect, Tree)| Some((self.rules.get(*rule)?, tree.explain(&mut evaluation)?));
        Ok(trees.into_iter().filter_map(explain).collect())
    }

    /// Rules and conditions that can never or always hold, or that say less than they seem to.
    #[must_use]
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let applying = self.issuers.iter().filter_map(|issuer| Some((issuer, issuer.tree(index)?)));
            let mut shadows: Option<Vec<usize>> = None;
            for (issuer, tree) in applying {
                let permits = rule.effect == Effect::Allow && !issuer.denies_unverified_email();
                let found = lint(tree, &issuer.sources, permits);
                let found = found.into_iter().map(|finding| finding.within("when").within(index).within("rules"));
                let new: Vec<_> = found.filter(|finding| !findings.contains(finding)).collect();
                findings.extend(new);
                let of_issuer: Vec<usize> = issuer.shadows(index, rule.effect).collect();
                shadows = Some(match shadows {
                    Some(known) => known.into_iter().filter(|one| of_issuer.contains(one)).collect(),
                    None => of_issuer,
                });
            }
            let shadow = shadows.and_then(|shadows| self.rules.get(*shadows.first()?));
            if let Some(shadow) = shadow {
                let why = match (shadow.effect, rule.effect) {
                    (Effect::Deny, Effect::Allow) => "never allows anything: all it matches is denied by rule",
                    _ => "never decides anything: all it matches is matched earlier by rule",
                };
                findings.push(Finding::new(format!("{why} {:?}", shadow.id)).within(index).within("rules"));
            }
        }
        findings
    }

    /// The allow rules that a token may match without a verified email.
    #[must_use]
    pub fn allowing_unverified_email(&self) -> Vec<&Rule> {
        let allows = |(index, rule): &(usize, &Rule)| {
            rule.effect == Effect::Allow && self.issuers.iter().any(|issuer| issuer.allows_unverified_email(*index))
        };
        self.rules.iter().enumerate().filter(allows).map(|(_, rule)| rule).collect()
    }

    fn of(&self, issuer: &str) -> Result<&Issuer> {
        let found = self.issuers.iter().find(|known| *known.name == *issuer);
        found.ok_or_else(|| Error::policy("these rules know no issuer of this name"))
    }

    /// Reads what the rules are beside their conditions: for each its issuers and its condition.
    fn declarations<'a>(&mut self, root: Object<'a>, issuers: &[(Box<str>, Context)]) -> Read<Vec<Declared<'a>>> {
        let rules = root.get("rules").and_then(Value::as_array).ok_or(Misplaced::new("must be a list of rules"))?;
        if rules.len() > limits::MAX_RULES {
            return Err(Misplaced::new("is a list of more than 1,024 rules"));
        }
        let mut declared = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            declared.push(self.declaration(rule, issuers).map_err(|mistake| mistake.within(index))?);
        }
        Ok(declared)
    }

    fn declaration<'a>(&mut self, rule: Value<'a>, issuers: &[(Box<str>, Context)]) -> Read<Declared<'a>> {
        let members = known_members(rule, &["id", "issuer", "effect", "when"])?;
        let id = match members.get("id").and_then(Value::as_str) {
            Some(id) if (1..=limits::MAX_CONDITION_TEXT).contains(&id.len()) => id,
            _ => return Err(Misplaced::at("id", "must be a name, which decisions and audit records carry")),
        };
        if self.rules.iter().any(|known| *known.id == *id) {
            return Err(Misplaced::at("id", "is the name of another rule"));
        }
        let effect = match members.get("effect").and_then(Value::as_str) {
            Some("allow") => Effect::Allow,
            Some("deny") => Effect::Deny,
            _ => return Err(Misplaced::at("effect", "must be \"allow\" or \"deny\"")),
        };
        let issuer = members.get("issuer").ok_or(Misplaced::at("issuer", NO_ISSUER))?;
        let named = names(issuer, issuers).map_err(|mistake| mistake.within("issuer"))?;
        let when = members.get("when").ok_or(Misplaced::at("when", "is missing: every rule has a condition"))?;
        self.rules.push(Rule { id: id.into(), effect });
        Ok((named, when))
    }

    /// Compiles the rules that apply to one issuer.
    fn issuer(&self, name: &str, context: &Context, declared: &[Declared<'_>]) -> Read<Issuer> {
        let mut compiler = Compiler::default();
        let mut trees = Vec::new();
        for (index, ((issuers, when), rule)) in declared.iter().zip(&self.rules).enumerate() {
            if issuers.contains(&name) {
                let tree = compiler.tree(*when, context);
                let tree = tree.map_err(|mistake| mistake.within("when").within(index))?;
                trees.push((index, rule.effect, tree));
            }
        }
        trees.sort_by_key(|(_, effect, _)| *effect == Effect::Allow);
        let clauses = trees.iter().map(|(_, _, tree)| Clauses::of(tree)).collect();
        let (sources, leaves) = compiler.into_parts();
        Ok(Issuer { name: name.into(), sources, trees, clauses, leaves })
    }
}

type Read<T> = std::result::Result<T, Misplaced>;

/// The names of a rule's issuers, and its condition.
type Declared<'a> = (Vec<&'a str>, Value<'a>);

const NO_ISSUER: &str = "must name an issuer, or a list of issuers: a rule for all of them would trust the weakest";

impl Issuer {
    fn tree(&self, rule: usize) -> Option<&Tree> {
        self.trees.iter().find(|(index, _, _)| *index == rule).map(|(_, _, tree)| tree)
    }

    fn allows_unverified_email(&self, rule: usize) -> bool {
        let demands = |tree: &Tree| tree.demands_verified_email(&self.sources);
        self.tree(rule).is_some_and(|tree| !demands(tree)) && !self.denies_unverified_email()
    }

    /// Whether a deny rule lets no token pass whose email is not verified.
    fn denies_unverified_email(&self) -> bool {
        let denies = |tree: &Tree| tree.denies_unverified_email(&self.sources);
        self.trees.iter().any(|(_, effect, tree)| *effect == Effect::Deny && denies(tree))
    }

    /// The rules that decide everything this one matches.
    fn shadows(&self, rule: usize, effect: Effect) -> impl Iterator<Item = usize> {
        let tree = self.tree(rule);
        self.trees.iter().filter_map(move |(other, of_other, shadow)| {
            let comes_first =
                (*of_other == effect && *other < rule) || (*of_other, effect) == (Effect::Deny, Effect::Allow);
            (comes_first && tree?.implies(shadow)).then_some(*other)
        })
    }
}

/// What the conditions of each issuer's rules are compiled with.
fn contexts(root: Object<'_>) -> Read<Vec<(Box<str>, Context)>> {
    let issuers = root.get("issuers").and_then(Value::as_object).ok_or(Misplaced::new("must be a table of issuers"))?;
    let read = |name: &str, issuer: Value<'_>| {
        let members = known_members(issuer, &["acr_order", "compat"])?;
        let acr_order = members.get("acr_order").map(AcrOrder::read).transpose();
        let acr_order = acr_order.map_err(|mistake| mistake.within("acr_order"))?.map(Arc::new);
        let coerced = match members.get("compat") {
            None => false,
            Some(mode) if mode.as_str() == Some("signserver") => true,
            Some(_) => return Err(Misplaced::at("compat", "must be \"signserver\", the only one there is")),
        };
        Ok((Box::from(name), Context { acr_order, coerced, has_request: true }))
    };
    let read = |(name, issuer): (crate::json::Str<'_>, Value<'_>)| {
        read(name.as_str(), issuer).map_err(|mistake| mistake.within(name.as_str()))
    };
    issuers.iter().map(read).collect()
}

/// The names of a rule's issuers, each of which is known.
fn names<'a>(value: Value<'a>, issuers: &[(Box<str>, Context)]) -> Read<Vec<&'a str>> {
    let known = |value: Value<'a>| match value.as_str() {
        Some(name) if issuers.iter().any(|(known, _)| **known == *name) => Ok(name),
        Some(_) => Err(Misplaced::new("is not a declared issuer")),
        None => Err(Misplaced::new(NO_ISSUER)),
    };
    match value.as_array() {
        None => Ok(vec![known(value)?]),
        Some(list) if list.is_empty() => Err(Misplaced::new(NO_ISSUER)),
        Some(list) => {
            let one = |(index, item)| known(item).map_err(|mistake| mistake.within(index));
            list.iter().enumerate().map(one).collect()
        }
    }
}

/// The members of a table that has no others than these.
fn known_members<'a>(value: Value<'a>, known: &[&str]) -> Read<Object<'a>> {
    let members = value.as_object().ok_or(Misplaced::new("must be a table"))?;
    match members.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => {
            Err(Misplaced::at(name.as_str(), format!("is not known here: there is {}", known.join(", "))))
        }
        None => Ok(members),
    }
}
