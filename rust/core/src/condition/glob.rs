//! Glob patterns: `*` any run, `?` one code point, `\` before `*`, `?` or `\` itself. The whole string, case-sensitive.
//!
//! The text is read once for any pattern: the part between two `*` is searched from left to right, and the leftmost
//! place never rules out a match further on. A run without `?` is found by two-way search, one with `?` by shift-and, one
//! machine word for each letter of the text, which is why it has at most 64 letters.

use std::fmt;

use memchr::memmem::Finder;

use crate::limits;

/// A pattern, read once.
#[derive(Clone)]
pub struct Glob {
    pattern: Box<str>,
    /// What lies between the `*`; one run is a pattern without `*`.
    runs: Vec<Run>,
}

/// A run of consecutive characters, none of them `*`.
#[derive(Clone)]
struct Run {
    /// None is `?`.
    letters: Vec<Option<char>>,
    search: Search,
}

#[derive(Clone)]
enum Search {
    /// No `?` among the letters.
    Text(Box<Finder<'static>>),
    /// For each letter of the run the bits of its places, and those of `?`.
    Bits { of_letters: Vec<(char, u64)>, of_any: u64 },
}

impl Glob {
    /// Reads a pattern.
    pub fn parse(pattern: &str) -> Result<Self, &'static str> {
        if pattern.len() > limits::MAX_CONDITION_TEXT {
            return Err("is longer than a pattern may be");
        }
        let mut runs = vec![Vec::new()];
        let mut letters = pattern.chars();
        while let Some(letter) = letters.next() {
            let letter = match letter {
                '*' => {
                    runs.push(Vec::new());
                    continue;
                }
                '?' => None,
                '\\' => match letters.next() {
                    Some(escaped @ ('*' | '?' | '\\')) => Some(escaped),
                    _ => return Err("has a \\ that is not before *, ? or \\: write \\\\ for one"),
                },
                letter => Some(letter),
            };
            if let Some(run) = runs.last_mut() {
                run.push(letter);
            }
        }
        let runs = runs.into_iter().map(Run::new).collect::<Result<_, _>>()?;
        Ok(Self { pattern: pattern.into(), runs })
    }

    /// Whether it matches the whole text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.runs.split_first() else { return false };
        let Some(mut rest) = first.strip_prefix(text) else { return false };
        let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
        for run in middle {
            match run.find(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        last.is_suffix(rest)
    }

    /// Whether it matches every string.
    #[must_use]
    pub fn matches_all(&self) -> bool {
        self.runs.len() > 1 && self.runs.iter().all(|run| run.letters.is_empty())
    }
}

impl Run {
    fn new(letters: Vec<Option<char>>) -> Result<Self, &'static str> {
        if let Some(text) = letters.iter().copied().collect::<Option<String>>() {
            let search = Search::Text(Box::new(Finder::new(text.as_bytes()).into_owned()));
            return Ok(Self { letters, search });
        }
        if letters.len() > u64::BITS as usize {
            return Err("has more than 64 letters between two * with a ? among them");
        }
        let (mut of_letters, mut of_any): (Vec<(char, u64)>, u64) = (Vec::new(), 0);
        for (place, letter) in letters.iter().enumerate() {
            let bit = 1 << place;
            match letter {
                None => of_any |= bit,
                Some(letter) => match of_letters.iter_mut().find(|(known, _)| known == letter) {
                    Some((_, bits)) => *bits |= bit,
                    None => of_letters.push((*letter, bit)),
                },
            }
        }
        Ok(Self { letters, search: Search::Bits { of_letters, of_any } })
    }

    /// What follows this run at the beginning of the text.
    fn strip_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text.chars();
        for letter in &self.letters {
            let found = rest.next()?;
            if letter.is_some_and(|letter| letter != found) {
                return None;
            }
        }
        Some(rest.as_str())
    }

    fn is_suffix(&self, text: &str) -> bool {
        let mut rest = text.chars();
        self.letters.iter().rev().all(|letter| match rest.next_back() {
            Some(found) => letter.is_none_or(|letter| letter == found),
            None => false,
        })
    }

    /// What follows this run at its leftmost place in the text.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        match &self.search {
            Search::Text(finder) => {
                let start = finder.find(text.as_bytes())?;
                text.get(start + finder.needle().len()..)
            }
            Search::Bits { of_letters, of_any } => {
                let whole = 1_u64 << (self.letters.len() - 1);
                let mut places = 0_u64;
                let mut rest = text.chars();
                while let Some(found) = rest.next() {
                    let of_letter = of_letters.iter().find(|(letter, _)| *letter == found).map_or(0, |(_, bits)| *bits);
                    places = ((places << 1) | 1) & (of_letter | of_any);
                    if places & whole != 0 {
                        return Some(rest.as_str());
                    }
                }
                None
            }
        }
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({:?})", self.pattern)
    }
}
