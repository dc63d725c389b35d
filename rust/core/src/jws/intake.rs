//! One pass over a payload, for all signatures that cover it (RFC 7515 section 5.1, RFC 7797 section 3).
//!
//! A payload that is too large for memory, or that can be read only once, is taken in piece by piece. Each piece is
//! encoded once and goes through one context for every distinct start and method; a signature whose method wants its
//! message whole makes the pass keep the text, once for all of them. After `finish` the messages are what
//! `compact::signing_input` would have given, octet for octet. Nothing here knows whether they will be signed or verified.

use std::borrow::Cow;

use crate::base64url::Encoder;
use crate::crypto::digest::{Context, Digested, Method};

/// A payload on its way into messages.
#[derive(Debug)]
pub(super) struct Intake {
    /// None where the payload is signed as it is.
    encoder: Option<Encoder>,
    messages: Vec<Open>,
    whole: Option<Whole>,
}

/// Which of the messages is meant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket(usize);

/// The messages, taken in.
#[derive(Debug)]
pub(super) struct Taken {
    messages: Vec<Closed>,
    whole: Whole,
}

/// A message as a key takes it.
pub(super) enum Message<'a> {
    Digested(&'a Digested),
    Whole(Cow<'a, [u8]>),
}

/// A message that is still growing: what stands before the payload, and its context, if it need not be whole.
#[derive(Debug)]
struct Open {
    start: Box<[u8]>,
    /// The hash of the context; none for a MAC, which no other message shares, and for a whole message.
    method: Sharing,
    context: Option<Context>,
}

/// A message that has ended.
#[derive(Debug)]
struct Closed {
    start: Box<[u8]>,
    digested: Option<Digested>,
}

/// The text of the payload behind the start of the first message that wants it, so that this one needs no copy.
#[derive(Debug, Default)]
struct Whole {
    start_len: usize,
    octets: Vec<u8>,
}
