//! Key text offered as an HMAC secret (RFC 8725 section 2.1): PEM, SSH keys, certificates, SPKI, PKCS#8 and JWKs.
//!
//! The types of keys keep a public key out of HMAC; this is the second line, for programs that read a file and call it a
//! secret. It looks anywhere in the octets, since prefixes and byte order marks have beaten filters before. It knows text by
//! its marks and DER by its object identifiers, all of six octets or more, and PKCS#1 by its two long numbers, so that a
//! random secret does not meet one by chance. It says nothing about how hard a secret is to guess.
//!
//! What it sees through, two encodings deep: UTF-16 and UTF-32, hex, base32, base64 of either alphabet, and the escapes of
//! JSON, URLs and HTML. A JWK is known by its `kty` in JSON, YAML, TOML and as Python writes dicts.

use memchr::memmem;
use zeroize::Zeroizing;

use crate::base64url;
use crate::der::{DerReader, algorithm, tag};
use crate::jwa::Kty;

/// What sort of key text this is, if it is any.
#[must_use]
pub fn find(octets: &[u8]) -> Option<&'static str> {
    look(octets, ENCODINGS)
}

/// Encodings within encodings that are seen through.
const ENCODINGS: usize = 2;

fn look(octets: &[u8], encodings: usize) -> Option<&'static str> {
    // DER that went through UTF-16 stands in every second octet.
    let halves = [0, 1].map(|start| Zeroizing::new(octets.iter().skip(start).step_by(2).copied().collect::<Vec<u8>>()));
    let [even, odd] = &halves;
    if let Some(kind) = [octets, even, odd].into_iter().find_map(der) {
        return Some(kind);
    }
    // Text in UTF-16 of either order, or UTF-32, is text between zeros.
    let narrow = Zeroizing::new(octets.iter().copied().filter(|octet| *octet != 0).collect::<Vec<u8>>());
    let plain = unescaped(&narrow);
    if let Some(kind) = text(&narrow).or_else(|| text(&plain)).or_else(|| der(&plain)) {
        return Some(kind);
    }
    let encodings = encodings.checked_sub(1)?;
    let nested = if *plain == *narrow { None } else { look(&plain, encodings) };
    nested.or_else(|| decodings(&narrow).find_map(|decoded| look(&decoded, encodings)))
}

fn text(octets: &[u8]) -> Option<&'static str> {
    let marked = MARKS.iter().find(|(mark, _)| memmem::find(octets, mark).is_some()).map(|(_, kind)| *kind);
    marked.or_else(|| memmem::find_iter(octets, KTY).any(|place| names_a_type(octets.get(place..))).then_some("a JWK"))
}

/// Whether this is the member `kty` with one of its values: `"kty": "EC"`, `kty = 'RSA'`, `kty: oct` and their like.
fn names_a_type(octets: Option<&[u8]>) -> bool {
    let rest = skip(octets.and_then(|octets| octets.strip_prefix(KTY)).unwrap_or_default(), AROUND);
    let value = skip(rest, b":=>");
    value.len() < rest.len() && KTYS.iter().any(|kty| skip(value, AROUND).starts_with(kty.name().as_bytes()))
}

/// What follows these octets, any number of them.
fn skip<'a>(octets: &'a [u8], skipped: &[u8]) -> &'a [u8] {
    octets.iter().position(|octet| !skipped.contains(octet)).and_then(|end| octets.get(end..)).unwrap_or_default()
}

const KTY: &[u8] = b"kty";
const KTYS: [Kty; 5] = [Kty::Rsa, Kty::Ec, Kty::Okp, Kty::Akp, Kty::Oct];
/// What may stand around a member's name and value; a plus is a space in a form's data.
const AROUND: &[u8] = b" \t\r\n\"'\\+";

/// The text with the escapes of JSON, URLs and HTML undone, as far as ASCII goes.
fn unescaped(octets: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(octets.len()));
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        let (octet, after) = escape(rest).unwrap_or((*first, after));
        plain.push(octet);
        rest = after;
    }
    plain
}

/// The octet that an escape stands for, and what follows it.
fn escape(octets: &[u8]) -> Option<(u8, &[u8])> {
    if let Some((_, octet, after)) =
        NAMED.iter().find_map(|(name, octet)| Some((name, *octet, octets.strip_prefix(*name)?)))
    {
        return Some((octet, after));
    }
    if let Some(number) = octets.strip_prefix(b"&#") {
        let end = number.iter().take(8).position(|octet| *octet == b';')?;
        let (digits, after) = (std::str::from_utf8(number.get(..end)?).ok()?, number.get(end + 1..)?);
        let value = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u8::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        return Some((value.ok()?, after));
    }
    let digits = [&b"%"[..], b"\\u00", b"\\x"].into_iter().find_map(|start| octets.strip_prefix(start))?;
    let ([high, low], after) = digits.split_first_chunk::<2>()?;
    Some((hex_digit(*high)? << 4 | hex_digit(*low)?, after))
}

const NAMED: [(&[u8], u8); 5] =
    [(b"&quot;", b'"'), (b"&apos;", b'\''), (b"&amp;", b'&'), (b"&lt;", b'<'), (b"&gt;", b'>')];

