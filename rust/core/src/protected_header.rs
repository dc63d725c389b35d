//! Writes protected headers (RFC 7515 section 4).
//!
//! The `alg` and `kid` of a header are the key's. The result was parsed by the rules that verifiers apply, within the size that
//! they accept by default, so no header is signed that they would refuse.

use crate::error::{Error, Result};
use crate::header::{CriticalExtensions, Header};
use crate::json::{self, ObjectWriter};
use crate::key::AnySigningKey;
use crate::limits;

/// The header of a JWT: alg, typ and kid, then what the caller adds, as pairs of a name and JSON text.
pub fn jwt_header(key: &AnySigningKey, typ: Option<&str>, headers: &[(String, String)]) -> Result<String> {
    let mut text = Vec::with_capacity(96);
    let mut object = ObjectWriter::new(&mut text);
    object.member("alg").string(key.alg().name());
    if let Some(typ) = typ {
        object.member("typ").string(typ);
    }
    if let Some(kid) = key.kid() {
        object.member("kid").string(kid);
    }
    for (name, json) in headers {
        if ["alg", "typ", "kid", "b64", "crit"].contains(&name.as_str()) {
            return Err(Error::policy(format!(
                "headers may not name {name}: the key, the signer or an argument sets it"
            )));
        }
        object.member(name).raw(json.as_bytes());
    }
    object.end();
    checked(text, &CriticalExtensions::default())
}

/// The header of a JWS that is not a JWT: alg and kid, then the caller's members, then b64 and crit.
///
/// A caller that gives `alg` itself, equal to the key's, chooses the order of the members: other libraries' tokens are compared
/// byte for byte.
pub fn jws_header(
    key: &AnySigningKey,
    headers: &[(String, String)],
    critical: &CriticalExtensions,
    b64: bool,
) -> Result<String> {
    if b64 && critical.names().any(|name| name == "b64") {
        return Err(Error::policy("crit lists b64: write b64=False, which puts it there"));
    }
    let mut text = Vec::with_capacity(96);
    let mut object = ObjectWriter::new(&mut text);
    let own = [("alg", Some(key.alg().name())), ("kid", key.kid())];
    for (name, value) in own.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
        match headers.iter().find(|(other, _)| other == name) {
            None => object.member(name).string(value),
            Some((_, json)) if json.as_bytes() == json::string(value) => {}
            Some(_) => {
                return Err(Error::policy(format!("headers names another {name} than the key's; leave it out")));
            }
        }
    }
    for (name, json) in headers {
        if name == "crit" || name == "b64" {
            return Err(Error::policy(format!("headers may not name {name}: use the argument of that name")));
        }
        object.member(name).raw(json.as_bytes());
    }
    let names = critical.names().filter(|name| *name != "b64").chain((!b64).then_some("b64"));
    let names: Vec<_> = names.map(json::string).collect();
    if !b64 {
        object.member("b64").bool(false);
    }
    if !names.is_empty() {
        object.member("crit").raw(&[b"[", &names.join(&b","[..])[..], b"]"].concat());
    }
    object.end();
    checked(text, critical)
}

fn checked(text: Vec<u8>, critical: &CriticalExtensions) -> Result<String> {
    if let Err(error) = Header::parse(text.clone(), critical, limits::MAX_HEADER_SIZE) {
        return Err(Error::policy(format!("this protected header would be refused: {error}")));
    }
    String::from_utf8(text).map_err(|_| Error::policy("a header is not UTF-8"))
}
