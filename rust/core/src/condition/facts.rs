//! What conditions are evaluated on: the claims and the header of a verified token, the time, and the request.

use super::path::Path;
use super::request::Request;
use crate::claims::VerifiedJwt;
use crate::json::{Object, Value};

/// Everything that a condition may look at.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    claims: Object<'a>,
    header: Object<'a>,
    request: Option<&'a Request>,
    /// Seconds since 1970.
    pub(super) now: f64,
    /// Seconds of clock difference allowed.
    pub(super) leeway: f64,
}

/// Where a leaf finds its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A claim.
    Claim(Path),
    /// A parameter of the protected header.
    Header(Box<str>),
}

impl<'a> Facts<'a> {
    /// The facts of a token at the time it was verified, with what a request wants to be done.
    #[must_use]
    pub fn new(jwt: &'a VerifiedJwt, request: Option<&'a Request>) -> Self {
        let (claims, header) = (jwt.claims(), jwt.header().document().root().members());
        Self { claims, header, request, now: jwt.verified_at(), leeway: jwt.leeway() }
    }

    /// The request.
    pub(super) const fn request(&self) -> Option<&'a Request> {
        self.request
    }
}

impl Source {
    /// The value, if the token has it.
    #[inline]
    pub(super) fn find<'a>(&self, facts: &Facts<'a>) -> Option<Value<'a>> {
        match self {
            Self::Claim(path) => path.find(facts.claims),
            Self::Header(name) => facts.header.get(name),
        }
    }

    /// The object that has the value as a member.
    pub(super) fn parent<'a>(&self, facts: &Facts<'a>) -> Option<Object<'a>> {
        match self {
            Self::Claim(path) => path.parent(facts.claims),
            Self::Header(_) => Some(facts.header),
        }
    }

    /// The claim, where it is one at the top level.
    pub(super) fn top_level_claim(&self) -> Option<&str> {
        match self {
            Self::Claim(path) => path.top_level(),
            Self::Header(_) => None,
        }
    }
}
