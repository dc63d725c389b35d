//! Strict JSON (RFC 8259) for headers, claims and keys.
//!
//! A text is read once, into a flat list of nodes: containers first, then what they hold, in the order of the text. The header
//! rules, the policy and the binding that builds a dict all read those nodes, so they see the same parse. After
//! `Document::parse` the text is UTF-8, within its limits, and no object in it has two members of one name: parsers that take
//! the first and parsers that take the last would read two different tokens (RFC 7515 section 10.12). What a member means is
//! for `header`, `claims` and `jwk` to say.

mod document;
mod duplicates;
mod node;
mod parser;
mod scan;
#[cfg(test)]
mod tests;
mod writer;

pub use document::{Array, Document, Elements, Int, Kind, Members, Object, Str, Value};
pub use node::Limits;
pub use writer::{ObjectWriter, Writer, string};
