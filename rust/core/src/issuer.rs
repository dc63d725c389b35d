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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Document, Limits};

    fn template(values: Option<&[&str]>) -> IssuerTemplate {
        let values = values.map(|values| values.iter().map(|value| Box::from(*value)).collect());
        IssuerTemplate::new("https://login.example/{tenant}/v2.0", "tid", values).unwrap()
    }

    fn verdict(template: &IssuerTemplate, issuer: &str, claims: &str) -> &'static str {
        let document = Document::parse(claims.as_bytes().to_vec(), Limits::TEXT).unwrap();
        match template.check(issuer, document.root().members()) {
            None => "another",
            Some(Ok(())) => "accepted",
            Some(Err(error)) => error.code(),
        }
    }

    /// The placeholder is one segment, equal to the claim.
    #[test]
    fn segments_equal_the_claim() {
        let any = template(None);
        let check = |segment: &str| {
            verdict(&any, &format!("https://login.example/{segment}/v2.0"), &format!(r#"{{"tid":"{segment}"}}"#))
        };
        for segment in ["a", "A-b_c.d", "72f988bf-86f1-41af-91ab-2d7cd011db47", "..."] {
            assert_eq!("accepted", check(segment), "{segment}");
        }
        for segment in ["", ".", "..", "a/b", "a/../b", "a%2fb", "a b", "é", "a?b", "a#b", "a:b", "a@b", "{tenant}"] {
            assert_eq!("another", check(segment), "{segment}");
        }
        let issuer = "https://login.example/a/v2.0";
        assert_eq!("claim_mismatch", verdict(&any, issuer, r#"{"tid":"b"}"#));
        assert_eq!("claim_mismatch", verdict(&any, issuer, r#"{"tid":"A"}"#));
        assert_eq!("invalid_claim", verdict(&any, issuer, r#"{"tid":["a"]}"#));
        assert_eq!("missing_claim", verdict(&any, issuer, r#"{"TID":"a"}"#));
    }

    /// A name that only resembles the template is another one.
    #[test]
    fn names_are_compared_whole() {
        let any = template(None);
        for issuer in [
            "https://login.example/a/v2.0/",
            "https://login.example/a/v2",
            "https://login.example//v2.0",
            "https://login.example/v2.0",
            "https://login.example.evil/a/v2.0",
            "http://login.example/a/v2.0",
            "https://LOGIN.example/a/v2.0",
            "x https://login.example/a/v2.0",
            "",
        ] {
            assert_eq!("another", verdict(&any, issuer, r#"{"tid":"a"}"#), "{issuer}");
        }
    }

    /// A closed set of values refuses all others.
    #[test]
    fn values_are_a_closed_set() {
        let closed = template(Some(&["a", "b"]));
        assert_eq!("accepted", verdict(&closed, "https://login.example/b/v2.0", r#"{"tid":"b"}"#));
        assert_eq!("another", verdict(&closed, "https://login.example/c/v2.0", r#"{"tid":"c"}"#));
    }

    /// Declarations that would match too much, or nothing, are refused.
    #[test]
    fn templates_that_cannot_be() {
        for text in [
            "https://login.example/v2.0",
            "https://{host}/v2.0",
            "https://{host}.example/v2.0",
            "https://login.example/a{tenant}/v2.0",
            "https://login.example/{tenant}b/v2.0",
            "https://login.example/{tenant}/{other}",
            "https://login.example/{}/v2.0",
            "https://login.example/{a b}",
            "https://login.example/{tenant",
            "https://login.example/}{tenant}",
            "{tenant}",
            "/{tenant}",
            "https:///{tenant}",
            "",
        ] {
            assert_eq!("invalid_policy", IssuerTemplate::new(text, "tid", None).unwrap_err().code(), "{text}");
        }
        let text = "https://login.example/{tenant}";
        assert_eq!(text, IssuerTemplate::new(text, "tid", None).unwrap().text());
        assert_eq!("invalid_policy", IssuerTemplate::new(text, "", None).unwrap_err().code());
        for values in [vec![], vec!["a/b"], vec![".."]] {
            let values = values.into_iter().map(Box::from).collect();
            assert_eq!("invalid_policy", IssuerTemplate::new(text, "tid", Some(values)).unwrap_err().code());
        }
    }

    /// The issuer published for a key is one name, or Entra's template.
    #[test]
    fn published_issuers() {
        let check = |published: &str, issuer: Option<&str>, claims: &str| {
            let document = Document::parse(claims.as_bytes().to_vec(), Limits::TEXT).unwrap();
            KeyIssuer::new(published).check(issuer, document.root().members()).map_err(|error| error.code())
        };
        let (entra, own) = ("https://login.example/{tenantid}/v2.0", "https://login.example/9188/v2.0");
        assert_eq!(Ok(()), check(own, Some(own), "{}"));
        assert_eq!(Err("claim_mismatch"), check(own, Some("https://login.example/9189/v2.0"), "{}"));
        assert_eq!(Err("missing_claim"), check(own, None, "{}"));
        assert_eq!(Ok(()), check(entra, Some(own), r#"{"tid":"9188"}"#));
        assert_eq!(Err("claim_mismatch"), check(entra, Some(own), r#"{"tid":"9189"}"#));
        assert_eq!(Err("missing_claim"), check(entra, Some(own), "{}"));
        assert_eq!(Err("claim_mismatch"), check(entra, Some("https://other.example/9188/v2.0"), r#"{"tid":"9188"}"#));
        assert_eq!(
            Err("claim_mismatch"),
            check("https://login.example/{other}/v2.0", Some(own), r#"{"other":"9188"}"#)
        );
        assert_eq!(entra, KeyIssuer::new(entra).text());
    }
}
