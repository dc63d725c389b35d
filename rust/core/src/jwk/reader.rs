//! Reading JWKs: one strict parser for every type (RFC 7517 section 4, RFC 7518 section 6).
//!
//! It holds each member to its type, encoding and length and refuses a half of a private key. It looks no further: points
//! off their curve and foreign halves are found when the key is built.

use zeroize::Zeroizing;

use super::{Jwk, Material, Ops};
use crate::base64url;
use crate::crypto::material::{PrivateParts, PublicParts, RsaPrimes, RsaUsage, Secret};
use crate::crypto::{ecdsa, eddsa, mldsa};
use crate::error::{Error, Result};
use crate::json::{Document, Kind, Limits, Object, Value};
use crate::jwa::{Alg, Curve, Kty};

/// Reads a JWK's JSON text.
pub fn read(text: &[u8]) -> Result<Jwk> {
    let document = document(text)?;
    let jwk = read_value(document.root());
    document.wipe();
    jwk
}

/// Parses the JSON text of a JWK or of a JWK Set.
pub fn document(text: &[u8]) -> Result<Document> {
    Document::parse(text.to_vec(), Limits::TEXT)
        .map_err(|reason| Error::key(format!("the JWK is not strict JSON: {reason}")))
}

/// Reads one JWK of a document.
pub fn read_value(value: Value<'_>) -> Result<Jwk> {
    let members = value.as_object().ok_or_else(|| Error::key("a JWK is a JSON object"))?;
    let kty = text(members, "kty")?.ok_or_else(|| Error::key("the JWK has no kty"))?;
    let material = match KTYS.iter().find(|kty_| kty_.name() == kty) {
        Some(Kty::Oct) => Material::Secret(octets(members, "k")?),
        Some(Kty::Rsa) => rsa(members)?,
        Some(Kty::Ec) => ec(members)?,
        Some(Kty::Okp) => okp(members)?,
        Some(Kty::Akp) => akp(members)?,
        None => return Err(Error::key("the JWK's kty is none of RSA, EC, OKP, AKP and oct")),
    };
    let alg = alg(members)?;
    let kid = text(members, "kid")?.map(str::to_owned);
    Ok(Jwk { material, alg, kid, ops: ops(members)? })
}

const KTYS: [Kty; 5] = [Kty::Oct, Kty::Rsa, Kty::Ec, Kty::Okp, Kty::Akp];

fn alg(members: Object<'_>) -> Result<Option<Alg>> {
    let Some(name) = text(members, "alg")? else { return Ok(None) };
    Alg::from_name(name).map(Some).ok_or_else(|| Error::key("the JWK's alg is not a signature algorithm known here"))
}

/// `use` and `key_ops`, which must agree where both stand (RFC 7517 sections 4.2 and 4.3).
fn ops(members: Object<'_>) -> Result<Ops> {
    let usage = text(members, "use")?;
    if usage.is_some_and(|usage| usage != "sig") {
        return Err(Error::key("the JWK's use is not sig"));
    }
    let Some(value) = members.get("key_ops") else { return Ok(Ops::BOTH) };
    let malformed = || Error::key("the JWK's key_ops is not an array of distinct strings");
    let list = value.as_array().ok_or_else(malformed)?;
    let mut names: Vec<&str> = Vec::new();
    for item in list {
        let name = item.as_str().ok_or_else(malformed)?;
        if names.contains(&name) {
            return Err(malformed());
        }
        names.push(name);
    }
    let encrypts = ["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"];
    if usage.is_some() && names.iter().any(|name| encrypts.contains(name)) {
        return Err(Error::key("the JWK's use and key_ops contradict each other"));
    }
    Ok(Ops { sign: names.contains(&"sign"), verify: names.contains(&"verify") })
}

/// RFC 7518 section 6.3.
fn rsa(members: Object<'_>) -> Result<Material> {
    let n = integer(members, "n")?.to_vec();
    let e = integer(members, "e")?.to_vec();
    if members.get("oth").is_some() {
        return Err(Error::key("an RSA key of more than two primes (oth) is not supported"));
    }
    let public = PublicParts::Rsa { n: n.clone(), e: e.clone(), usage: RsaUsage::Any };
    let present = RSA_PRIMES.iter().filter(|name| members.get(name).is_some()).count();
    if members.get("d").is_none() {
        if present > 0 {
            return Err(Error::key("the JWK has primes but no d"));
        }
        return Ok(Material::Public(public));
    }
    let primes = match present {
        0 => None,
        5 => Some(RsaPrimes {
            p: integer(members, "p")?,
            q: integer(members, "q")?,
            dp: integer(members, "dp")?,
            dq: integer(members, "dq")?,
            qi: integer(members, "qi")?,
        }),
        _ => return Err(Error::key("the JWK has some of p, q, dp, dq and qi: it must have all or none")),
    };
    let private = PrivateParts::Rsa { n, e, usage: RsaUsage::Any, d: integer(members, "d")?, primes };
    Ok(Material::Private { public, private })
}

