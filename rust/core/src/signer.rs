//! Minting JWTs (RFC 7519 section 7.1): one key, one protected header encoded once, any number of claims sets.
//!
//! The signer adds `iss`, `exp` and `iat` where the caller left them out and overrules nothing. What it writes is judged by
//! the rules a verifier has for types, so nothing leaves that every verifier would refuse. Private key operations belong to
//! the key.

use crate::base64url;
use crate::claims_writer::ClaimsWriter;
use crate::error::{Error, Result};
use crate::header::{CriticalExtensions, Header};
use crate::json::Writer;
use crate::key::{AnySigningKey, Message};
use crate::limits;

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
        let mut prefix = base64url::encode(protected(&key, typ, headers)?.as_bytes()).into_bytes();
        prefix.push(b'.');
        Ok(Self { key, issuer: issuer.map(json_string), expires_in, prefix })
    }

    /// Signs a claims set at the time `now`. `prefix` stands in for the signer's own header where one call needs another.
    pub fn sign<C: ClaimsSource>(
        &self,
        claims: &C,
        prefix: Option<&[u8]>,
        now: f64,
    ) -> std::result::Result<Vec<u8>, C::Error> {
        let mut payload = Vec::with_capacity(512);
        let mut writer = ClaimsWriter::new(&mut payload, self.issuer.as_deref());
        claims.write(&mut writer)?;
        writer.finish(self.expires_in, now)?;
        let prefix = prefix.unwrap_or(&self.prefix);
        let mut token = Vec::with_capacity(prefix.len() + payload.len().div_ceil(3) * 4 + 768);
        token.extend_from_slice(prefix);
        base64url::encode_into(&payload, &mut token);
        let signature = self.key.sign(Message::Whole(&token))?;
        token.push(b'.');
        base64url::encode_into(&signature, &mut token);
        Ok(token)
    }

    /// The encoded header of one call: this signer's key and `typ`, other members.
    pub fn prefix(&self, typ: Option<&str>, headers: &[(String, String)]) -> Result<Vec<u8>> {
        let mut prefix = base64url::encode(protected(&self.key, typ, headers)?.as_bytes()).into_bytes();
        prefix.push(b'.');
        Ok(prefix)
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &AnySigningKey {
        &self.key
    }
}

/// The JSON text of a protected header: alg, typ and kid, then what the caller adds.
pub fn protected(key: &AnySigningKey, typ: Option<&str>, headers: &[(String, String)]) -> Result<String> {
    let mut text = Vec::with_capacity(96);
    text.push(b'{');
    let mut any = false;
    member(&mut any, "alg", &mut text).string(key.alg().name());
    if let Some(typ) = typ {
        member(&mut any, "typ", &mut text).string(typ);
    }
    if let Some(kid) = key.kid() {
        member(&mut any, "kid", &mut text).string(kid);
    }
    for (name, json) in headers {
        if ["alg", "typ", "kid", "b64", "crit"].contains(&name.as_str()) {
            return Err(Error::policy(format!(
                "headers may not name {name}: the key, the signer or an argument sets it"
            )));
        }
        member(&mut any, name, &mut text);
        text.extend_from_slice(json.as_bytes());
    }
    text.push(b'}');
    judged(text, &CriticalExtensions::default())
}

/// The JSON text of the protected header of a JWS that is no JWT: alg and kid, then what the caller adds, then `crit`.
///
/// A caller that gives `alg` itself, equal to the key's, gets its own order of members: other libraries and golden tokens
/// need exact octets. The result is judged by the very rules a verifier has, so nothing leaves that would be refused.
pub fn jws_header(
    key: &AnySigningKey,
    headers: &[(String, String)],
    crit: &CriticalExtensions,
    b64: bool,
) -> Result<String> {
    if b64 && crit.names().any(|name| name == "b64") {
        return Err(Error::policy("crit lists b64: write b64=False, which puts it there"));
    }
    let mut text = Vec::with_capacity(96);
    text.push(b'{');
    let mut any = false;
    let given = |name: &str| headers.iter().find(|(other, _)| other == name).map(|(_, json)| json.as_str());
    let is = |json: &str, text: &str| json.as_bytes() == json_string(text);
    match given("alg") {
        None => member(&mut any, "alg", &mut text).string(key.alg().name()),
        Some(json) if is(json, key.alg().name()) => {}
        Some(_) => return Err(Error::policy("headers names another alg than the key's; leave it out")),
    }
    match (key.kid(), given("kid")) {
        (Some(kid), None) => member(&mut any, "kid", &mut text).string(kid),
        (Some(kid), Some(json)) if !is(json, kid) => {
            return Err(Error::policy("headers names another kid than the key's; leave it out"));
        }
        _ => {}
    }
    for (name, json) in headers {
        if name == "crit" || name == "b64" {
            return Err(Error::policy(format!("headers may not name {name}: use the argument of that name")));
        }
        member(&mut any, name, &mut text).raw(json.as_bytes());
    }
    let critical: Vec<&str> = crit.names().filter(|name| *name != "b64").chain((!b64).then_some("b64")).collect();
    if !b64 {
        member(&mut any, "b64", &mut text).bool(false);
    }
    if !critical.is_empty() {
        let mut writer = member(&mut any, "crit", &mut text);
        for (place, name) in critical.iter().enumerate() {
            writer.raw(if place == 0 { b"[" } else { b"," });
            writer.string(name);
        }
        writer.raw(b"]");
    }
    text.push(b'}');
    judged(text, crit)
}

/// The header's text, unless the rules of a verifier refuse it; its size is what verifiers accept by default.
fn judged(text: Vec<u8>, crit: &CriticalExtensions) -> Result<String> {
    if let Err(error) = Header::parse(text.clone(), crit, limits::MAX_HEADER_SIZE) {
        return Err(Error::policy(format!("this protected header would be refused: {error}")));
    }
    String::from_utf8(text).map_err(|_| Error::policy("a header is not UTF-8"))
}

/// Writes a member's name and hands back the writer for its value.
fn member<'a>(any: &mut bool, name: &str, out: &'a mut Vec<u8>) -> Writer<'a> {
    if *any {
        out.push(b',');
    }
    *any = true;
    let mut writer = Writer::new(out);
    writer.string(name);
    writer.raw(b":");
    writer
}

fn json_string(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    Writer::new(&mut out).string(text);
    out
}
