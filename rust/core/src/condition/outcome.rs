//! The three outcomes of a condition.

/// What a condition says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be evaluated: a claim has a type or a value that the operator cannot compare.
    Error,
}

impl Outcome {
    /// The outcome's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Error => "error",
        }
    }

    /// The contrary; an error stays one.
    #[must_use]
    pub const fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Error => Self::Error,
        }
    }

    /// True of many where one false decides, else an error prevails.
    pub fn all(outcomes: impl Iterator<Item = Self>) -> Self {
        Self::decided(outcomes, Self::False, Self::True)
    }

    /// True of many where one true decides, else an error prevails.
    pub fn any(outcomes: impl Iterator<Item = Self>) -> Self {
        Self::decided(outcomes, Self::True, Self::False)
    }

    fn decided(outcomes: impl Iterator<Item = Self>, by: Self, otherwise: Self) -> Self {
        let mut found = otherwise;
        for outcome in outcomes {
            if outcome == by {
                return by;
            }
            if outcome == Self::Error {
                found = Self::Error;
            }
        }
        found
    }
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}
