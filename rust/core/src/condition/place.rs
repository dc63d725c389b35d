//! Where in a configuration a mistake is: the way from its root to the member or element at fault.

use std::borrow::Cow;
use std::fmt;

use crate::error::Error;

/// One step down: into a member of an object or an element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The member of this name.
    Member(Box<str>),
    /// The element of this index.
    Element(usize),
}

/// The steps from the root, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(pub Vec<Step>);

/// A declaration that is refused, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// Where it is.
    pub place: Place,
    /// What is wrong with it and what to write instead; it repeats no value.
    pub reason: Cow<'static, str>,
}

/// What compiling a part of a configuration gives.
pub(crate) type Compiled<T> = Result<T, Misplaced>;

/// Letters of a name that a message shows.
const SHOWN: usize = 64;

impl Place {
    /// This place, seen from one level further up.
    #[must_use]
    pub fn within(mut self, step: Step) -> Self {
        self.0.insert(0, step);
        self
    }
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::Member(name.into())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Element(index)
    }
}

impl Misplaced {
    /// A mistake at the root of what is read.
    #[must_use]
    pub const fn new(reason: &'static str) -> Self {
        Self { place: Place(Vec::new()), reason: Cow::Borrowed(reason) }
    }

    /// A mistake at the root of what is read.
    pub(crate) fn here(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { place: Place::default(), reason: reason.into() }
    }

    /// A mistake in the member or element below.
    pub(crate) fn at(step: impl Into<Step>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::here(reason).within(step)
    }

    /// The same mistake, seen from one level further up.
    #[must_use]
    pub fn within(self, step: impl Into<Step>) -> Self {
        Self { place: self.place.within(step.into()), ..self }
    }
}

/// As one writes it: `rules[1].when.all[0].contains`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Element(element) => write!(f, "[{element}]")?,
                Step::Member(name) => {
                    if index > 0 {
                        f.write_str(".")?;
                    }
                    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    let shown: String = name.chars().take(SHOWN).collect();
                    if !name.is_empty() && name.chars().all(bare) {
                        f.write_str(&shown)?;
                    } else {
                        write!(f, "{shown:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.0.is_empty() {
            return f.write_str(&self.reason);
        }
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl From<Misplaced> for Error {
    fn from(mistake: Misplaced) -> Self {
        Self::policy(mistake.to_string())
    }
}
