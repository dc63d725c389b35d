//! How many signatures of a JWS must verify, which RFC 7515 section 7.2.1 leaves to the application.
//!
//! `check` refuses a requirement that these keys could never meet. `met_by` compares it with the outcome of each signature.
//! Keys count, not signatures: two signatures by one key are one.

use super::VerifiedSignature;
use crate::error::{Error, NoKey, Result};
use crate::key::Key;
use crate::key_set::KeySet;

/// How many signatures must verify.
#[derive(Clone, Debug)]
pub enum Require {
    /// Every one.
    All,
    /// At least one.
    Any,
    /// This number, by different keys.
    Count(usize),
    /// One by each of the caller's keys with these kids.
    Kids(Vec<Box<str>>),
}

/// The outcome of each signature, in order.
pub type Report = Vec<Result<VerifiedSignature>>;

impl Require {
    /// Refuses what no JWS could meet, which is an error in the program unless the keys can change.
    pub(super) fn check(&self, keys: &KeySet, changing: bool) -> Result<()> {
        match self.check_fixed(keys) {
            Err(Error::InvalidPolicy(_)) if changing && self.depends_on_keys() => {
                Err(Error::KeyNotFound(NoKey::UnknownKid))
            }
            checked => checked,
        }
    }

    /// Whether other keys could meet it.
    fn depends_on_keys(&self) -> bool {
        match self {
            Self::All | Self::Any | Self::Count(0) => false,
            Self::Count(_) => true,
            Self::Kids(kids) => !kids.is_empty(),
        }
    }

    fn check_fixed(&self, keys: &KeySet) -> Result<()> {
        match self {
            Self::Count(0) => Err(Error::policy("require must be at least 1")),
            Self::Count(count) if !has_distinct(*count, keys.keys().iter()) => {
                Err(Error::policy("require is greater than the number of different keys"))
            }
            Self::All | Self::Any | Self::Count(_) => Ok(()),
            Self::Kids(kids) if kids.is_empty() => Err(Error::policy("require lists no kid")),
            Self::Kids(kids) => {
                let listed = |key: &&Key| key.kid().is_some_and(|kid| kids.iter().any(|one| **one == *kid));
                let named: Vec<&Key> = keys.keys().iter().filter(listed).collect();
                if !kids.iter().all(|kid| named.iter().any(|key| key.kid() == Some(kid))) {
                    return Err(Error::policy("require lists a kid that none of the keys has"));
                }
                // Each kid must name a different key; otherwise one key would count twice.
                let alias = |one: &&Key| named.iter().any(|other| other.kid() != one.kid() && other.is_same(one));
                if named.iter().any(alias) {
                    return Err(Error::policy("require lists two kids of one key"));
                }
                Ok(())
            }
        }
    }

    /// The report, where it meets this; otherwise its first error.
    pub(super) fn met_by(&self, mut report: Report, keys: &KeySet) -> Result<Report> {
        let verified = || report.iter().flatten().map(VerifiedSignature::key_index);
        let met = match self {
            Self::All => report.iter().all(Result::is_ok),
            Self::Any => verified().next().is_some(),
            Self::Count(count) => has_distinct(*count, verified().filter_map(|index| keys.key(index))),
            Self::Kids(kids) => {
                kids.iter().all(|kid| verified().any(|index| keys.key(index).is_some_and(|key| key.kid() == Some(kid))))
            }
        };
        if met {
            return Ok(report);
        }
        let first = report.iter().position(Result::is_err).map(|index| report.swap_remove(index));
        Err(first.and_then(Result::err).unwrap_or(Error::InvalidSignature))
    }

    /// The index of the signature that the result is about: the first that verified, and with kids the one of the first kid
    /// that the caller lists, because the order of signatures is the sender's.
    #[must_use]
    pub fn foremost(&self, report: &[Result<VerifiedSignature>], keys: &KeySet) -> Option<usize> {
        let first = match self {
            Self::All | Self::Any | Self::Count(_) => None,
            Self::Kids(kids) => kids.first().map(|kid| &**kid),
        };
        let is_first = |key: &Key| first.is_none() || key.kid() == first;
        let verified = |one: &Result<VerifiedSignature>| one.as_ref().ok().and_then(|one| keys.key(one.key_index()));
        report.iter().position(|one| verified(one).is_some_and(is_first))
    }
}

/// Whether at least `count` of these keys are different; keys that verify each other's signatures count once.
fn has_distinct<'a>(count: usize, keys: impl Iterator<Item = &'a Key>) -> bool {
    let mut seen: Vec<&Key> = Vec::new();
    for key in keys {
        if seen.len() < count && !seen.iter().any(|one| one.is_same(key)) {
            seen.push(key);
        }
    }
    seen.len() >= count
}
