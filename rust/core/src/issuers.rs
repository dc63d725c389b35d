//! A closed table of issuers: which verifier a token is for, by the `iss` it claims to have (RFC 8725 section 3.8).
//!
//! What is read before the signature is checked is used only to choose: the chosen verifier judges the token by its own
//! rules, `iss` included. Exact names win over templates. Nothing is shared between issuers, and nothing is remembered by a
//! header, since issuers may have the same ones. A choice costs the same for one issuer as for thousands.

use std::collections::HashMap;

use crate::cache::{Cache, CacheInfo};
use crate::claims::claims_document;
use crate::error::{Error, NoKey, Result};
use crate::issuer::IssuerTemplate;
use crate::json::{Document, Value};
use crate::jws::compact::TokenReader;
use crate::verifier::{Token, Verifier};

/// Values (a verifier and what belongs to it) by issuer.
#[derive(Debug)]
pub struct IssuerTable<T> {
    names: HashMap<Box<str>, usize>,
    templates: Vec<(IssuerTemplate, usize)>,
    /// What names and templates have the places of.
    values: Vec<T>,
    /// Reads what any of the verifiers reads; each keeps its own bounds.
    reader: Option<TokenReader>,
    cache: Option<Cache>,
}

impl<T> IssuerTable<T> {
    /// Lists a verifier for an issuer, which its policy must accept.
    pub fn add(&mut self, issuer: &str, verifier: &Verifier, value: T) -> Result<()> {
        verifier.require_issuer(issuer)?;
        self.widen(verifier.reader());
        let place = self.add_value(value);
        self.names.insert(issuer.into(), place);
        Ok(())
    }

    /// Lists a verifier for the issuers of a template, which its policy must judge. The first template that fits is chosen.
    pub fn add_template(&mut self, template: &IssuerTemplate, verifier: &Verifier, value: T) -> Result<()> {
        verifier.require_template(template)?;
        self.widen(verifier.reader());
        let place = self.add_value(value);
        self.templates.push((template.clone(), place));
        Ok(())
    }

    /// Refuses a table without entries.
    pub fn checked(self) -> Result<Self> {
        if self.names.is_empty() && self.templates.is_empty() {
            return Err(Error::policy("Issuers needs at least one verifier"));
        }
        Ok(self)
    }

    /// Adds a cache of `entries` tokens, which is looked up before a verifier is chosen. What it keeps is bound to the verifier that accepted
    /// the token, and that one judges it again. The verifiers' own caches are not used then.
    pub fn with_cache(self, entries: usize) -> Result<Self> {
        Ok(Self { cache: Cache::new(entries)?, ..self })
    }

    /// The statistics of the cache.
    #[must_use]
    pub fn cache_info(&self) -> CacheInfo {
        self.cache.as_ref().map(Cache::info).unwrap_or_default()
    }

    /// The value for the issuer that a token names, and the token with what was read from it.
    pub fn choose<'s: 'a, 'a>(&'s self, token: &'a [u8]) -> Result<(&'s T, Token<'a>)> {
        let Some(cache) = &self.cache else {
            let (place, token) = self.chosen(token)?;
            return Ok((self.value(place)?, token));
        };
        if let Some(found) = cache.find(token) {
            let place = found.kept().place;
            return Ok((self.value(place)?, Token::from(token).with_front(cache, Some(found), place)));
        }
        let (place, token) = self.chosen(token)?;
        Ok((self.value(place)?, token.with_front(cache, None, place)))
    }

    fn chosen<'a>(&self, token: &'a [u8]) -> Result<(usize, Token<'a>)> {
        let reader = self.reader.unwrap_or_default();
        let compact = reader.read(token)?;
        let claims = match claims_document(compact.payload().to_vec()) {
            Ok(claims) => claims,
            // The order of refusals is that of a verifier: the encoding of all segments comes first.
            Err(error) => return compact.header_octets().and(Err(error)),
        };
        let issuer = issuer(&claims);
        if let Some(chosen) = issuer.and_then(|issuer| self.of(issuer)) {
            return Ok((chosen, Token::ahead(token, reader, compact, claims)));
        }
        compact.header_octets()?;
        Err(Error::KeyNotFound(if issuer.is_some() { NoKey::UnknownIssuer } else { NoKey::NoIssuer }))
    }

    /// How many issuers and templates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len() + self.templates.len()
    }

    /// Whether the table is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }

    fn of(&self, issuer: &str) -> Option<usize> {
        let by_template = || self.templates.iter().find(|(template, _)| template.fits(issuer)).map(|(_, place)| *place);
        self.names.get(issuer).copied().or_else(by_template)
    }

    fn add_value(&mut self, value: T) -> usize {
        self.values.push(value);
        self.values.len() - 1
    }

    fn value(&self, place: usize) -> Result<&T> {
        self.values.get(place).ok_or(Error::KeyNotFound(NoKey::UnknownIssuer))
    }

    fn widen(&mut self, reader: TokenReader) {
        self.reader = Some(self.reader.map_or(reader, |own| own.or(reader)));
    }
}

impl<T> Default for IssuerTable<T> {
    fn default() -> Self {
        Self { names: HashMap::new(), templates: Vec::new(), values: Vec::new(), reader: None, cache: None }
    }
}

/// The `iss` of claims that are not verified.
fn issuer(claims: &Document) -> Option<&str> {
    claims.root().members().get("iss").and_then(Value::as_str)
}
