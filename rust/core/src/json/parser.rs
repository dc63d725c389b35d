//! One pass from text to nodes (RFC 8259 section 2).
//!
//! Every refusal is a reason written here and repeats nothing of the text. The parser calls itself once per container, so
//! `Limits::depth` bounds its stack. The caller bounds the length of the text.
//!
//! The position `at` is passed from function to function and never stored, so that it stays in a register. `None` means
//! refused.

use super::duplicates::{self, SMALL_OBJECT, Seen};
use super::node::{Limits, Node, Tag};
use super::scan::{are_digits, plain_end, short};

/// The nodes of a text, and its strings that had escapes, one after the other.
#[expect(clippy::inline_always, reason = "what it returns stays in registers")]
#[inline(always)]
pub(super) fn read(text: &str, limits: Limits) -> Result<(Vec<Node>, String), &'static str> {
    let octets = text.as_bytes();
    // Claims take one node for about thirteen bytes. Room for many more would cost more than growing sometimes: up to a kilobyte
    // the allocator keeps what was freed at hand.
    let nodes = Vec::with_capacity(octets.len() / 12 + 8);
    let mut parser = Parser { text, octets, limits, nodes, unescaped: String::new(), refusal: "" };
    match parser.document() {
        Some(()) => Ok((parser.nodes, parser.unescaped)),
        None => Err(parser.refusal),
    }
}

const DUPLICATE: &str = "duplicate member";
const NOT_A_VALUE: &str = "not a JSON value";
const UNKNOWN_ESCAPE: &str = "an unknown escape in a string";

struct Parser<'a> {
    text: &'a str,
    octets: &'a [u8],
    limits: Limits,
    nodes: Vec<Node>,
    unescaped: String,
    refusal: &'static str,
}

