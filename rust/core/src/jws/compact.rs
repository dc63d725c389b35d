//! JWS Compact Serialization (RFC 7515 section 7.1), with detached (Appendix F) and unencoded payloads (RFC 7797).
//!
//! After `TokenReader::read` the token had a bounded size, exactly two dots and canonical base64url in payload and signature. The
//! header's text is checked later, by `header`, or was checked before, where a verifier remembers it. The signing input is a
//! slice of the bytes received and is never encoded again. Nothing in it is trusted.

use std::sync::Arc;

use super::detached::{PayloadSigner, PayloadSink};
use super::mistaken::{mistake, mistaken_start};
use super::unverified::{Form, Unverified, UnverifiedSignature};
use super::{ResolvedHeader, Verified, VerifiedSignature};
use crate::base64url;
use crate::error::{Error, Result};
use crate::header::{CriticalExtensions, Header, require_text_size};
use crate::json::{Document, Limits};
use crate::key::{AnySigningKey, Key, Message};
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
    reader: TokenReader,
}

/// How compact tokens are read: the sizes they may have, in bytes, and the base64url they may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenReader {
    /// Of the whole token.
    pub max_size: usize,
    /// Of the decoded header.
    pub max_header_size: usize,
    /// Of all three segments.
    pub encoding: Encoding,
}

/// Which base64url a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Without padding, as RFC 7515 section 2 says.
    Canonical,
    /// Also with correct padding, as the AWS application load balancer writes it.
    Padded,
}

impl TokenReader {
    /// Refuses sizes that no token has.
    pub fn checked(self) -> Result<Self> {
        if self.max_size == 0 || self.max_header_size == 0 {
            return Err(Error::policy("max_token_size and max_header_size must be positive"));
        }
        Ok(self)
    }

    /// Returns a reader that accepts everything that either of the two accepts.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            max_size: self.max_size.max(other.max_size),
            max_header_size: self.max_header_size.max(other.max_header_size),
            encoding: if self.encoding == Encoding::Padded { self.encoding } else { other.encoding },
        }
    }

    /// Splits a token into its parts and decodes payload and signature.
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    pub fn read(self, token: &[u8]) -> Result<Compact<'_>> {
        if token.len() > self.max_size {
            return Err(Error::TooLarge { what: "token", size: token.len(), limit: self.max_size });
        }
        Compact::cut(token, self).map_err(|error| explained(mistake(token), error))
    }
}

impl Default for TokenReader {
    fn default() -> Self {
        Self {
            max_size: limits::MAX_TOKEN_SIZE,
            max_header_size: limits::MAX_HEADER_SIZE,
            encoding: Encoding::Canonical,
        }
    }
}

impl<'a> Compact<'a> {
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    fn cut(token: &'a [u8], reader: TokenReader) -> Result<Self> {
        let segments = || Error::malformed("token", "does not have the three segments of a compact JWS");
        // A third dot would be part of the signature, where base64url decoding refuses it.
        let mut dots = memchr::memchr_iter(b'.', token);
        let (first, second) = dots.next().zip(dots.next()).ok_or_else(segments)?;
        let (signing_input, signature) = cut(token, second).ok_or_else(segments)?;
        let (protected, payload) = cut(signing_input, first).ok_or_else(segments)?;
        let mut octets = Vec::with_capacity((payload.len() + signature.len()) / 4 * 3 + 6);
        reader.encoding.decode_into("payload", payload, &mut octets)?;
        let payload_len = octets.len();
        reader.encoding.decode_into("signature", signature, &mut octets)?;
        Ok(Self { protected, signing_input, octets, payload_len, reader })
    }

