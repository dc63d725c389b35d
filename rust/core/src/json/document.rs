//! A parsed JSON text and its values.
//!
//! A value borrows its document. Numbers stay text until they are asked for, and integers are exact at any length.

use std::fmt;

use zeroize::Zeroize;

use super::node::{Limits, Node, Tag};
use super::parser;

/// A text and its parse.
#[derive(Clone)]
pub struct Document {
    text: String,
    /// The strings that had escapes, unescaped, one after the other.
    unescaped: String,
    nodes: Vec<Node>,
}

impl Document {
    /// Reads a text whole, or says why it is refused.
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    pub fn parse(text: Vec<u8>, limits: Limits) -> Result<Self, &'static str> {
        let text = String::from_utf8(text).map_err(|_| "not UTF-8")?;
        let (nodes, unescaped) = parser::read(&text, limits)?;
        Ok(Self { text, unescaped, nodes })
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Value<'_> {
        Value { document: self, nodes: &self.nodes }
    }

    /// The bytes that were parsed.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.capacity() + self.unescaped.capacity() + self.nodes.capacity() * size_of::<Node>()
    }

    /// The same without the memory that it has to spare.
    #[must_use]
    pub fn shrunk(mut self) -> Self {
        self.text.shrink_to_fit();
        self.unescaped.shrink_to_fit();
        self.nodes.shrink_to_fit();
        self
    }

    /// Overwrites everything that was parsed, for texts that hold a private key.
    pub fn wipe(mut self) {
        self.text.zeroize();
        self.unescaped.zeroize();
    }

    #[inline]
    fn str(&self, node: &Node) -> &str {
        node.str(&self.text, &self.unescaped)
    }
}

/// Shows a length only: claims and keys do not belong in a log.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} octets)", self.text.len())
    }
}

/// One value of a document.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    document: &'a Document,
    /// The value's own node and those below it.
    pub(super) nodes: &'a [Node],
}

/// A value by its type.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction and exponent.
    Int(Int<'a>),
    /// A number with either; always finite.
    Float(f64),
    /// A string.
    Str(Str<'a>),
    /// An array.
    Array(Array<'a>),
    /// An object.
    Object(Object<'a>),
}

impl<'a> Value<'a> {
    /// The first value of a list of nodes, and the nodes after it.
    #[inline]
    fn first(document: &'a Document, nodes: &'a [Node]) -> Option<(Self, &'a [Node])> {
        let (nodes, after) = nodes.split_at_checked(nodes.first()?.span as usize)?;
        Some((Self { document, nodes }, after))
    }

    /// This value by its type.
    #[must_use]
    #[expect(
        clippy::inline_always,
        reason = "out of line, what it returns goes through memory to be matched on at once"
    )]
    #[inline(always)]
    pub fn kind(self) -> Kind<'a> {
        let Self { document, nodes } = self;
        let Some((node, nodes)) = nodes.split_first() else { return Kind::Null };
        match node.tag {
            Tag::Null => Kind::Null,
            Tag::False => Kind::Bool(false),
            Tag::True => Kind::Bool(true),
            Tag::Int => Kind::Int(Int { digits: document.str(node) }),
            // The parser has read this text as a finite number.
            Tag::Float => Kind::Float(document.str(node).parse().unwrap_or_default()),
            Tag::Plain | Tag::Unescaped => Kind::Str(Str { document, node }),
            Tag::Array => Kind::Array(Array { document, len: node.len, nodes }),
            Tag::Object => Kind::Object(Object { document, len: node.len, nodes }),
        }
    }

    /// The string, if it is one.
    #[must_use]
    #[inline]
    pub fn as_str(self) -> Option<&'a str> {
        match self.kind() {
            Kind::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The object, if it is one.
    #[must_use]
    #[inline]
    pub fn as_object(self) -> Option<Object<'a>> {
        match self.kind() {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The members, or an empty list if the value is not an object.
    #[must_use]
    pub fn members(self) -> Object<'a> {
        self.as_object().unwrap_or(Object { document: self.document, len: 0, nodes: &[] })
    }

    /// The array, if it is one.
    #[must_use]
    pub fn as_array(self) -> Option<Array<'a>> {
        match self.kind() {
            Kind::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The number nearest to this one, if it is a number and not an integer beyond every `f64`.
    #[must_use]
    pub fn as_f64(self) -> Option<f64> {
        match self.kind() {
            Kind::Int(value) => value.as_f64(),
            Kind::Float(value) => Some(value),
            _ => None,
        }
    }
}

/// An integer of any length, exact.
#[derive(Clone, Copy, Debug)]
pub struct Int<'a> {
    digits: &'a str,
}

impl<'a> Int<'a> {
    /// The value, if it is within `i64`; `-0` is 0.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        // Dates and counts have no sign and are far from the bounds; the parser has checked that they are digits.
        let digits = self.digits.as_bytes();
        if digits.len() <= 18 && digits.first() != Some(&b'-') {
            let (eight, rest) =
                digits.split_first_chunk().map_or((0, digits), |(eight, rest)| (of_eight(*eight), rest));
            return Some(rest.iter().fold(eight, |value, digit| value * 10 + i64::from(digit & 0x0f)));
        }
        self.digits.parse().ok()
    }

    /// The nearest number, if there is a finite one.
    fn as_f64(self) -> Option<f64> {
        match self.as_i64() {
            #[expect(clippy::cast_precision_loss, reason = "the nearest number is what is asked for")]
            Some(value) => Some(value as f64),
            None => self.digits.parse().ok().filter(|value: &f64| value.is_finite()),
        }
    }

    /// The integer as it stands in the text, with its sign.
    #[must_use]
    pub const fn digits(self) -> &'a str {
        self.digits
    }
}

