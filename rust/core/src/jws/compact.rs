//! JWS Compact Serialization (RFC 7515 section 7.1), with detached (Appendix F) and unencoded payloads (RFC 7797).
//!
//! After `Compact::read` the token had a bounded size, exactly two dots and canonical base64url in payload and signature; the
//! header's text is judged next, by `header`, or was judged before, where a verifier remembers it. The signing input is one
//! slice of the octets received, never an encoding made again. Nothing in it is trusted.

use std::sync::Arc;

use super::detached::Verification;
use super::json_serialization::{Entry, Form, Parsed};
use super::{Resolved, Verified, VerifiedSignature};
use crate::base64url;
use crate::error::{Error, Result};
use crate::header::{Header, Understood};
use crate::json::{Document, Limits};
use crate::jwa::AlgSet;
use crate::key::SignerKey;
use crate::key_set::KeySet;
use crate::limits;

/// A token in its three parts, the payload and the signature decoded.
#[derive(Debug)]
pub struct Compact<'a> {
    protected: &'a [u8],
    signing_input: &'a [u8],
    /// The payload, then the signature: one allocation for both.
    octets: Vec<u8>,
    payload_len: usize,
    encoding: Encoding,
}

/// Which base64url a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Without padding, as RFC 7515 section 2 says.
    Canonical,
    /// Also with correct padding, as the AWS application load balancer writes it.
    Padded,
}

/// What a caller asks of a JWS that is no JWT.
#[derive(Debug)]
pub struct Demands<'a> {
    /// The keys.
    pub keys: &'a KeySet,
    /// The algorithms, where narrower than the keys' own.
    pub algorithms: Option<AlgSet>,
    /// The extension parameters that `crit` may name.
    pub understood: &'a Understood,
    /// Octets of a token.
    pub max_size: usize,
    /// Which base64url the compact form may have.
    pub encoding: Encoding,
}

impl<'a> Compact<'a> {
    /// Takes a token apart.
    pub fn read(token: &'a [u8], max_size: usize, encoding: Encoding) -> Result<Self> {
        if token.len() > max_size {
            return Err(Error::TooLarge { what: "token", size: token.len(), limit: max_size });
        }
        let segments = || Error::malformed("token", "does not have the three segments of a compact JWS");
        // A third dot would stand in the signature, whose alphabet has none.
        let mut dots = memchr::memchr_iter(b'.', token);
        let (first, second) = dots.next().zip(dots.next()).ok_or_else(segments)?;
        let (signing_input, signature) = cut(token, second).ok_or_else(segments)?;
        let (protected, payload) = cut(signing_input, first).ok_or_else(segments)?;
        let mut octets = Vec::with_capacity((payload.len() + signature.len()) / 4 * 3 + 6);
        encoding.decode_into("payload", payload, &mut octets)?;
        let payload_len = octets.len();
        encoding.decode_into("signature", signature, &mut octets)?;
        Ok(Self { protected, signing_input, octets, payload_len, encoding })
    }

    /// The protected header's text, base64url as received and not yet decoded.
    #[must_use]
    pub const fn protected_text(&self) -> &'a [u8] {
        self.protected
    }

    /// The protected header, decoded and judged.
    pub fn header(&self, understood: &Understood) -> Result<Header> {
        Header::parse(self.header_octets()?, understood)
    }

    /// The protected header, decoded; its size is bounded before and after.
    pub fn header_octets(&self) -> Result<Vec<u8>> {
        let longest = limits::MAX_HEADER_SIZE.div_ceil(3) * 4;
        if self.protected.len() > longest {
            return Err(Error::TooLarge {
                what: "header",
                size: self.protected.len() / 4 * 3,
                limit: limits::MAX_HEADER_SIZE,
            });
        }
        let octets = self.encoding.decode("header", self.protected)?;
        if octets.len() > limits::MAX_HEADER_SIZE {
            return Err(Error::TooLarge { what: "header", size: octets.len(), limit: limits::MAX_HEADER_SIZE });
        }
        Ok(octets)
    }

    /// The protected header as its sender wrote it: strict JSON, no rule of headers applied. For the unverified doors.
    pub fn header_unjudged(&self) -> Result<Document> {
        let octets = self.header_octets()?;
        let document = Document::parse(octets, Limits::HEADER).map_err(|reason| Error::malformed("header", reason))?;
        match document.root().as_object() {
            Some(_) => Ok(document),
            None => Err(Error::malformed("header", "is not a JSON object")),
        }
    }

    /// The pieces, for callers that choose the key themselves; nothing is verified.
    pub fn into_parsed(self, understood: &Understood) -> Result<Parsed> {
        let header = self.header(understood)?;
        let unencoded = header.unencoded();
        if unencoded && self.carries_payload() {
            return Err(UNENCODED_INLINE);
        }
        let protected = self.protected.to_vec();
        let (payload, signature) = self.into_octets();
        let entry = Entry::new(header, protected, signature);
        Ok(Parsed { form: Form::Compact, payload: Some(payload), unencoded, entries: vec![entry], document: None })
    }

    /// The payload, unverified.
    #[must_use]
    pub fn into_payload(mut self) -> Vec<u8> {
        self.octets.truncate(self.payload_len);
        self.octets
    }

    /// Whether the payload's segment holds anything.
    const fn carries_payload(&self) -> bool {
        self.payload_len > 0
    }

    /// The payload and the signature.
    fn into_octets(mut self) -> (Vec<u8>, Vec<u8>) {
        let signature = self.octets.split_off(self.payload_len);
        (self.octets, signature)
    }

    /// Checks the signature under a resolved header; the payload is the token's own.
    pub fn verify(self, resolved: Arc<Resolved>, keys: &KeySet) -> Result<Verified> {
        let signature = self.octets.get(self.payload_len..).unwrap_or_default();
        let signature = VerifiedSignature::check(resolved, keys, self.signing_input, signature)?;
        Ok(Verified::new(signature, self.into_payload()))
    }
}

