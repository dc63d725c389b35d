//! The way to a claim: bare names joined by dots, names as JSON strings, or a JSON Pointer (RFC 6901), which alone indexes arrays.
//!
//! `realm_access.roles`, `"kubernetes.io".namespace`, `/authorization_details/0/type`.

use crate::json::{Document, Kind, Limits, Object, Value};
use crate::limits;

/// A path, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    text: Box<str>,
    steps: Box<[Name]>,
}

/// One name on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    member: Box<str>,
    /// What the name means in an array: JSON Pointers only.
    index: Option<usize>,
}

impl Path {
    /// Reads a path, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > limits::MAX_CONDITION_TEXT {
            return Err("is longer than a path may be");
        }
        let steps = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(pointed).collect::<Result<Vec<_>, _>>()?,
            None => dotted(text)?,
        };
        if steps.len() > limits::MAX_DEPTH {
            return Err("leads deeper than a token may be nested");
        }
        Ok(Self { text: text.into(), steps: steps.into() })
    }

    /// The path as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of a top-level member, if the path has only one name.
    #[must_use]
    pub fn top_level(&self) -> Option<&str> {
        match &*self.steps {
            [only] => Some(&only.member),
            _ => None,
        }
    }

    /// The value at the end of the path.
    #[must_use]
    #[inline]
    pub fn find<'a>(&self, root: Object<'a>) -> Option<Value<'a>> {
        let (first, rest) = self.steps.split_first()?;
        let value = root.get(&first.member)?;
        if rest.is_empty() { Some(value) } else { walk(value, rest) }
    }

    /// The object that has the value as a member.
    #[must_use]
    pub fn parent<'a>(&self, root: Object<'a>) -> Option<Object<'a>> {
        let (_, above) = self.steps.split_last()?;
        let Some((first, rest)) = above.split_first() else { return Some(root) };
        walk(root.get(&first.member)?, rest)?.as_object()
    }
}

fn walk<'a>(mut value: Value<'a>, steps: &[Name]) -> Option<Value<'a>> {
    for step in steps {
        value = match value.kind() {
            Kind::Object(members) => members.get(&step.member)?,
            Kind::Array(items) => items.iter().nth(step.index?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// A reference token of a JSON Pointer (RFC 6901 section 4).
fn pointed(token: &str) -> Result<Name, &'static str> {
    let mut member = String::with_capacity(token.len());
    let mut letters = token.chars();
    while let Some(letter) = letters.next() {
        member.push(match letter {
            '~' => match letters.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err("is not a JSON Pointer: write ~ as ~0, and / in a name as ~1"),
            },
            letter => letter,
        });
    }
    let is_index = token == "0" || token.starts_with(|c: char| ('1'..='9').contains(&c));
    let index = token.parse().ok().filter(|_| is_index && token.bytes().all(|octet| octet.is_ascii_digit()));
    Ok(Name { member: member.into(), index })
}

fn dotted(text: &str) -> Result<Vec<Name>, &'static str> {
    let mut steps = Vec::new();
    let mut rest = text;
    loop {
        let (member, after) = if rest.starts_with('"') { quoted(rest)? } else { bare(rest)? };
        steps.push(Name { member, index: None });
        let Some(next) = after.strip_prefix('.') else {
            return if after.is_empty() { Ok(steps) } else { Err(EXPECTED) };
        };
        rest = next;
    }
}

const EXPECTED: &str = "is not a path: join names of letters, digits, _ and - with dots; write any other name as a JSON string, such as \
                        \"kubernetes.io\".namespace; or a JSON Pointer, such as /kubernetes.io/namespace";

fn bare(text: &str) -> Result<(Box<str>, &str), &'static str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some((name, rest)) if !name.is_empty() => Ok((name.into(), rest)),
        _ => Err(EXPECTED),
    }
}

/// A name as a JSON string, and what follows it.
fn quoted(text: &str) -> Result<(Box<str>, &str), &'static str> {
    let mut escaped = false;
    let end = text.bytes().enumerate().skip(1).find(|(_, octet)| {
        let closes = *octet == b'"' && !escaped;
        escaped = *octet == b'\\' && !escaped;
        closes
    });
    let (string, rest) = end.and_then(|(end, _)| text.split_at_checked(end + 1)).ok_or(EXPECTED)?;
    let document = Document::parse(string.as_bytes().to_vec(), Limits::TEXT).map_err(|_| EXPECTED)?;
    Ok((document.root().as_str().ok_or(EXPECTED)?.into(), rest))
}
