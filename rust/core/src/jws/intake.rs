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
    whole: Option<Whole>,
}

/// A message as a key takes it.
pub(super) enum Message<'a> {
    Digested(&'a Digested),
    Whole(Cow<'a, [u8]>),
}

/// A message that is still growing.
#[derive(Debug)]
struct Open {
    /// What stands before the payload: the protected header's text and a dot.
    start: Box<[u8]>,
    method: Method,
    /// None where the message must be whole.
    context: Option<Context>,
}

/// A message that has ended.
#[derive(Debug)]
struct Closed {
    start: Box<[u8]>,
    digested: Option<Digested>,
}

/// The payload's text, behind the start of the first message that is to be whole: that one then needs no copy.
#[derive(Debug)]
struct Whole {
    octets: Vec<u8>,
    start_len: usize,
}

impl Intake {
    /// A pass over a payload that is signed as it is, or in base64url.
    pub(super) fn new(unencoded: bool) -> Self {
        Self { encoder: (!unencoded).then(Encoder::default), messages: Vec::new(), whole: None }
    }

    /// Asks for the message under a protected header, before the first octet is taken.
    pub(super) fn join(&mut self, protected: &[u8], method: Method) -> Ticket {
        let start = [protected, b"."].concat();
        let known = |open: &Open| *open.start == *start && open.method.shares_with(&method);
        if let Some(place) = self.messages.iter().position(known) {
            return Ticket(place);
        }
        let context = method.start().map(|mut context| {
            context.update(&start);
            context
        });
        if context.is_none() && self.whole.is_none() {
            self.whole = Some(Whole { octets: start.clone(), start_len: start.len() });
        }
        self.messages.push(Open { start: start.into(), method, context });
        Ticket(self.messages.len() - 1)
    }

    /// Takes the next octets of the payload.
    pub(super) fn take(&mut self, octets: &[u8]) {
        let Self { encoder, messages, whole } = self;
        if let Some(whole) = whole {
            whole.octets.reserve(if encoder.is_some() { octets.len().div_ceil(3) * 4 } else { octets.len() });
        }
        match encoder {
            Some(encoder) => encoder.update(octets, &mut |text| spread(text, messages, whole)),
            None => spread(octets, messages, whole),
        }
    }

    /// The payload has ended.
    pub(super) fn finish(self) -> Taken {
        let Self { encoder, mut messages, mut whole } = self;
        if let Some(encoder) = encoder {
            encoder.finish(&mut |text| spread(text, &mut messages, &mut whole));
        }
        let close = |open: Open| Closed { start: open.start, digested: open.context.map(Context::finish) };
        Taken { messages: messages.into_iter().map(close).collect(), whole }
    }
}

impl Taken {
    /// The message of a ticket of this very pass.
    pub(super) fn message(&self, ticket: Ticket) -> Option<Message<'_>> {
        let closed = self.messages.get(ticket.0)?;
        if let Some(digested) = &closed.digested {
            return Some(Message::Digested(digested));
        }
        let Whole { octets, start_len } = self.whole.as_ref()?;
        let (start, text) = octets.split_at_checked(*start_len)?;
        Some(Message::Whole(if *start == *closed.start {
            Cow::Borrowed(octets)
        } else {
            Cow::Owned([&closed.start, text].concat())
        }))
    }
}

/// Gives every message its next octets.
fn spread(octets: &[u8], messages: &mut [Open], whole: &mut Option<Whole>) {
    for context in messages.iter_mut().filter_map(|open| open.context.as_mut()) {
        context.update(octets);
    }
    if let Some(whole) = whole {
        whole.octets.extend_from_slice(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::digest::Hash;
    use crate::jws::compact::signing_input;

    const STARTS: [&[u8]; 3] = [b"eyJhIjoxfQ", b"eyJhIjoyfQ", b""];

    /// Every message is the signing input that the whole payload would have had, whatever the pieces.
    #[test]
    fn messages_are_the_signing_inputs() {
        let payload: Vec<u8> = (0..=255).collect();
        for unencoded in [false, true] {
            for step in [1, 2, 3, 4, 7, 100, 256] {
                let mut intake = Intake::new(unencoded);
                let whole = STARTS.map(|start| intake.join(start, Method::Whole));
                let hashed = STARTS.map(|start| intake.join(start, Method::Hash(Hash::SHA384)));
                payload.chunks(step).for_each(|piece| intake.take(piece));
                let taken = intake.finish();
                for ((start, whole), hashed) in STARTS.iter().zip(whole).zip(hashed) {
                    let expected = signing_input(start, &payload, unencoded);
                    let Some(Message::Whole(message)) = taken.message(whole) else { panic!("not whole") };
                    assert_eq!(expected, *message);
                    let Some(Message::Digested(Digested::Hash(digest))) = taken.message(hashed) else {
                        panic!("not hashed")
                    };
                    let mut context = Method::Hash(Hash::SHA384).start().unwrap();
                    context.update(&expected);
                    let Digested::Hash(again) = context.finish() else { panic!("not hashed") };
                    assert_eq!(again.as_ref(), digest.as_ref());
                }
            }
        }
    }

    /// Keys of one hash under one header share a context; another header or hash has its own.
    #[test]
    fn contexts_are_shared() {
        let mut intake = Intake::new(false);
        let hash = |hash| Method::Hash(hash);
        let places = [
            intake.join(b"a", hash(Hash::SHA256)),
            intake.join(b"a", hash(Hash::SHA256)),
            intake.join(b"a", hash(Hash::SHA512)),
            intake.join(b"b", hash(Hash::SHA256)),
            intake.join(b"a", Method::Whole),
            intake.join(b"a", Method::Whole),
        ];
        assert_eq!([0, 0, 1, 2, 3, 3], places.map(|ticket| ticket.0));
    }

    /// A payload of no octets is a payload.
    #[test]
    fn nothing_can_be_taken_in() {
        let mut intake = Intake::new(false);
        let ticket = intake.join(b"a", Method::Whole);
        let taken = intake.finish();
        assert!(matches!(taken.message(ticket), Some(Message::Whole(message)) if *message == *b"a."));
    }
}