impl Parser<'_> {
    fn document(&mut self) -> Option<()> {
        if u32::try_from(self.octets.len()).is_err() {
            return self.refuse("too long");
        }
        if self.text.starts_with('\u{FEFF}') {
            return self.refuse("starts with a byte order mark");
        }
        let end = self.value(self.after_space(0), 0)?;
        if self.after_space(end) < self.octets.len() {
            return self.refuse("text after the value");
        }
        Some(())
    }

    /// Reads the value that starts at `at`, inside `level` containers; returns where it ends, as the functions below do.
    #[expect(
        clippy::inline_always,
        reason = "names and most claims are short strings, for which the call would weigh as much as the work"
    )]
    #[inline(always)]
    fn value(&mut self, at: usize, level: usize) -> Option<usize> {
        if self.octet(at) == b'"' { self.string(at) } else { self.other_value(at, level) }
    }

    /// A value that is no string.
    fn other_value(&mut self, at: usize, level: usize) -> Option<usize> {
        match self.octet(at) {
            b'{' => self.object(at, level + 1),
            b'[' => self.array(at, level + 1),
            b'-' | b'0'..=b'9' => self.number(at),
            b't' => self.literal(at, "true", Tag::True),
            b'f' => self.literal(at, "false", Tag::False),
            b'n' => self.literal(at, "null", Tag::Null),
            _ => self.refuse_at(at, NOT_A_VALUE),
        }
    }

    fn object(&mut self, at: usize, level: usize) -> Option<usize> {
        let index = self.open(level)?;
        let mut seen = Seen::default();
        let mut len = 0;
        let mut at = self.after_space(at + 1);
        if self.octet(at) != b'}' {
            loop {
                if self.octet(at) != b'"' {
                    return self.refuse_at(at, "a member without a name");
                }
                let fingerprint;
                (at, fingerprint) = self.name(at)?;
                at = self.after_space(at);
                if self.octet(at) != b':' {
                    return self.refuse_at(at, "a member without a colon");
                }
                len += 1;
                if len > SMALL_OBJECT {
                    if len > self.limits.members {
                        return self.refuse("too many members");
                    }
                } else if seen.insert(fingerprint) && self.has_last_twice(index) {
                    return self.refuse(DUPLICATE);
                }
                at = self.value(self.after_space(at + 1), level)?;
                at = self.after_space(at);
                match self.octet(at) {
                    b',' => at = self.after_space(at + 1),
                    b'}' => break,
                    _ => return self.refuse_at(at, "no comma between members"),
                }
            }
        }
        if len > SMALL_OBJECT && !self.are_distinct(index) {
            return self.refuse(DUPLICATE);
        }
        self.close(index, Tag::Object, len);
        Some(at + 1)
    }

    fn array(&mut self, at: usize, level: usize) -> Option<usize> {
        let index = self.open(level)?;
        let mut len = 0;
        let mut at = self.after_space(at + 1);
        if self.octet(at) != b']' {
            loop {
                at = self.value(at, level)?;
                at = self.after_space(at);
                len += 1;
                match self.octet(at) {
                    b',' => at = self.after_space(at + 1),
                    b']' => break,
                    _ => return self.refuse_at(at, "no comma between elements"),
                }
            }
        }
        self.close(index, Tag::Array, len);
        Some(at + 1)
    }

    /// Makes the node of a container, to be completed when it closes; returns its index.
    fn open(&mut self, level: usize) -> Option<usize> {
        if level > self.limits.depth {
            return self.refuse("nested too deeply");
        }
        let index = self.nodes.len();
        self.nodes.push(Node { tag: Tag::Null, start: 0, len: 0, span: 1 });
        Some(index)
    }

    /// Completes the node of a container with what was read since.
    fn close(&mut self, index: usize, tag: Tag, len: usize) {
        let span = offset(self.nodes.len() - index);
        if let Some(node) = self.nodes.get_mut(index) {
            *node = Node { tag, start: 0, len: offset(len), span };
        }
    }

    fn literal(&mut self, at: usize, literal: &str, tag: Tag) -> Option<usize> {
        if !self.octets.get(at..).is_some_and(|rest| rest.starts_with(literal.as_bytes())) {
            return self.refuse(NOT_A_VALUE);
        }
        self.leaf(tag, 0, 0);
        Some(at + literal.len())
    }

    fn number(&mut self, at: usize) -> Option<usize> {
        let first = at + usize::from(self.octet(at) == b'-');
        let mut end = self.after_digits(first);
        let count = end - first;
        if count > 1 && self.octet(first) == b'0' {
            return self.refuse("a number with a leading zero");
        }
        let (mut fraction, mut exponent) = (None, None);
        if self.octet(end) == b'.' {
            let first = end + 1;
            end = self.after_digits(first);
            fraction = Some(end - first);
        }
        if matches!(self.octet(end), b'e' | b'E') {
            let first = end + 1 + usize::from(matches!(self.octet(end + 1), b'+' | b'-'));
            end = self.after_digits(first);
            exponent = Some(end - first);
        }
        if count == 0 || fraction == Some(0) || exponent == Some(0) {
            return self.refuse("an incomplete number");
        }
        let tag = if fraction.is_none() && exponent.is_none() {
            if count > self.limits.digits {
                return self.refuse("too many digits");
            }
            Tag::Int
        } else {
            let value = self.text.get(at..end).and_then(|number| number.parse().ok()).unwrap_or(f64::NAN);
            if !value.is_finite() {
                return self.refuse("a number out of range");
            }
            Tag::Float
        };
        self.leaf(tag, at, end - at);
        Some(end)
    }

    #[expect(
        clippy::inline_always,
        reason = "names and most claims are short strings, for which the call would weigh as much as the work"
    )]
    #[inline(always)]
    fn string(&mut self, at: usize) -> Option<usize> {
        let start = at + 1;
        let end = plain_end(self.octets, start);
        if self.octet(end) != b'"' {
            return self.string_with_escapes(start, end);
        }
        self.leaf(Tag::Plain, start, end - start);
        Some(end + 1)
    }

    /// Reads a name as `string` does; returns where it ends and its fingerprint.
    #[expect(
        clippy::inline_always,
        reason = "names and most claims are short strings, for which the call would weigh as much as the work"
    )]
    #[inline(always)]
    fn name(&mut self, at: usize) -> Option<(usize, u64)> {
        let start = at + 1;
        if let Some((word, len)) = short(self.octets, start)
            && self.octet(start + len) == b'"'
        {
            self.leaf(Tag::Plain, start, len);
            return Some((start + len + 1, duplicates::of_short(word, len)));
        }
        let end = self.string(at)?;
        Some((end, self.fingerprint()))
    }

    /// A string that is plain up to here only.
    #[cold]
    fn string_with_escapes(&mut self, start: usize, end: usize) -> Option<usize> {
        let from = self.unescaped.len();
        let (mut start, mut end) = (start, end);
        loop {
            self.unescaped.push_str(self.text.get(start..end).unwrap_or_default());
            match self.octet(end) {
                b'"' => break,
                b'\\' => start = self.escape(end + 1)?,
                _ => return self.refuse_at(end, "a control character in a string"),
            }
            end = plain_end(self.octets, start);
        }
        self.leaf(Tag::Unescaped, from, self.unescaped.len() - from);
        Some(end + 1)
    }

    /// One escape sequence, after its backslash.
    fn escape(&mut self, at: usize) -> Option<usize> {
        let character = match self.octet(at) {
            letter @ (b'"' | b'\\' | b'/') => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(at + 1),
            _ => return self.refuse_at(at, UNKNOWN_ESCAPE),
        };
        self.unescaped.push(character);
        Some(at + 1)
    }

    /// One `\u` escape, or the two that make a surrogate pair, after the first `u`.
    fn unicode_escape(&mut self, at: usize) -> Option<usize> {
        const LONE: &str = "a lone surrogate in a string";
        let (unit, end) = (self.code_unit(at)?, at + 4);
        let (code, end) = match unit {
            0xD800..0xDC00 => {
                if self.octet(end) != b'\\' || self.octet(end + 1) != b'u' {
                    return self.refuse_at(end, LONE);
                }
                let low @ 0xDC00..0xE000 = self.code_unit(end + 2)? else { return self.refuse(LONE) };
                (0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00), end + 6)
            }
            _ => (unit, end),
        };
        let Some(character) = char::from_u32(code) else { return self.refuse(LONE) };
        self.unescaped.push(character);
        Some(end)
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self, at: usize) -> Option<u32> {
        let mut unit = 0;
        for at in at..at + 4 {
            let Some(digit) = char::from(self.octet(at)).to_digit(16) else {
                return self.refuse_at(at, UNKNOWN_ESCAPE);
            };
            unit = unit << 4 | digit;
        }
        Some(unit)
    }

    #[inline]
    fn leaf(&mut self, tag: Tag, start: usize, len: usize) {
        self.nodes.push(Node { tag, start: offset(start), len: offset(len), span: 1 });
    }

    /// The fingerprint of the name that was read last.
    #[inline]
    fn fingerprint(&self) -> u64 {
        let Some(name) = self.nodes.last() else { return 0 };
        let octets = if name.tag == Tag::Plain { self.octets } else { self.unescaped.as_bytes() };
        duplicates::fingerprint(octets, name.start as usize, name.len as usize)
    }

    /// Whether the object at this index already had the name that was read last.
    #[cold]
    fn has_last_twice(&self, index: usize) -> bool {
        duplicates::has_last_twice(self.nodes.get(index + 1..).unwrap_or_default(), self.text, &self.unescaped)
    }

    #[cold]
    fn are_distinct(&self, index: usize) -> bool {
        duplicates::are_distinct(self.nodes.get(index + 1..).unwrap_or_default(), self.text, &self.unescaped)
    }

    fn after_digits(&self, at: usize) -> usize {
        let mut at = at;
        while let Some(eight) = self.octets.get(at..).and_then(<[u8]>::first_chunk)
            && are_digits(*eight)
        {
            at += 8;
        }
        while self.octet(at).is_ascii_digit() {
            at += 1;
        }
        at
    }

    #[inline]
    fn after_space(&self, at: usize) -> usize {
        let mut at = at;
        while matches!(self.octet(at), b' ' | b'\t' | b'\n' | b'\r') {
            at += 1;
        }
        at
    }

    /// The byte at a position; past the end NUL, which no JSON text contains.
    #[inline]
    fn octet(&self, at: usize) -> u8 {
        self.octets.get(at).copied().unwrap_or(0)
    }

    /// Refuses what is at a position, or that the text has ended there.
    #[cold]
    fn refuse_at<T>(&mut self, at: usize, reason: &'static str) -> Option<T> {
        self.refuse(if at < self.octets.len() { reason } else { "ends early" })
    }

    #[cold]
    fn refuse<T>(&mut self, reason: &'static str) -> Option<T> {
        self.refusal = reason;
        None
    }
}

/// A position in the text or an index of a node: `read` takes no text beyond `u32`, and no text has more nodes than bytes.
#[expect(clippy::cast_possible_truncation, reason = "texts beyond `u32` are refused before the first node")]
const fn offset(at: usize) -> u32 {
    at as u32
}
