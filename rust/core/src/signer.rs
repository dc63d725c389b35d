//! Signs JWTs (RFC 7519 section 7.1): one key, one protected header that is encoded once, any number of claims sets.
//!
//! The signer adds `iss`, `exp` and `iat` where the caller left them out, and changes no claim. `claims_writer` judges what it
//! writes, so that no token is signed that every verifier would refuse. The key signs.

use crate::base64url;
use crate::claims_writer::ClaimsWriter;
use crate::error::{Error, Result};
use crate::json;
use crate::key::{AnySigningKey, Message};
use crate::protected_header::jwt_header;

/// A key with its protected header, ready to sign.
#[derive(Debug)]
pub struct Signer {
    key: AnySigningKey,
    /// As JSON text.
    issuer: Option<Vec<u8>>,
    expires_in: Option<f64>,
    prefix: Vec<u8>,
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
        let prefix = prefix(&key, typ, headers)?;
        Ok(Self { key, issuer: issuer.map(json::string), expires_in, prefix })
    }

    /// Signs a claims set at the time `now`, under the header in `prefix` or else the signer's own.
    pub fn sign<C: ClaimsSource>(
        &self,
        claims: &C,
        prefix: Option<&[u8]>,
        now: f64,
    ) -> std::result::Result<Vec<u8>, C::Error> {
        Ok(self.input(claims, prefix, now)?.sign(&self.key)?)
    }

    /// What is to be signed for a claims set; `sign` of it then needs nothing of the caller's.
    pub fn input<C: ClaimsSource>(
        &self,
        claims: &C,
        prefix: Option<&[u8]>,
        now: f64,
    ) -> std::result::Result<SigningInput, C::Error> {
        let mut payload = Vec::with_capacity(PAYLOAD);
        let mut writer = ClaimsWriter::new(&mut payload, self.issuer.as_deref());
        claims.write(&mut writer)?;
        writer.finish(self.expires_in, now)?;
        let prefix = prefix.unwrap_or(&self.prefix);
        let signature = self.key.alg().spec().signature_len.unwrap_or(SIGNATURE);
        let mut token = Vec::with_capacity(prefix.len() + encoded_len(payload.len()) + 1 + encoded_len(signature));
        token.extend_from_slice(prefix);
        base64url::encode_into(&payload, &mut token);
        Ok(SigningInput(token))
    }

    /// The encoded header, with a dot, for one call of `sign`.
    pub fn prefix(&self, typ: Option<&str>, headers: &[(String, String)]) -> Result<Vec<u8>> {
        prefix(&self.key, typ, headers)
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &AnySigningKey {
        &self.key
    }
}

/// An encoded header and an encoded payload (RFC 7515 section 5.1 step 5).
#[derive(Debug, Default)]
pub struct SigningInput(Vec<u8>);

impl SigningInput {
    /// The token that this key signs.
    pub fn sign(self, key: &AnySigningKey) -> Result<Vec<u8>> {
        let Self(mut token) = self;
        let signature = key.sign(Message::Whole(&token))?;
        token.push(b'.');
        base64url::encode_into(&signature, &mut token);
        Ok(token)
    }
}

/// Bytes that most claims sets need less than: growing a buffer copies it.
const PAYLOAD: usize = 1_024;
/// Bytes that a signature has at most where the key decides, but for RSA keys of more than 4,096 bits.
const SIGNATURE: usize = 512;

const fn encoded_len(octets: usize) -> usize {
    octets.div_ceil(3) * 4
}

fn prefix(key: &AnySigningKey, typ: Option<&str>, headers: &[(String, String)]) -> Result<Vec<u8>> {
    let mut prefix = base64url::encode(jwt_header(key, typ, headers)?.as_bytes()).into_bytes();
    prefix.push(b'.');
    Ok(prefix)
}
