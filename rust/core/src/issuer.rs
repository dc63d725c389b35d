//! Issuers that have more than one name: templates with a placeholder, and the issuer that a JWK Set names for a key.
//!
//! A placeholder is one path segment of `[A-Za-z0-9._-]+`, so that what stands for it cannot reach into the rest of the name,
//! and a claim must say the same. Names are compared byte by byte: no case folding, no normalization (RFC 7519 section 4.1.1).

use std::collections::BTreeSet;

use crate::error::{ClaimFault, Error, Result};
use crate::json::{Object, Value};

/// `https://login.example/{tenant}/v2.0`: one issuer for each value of a claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerTemplate {
    pattern: Pattern,
    claim: Box<str>,
    values: Option<BTreeSet<Box<str>>>,
}

/// The issuer for which a JWK Set publishes a key, as Microsoft Entra does in the member `issuer` of each JWK. A token that
/// the key verifies is refused unless its `iss` is that issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIssuer {
    text: Box<str>,
    template: Option<IssuerTemplate>,
}

/// The text before and after a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Pattern {
    before: Box<str>,
    placeholder: Box<str>,
    after: Box<str>,
}

/// The placeholder that Microsoft Entra publishes, and the claim it stands for.
const ENTRA: (&str, &str) = ("tenantid", "tid");

impl IssuerTemplate {
    /// A template and the claim that the placeholder's text must equal. `values` is the closed set of what it may be; `None`
    /// is anything.
    pub fn new(template: &str, claim: &str, values: Option<BTreeSet<Box<str>>>) -> Result<Self> {
        let pattern = Pattern::read(template).ok_or_else(|| Error::policy(NO_TEMPLATE))?;
        if claim.is_empty() {
            return Err(Error::policy("claim names the claim that the placeholder's text must equal"));
        }
        if claim == "iss" {
            return Err(Error::policy(
                "claim is \"iss\", which is the whole issuer and never equals a segment of it: name the claim that says \
                 what the placeholder stands for, such as tid",
            ));
        }
        if values.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(Error::policy("values is empty, which would refuse every token; use UNCHECKED for any value"));
        }
        if values.iter().flatten().any(|value| !is_segment(value)) {
            return Err(Error::policy("values has one that is not a segment of letters, digits and `.`, `_`, `-`"));
        }
        Ok(Self { pattern, claim: claim.into(), values })
    }

    /// The template as it was given.
    #[must_use]
    pub fn text(&self) -> String {
        let Pattern { before, placeholder, after } = &self.pattern;
        format!("{before}{{{placeholder}}}{after}")
    }

    /// The claim that the placeholder's text must equal.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// What the placeholder may be; `None` for anything.
    #[must_use]
    pub const fn values(&self) -> Option<&BTreeSet<Box<str>>> {
        self.values.as_ref()
    }

    /// Whether an issuer's name is one of the template's. What the claim says is not judged here.
    #[must_use]
    pub fn fits(&self, issuer: &str) -> bool {
        self.segment(issuer).is_some()
    }

    /// Judges verified claims whose `iss` is this; `None` where it is no name of this template.
    #[must_use]
    pub fn check(&self, issuer: &str, claims: Object<'_>) -> Option<Result<()>> {
        let segment = self.segment(issuer)?;
        Some(match claims.get(&self.claim).map(Value::as_str) {
            Some(Some(found)) if found == segment => Ok(()),
            Some(Some(_)) => Err(Error::claim(self.claim.to_string(), ClaimFault::Mismatch)),
            Some(None) => Err(Error::claim(self.claim.to_string(), ClaimFault::Invalid)),
            None => Err(Error::claim(self.claim.to_string(), ClaimFault::Missing)),
        })
    }

    fn segment<'i>(&self, issuer: &'i str) -> Option<&'i str> {
        let segment = self.pattern.segment(issuer)?;
        self.values.as_ref().is_none_or(|values| values.contains(segment)).then_some(segment)
    }
}

impl KeyIssuer {
    /// Reads the member `issuer` of a JWK. `{tenantid}` in it stands for the claim `tid`; any other text is one name.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let pattern = Pattern::read(text).filter(|pattern| *pattern.placeholder == *ENTRA.0);
        let template = pattern.map(|pattern| IssuerTemplate { pattern, claim: ENTRA.1.into(), values: None });
        Self { text: text.into(), template }
    }

    /// The member as it was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Judges verified claims.
    pub fn check(&self, issuer: Option<&str>, claims: Object<'_>) -> Result<()> {
        let issuer = issuer.ok_or(Error::claim("iss", ClaimFault::Missing))?;
        let verdict = match &self.template {
            Some(template) => template.check(issuer, claims),
            None => (*self.text == *issuer).then_some(Ok(())),
        };
        verdict.unwrap_or(Err(Error::claim("iss", ClaimFault::Mismatch)))
    }
}

impl Pattern {
    /// The one placeholder of a text, which must be a whole segment of a URL's path.
    fn read(text: &str) -> Option<Self> {
        let (before, rest) = text.split_once('{')?;
        let (placeholder, after) = rest.split_once('}')?;
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
        let (_, path) = before.split_once("://")?;
        let has_host = path.split_once('/').is_some_and(|(host, _)| !host.is_empty());
        let is_whole = before.ends_with('/') && (after.is_empty() || after.starts_with('/'));
        (is_name(placeholder) && has_host && is_whole && !after.contains(['{', '}']) && !before.contains('}'))
            .then(|| Self { before: before.into(), placeholder: placeholder.into(), after: after.into() })
    }

    /// What stands for the placeholder in an issuer's name.
    fn segment<'i>(&self, issuer: &'i str) -> Option<&'i str> {
        let segment = issuer.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        is_segment(segment).then_some(segment)
    }
}

/// Whether a text is one segment of a path that no reader of URLs takes for another (RFC 3986 section 5.2.4).
fn is_segment(text: &str) -> bool {
    let is_safe = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_' | b'-');
    !matches!(text, "" | "." | "..") && text.bytes().all(is_safe)
}

const NO_TEMPLATE: &str = "an issuer template is a URL with one placeholder for a whole segment of its path, such as https://login.example/{tenant}/v2.0";