impl Encoding {
    /// Appends what a segment decodes to.
    fn decode_into(self, part: &'static str, text: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if self == Self::Canonical {
            return base64url::decode_into(text, out).ok_or_else(|| not_canonical(part));
        }
        out.extend_from_slice(&self.decode(part, text)?);
        Ok(())
    }

    fn decode(self, part: &'static str, text: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Canonical => base64url::decode(text),
            Self::Padded => base64url::decode_padded(text),
        }
        .ok_or_else(|| not_canonical(part))
    }
}

const fn not_canonical(part: &'static str) -> Error {
    Error::malformed(part, "is not canonical base64url without padding")
}

/// Verifies a compact JWS that carries its payload.
pub fn verify(token: &[u8], demands: &Demands<'_>) -> Result<Verified> {
    let (compact, resolved) = resolve(token, Place::Carried, demands)?;
    let carried = compact.carries_payload();
    match compact.verify(resolved, demands.keys) {
        // An empty segment is an empty payload or a detached one; only the signature can tell.
        Err(Error::InvalidSignature) if !carried => Err(DETACHED),
        verified => verified,
    }
}

/// Begins to verify a compact JWS whose payload travels beside it; all that needs no payload is decided here.
pub fn verify_detached<'a>(token: &[u8], demands: &Demands<'a>) -> Result<Verification<'a>> {
    let (compact, resolved) = resolve(token, Place::Detached, demands)?;
    let protected = compact.protected;
    Verification::new(resolved, demands.keys, protected, compact.into_octets().1)
}

/// Where the caller says the payload is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Carried,
    Detached,
}

/// Judges everything that comes before the signature.
fn resolve<'a>(token: &'a [u8], place: Place, demands: &Demands<'_>) -> Result<(Compact<'a>, Arc<Resolved>)> {
    let compact = Compact::read(token, demands.max_size, demands.encoding)?;
    let header = compact.header(demands.understood)?;
    let carried = compact.carries_payload();
    if carried && place == Place::Detached {
        return Err(Error::malformed("payload", "is in the token, and a detached one was given as well"));
    }
    if header.unencoded() && carried {
        return Err(UNENCODED_INLINE);
    }
    if header.unencoded() && place == Place::Carried {
        return Err(DETACHED);
    }
    let header = Arc::new(header);
    let resolved = Resolved::new(Arc::clone(&header), header.kid(), demands.keys, demands.algorithms)?;
    Ok((compact, Arc::new(resolved)))
}

/// Signs a payload under a protected header that was already judged; the text of the token.
pub fn sign(protected: &[u8], payload: &[u8], key: &SignerKey, unencoded: bool) -> Result<String> {
    if unencoded {
        return Err(Error::policy("b64=False needs detached=True in a compact JWS"));
    }
    let mut token = signing_input(base64url::encode(protected).as_bytes(), payload, false);
    let signature = key.sign(&token)?;
    token.push(b'.');
    base64url::encode_into(&signature, &mut token);
    String::from_utf8(token).map_err(|_| Error::policy("a token is not UTF-8"))
}

/// The octets a signature covers (RFC 7515 section 5.1, RFC 7797 section 3).
pub(crate) fn signing_input(protected: &[u8], payload: &[u8], unencoded: bool) -> Vec<u8> {
    let mut input = Vec::with_capacity(protected.len() + 1 + payload.len().div_ceil(3) * 4);
    input.extend_from_slice(protected);
    input.push(b'.');
    if unencoded {
        input.extend_from_slice(payload);
    } else {
        base64url::encode_into(payload, &mut input);
    }
    input
}

const UNENCODED_INLINE: Error = Error::malformed("payload", "is unencoded, so it must be detached in a compact JWS");

const DETACHED: Error = Error::malformed("payload", "is not in the token: give the detached payload");

/// What stands before and after the dot at `place`.
fn cut(text: &[u8], place: usize) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(place)?;
    Some((before, rest.get(1..)?))
}
