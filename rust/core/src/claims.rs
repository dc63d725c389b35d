//! The claims set of a verified JWT (RFC 7519 section 4): one strict parse of the payload, and the registered claims in it.
//!
//! `Claims` can only be made from `Verified`, so whoever holds one knows that a key vouched for every octet. It judges
//! no value: that is the policy's matter.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::json::{Document, Kind, Limits, Object, Value};
use crate::jws::{Resolved, Verified};

/// The claims set, parsed once.
#[derive(Debug)]
pub struct Claims {
    resolved: Arc<Resolved>,
    key: usize,
    document: Document,
}

/// The registered claims a policy reads, as they stand in the payload (RFC 7519 section 4.1).
#[derive(Clone, Copy, Debug, Default)]
pub struct Registered<'a> {
    /// Audience.
    pub aud: Option<Value<'a>>,
    /// Expiration time.
    pub exp: Option<Value<'a>>,
    /// Issued at.
    pub iat: Option<Value<'a>>,
    /// Issuer.
    pub iss: Option<Value<'a>>,
    /// JWT ID.
    pub jti: Option<Value<'a>>,
    /// Not before.
    pub nbf: Option<Value<'a>>,
    /// Subject.
    pub sub: Option<Value<'a>>,
}

impl Claims {
    /// Parses the payload of a verified JWS as a claims set.
    pub fn parse(verified: Verified) -> Result<Self> {
        let (resolved, key, payload) = verified.into_parts();
        let document = claims_document(payload)?;
        Ok(Self { resolved, key, document })
    }

    /// The header and candidates this token was verified with.
    #[must_use]
    pub const fn resolved(&self) -> &Arc<Resolved> {
        &self.resolved
    }

    /// The place of the verifying key in its set.
    #[must_use]
    pub const fn key(&self) -> usize {
        self.key
    }

    /// The parse itself.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// The members.
    #[must_use]
    pub fn members(&self) -> Object<'_> {
        self.document.root().members()
    }

    /// The registered claims, found in one walk.
    #[must_use]
    pub fn registered(&self) -> Registered<'_> {
        let mut found = Registered::default();
        for (name, value) in self.members() {
            // All of them have three letters, and most names of a token have not.
            let Some(name) = name.of_three() else { continue };
            match name {
                b"aud" => found.aud = Some(value),
                b"exp" => found.exp = Some(value),
                b"iat" => found.iat = Some(value),
                b"iss" => found.iss = Some(value),
                b"jti" => found.jti = Some(value),
                b"nbf" => found.nbf = Some(value),
                b"sub" => found.sub = Some(value),
                _ => {}
            }
        }
        found
    }

    /// `exp` in seconds since 1970, where the token has one.
    #[must_use]
    pub fn expires_at(&self) -> Option<f64> {
        self.members().get("exp").and_then(Value::as_f64)
    }

    /// The values of `scope` (space-delimited, RFC 8693 section 4.2) or else `scp` (a list or the same).
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        let members = self.members();
        let value = members.get("scope").or_else(|| members.get("scp"));
        match value.map(Value::kind) {
            Some(Kind::Str(text)) => text.as_str().split(' ').filter(|scope| !scope.is_empty()).collect(),
            Some(Kind::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Parses octets as a claims set; `Claims` for what is verified, the unverified doors for the rest.
pub fn claims_document(payload: Vec<u8>) -> Result<Document> {
    let document = Document::parse(payload, Limits::TEXT).map_err(|reason| Error::malformed("payload", reason))?;
    if document.root().as_object().is_none() {
        return Err(Error::malformed("payload", "is not a JSON object"));
    }
    Ok(document)
}