    /// The protected header's text, base64url as received and not yet decoded.
    #[must_use]
    pub const fn protected_text(&self) -> &'a [u8] {
        self.protected
    }

    /// The protected header, decoded and checked.
    pub fn header(&self, critical: &CriticalExtensions) -> Result<Header> {
        Header::parse(self.header_octets()?, critical, self.reader.max_header_size)
    }

    /// The protected header, decoded.
    pub fn header_octets(&self) -> Result<Vec<u8>> {
        require_text_size(self.protected, self.reader.max_header_size)?;
        let decoded = self.reader.encoding.decode("header", self.protected);
        decoded.map_err(|error| explained(mistaken_start(self.protected), error))
    }

    /// The protected header as its sender wrote it: strict JSON, no rule of headers applied. For `jwseal.insecure`.
    pub fn header_unverified(&self) -> Result<Document> {
        let octets = self.header_octets()?;
        let document = Document::parse(octets, Limits::HEADER).map_err(|reason| Error::malformed("header", reason))?;
        match document.root().as_object() {
            Some(_) => Ok(document),
            None => Err(Error::malformed("header", "is not a JSON object")),
        }
    }

    /// The parts of a JWS that is not a JWT; nothing is verified.
    pub fn into_unverified(self, critical: &CriticalExtensions) -> Result<Unverified> {
        let header = self.header(critical)?;
        let unencoded = header.unencoded();
        if unencoded && self.payload_len > 0 {
            return Err(Error::malformed("payload", "is unencoded, so it must be detached in a compact JWS"));
        }
        let protected = self.protected.to_vec();
        let payload_text = self.signing_input.get(protected.len() + 1..).map(<[u8]>::to_vec);
        let mut payload = self.octets;
        let signature = payload.split_off(self.payload_len);
        let kid = header.kid().map(Box::from);
        let entry = UnverifiedSignature { header: Arc::new(header), signature, protected, kid };
        let (form, payload) = (Form::Compact, Some(payload));
        Ok(Unverified { form, payload, unencoded, entries: vec![entry], payload_text, document: None })
    }

    /// The payload, unverified.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.octets.get(..self.payload_len).unwrap_or_default()
    }

    /// The payload, unverified.
    #[must_use]
    pub fn into_payload(mut self) -> Vec<u8> {
        self.octets.truncate(self.payload_len);
        self.octets
    }

    /// Checks the signature under a resolved header; the payload is the token's own.
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    pub fn verify(self, resolved: Arc<ResolvedHeader>, keys: &KeySet) -> Result<Verified> {
        let signature = self.octets.get(self.payload_len..).unwrap_or_default();
        let message = Message::Whole(self.signing_input);
        let verify = |key: &Key, _, alg| key.verify(alg, message, signature);
        let signature = VerifiedSignature::check(resolved, keys, verify)?;
        Ok(Verified::new(signature, self.into_payload()))
    }
}

impl Encoding {
    /// Appends what a segment decodes to.
    fn decode_into(self, part: &'static str, text: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if self == Self::Canonical {
            return base64url::decode_into(text, out).ok_or_else(|| self.refused(part, text));
        }
        out.extend_from_slice(&self.decode(part, text)?);
        Ok(())
    }

    fn decode(self, part: &'static str, text: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Canonical => base64url::decode(text),
            Self::Padded => base64url::decode_padded(text),
        }
        .ok_or_else(|| self.refused(part, text))
    }

    fn refused(self, part: &'static str, text: &[u8]) -> Error {
        let padded = self == Self::Canonical && base64url::decode_padded(text).is_some();
        Error::malformed(
            part,
            if padded {
                "ends in base64 padding, as AWS ALB writes it: accept_padding=True accepts that"
            } else {
                "is not canonical base64url without padding"
            },
        )
    }
}

/// The error for a text; it says what the text is, where that is known.
fn explained(mistake: Option<&'static str>, error: Error) -> Error {
    mistake.map_or(error, |reason| Error::malformed("token", reason))
}

/// Signs a payload under a protected header that was already checked; the text of the token.
pub fn sign(protected: &[u8], payload: &[u8], key: &AnySigningKey, unencoded: bool) -> Result<String> {
    if unencoded {
        return Err(Error::policy("b64=False needs detached=True in a compact JWS"));
    }
    let mut token = Vec::with_capacity((protected.len() + payload.len()).div_ceil(3) * 4 + 768);
    base64url::encode_into(protected, &mut token);
    token.push(b'.');
    base64url::encode_into(payload, &mut token);
    let signature = key.sign(Message::Whole(&token))?;
    token.push(b'.');
    base64url::encode_into(&signature, &mut token);
    String::from_utf8(token).map_err(|_| Error::policy("a token is not UTF-8"))
}

/// A compact JWS with a detached payload, being signed.
pub struct DetachedSigner(PayloadSigner);

impl DetachedSigner {
    /// Signs under a protected header that was already checked.
    pub fn new(protected: &[u8], key: &AnySigningKey, unencoded: bool) -> Result<Self> {
        let mut signer = PayloadSigner::new(unencoded);
        signer.add(protected, key)?;
        Ok(Self(signer))
    }
}

impl PayloadSink for DetachedSigner {
    /// The token.
    type Outcome = String;

    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> Result<String> {
        Ok(self.0.finish()?.iter().map(|one| [&*one.protected, "..", &one.signature].concat()).collect())
    }

    fn signs_elsewhere(&self) -> bool {
        self.0.signs_elsewhere()
    }
}

/// The parts before and after the dot at an index.
fn cut(text: &[u8], dot: usize) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(dot)?;
    Some((before, rest.get(1..)?))
}
