//! Reading JWKs: one parser for every type (RFC 7517 section 4, RFC 7518 section 6).
//!
//! Each member must have its type, encoding and length, and a private key must be complete. A lenient reading accepts what
//! `Reading` lists; a strict one names it in its refusal. Points off the curve and public members of another key are found
//! when the key is built.

use zeroize::Zeroizing;

use super::{Jwk, Material, Ops, Reading};
use crate::base64url;
use crate::crypto::material::{PrivateParts, PublicParts, RsaPrimes, RsaUsage, Secret};
use crate::crypto::{ecdsa, eddsa, mldsa};
use crate::error::{Error, Result};
use crate::issuer::KeyIssuer;
use crate::json::{Document, Kind, Limits, Object, Value};
use crate::jwa::{Alg, Curve, Kty};

/// Reads a JWK's JSON text.
pub fn read(text: &[u8], reading: Reading) -> Result<Jwk> {
    let document = document(text)?;
    let jwk = read_value(document.root(), reading);
    document.wipe();
    jwk
}

/// Parses the JSON text of a JWK or of a JWK Set.
pub fn document(text: &[u8]) -> Result<Document> {
    Document::parse(text.to_vec(), Limits::TEXT).map_err(|reason| not_json(text, reason))
}

/// Reads one JWK of a document.
pub fn read_value(value: Value<'_>, reading: Reading) -> Result<Jwk> {
    let object = value.as_object().ok_or_else(|| Error::key("a JWK is a JSON object"))?;
    let members = Members { object, reading };
    let kty = members.required("kty")?;
    let material = match KTYS.iter().find(|kty_| kty_.name() == kty) {
        Some(Kty::Oct) => Material::Secret(members.octets("k")?),
        Some(Kty::Rsa) => members.rsa()?,
        Some(Kty::Ec) => members.ec()?,
        Some(Kty::Okp) => members.okp()?,
        Some(Kty::Akp) => members.akp()?,
        None => return Err(Error::key("the JWK's kty must be RSA, EC, OKP, AKP or oct")),
    };
    let alg = members.alg()?;
    let kid = members.text("kid")?.map(str::to_owned);
    let issuer = members.text("issuer")?.map(KeyIssuer::new);
    Ok(Jwk { material, alg, kid, issuer, ops: members.ops()? })
}

/// What the text is instead, where that can be recognised.
fn not_json(text: &[u8], reason: &str) -> Error {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Error::key("the JWK is empty");
    }
    if text.starts_with(b"-----BEGIN") {
        return Error::key("this is PEM, not a JWK: use from_pem, or from_certificate for a certificate");
    }
    if text.starts_with(b"https://") || text.starts_with(b"http://") {
        return Error::key("this is a URL, not a JWK: pass the document at the URL");
    }
    if text.ends_with(b".json") || text.ends_with(b".jwk") || text.ends_with(b".jwks") {
        return Error::key("this is a file name, not a JWK: pass the content of the file");
    }
    Error::key(format!("the JWK is not strict JSON: {reason}"))
}

/// The members of one JWK and how to read them.
#[derive(Clone, Copy)]
struct Members<'a> {
    object: Object<'a>,
    reading: Reading,
}

impl<'a> Members<'a> {
    fn alg(self) -> Result<Option<Alg>> {
        let Some(name) = self.text("alg")? else { return Ok(None) };
        Alg::from_name(name)
            .map(Some)
            .ok_or_else(|| Error::key("the JWK's alg is not a signature algorithm known here"))
    }

