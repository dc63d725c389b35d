//! Authentication context classes (OpenID Connect Core section 2, `acr`) as ordered levels, each with its synonyms.

use super::place::{Compiled, Misplaced};
use crate::json::{Kind, Value};
use crate::limits;

/// The levels of one issuer, weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcrOrder(Vec<Vec<Box<str>>>);

impl AcrOrder {
    /// Reads a list whose entries are strings or lists of synonyms.
    pub fn read(value: Value<'_>) -> Compiled<Self> {
        let not_one = "must be a list of acr values, weakest first; an entry may be a list of synonyms";
        let entries = value.as_array().filter(|entries| !entries.is_empty()).ok_or(Misplaced::here(not_one))?;
        if entries.len() > limits::MAX_ACR_LEVELS {
            return Err(Misplaced::here("has more levels than an order may have"));
        }
        let mut order = Self(Vec::with_capacity(entries.len()));
        for (index, entry) in entries.iter().enumerate() {
            let mut level = Vec::new();
            match entry.kind() {
                Kind::Str(name) => level.push(Box::from(name.as_str())),
                Kind::Array(names) if !names.is_empty() && names.len() <= limits::MAX_ACR_LEVELS => {
                    for (synonym, name) in names.iter().enumerate() {
                        let name = name.as_str().ok_or_else(|| Misplaced::at(synonym, not_one).within(index))?;
                        level.push(name.into());
                    }
                }
                _ => return Err(Misplaced::at(index, not_one)),
            }
            order.0.push(level);
        }
        order.refuse_doubles()?;
        Ok(order)
    }

    fn refuse_doubles(&self) -> Compiled<()> {
        let mut seen: Vec<&str> = Vec::new();
        for (index, level) in self.0.iter().enumerate() {
            for name in level {
                if name.is_empty() {
                    return Err(Misplaced::at(index, "is an empty acr value"));
                }
                if seen.contains(&&**name) {
                    return Err(Misplaced::at(index, "names an acr value for the second time"));
                }
                seen.push(name);
            }
        }
        Ok(())
    }

    /// The level of an acr value, from 0 for the weakest.
    #[must_use]
    pub fn level(&self, acr: &str) -> Option<usize> {
        self.0.iter().position(|level| level.iter().any(|name| **name == *acr))
    }

    /// The first name of each level from this one up.
    pub(super) fn from(&self, least: usize) -> impl Iterator<Item = &str> {
        self.0.iter().skip(least).filter_map(|level| level.first()).map(|name| &**name)
    }
}
