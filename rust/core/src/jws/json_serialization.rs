//! JWS JSON Serialization (RFC 7515 section 7.2), flattened and general, with detached and unencoded payloads (RFC 7797).
//!
//! After `read` the object had one of the two shapes, at most eight signatures, canonical base64url, and in every entry a
//! protected header that passed the header rules and shares no name with the unprotected one. One bad entry refuses the
//! whole object. `sign` makes signatures; the caller writes the object.

use std::fmt::Display;
use std::sync::Arc;

use super::detached::PayloadSigner;
use super::unverified::{Form, Unverified, UnverifiedSignature};
use crate::base64url;
use crate::error::{Error, Result};
use crate::header::{CriticalExtensions, Header, Unprotected, require_text_size};
use crate::json::{Document, Limits, Object, Value};
use crate::key::AnySigningKey;
use crate::limits;

/// Takes a JSON serialization apart; the sizes are those of the whole text and of a decoded header.
pub fn read(
    text: Vec<u8>,
    max_size: usize,
    max_header_size: usize,
    critical: &CriticalExtensions,
) -> Result<Unverified> {
    if text.len() > max_size {
        return Err(Error::TooLarge { what: "token", size: text.len(), limit: max_size });
    }
    let document = Document::parse(text, Limits::TEXT).map_err(|reason| Error::malformed("token", reason))?;
    let members = document.root().as_object().ok_or(Error::malformed("token", "is not a JSON object"))?;
    let (form, entries) = read_entries(members, max_header_size, critical)?;
    let unencoded = entries.first().is_some_and(|entry| entry.header.unencoded());
    if entries.iter().any(|entry| entry.header.unencoded() != unencoded) {
        return Err(Error::UnsupportedHeader { name: "b64", reason: "differs between the signatures" });
    }
    let payload = members.get("payload").map(|payload| read_payload(payload, unencoded)).transpose()?;
    Ok(Unverified { form, payload, unencoded, entries, payload_text: None, document: Some(document) })
}

fn read_entries(
    members: Object<'_>,
    max_header_size: usize,
    critical: &CriticalExtensions,
) -> Result<(Form, Vec<UnverifiedSignature>)> {
    let Some(signatures) = members.get("signatures") else {
        return Ok((Form::Flattened, vec![read_entry(members, max_header_size, critical)?]));
    };
    if ["signature", "protected", "header"].iter().any(|name| members.get(name).is_some()) {
        return Err(Error::malformed("token", "mixes the flattened and the general form"));
    }
    let signatures = signatures.as_array().ok_or(Error::malformed("signatures", "is not a list"))?;
    if signatures.is_empty() {
        return Err(Error::malformed("signatures", "is empty"));
    }
    if signatures.len() > limits::MAX_SIGNATURES {
        return Err(Error::TooLarge {
            what: "number of signatures",
            size: signatures.len(),
            limit: limits::MAX_SIGNATURES,
        });
    }
    let read = |entry: Value<'_>| {
        read_entry(
            entry.as_object().ok_or(Error::malformed("signatures", "holds something other than objects"))?,
            max_header_size,
            critical,
        )
    };
    Ok((Form::General, signatures.iter().map(read).collect::<Result<_>>()?))
}

fn read_entry(
    members: Object<'_>,
    max_header_size: usize,
    critical: &CriticalExtensions,
) -> Result<UnverifiedSignature> {
    let text = |name| members.get(name).and_then(Value::as_str);
    let protected = text("protected").ok_or(Error::malformed("header", "has no protected part"))?;
    let signature = text("signature").ok_or(Error::malformed("signature", "is missing"))?;
    let signature = decode("signature", signature)?;
    require_text_size(protected.as_bytes(), max_header_size)?;
    let header = Header::parse(decode("header", protected)?, critical, max_header_size)?;
    let unprotected = members.get("header").map(|value| Unprotected::parse(value, &header)).transpose()?;
    let kid = header.kid().or(unprotected.and_then(|unprotected| unprotected.kid())).map(Box::from);
    Ok(UnverifiedSignature { header: Arc::new(header), signature, protected: protected.as_bytes().to_vec(), kid })
}

fn read_payload(payload: Value<'_>, unencoded: bool) -> Result<Vec<u8>> {
    let text = payload.as_str().ok_or(Error::malformed("payload", "is not a string"))?;
    if unencoded { Ok(text.as_bytes().to_vec()) } else { decode("payload", text) }
}

fn decode(part: &'static str, text: &str) -> Result<Vec<u8>> {
    base64url::decode(text.as_bytes()).ok_or(Error::malformed(part, "is not canonical base64url without padding"))
}

/// A signature to be made: a key and the JSON texts of its headers.
#[derive(Debug)]
pub struct NewSignature {
    /// The key.
    pub key: AnySigningKey,
    /// The protected header, as `jws_header` writes it.
    pub protected: String,
    /// The unprotected header, where there is one.
    pub unprotected: Option<String>,
}

/// Begins to sign a payload, once for each of these; everything that needs no payload is decided here.
pub fn sign(signatures: &[NewSignature], critical: &CriticalExtensions) -> Result<PayloadSigner> {
    if signatures.is_empty() || signatures.len() > limits::MAX_SIGNATURES {
        return Err(Error::policy("a JWS has 1 to 8 signatures"));
    }
    let headers = signatures.iter().map(|one| one.header(critical)).collect::<Result<Vec<_>>>()?;
    let unencoded = headers.first().is_some_and(Header::unencoded);
    if headers.iter().any(|header| header.unencoded() != unencoded) {
        return Err(Error::policy("b64 is the same for all signatures of one object"));
    }
    let mut signer = PayloadSigner::new(unencoded);
    for one in signatures {
        signer.add(one.protected.as_bytes(), &one.key)?;
    }
    Ok(signer)
}

/// The `payload` member: base64url, or the text itself where it is signed unencoded (RFC 7797 section 5.3).
pub fn payload_text(payload: &[u8], unencoded: bool) -> Result<String> {
    if !unencoded {
        return Ok(base64url::encode(payload));
    }
    let text = std::str::from_utf8(payload).map_err(|_| {
        Error::policy("a payload that is not UTF-8 cannot stand in JSON unencoded: use detached=True or b64=True")
    })?;
    Ok(text.to_owned())
}

impl NewSignature {
    fn header(&self, critical: &CriticalExtensions) -> Result<Header> {
        let header = Header::parse(self.protected.as_bytes().to_vec(), critical, limits::MAX_HEADER_SIZE)?;
        if let Some(text) = &self.unprotected {
            let refused =
                |error: &dyn Display| Error::policy(format!("this unprotected header would be refused: {error}"));
            let document =
                Document::parse(text.as_bytes().to_vec(), Limits::HEADER).map_err(|reason| refused(&reason))?;
            Unprotected::parse(document.root(), &header).map_err(|error| refused(&error))?;
        }
        Ok(header)
    }
}