const MARKS: [(&[u8], &str); 12] = [
    (b"-----BEGIN", "a PEM"),
    (b"---- BEGIN", "an SSH key"),
    (b"ssh-rsa", "an SSH key"),
    (b"ssh-dss", "an SSH key"),
    (b"ssh-ed25519", "an SSH key"),
    (b"ssh-ed448", "an SSH key"),
    (b"ecdsa-sha2-", "an SSH key"),
    (b"ssh-mldsa", "an SSH key"),
    (b"openssh-key-v1", "an SSH key"),
    (b"PuTTY-User-Key-File", "an SSH key"),
    (b"<RSAKeyValue", "an XML key"),
    (b"KeyValue><Modulus", "an XML key"),
];

fn der(octets: &[u8]) -> Option<&'static str> {
    let named = memchr::memchr_iter(tag::OID, octets).any(|index| names_a_key(octets, index).is_some());
    // PKCS#1 names no algorithm; it is a SEQUENCE of a long INTEGER and another, after a version in a private key.
    let rsa = || {
        memchr::memchr_iter(tag::SEQUENCE, octets)
            .any(|index| octets.get(index..).is_some_and(|rest| is_rsa(rest).is_some()))
    };
    (named || rsa()).then_some("the DER of a key or certificate")
}

/// Whether the object identifier at this index is that of a kind of key.
fn names_a_key(octets: &[u8], index: usize) -> Option<()> {
    let (before, rest) = octets.split_at_checked(index)?;
    let oid = DerReader::new(rest).read(tag::OID)?;
    let curves = algorithm::NAMED_CURVES.iter().map(|(_, oid)| *oid);
    let ml_dsa = algorithm::ML_DSA.iter().map(|(_, oid)| *oid);
    let long = || [algorithm::RSA, algorithm::RSA_PSS, algorithm::EC].into_iter().chain(curves).chain(ml_dsa);
    // Short identifiers count with the SEQUENCE around them, X25519 and X448 among them.
    let short: [&[u8]; 4] = [b"\x2b\x65\x6e", b"\x2b\x65\x6f", b"\x2b\x65\x70", b"\x2b\x65\x71"];
    let is_short = before.ends_with(&[tag::SEQUENCE, 5]) && short.contains(&oid);
    (is_short || long().any(|known| known == oid)).then_some(())
}

/// RSAPublicKey, or the start of RSAPrivateKey (RFC 8017 appendix A.1).
fn is_rsa(octets: &[u8]) -> Option<()> {
    let mut key = DerReader::new(octets).sequence()?;
    let mut n = key.unsigned()?;
    if n.is_empty() {
        n = key.unsigned()?;
    }
    key.unsigned()?;
    (n.len() >= 64).then_some(())
}

/// Every reading of a text as hex, base32 or base64 of either alphabet; any text before the encoded part shifts its
/// start, so each start within a group is tried.
fn decodings(text: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    let readings = |value, separators, bits, starts| {
        let runs = runs(text, value, separators);
        runs.into_iter().flat_map(move |run| (0..starts).map(move |start| pack(run.get(start..), bits)))
    };
    let hex = readings(hex_digit as fn(u8) -> Option<u8>, &b":"[..], 4, 2);
    let base32 = readings(upper_quintet, &[], 5, 8).chain(readings(lower_quintet, &[], 5, 8));
    hex.chain(base32).chain(readings(base64url::sextet, &[], 6, 4))
}

/// The values of each stretch of digits that is long enough to matter; blanks and these separators do not end one.
fn runs(text: &[u8], value: fn(u8) -> Option<u8>, separators: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut runs = vec![Zeroizing::new(Vec::new())];
    for octet in text.iter().filter(|octet| !octet.is_ascii_whitespace() && !separators.contains(octet)) {
        let open = runs.last_mut();
        match (value(*octet), open) {
            (Some(value), Some(run)) => run.push(value),
            (None, Some(run)) if run.is_empty() => {}
            _ => runs.push(Zeroizing::new(Vec::new())),
        }
    }
    runs.retain(|run| run.len() >= MIN_RUN);
    runs
}

/// Shorter stretches hold no mark: the shortest is six octets.
const MIN_RUN: usize = 8;

/// The bytes of digits that have `bits` bits each.
fn pack(digits: Option<&[u8]>, bits: u32) -> Zeroizing<Vec<u8>> {
    let digits = digits.unwrap_or_default();
    let mut octets = Zeroizing::new(Vec::with_capacity(digits.len()));
    let (mut buffer, mut held) = (0_u32, 0);
    for digit in digits {
        buffer = (buffer << bits | u32::from(*digit)) & 0xffff;
        held += bits;
        if held >= 8 {
            held -= 8;
            octets.push((buffer >> held & 0xff) as u8);
        }
    }
    octets
}

fn hex_digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

/// RFC 4648 section 6.
fn upper_quintet(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'2'..=b'7' => Some(octet - b'2' + 26),
        _ => None,
    }
}

/// The same in lower case; text that mixes the cases is base64.
fn lower_quintet(octet: u8) -> Option<u8> {
    if octet.is_ascii_uppercase() { None } else { upper_quintet(octet.to_ascii_uppercase()) }
}
