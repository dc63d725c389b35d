//! Writes JWKs and the texts of their thumbprints (RFC 7517 section 4, RFC 7638 section 3).
//!
//! Public texts hold public members only. A private text is allocated once, at its full size, and wiped when dropped.

use zeroize::Zeroizing;

use super::Ops;
use crate::crypto::material::{PrivateParts, PublicParts};
use crate::issuer::KeyIssuer;
use crate::json::ObjectWriter;
use crate::jwa::{Alg, Kty};

/// The JSON text of a public key.
#[must_use]
pub fn write_public(parts: &PublicParts, alg: Option<Alg>, kid: Option<&str>, issuer: Option<&KeyIssuer>) -> String {
    let mut out = Vec::with_capacity(512);
    let mut object = ObjectWriter::new(&mut out);
    write_parts(&mut object, parts);
    write_declaration(&mut object, alg, kid);
    if let Some(issuer) = issuer {
        object.member("issuer").string(issuer.text());
    }
    object.end();
    into_string(out)
}

/// The JSON text of a private key beside its public half.
#[must_use]
pub fn write_private(public: &PublicParts, private: &PrivateParts, alg: Alg, kid: Option<&str>) -> Zeroizing<String> {
    // Room for the whole text, so that it never grows and leaves a copy.
    let mut out = Vec::with_capacity(PRIVATE_ROOM + kid.map_or(0, |kid| 6 * kid.len()));
    let mut object = ObjectWriter::new(&mut out);
    write_parts(&mut object, public);
    match private {
        PrivateParts::Rsa { d, primes, .. } => {
            object.member("d").base64url(d);
            if let Some(primes) = primes {
                let parts = [&primes.p, &primes.q, &primes.dp, &primes.dq, &primes.qi];
                ["p", "q", "dp", "dq", "qi"]
                    .iter()
                    .zip(parts)
                    .for_each(|(name, part)| object.member(name).base64url(part));
            }
        }
        PrivateParts::Ec { d, .. } | PrivateParts::Okp { d, .. } => object.member("d").base64url(d),
        PrivateParts::Akp { seed, .. } => object.member("priv").base64url(seed),
    }
    write_declaration(&mut object, Some(alg), kid);
    object.end();
    Zeroizing::new(into_string(out))
}

/// More than the bytes of an RSA key of 8,192 bits, of which nine halves of the modulus are written.
const PRIVATE_ROOM: usize = 8_192;

/// The JSON text of a secret; `key_ops` only where it does not permit both.
#[must_use]
pub fn write_secret(secret: &[u8], alg: Alg, kid: Option<&str>, ops: Ops) -> Zeroizing<String> {
    let mut out = Vec::with_capacity(256 + 2 * secret.len() + kid.map_or(0, |kid| 6 * kid.len()));
    let mut object = ObjectWriter::new(&mut out);
    object.member("kty").string(Kty::Oct.name());
    object.member("k").base64url(secret);
    write_declaration(&mut object, Some(alg), kid);
    if ops != Ops::BOTH {
        object.member("key_ops").raw(if ops.sign { br#"["sign"]"# } else { br#"["verify"]"# });
    }
    object.end();
    Zeroizing::new(into_string(out))
}

/// The required members in the order of their names (RFC 7638 section 3).
#[must_use]
pub fn thumbprint_input(parts: &PublicParts) -> String {
    let mut out = Vec::with_capacity(512);
    let mut object = ObjectWriter::new(&mut out);
    let kty = parts.kty().name();
    match parts {
        PublicParts::Rsa { n, e, .. } => {
            object.member("e").base64url(e);
            object.member("kty").string(kty);
            object.member("n").base64url(n);
        }
        PublicParts::Ec { curve, point } => {
            let (x, y) = coordinates(point);
            object.member("crv").string(curve.name());
            object.member("kty").string(kty);
            object.member("x").base64url(x);
            object.member("y").base64url(y);
        }
        PublicParts::Okp { curve, x } => {
            object.member("crv").string(curve.name());
            object.member("kty").string(kty);
            object.member("x").base64url(x);
        }
        PublicParts::Akp { alg, key } => {
            object.member("alg").string(alg.name());
            object.member("kty").string(kty);
            object.member("pub").base64url(key);
        }
    }
    object.end();
    into_string(out)
}

/// The required members of a secret.
#[must_use]
pub fn secret_thumbprint_input(secret: &[u8]) -> Zeroizing<String> {
    let mut out = Vec::with_capacity(64 + 2 * secret.len());
    let mut object = ObjectWriter::new(&mut out);
    object.member("k").base64url(secret);
    object.member("kty").string(Kty::Oct.name());
    object.end();
    Zeroizing::new(into_string(out))
}

/// The members of a public key.
fn write_parts(object: &mut ObjectWriter<'_>, parts: &PublicParts) {
    object.member("kty").string(parts.kty().name());
    match parts {
        PublicParts::Rsa { n, e, .. } => {
            object.member("n").base64url(n);
            object.member("e").base64url(e);
        }
        PublicParts::Ec { curve, point } => {
            let (x, y) = coordinates(point);
            object.member("crv").string(curve.name());
            object.member("x").base64url(x);
            object.member("y").base64url(y);
        }
        PublicParts::Okp { curve, x } => {
            object.member("crv").string(curve.name());
            object.member("x").base64url(x);
        }
        PublicParts::Akp { key, .. } => object.member("pub").base64url(key),
    }
}

fn write_declaration(object: &mut ObjectWriter<'_>, alg: Option<Alg>, kid: Option<&str>) {
    if let Some(alg) = alg {
        object.member("alg").string(alg.name());
    }
    if let Some(kid) = kid {
        object.member("kid").string(kid);
    }
}

/// The coordinates of an uncompressed point.
fn coordinates(point: &[u8]) -> (&[u8], &[u8]) {
    let coordinates = point.split_first().map_or(&[][..], |(_, rest)| rest);
    coordinates.split_at_checked(coordinates.len() / 2).unwrap_or_default()
}

/// Everything written here is ASCII or came in as a `str`.
fn into_string(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_default()
}