/// The number of eight decimal digits, added up in pairs, then pairs of pairs, then both halves.
#[inline]
const fn of_eight(digits: [u8; 8]) -> i64 {
    let digits = u64::from_le_bytes(digits) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    ((fours & 0xffff_ffff) * 10_000 + (fours >> 32)).cast_signed()
}

/// A string.
#[derive(Clone, Copy, Debug)]
pub struct Str<'a> {
    document: &'a Document,
    node: &'a Node,
}

impl<'a> Str<'a> {
    /// The string, unescaped.
    #[must_use]
    #[inline]
    pub fn as_str(self) -> &'a str {
        self.document.str(self.node)
    }

    /// The same as bytes, without checking where its characters begin.
    #[must_use]
    #[inline]
    pub fn octets(self) -> &'a [u8] {
        let Document { text, unescaped, .. } = self.document;
        let text = if self.node.tag == Tag::Unescaped { unescaped } else { text };
        let start = self.node.start as usize;
        text.as_bytes().get(start..start + self.node.len as usize).unwrap_or_default()
    }

    /// The bytes of a string of exactly three; its length is compared before its text is read.
    #[must_use]
    #[inline]
    pub fn of_three(self) -> Option<&'a [u8; 3]> {
        if self.node.len == 3 { self.octets().first_chunk() } else { None }
    }

    /// Whether every character is ASCII.
    #[must_use]
    #[inline]
    pub fn is_ascii(self) -> bool {
        self.octets().is_ascii()
    }

    /// Whether it is in the text as it is. If so, it is ASCII where the text is.
    #[must_use]
    #[inline]
    pub fn is_plain(self) -> bool {
        self.node.tag == Tag::Plain
    }
}

/// An array.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a> {
    document: &'a Document,
    len: u32,
    nodes: &'a [Node],
}

impl<'a> Array<'a> {
    /// How many elements it has.
    #[must_use]
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The elements, in order.
    #[must_use]
    #[inline]
    pub const fn iter(self) -> Elements<'a> {
        Elements { document: self.document, nodes: self.nodes }
    }
}

impl<'a> IntoIterator for Array<'a> {
    type Item = Value<'a>;
    type IntoIter = Elements<'a>;

    fn into_iter(self) -> Elements<'a> {
        self.iter()
    }
}

/// The elements of an array.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    document: &'a Document,
    nodes: &'a [Node],
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        let (value, after) = Value::first(self.document, self.nodes)?;
        self.nodes = after;
        Some(value)
    }
}

/// An object; no two members share a name.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    document: &'a Document,
    len: u32,
    nodes: &'a [Node],
}

impl<'a> Object<'a> {
    /// The document that it is in.
    #[must_use]
    pub const fn document(self) -> &'a Document {
        self.document
    }

    /// How many members it has.
    #[must_use]
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The members, in the order of the text.
    #[must_use]
    #[inline]
    pub const fn iter(self) -> Members<'a> {
        Members { document: self.document, nodes: self.nodes }
    }

    /// The value of the member of this name. To read many members, iterate once instead.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        // Lengths are compared first, so that a search reads almost none of the text.
        let is = |member: &Str<'_>| member.node.len as usize == name.len() && member.as_str() == name;
        self.iter().find(|(member, _)| is(member)).map(|(_, value)| value)
    }
}

impl<'a> IntoIterator for Object<'a> {
    type Item = (Str<'a>, Value<'a>);
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}

/// The members of an object.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    document: &'a Document,
    nodes: &'a [Node],
}

impl<'a> Iterator for Members<'a> {
    type Item = (Str<'a>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<(Str<'a>, Value<'a>)> {
        let (node, rest) = self.nodes.split_first()?;
        let (value, after) = Value::first(self.document, rest)?;
        self.nodes = after;
        Some((Str { document: self.document, node }, value))
    }
}