    /// `use` and `key_ops`, which must agree where a key has both (RFC 7517 sections 4.2 and 4.3).
    fn ops(self) -> Result<Ops> {
        let usage = self.text("use")?;
        if usage.is_some_and(|usage| usage != "sig") {
            return Err(Error::key("the JWK's use is not sig"));
        }
        let Some(value) = self.get("key_ops")? else { return Ok(Ops::BOTH) };
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
    fn rsa(self) -> Result<Material> {
        let n = self.integer("n")?.to_vec();
        let e = self.integer("e")?.to_vec();
        if self.get("oth")?.is_some() {
            return Err(Error::key("an RSA key of more than two primes (oth) is not supported"));
        }
        let public = PublicParts::Rsa { n: n.clone(), e: e.clone(), usage: RsaUsage::Any };
        let mut present = 0;
        for name in RSA_PRIMES {
            present += usize::from(self.get(name)?.is_some());
        }
        if self.get("d")?.is_none() {
            if present > 0 {
                return Err(Error::key("the JWK has primes but no d"));
            }
            return Ok(Material::Public(public));
        }
        let primes = match present {
            0 => None,
            5 => Some(RsaPrimes {
                p: self.integer("p")?,
                q: self.integer("q")?,
                dp: self.integer("dp")?,
                dq: self.integer("dq")?,
                qi: self.integer("qi")?,
            }),
            _ => return Err(Error::key("the JWK has some of p, q, dp, dq and qi: it must have all or none")),
        };
        let private = PrivateParts::Rsa { n, e, usage: RsaUsage::Any, d: self.integer("d")?, primes };
        Ok(Material::Private { public, private })
    }

    /// RFC 7518 section 6.2; coordinates and scalar keep their leading zeros.
    fn ec(self) -> Result<Material> {
        let (curve, len) = self.curve(ecdsa::field_len, "P-256, P-384, P-521 and secp256k1")?;
        let x = self.coordinate("x", len)?;
        let y = self.coordinate("y", len)?;
        let point = [&[ecdsa::UNCOMPRESSED], x.as_slice(), &y].concat();
        let public = PublicParts::Ec { curve, point: point.clone() };
        if self.get("d")?.is_none() {
            return Ok(Material::Public(public));
        }
        let private = PrivateParts::Ec { curve, d: self.coordinate("d", len)?, point: Some(point) };
        Ok(Material::Private { public, private })
    }

    /// RFC 8037 section 2.
    fn okp(self) -> Result<Material> {
        let (curve, len) = self.curve(eddsa::key_len, "Ed25519 and Ed448")?;
        let x = self.fixed("x", len)?.to_vec();
        let public = PublicParts::Okp { curve, x: x.clone() };
        if self.get("d")?.is_none() {
            return Ok(Material::Public(public));
        }
        let private = PrivateParts::Okp { curve, d: self.fixed("d", len)?, x: Some(x) };
        Ok(Material::Private { public, private })
    }

    /// RFC 9964 section 3; alg says which parameter set.
    fn akp(self) -> Result<Material> {
        let alg = self.alg()?.ok_or_else(|| Error::key("a JWK of kty AKP needs its alg"))?;
        if alg.spec().kty != Kty::Akp {
            return Err(Error::key(format!("{alg} does not fit a JWK of kty AKP")));
        }
        let key = self.octets("pub")?.to_vec();
        let public = PublicParts::Akp { alg, key: key.clone() };
        if self.get("priv")?.is_none() {
            return Ok(Material::Public(public));
        }
        let seed = self.fixed("priv", mldsa::SEED_LEN)?;
        let private = PrivateParts::Akp { alg, seed, key: Some(key), expanded: None };
        Ok(Material::Private { public, private })
    }

    /// The curve that `crv` names and the length that goes with it.
    fn curve(self, len: fn(Curve) -> Option<usize>, choices: &str) -> Result<(Curve, usize)> {
        let name = self.required("crv")?;
        CURVES
            .into_iter()
            .find(|curve| curve.name() == name)
            .and_then(|curve| len(curve).map(|len| (curve, len)))
            .ok_or_else(|| Error::key(format!("the JWK's crv must be one of {choices}")))
    }

    /// An optional string.
    fn text(self, name: &str) -> Result<Option<&'a str>> {
        match self.get(name)?.map(Value::kind) {
            None => Ok(None),
            Some(Kind::Str(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Error::key(format!("the JWK's {name} is not a string"))),
        }
    }

    /// A required string.
    fn required(self, name: &str) -> Result<&'a str> {
        match self.object.get(name).map(Value::kind) {
            Some(Kind::Str(text)) => Ok(text.as_str()),
            None | Some(Kind::Null) => Err(self.without(name)),
            Some(_) => Err(Error::key(format!("the JWK's {name} is not a string"))),
        }
    }

