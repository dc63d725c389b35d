//! Signs JWTs (RFC 7519 section 7.1): one key, one protected header that is encoded once, any number of claims sets.
//!
//! The signer adds `iss`, `exp` and `iat` where the caller left them out, and changes no claim. `claims_writer` judges what it
//! writes, so that no token is signed that every verifier would refuse. The key signs.

use std::sync::Arc;

use crate::base64url;
use crate::claims_writer::ClaimsWriter;
use crate::error::{Error, Result};
use crate::json;
use crate::key::{AnySigningKey, Message};
use crate::protected_header::jwt_header;

/// A key with its protected header, ready to sign.
#[derive(Debug)]
pub struct Signer {
    header: SigningHeader,
    /// As JSON text.
    issuer: Option<Vec<u8>>,
    expires_in: Option<f64>,
}

/// A protected header, encoded, with the key that it names; clones share it.
#[derive(Clone, Debug)]
pub struct SigningHeader {
    key: AnySigningKey,
    /// Ends with its dot.
    text: Arc<[u8]>,
    signature_len: usize,
}

/// The JSON text of a claims set. Signing it needs nothing of the caller's.
#[derive(Debug)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// The same without spare memory, where many are kept until they are signed.
    #[must_use]
    pub fn fitted(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }
}

/// A claims set as the caller holds it; the binding implements it.
pub trait ClaimsSource {
    /// What reading the caller's objects can raise, and what the core can.
    type Error: From<Error>;

    /// Gives each claim to the writer.
    fn write(&self, claims: &mut ClaimsWriter<'_>) -> std::result::Result<(), Self::Error>;
}

impl Signer {
    /// A signer. `headers` are further members of the protected header: pairs of a name and its JSON text.
    pub fn new(
        key: AnySigningKey,
        typ: Option<&str>,
        issuer: Option<&str>,
        expires_in: Option<f64>,
        headers: &[(String, String)],
    ) -> Result<Self> {
        if expires_in.is_some_and(|span| !span.is_finite() || span <= 0.0) {
            return Err(Error::policy("expires_in must be a positive number of seconds, or None"));
        }
        let header = SigningHeader::new(key, typ, headers)?;
        Ok(Self { header, issuer: issuer.map(json::string), expires_in })
    }

    /// What a claims set says, with the claims that the signer adds. `now` is asked for where one of them needs it.
    pub fn payload<C: ClaimsSource>(
        &self,
        claims: &C,
        now: impl FnOnce() -> std::result::Result<f64, C::Error>,
    ) -> std::result::Result<Payload, C::Error> {
        let mut text = Vec::with_capacity(PAYLOAD);
        let mut writer = ClaimsWriter::new(&mut text, self.issuer.as_deref());
        claims.write(&mut writer)?;
        writer.finish(self.expires_in, now)?;
        Ok(Payload(text))
    }

    /// The protected header.
    #[must_use]
    pub const fn header(&self) -> &SigningHeader {
        &self.header
    }

    /// Another protected header for the same key.
    pub fn other_header(&self, typ: Option<&str>, headers: &[(String, String)]) -> Result<SigningHeader> {
        SigningHeader::new(self.key().clone(), typ, headers)
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &AnySigningKey {
        &self.header.key
    }
}

impl SigningHeader {
    fn new(key: AnySigningKey, typ: Option<&str>, headers: &[(String, String)]) -> Result<Self> {
        let mut text = base64url::encode(jwt_header(&key, typ, headers)?.as_bytes());
        text.push('.');
        let signature_len = key.signature_len();
        Ok(Self { key, text: text.into_bytes().into(), signature_len })
    }

    /// The length of this payload's token.
    #[must_use]
    pub fn token_len(&self, payload: &Payload) -> usize {
        self.input_len(payload) + 1 + base64url::encoded_len(self.signature_len)
    }

    /// Writes this payload's token in its compact form (RFC 7515 section 7.1), all ASCII, into as many bytes as it has.
    pub fn sign(&self, payload: &Payload, token: &mut [u8]) -> Result<()> {
        let wrong_len = || Error::key("a signature has another length than its algorithm's signatures");
        let (input, end) = token.split_at_mut_checked(self.input_len(payload)).ok_or_else(wrong_len)?;
        let (text, encoded) = input.split_at_mut_checked(self.text.len()).ok_or_else(wrong_len)?;
        text.copy_from_slice(&self.text);
        base64url::encode_to(&payload.0, encoded).ok_or_else(wrong_len)?;
        let signature = self.key.sign(Message::Whole(input))?;
        let (dot, encoded) = end.split_first_mut().ok_or_else(wrong_len)?;
        *dot = b'.';
        base64url::encode_to(&signature, encoded).ok_or_else(wrong_len)
    }

    fn input_len(&self, payload: &Payload) -> usize {
        self.text.len() + base64url::encoded_len(payload.0.len())
    }
}

/// Bytes that most claims sets need less than: growing a buffer copies it.
const PAYLOAD: usize = 1_024;
