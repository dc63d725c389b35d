//! The messages of all signatures that cover a payload, in one pass (RFC 7515 section 5.1, RFC 7797 section 3).
//!
//! A payload that is too large for memory, or that can be read once only, arrives piece by piece. Each piece is encoded once
//! and goes through one hash for each different protected header and method. Where a method needs its message whole, the
//! text is kept, once for all of them. After `finish` each message is the signing input that the whole payload would have
//! had. Nothing here knows whether it will be signed or verified.

use std::borrow::Cow;

use crate::base64url::Encoder;
use crate::crypto::digest::{Context, Digested, Method};
use crate::key::Message;

/// A payload that is being read.
pub(super) struct PayloadHasher {
    /// None where the payload is signed as it is.
    encoder: Option<Encoder>,
    messages: Vec<Open>,
    whole: Option<Whole>,
}

/// Names one of the messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessageId(usize);

/// The messages of a payload that was read.
pub(super) struct Messages {
    messages: Vec<Closed>,
    whole: Option<Whole>,
}

/// A message, whole or hashed.
pub(super) enum Stored<'a> {
    Digest(&'a Digested),
    Whole(Cow<'a, [u8]>),
}

/// A message that is still growing.
struct Open {
    /// What precedes the payload: the protected header's text and a dot.
    start: Box<[u8]>,
    method: Method,
    /// None where the message must be whole.
    context: Option<Context>,
}

/// A message that has ended.
struct Closed {
    start: Box<[u8]>,
    digest: Option<Digested>,
}

/// The payload's text behind the start of the first message that must be whole: that one then needs no copy.
struct Whole {
    bytes: Vec<u8>,
    start_len: usize,
}

impl PayloadHasher {
    /// For a payload that is signed as it is, or in base64url.
    pub(super) fn new(unencoded: bool) -> Self {
        Self { encoder: (!unencoded).then(Encoder::default), messages: Vec::new(), whole: None }
    }

    /// Adds the message under a protected header, before the first byte of the payload.
    pub(super) fn add(&mut self, protected: &[u8], method: Method) -> MessageId {
        let start = [protected, b"."].concat();
        let known = |open: &Open| *open.start == *start && open.method.shares_with(&method);
        if let Some(index) = self.messages.iter().position(known) {
            return MessageId(index);
        }
        let context = method.start().map(|mut context| {
            context.update(&start);
            context
        });
        if context.is_none() && self.whole.is_none() {
            self.whole = Some(Whole { bytes: start.clone(), start_len: start.len() });
        }
        self.messages.push(Open { start: start.into(), method, context });
        MessageId(self.messages.len() - 1)
    }

    /// Takes the next bytes of the payload.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        let Self { encoder, messages, whole } = self;
        if let Some(whole) = whole {
            whole.bytes.reserve(if encoder.is_some() { bytes.len().div_ceil(3) * 4 } else { bytes.len() });
        }
        match encoder {
            Some(encoder) => encoder.update(bytes, &mut |text| append(text, messages, whole)),
            None => append(bytes, messages, whole),
        }
    }

    /// Ends the payload.
    pub(super) fn finish(self) -> Messages {
        let Self { encoder, mut messages, mut whole } = self;
        if let Some(encoder) = encoder {
            encoder.finish(&mut |text| append(text, &mut messages, &mut whole));
        }
        let close = |open: Open| Closed { start: open.start, digest: open.context.map(Context::finish) };
        Messages { messages: messages.into_iter().map(close).collect(), whole }
    }
}

impl Messages {
    /// One of the messages.
    pub(super) fn get(&self, id: MessageId) -> Option<Stored<'_>> {
        let closed = self.messages.get(id.0)?;
        if let Some(digest) = &closed.digest {
            return Some(Stored::Digest(digest));
        }
        let Whole { bytes, start_len } = self.whole.as_ref()?;
        let (start, text) = bytes.split_at_checked(*start_len)?;
        Some(Stored::Whole(if *start == *closed.start {
            Cow::Borrowed(bytes)
        } else {
            Cow::Owned([&closed.start, text].concat())
        }))
    }
}

impl Stored<'_> {
    /// As a key takes it.
    pub(super) fn borrow(&self) -> Message<'_> {
        match self {
            Self::Digest(digest) => Message::Digest(digest),
            Self::Whole(bytes) => Message::Whole(bytes),
        }
    }
}

/// Appends text to every message.
fn append(text: &[u8], messages: &mut [Open], whole: &mut Option<Whole>) {
    for context in messages.iter_mut().filter_map(|open| open.context.as_mut()) {
        context.update(text);
    }
    if let Some(whole) = whole {
        whole.bytes.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::digest::Hash;

    /// Keys of one hash share it under one header; another header or hash has its own.
    #[test]
    fn hashes_are_shared() {
        let mut hasher = PayloadHasher::new(false);
        let hash = |hash| Method::Hash(hash);
        let ids = [
            hasher.add(b"a", hash(Hash::SHA256)),
            hasher.add(b"a", hash(Hash::SHA256)),
            hasher.add(b"a", hash(Hash::SHA512)),
            hasher.add(b"b", hash(Hash::SHA256)),
            hasher.add(b"a", Method::Whole),
            hasher.add(b"a", Method::Whole),
        ];
        assert_eq!([0, 0, 1, 2, 3, 3], ids.map(|id| id.0));
    }
}
