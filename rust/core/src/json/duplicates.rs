//! Duplicate members of an object (RFC 7515 section 4, RFC 7519 section 4).
//!
//! Names are compared after unescaping. The sender of a token chooses them, so no choice of names may take quadratic time:
//! small objects are bounded by their size, large ones use a keyed hash. Small ones need no table.

use std::collections::HashSet;

use super::node::Node;

/// Objects of up to this many members are searched as they are read, larger ones when they end.
pub(super) const SMALL_OBJECT: usize = 32;

/// The fingerprints in one object, eight bits of each.
#[derive(Default)]
pub(super) struct Seen([u64; 4]);

impl Seen {
    /// Adds a fingerprint; whether this one, or one with the same eight bits, is there already.
    #[inline]
    pub(super) fn insert(&mut self, fingerprint: u64) -> bool {
        let Some(word) = self.0.get_mut((fingerprint >> 62) as usize) else { return true };
        let bit = 1 << (fingerprint >> 56 & 63);
        let seen = *word & bit != 0;
        *word |= bit;
        seen
    }
}

/// Equal for equal names, and seldom for others.
#[inline]
pub(super) fn fingerprint(octets: &[u8], start: usize, len: usize) -> u64 {
    let first = word(octets, start);
    let name =
        if len < 8 { first & ((1 << (8 * len)) - 1) } else { first ^ word(octets, start + len - 8).rotate_left(23) };
    of_short(name, len)
}

/// The fingerprint of a name of fewer than eight bytes, with zeros after them.
#[inline]
pub(super) const fn of_short(name: u64, len: usize) -> u64 {
    name.wrapping_add(len as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Eight bytes, zeros where the text has ended.
#[inline]
fn word(octets: &[u8], start: usize) -> u64 {
    let rest = octets.get(start..).unwrap_or_default();
    match rest.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => rest.iter().rev().fold(0, |word, &octet| word << 8 | u64::from(octet)),
    }
}

/// Whether the last of these names is among them twice.
#[cold]
pub(super) fn has_last_twice(members: &[Node], text: &str, unescaped: &str) -> bool {
    let Some(last) = members.last() else { return false };
    let last = last.str(text, unescaped);
    names(members, text, unescaped).filter(|name| *name == last).count() > 1
}

/// Whether no name is among them twice.
#[cold]
pub(super) fn are_distinct(members: &[Node], text: &str, unescaped: &str) -> bool {
    let mut seen = HashSet::with_capacity(members.len() / 2);
    names(members, text, unescaped).all(|name| seen.insert(name))
}

/// The names of an object, whose last value need not have been read.
fn names<'a>(members: &'a [Node], text: &'a str, unescaped: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = members;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_first()?;
        rest = after.first().and_then(|value| after.get(value.span as usize..)).unwrap_or_default();
        Some(name.str(text, unescaped))
    })
}
