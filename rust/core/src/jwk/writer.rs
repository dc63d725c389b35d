//! Writing JWKs and the texts of their thumbprints (RFC 7517 section 4, RFC 7638 section 3).
//!
//! Public texts hold public members only. A private text is allocated once, at its full size, and wiped when dropped.

use zeroize::Zeroizing;

use super::Ops;
use crate::base64url;
use crate::crypto::material::{PrivateParts, PublicParts};
use crate::json::Writer;
use crate::jwa::{Alg, Kty};

/// The JSON text of a public key.
#[must_use]
pub fn write_public(parts: &PublicParts, alg: Option<Alg>, kid: Option<&str>) -> String {
    let mut out = Vec::with_capacity(512);
    let mut object = Members::new(&mut out);
    object.public(parts);
    object.declaration(alg, kid);
    object.end();
    into_string(out)
}

/// The JSON text of a private key beside its public half.
#[must_use]
pub fn write_private(public: &PublicParts, private: &PrivateParts, alg: Alg, kid: Option<&str>) -> Zeroizing<String> {
    // Room for all of it, so that no copy stays behind where the text grew.
    let mut out = Vec::with_capacity(PRIVATE_ROOM + kid.map_or(0, |kid| 6 * kid.len()));
    let mut object = Members::new(&mut out);
    object.public(public);
    match private {
        PrivateParts::Rsa { d, primes, .. } => {
            object.octets("d", d);
            if let Some(primes) = primes {
                let parts = [&primes.p, &primes.q, &primes.dp, &primes.dq, &primes.qi];
                ["p", "q", "dp", "dq", "qi"].iter().zip(parts).for_each(|(name, part)| object.octets(name, part));
            }
        }
        PrivateParts::Ec { d, .. } | PrivateParts::Okp { d, .. } => object.octets("d", d),
        PrivateParts::Akp { seed, .. } => object.octets("priv", seed),
    }
    object.declaration(Some(alg), kid);
    object.end();
    Zeroizing::new(into_string(out))
}

/// More than the octets of an RSA key of 8,192 bits, of which nine halves of the modulus are written.
const PRIVATE_ROOM: usize = 8_192;

/// The JSON text of a secret; `key_ops` only where it does not permit both.
#[must_use]
pub fn write_secret(secret: &[u8], alg: Alg, kid: Option<&str>, ops: Ops) -> Zeroizing<String> {
    let mut out = Vec::with_capacity(256 + 2 * secret.len() + kid.map_or(0, |kid| 6 * kid.len()));
    let mut object = Members::new(&mut out);
    object.text("kty", Kty::Oct.name());
    object.octets("k", secret);
    object.declaration(Some(alg), kid);
    if ops != Ops::BOTH {
        object.name("key_ops").raw(if ops.sign { br#"["sign"]"# } else { br#"["verify"]"# });
    }
    object.end();
    Zeroizing::new(into_string(out))
}

/// The required members in the order of their names (RFC 7638 section 3).
#[must_use]
pub fn thumbprint_input(parts: &PublicParts) -> String {
    let mut out = Vec::with_capacity(512);
    let mut object = Members::new(&mut out);
    let kty = parts.kty().name();
    match parts {
        PublicParts::Rsa { n, e, .. } => {
            object.octets("e", e);
            object.text("kty", kty);
            object.octets("n", n);
        }
        PublicParts::Ec { curve, point } => {
            let (x, y) = coordinates(point);
            object.text("crv", curve.name());
            object.text("kty", kty);
            object.octets("x", x);
            object.octets("y", y);
        }
        PublicParts::Okp { curve, x } => {
            object.text("crv", curve.name());
            object.text("kty", kty);
            object.octets("x", x);
        }
        PublicParts::Akp { alg, key } => {
            object.text("alg", alg.name());
            object.text("kty", kty);
            object.octets("pub", key);
        }
    }
    object.end();
    into_string(out)
}

/// The required members of a secret.
#[must_use]
pub fn secret_thumbprint_input(secret: &[u8]) -> Zeroizing<String> {
    let mut out = Vec::with_capacity(64 + 2 * secret.len());
    let mut object = Members::new(&mut out);
    object.octets("k", secret);
    object.text("kty", Kty::Oct.name());
    object.end();
    Zeroizing::new(into_string(out))
}

/// The members of an object on its way into a text.
struct Members<'a> {
    out: &'a mut Vec<u8>,
    any: bool,
}

impl<'a> Members<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, any: false }
    }

    fn name(&mut self, name: &str) -> Writer<'_> {
        if self.any {
            self.out.push(b',');
        }
        self.any = true;
        let mut writer = Writer::new(self.out);
        writer.string(name);
        writer.raw(b":");
        writer
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name).string(text);
    }

    fn octets(&mut self, name: &str, octets: &[u8]) {
        self.name(name).raw(b"\"");
        base64url::encode_into(octets, self.out);
        self.out.push(b'"');
    }

    fn public(&mut self, parts: &PublicParts) {
        self.text("kty", parts.kty().name());
        match parts {
            PublicParts::Rsa { n, e, .. } => {
                self.octets("n", n);
                self.octets("e", e);
            }
            PublicParts::Ec { curve, point } => {
                let (x, y) = coordinates(point);
                self.text("crv", curve.name());
                self.octets("x", x);
                self.octets("y", y);
            }
            PublicParts::Okp { curve, x } => {
                self.text("crv", curve.name());
                self.octets("x", x);
            }
            PublicParts::Akp { key, .. } => self.octets("pub", key),
        }
    }

    fn declaration(&mut self, alg: Option<Alg>, kid: Option<&str>) {
        if let Some(alg) = alg {
            self.text("alg", alg.name());
        }
        if let Some(kid) = kid {
            self.text("kid", kid);
        }
    }

    fn end(self) {
        self.out.push(b'}');
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