    /// A member, where it is present.
    fn get(self, name: &str) -> Result<Option<Value<'a>>> {
        match self.object.get(name) {
            Some(value) if matches!(value.kind(), Kind::Null) => match self.reading {
                Reading::Lenient => Ok(None),
                Reading::Strict => Err(Error::key(format!("the JWK's {name} is null: leave it out, or {FORGIVEN}"))),
            },
            member => Ok(member),
        }
    }

    /// Bytes, in base64url.
    fn octets(self, name: &str) -> Result<Secret> {
        let text = self.required(name)?.as_bytes();
        if let Some(octets) = base64url::decode(text) {
            return Ok(Zeroizing::new(octets));
        }
        let octets = base64url::decode_leniently(text)
            .map(Zeroizing::new)
            .ok_or_else(|| Error::key(format!("the JWK's {name} is not canonical base64url")))?;
        match self.reading {
            Reading::Lenient => Ok(octets),
            Reading::Strict => Err(Error::key(format!(
                "the JWK's {name} is not canonical base64url, which has no padding, no line breaks and neither + nor /: \
                 {FORGIVEN}"
            ))),
        }
    }

    /// Bytes of a fixed number.
    fn fixed(self, name: &str, len: usize) -> Result<Secret> {
        let octets = self.octets(name)?;
        if octets.len() == len { Ok(octets) } else { Err(wrong_length(name, octets.len(), len, "")) }
    }

    /// A coordinate or scalar of a curve: as long as the field (RFC 7518 section 6.2.1.2).
    fn coordinate(self, name: &str, len: usize) -> Result<Secret> {
        let octets = self.octets(name)?;
        if octets.len() == len {
            return Ok(octets);
        }
        let digits = without_zeros(&octets);
        if octets.is_empty() || digits.len() > len {
            return Err(wrong_length(name, octets.len(), len, ""));
        }
        if self.reading == Reading::Strict {
            return Err(wrong_length(name, octets.len(), len, &format!(": {FORGIVEN}")));
        }
        let mut padded = Zeroizing::new(vec![0; len - digits.len()]);
        padded.reserve_exact(digits.len());
        padded.extend_from_slice(digits);
        Ok(padded)
    }

    /// A Base64urlUInt of minimal length, or thumbprints would differ for one key (RFC 7518 section 2, RFC 7638 section 7).
    fn integer(self, name: &str) -> Result<Secret> {
        let octets = self.octets(name)?;
        let digits = without_zeros(&octets);
        if digits.is_empty() {
            return Err(Error::key(format!("the JWK's {name} is zero")));
        }
        if digits.len() == octets.len() {
            return Ok(octets);
        }
        match self.reading {
            Reading::Lenient => Ok(Zeroizing::new(digits.to_vec())),
            Reading::Strict => Err(Error::key(format!("the JWK's {name} starts with a zero byte: {FORGIVEN}"))),
        }
    }

    fn without(self, name: &str) -> Error {
        if self.object.get("keys").is_some() {
            return Error::key("this is a JWK Set: read it with KeySet.from_jwks, or give one of its keys");
        }
        if self.object.get("x5c").is_some() {
            return Error::key(format!(
                "the JWK has no {name} but a certificate: use VerifyingKey.from_certificate with the base64-decoded first \
                 entry of x5c"
            ));
        }
        Error::key(format!("the JWK has no {name}"))
    }
}

/// The refusal of what a lenient reading accepts.
const FORGIVEN: &str = "lenient=True accepts it";

fn wrong_length(name: &str, found: usize, len: usize, advice: &str) -> Error {
    Error::key(format!("the JWK's {name} has {found} bytes instead of {len}{advice}"))
}

/// The bytes after leading zeros.
fn without_zeros(octets: &[u8]) -> &[u8] {
    octets.iter().position(|octet| *octet != 0).and_then(|first| octets.get(first..)).unwrap_or_default()
}

const RSA_PRIMES: [&str; 5] = ["p", "q", "dp", "dq", "qi"];

const CURVES: [Curve; 6] = [Curve::P256, Curve::P384, Curve::P521, Curve::Secp256k1, Curve::Ed25519, Curve::Ed448];

const KTYS: [Kty; 5] = [Kty::Oct, Kty::Rsa, Kty::Ec, Kty::Okp, Kty::Akp];