const RSA_PRIMES: [&str; 5] = ["p", "q", "dp", "dq", "qi"];

/// RFC 7518 section 6.2; coordinates and scalar keep their leading zeros.
fn ec(members: Object<'_>) -> Result<Material> {
    let (curve, len) = curve(members, ecdsa::field_len, "P-256, P-384, P-521 and secp256k1")?;
    let x = fixed(members, "x", len)?;
    let y = fixed(members, "y", len)?;
    let point = [&[ecdsa::UNCOMPRESSED], x.as_slice(), &y].concat();
    let public = PublicParts::Ec { curve, point: point.clone() };
    if members.get("d").is_none() {
        return Ok(Material::Public(public));
    }
    let private = PrivateParts::Ec { curve, d: fixed(members, "d", len)?, point: Some(point) };
    Ok(Material::Private { public, private })
}

/// RFC 8037 section 2.
fn okp(members: Object<'_>) -> Result<Material> {
    let (curve, len) = curve(members, eddsa::key_len, "Ed25519 and Ed448")?;
    let x = fixed(members, "x", len)?.to_vec();
    let public = PublicParts::Okp { curve, x: x.clone() };
    if members.get("d").is_none() {
        return Ok(Material::Public(public));
    }
    let private = PrivateParts::Okp { curve, d: fixed(members, "d", len)?, x: Some(x) };
    Ok(Material::Private { public, private })
}

/// RFC 9964 section 3; alg says which parameter set.
fn akp(members: Object<'_>) -> Result<Material> {
    let alg = alg(members)?.ok_or_else(|| Error::key("a JWK of kty AKP needs its alg"))?;
    if alg.spec().kty != Kty::Akp {
        return Err(Error::key(format!("{alg} does not fit a JWK of kty AKP")));
    }
    let key = octets(members, "pub")?.to_vec();
    let public = PublicParts::Akp { alg, key: key.clone() };
    if members.get("priv").is_none() {
        return Ok(Material::Public(public));
    }
    let seed = fixed(members, "priv", mldsa::SEED_LEN)?;
    let private = PrivateParts::Akp { alg, seed, key: Some(key), expanded: None };
    Ok(Material::Private { public, private })
}

/// The curve that `crv` names and the length that goes with it.
fn curve(members: Object<'_>, len: fn(Curve) -> Option<usize>, choices: &str) -> Result<(Curve, usize)> {
    let name = text(members, "crv")?.ok_or_else(|| Error::key("the JWK has no crv"))?;
    CURVES
        .into_iter()
        .find(|curve| curve.name() == name)
        .and_then(|curve| len(curve).map(|len| (curve, len)))
        .ok_or_else(|| Error::key(format!("the JWK's crv is none of {choices}")))
}

const CURVES: [Curve; 6] = [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1, Curve::Ed25519, Curve::Ed448];

/// An optional string.
fn text<'a>(members: Object<'a>, name: &str) -> Result<Option<&'a str>> {
    match members.get(name).map(Value::kind) {
        None => Ok(None),
        Some(Kind::Str(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Error::key(format!("the JWK's {name} is not a string"))),
    }
}

/// A member of octets.
fn octets(members: Object<'_>, name: &str) -> Result<Secret> {
    let text = text(members, name)?.ok_or_else(|| Error::key(format!("the JWK has no {name}")))?;
    base64url::decode(text.as_bytes())
        .map(Zeroizing::new)
        .ok_or_else(|| Error::key(format!("the JWK's {name} is not canonical base64url")))
}

/// A member of octets whose number is fixed.
fn fixed(members: Object<'_>, name: &str, len: usize) -> Result<Secret> {
    let octets = octets(members, name)?;
    if octets.len() != len {
        return Err(Error::key(format!("the JWK's {name} has {} octets instead of {len}", octets.len())));
    }
    Ok(octets)
}

/// A Base64urlUInt: minimal octets, or thumbprints would differ for one key (RFC 7518 section 2, RFC 7638 section 7).
fn integer(members: Object<'_>, name: &str) -> Result<Secret> {
    let octets = octets(members, name)?;
    if octets.first().is_none_or(|first| *first == 0) {
        return Err(Error::key(format!("the JWK's {name} is empty or starts with a zero octet")));
    }
    Ok(octets)
}
