//! The nodes that a JSON text is parsed into, and how large a text may be (RFC 8259 section 9 allows both limits).

use crate::limits;

/// How much a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers within containers; the outermost is level 1. It bounds the parser's recursion.
    pub depth: usize,
    /// Members of one object.
    pub members: usize,
    /// Digits of one integer.
    pub digits: usize,
}

impl Limits {
    /// The limits of a JOSE header.
    pub const HEADER: Self = Self { depth: limits::MAX_HEADER_DEPTH, ..Self::TEXT };
    /// The limits of every other text.
    pub const TEXT: Self =
        Self { depth: limits::MAX_DEPTH, members: limits::MAX_MEMBERS, digits: limits::MAX_INTEGER_DIGITS };
}

/// One value or member name, in 16 bytes.
///
/// An object is followed by its members, name, value, name, value; an array by its elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) tag: Tag,
    /// Of a number or string: where it begins in its text.
    pub(super) start: u32,
    /// Bytes of a number or string; elements of an array; members of an object.
    pub(super) len: u32,
    /// This node and all those below it: the step to the next one on its level.
    pub(super) span: u32,
}

const _: () = assert!(size_of::<Node>() == 16);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Null,
    False,
    True,
    Int,
    Float,
    /// A string without escapes, in the text.
    Plain,
    /// A string that had escapes, in `unescaped`.
    Unescaped,
    Array,
    Object,
}

impl Node {
    /// A number as the text has it, or a string unescaped; of anything else, nothing.
    #[inline]
    pub(super) fn str<'a>(&self, text: &'a str, unescaped: &'a str) -> &'a str {
        let text = match self.tag {
            Tag::Int | Tag::Float | Tag::Plain => text,
            Tag::Unescaped => unescaped,
            Tag::Null | Tag::False | Tag::True | Tag::Array | Tag::Object => return "",
        };
        let start = self.start as usize;
        text.get(start..start + self.len as usize).unwrap_or_default()
    }
}
