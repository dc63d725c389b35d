//! A verified JWT: its header, the verifying key, and one strict parse of its claims (RFC 7519 section 4).
//!
//! A `VerifiedJwt` is made of a `Verified` only, so a key verified every byte of its claims. It checks no value: that is
//! `policy`'s subject. Outside this crate only the verbs of `Verifier` give one, which ask the policy first.

use std::ops::Deref;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::header::Header;
use crate::json::{Document, Kind, Limits, Object, Value};
use crate::jws::{ResolvedHeader, Verified, VerifiedSignature};

/// A JWT whose signature was verified.
#[derive(Clone, Debug)]
pub struct VerifiedJwt {
    content: Owned,
    verified_at: f64,
    leeway: f64,
}

/// What a verified token says, which never changes.
#[derive(Clone, Debug)]
pub struct Content {
    signature: VerifiedSignature,
    document: Document,
}

/// A content of one result, or one that other results of the same token share.
#[derive(Clone, Debug)]
enum Owned {
    Alone(Content),
    Shared(Arc<Content>),
}

/// The registered claims that a policy reads, as they are in the payload (RFC 7519 section 4.1).
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

impl VerifiedJwt {
    /// Parses the payload of a JWS that was verified at this time, in seconds since 1970. `leeway` is the policy's.
    ///
    /// `ahead` is a parse that was made before the signature was checked. It is used if it is of exactly the bytes that were
    /// verified, and the payload is parsed otherwise.
    #[expect(clippy::inline_always, reason = "what it returns stays in registers")]
    #[inline(always)]
    pub(crate) fn parse(verified: Verified, ahead: Option<Document>, verified_at: f64, leeway: f64) -> Result<Self> {
        let (signature, payload) = verified.into_parts();
        let document = match ahead.filter(|document| document.text() == payload) {
            Some(document) => document,
            None => claims_document(payload)?,
        };
        Ok(Self { content: Owned::Alone(Content { signature, document }), verified_at, leeway })
    }

    /// The same token, accepted again at another time.
    pub(crate) fn again(content: &Arc<Content>, verified_at: f64, leeway: f64) -> Self {
        Self { content: Owned::Shared(Arc::clone(content)), verified_at, leeway }
    }

    /// The same, with a content that clones share.
    #[must_use]
    pub fn sharing(self) -> Self {
        let content = match self.content {
            Owned::Alone(content) => Arc::new(content),
            Owned::Shared(content) => content,
        };
        Self { content: Owned::Shared(content), ..self }
    }

    /// The same, with a content that others may share and that takes no more memory than it needs.
    pub(crate) fn shared(self) -> (Self, Arc<Content>) {
        let content = match self.content {
            Owned::Alone(content) => Arc::new(Content { document: content.document.shrunk(), ..content }),
            Owned::Shared(content) => content,
        };
        (Self { content: Owned::Shared(Arc::clone(&content)), ..self }, content)
    }

    /// When it was verified, in seconds since 1970.
    #[must_use]
    pub const fn verified_at(&self) -> f64 {
        self.verified_at
    }

    /// The policy's leeway, in seconds.
    #[must_use]
    pub const fn leeway(&self) -> f64 {
        self.leeway
    }

    /// The protected header and the keys it was verified with.
    #[must_use]
    pub fn resolved(&self) -> &Arc<ResolvedHeader> {
        self.content.signature.resolved()
    }

    /// The protected header.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.resolved().header()
    }

    /// The index of the verifying key in its set.
    #[must_use]
    pub fn key_index(&self) -> usize {
        self.content.signature.key_index()
    }

    /// The parse of the payload.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.content.document
    }

    /// The claims.
    #[must_use]
    pub fn claims(&self) -> Object<'_> {
        self.document().root().members()
    }

    /// The registered claims, found in one walk.
    #[must_use]
    pub fn registered(&self) -> Registered<'_> {
        let mut found = Registered::default();
        for (name, value) in self.claims() {
            // The names of registered claims have three letters; most other names do not.
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
        self.claims().get("exp").and_then(Value::as_f64)
    }

    /// The claim that should grant these scopes (`scope`, or else `scp`), where one of them is not granted.
    #[must_use]
    pub fn lacking<'s>(&self, wanted: impl IntoIterator<Item = &'s str>) -> Option<&'static str> {
        let mut wanted = wanted.into_iter().peekable();
        wanted.peek()?;
        let claims = self.claims();
        let (name, value) = match (claims.get("scope"), claims.get("scp")) {
            (None, Some(value)) => ("scp", Some(value)),
            (value, _) => ("scope", value),
        };
        let is_granted = |wanted: &str| match value.map(Value::kind) {
            Some(Kind::Str(text)) => text.as_str().split(' ').any(|scope| scope == wanted),
            Some(Kind::Array(items)) => items.iter().any(|item| item.as_str() == Some(wanted)),
            _ => false,
        };
        if wanted.all(is_granted) { None } else { Some(name) }
    }

    /// The values of `scope` (space-delimited, RFC 8693 section 4.2) or else `scp` (a list or the same).
    #[must_use]
    pub fn scopes(&self) -> Vec<&str> {
        let claims = self.claims();
        let value = claims.get("scope").or_else(|| claims.get("scp"));
        match value.map(Value::kind) {
            Some(Kind::Str(text)) => text.as_str().split(' ').filter(|scope| !scope.is_empty()).collect(),
            Some(Kind::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl Content {
    /// The memory that its header and its payload take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.document.bytes() + self.signature.resolved().header().document().bytes()
    }
}

impl Deref for Owned {
    type Target = Content;

    fn deref(&self) -> &Content {
        match self {
            Self::Alone(content) => content,
            Self::Shared(content) => content,
        }
    }
}

/// Parses a payload as claims, verified or not.
#[expect(clippy::inline_always, reason = "what it returns stays in registers")]
#[inline(always)]
pub fn claims_document(payload: Vec<u8>) -> Result<Document> {
    let document = Document::parse(payload, Limits::TEXT).map_err(|reason| Error::malformed("payload", reason))?;
    if document.root().as_object().is_none() {
        return Err(Error::malformed("payload", "is not a JSON object"));
    }
    Ok(document)
}
