//! Key text offered as an HMAC secret (RFC 8725 section 2.1): PEM, SSH keys, certificates, SPKI, PKCS#8 and JWKs.
//!
//! The types of keys keep a public key out of HMAC; this is the second line, for programs that read a file and call it a
//! secret. It looks anywhere in the octets, since prefixes and byte order marks have beaten filters before, and through
//! UTF-16, hex and base64 twice over. It knows text by its marks and DER by its object identifiers: a sound secret meets
//! one by chance less than once in 2^40. It says nothing about how hard a secret is to guess.

use memchr::memmem;
use zeroize::Zeroizing;

use crate::der::{Reader, algorithm, element, tag};

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
    if let Some(kind) = text(&narrow).or_else(|| text(&unescaped(&narrow))) {
        return Some(kind);
    }
    let encodings = encodings.checked_sub(1)?;
    decodings(&narrow).find_map(|decoded| look(&decoded, encodings))
}

fn text(octets: &[u8]) -> Option<&'static str> {
    MARKS.iter().find(|(mark, _)| memmem::find(octets, mark).is_some()).map(|(_, kind)| *kind)
}

/// The text with the escapes of JSON undone, as far as ASCII goes: a member's name can be spelled with them.
fn unescaped(octets: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(octets.len()));
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        let escape = rest.strip_prefix(b"\\u00").and_then(|digits| digits.split_first_chunk::<2>());
        let decoded = escape.and_then(|([high, low], after)| Some((hex_digit(*high)? << 4 | hex_digit(*low)?, after)));
        let (octet, after) = decoded.unwrap_or((*first, after));
        plain.push(octet);
        rest = after;
    }
    plain
}

const MARKS: [(&[u8], &str); 14] = [
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
    (b"\"kty", "a JWK"),
    (b"'kty", "a JWK"),
    (b"<RSAKeyValue", "an XML key"),
    (b"KeyValue><Modulus", "an XML key"),
];

fn der(octets: &[u8]) -> Option<&'static str> {
    const KIND: &str = "the DER of a key or certificate";
    let identifiers = [algorithm::RSA, algorithm::RSA_PSS, algorithm::EC];
    let named = algorithm::NAMED_CURVES.iter().map(|(_, oid)| *oid);
    let ml_dsa = algorithm::ML_DSA.iter().map(|(_, oid)| *oid);
    let holds = |oid: &[u8]| memmem::find(octets, &element(tag::OID, oid)).is_some();
    if identifiers.into_iter().chain(named).chain(ml_dsa).any(holds) {
        return Some(KIND);
    }
    // Short identifiers are looked for with the SEQUENCE around them, X25519 and X448 among them.
    let short = [b"\x2b\x65\x6e", b"\x2b\x65\x6f", b"\x2b\x65\x70", b"\x2b\x65\x71"];
    let around = |oid: &[u8]| element(tag::SEQUENCE, &element(tag::OID, oid));
    if short.into_iter().any(|oid| memmem::find(octets, &around(oid)).is_some()) {
        return Some(KIND);
    }
    // PKCS#1 names no algorithm; it is a SEQUENCE of a long INTEGER and another, after a version in a private key.
    memmem::find_iter(octets, &[tag::SEQUENCE])
        .any(|place| octets.get(place..).is_some_and(|rest| is_rsa(rest).is_some()))
        .then_some(KIND)
}

/// RSAPublicKey, or the start of RSAPrivateKey (RFC 8017 appendix A.1).
fn is_rsa(octets: &[u8]) -> Option<()> {
    let mut key = Reader::new(octets).sequence()?;
    let mut n = key.unsigned()?;
    if n.is_empty() {
        n = key.unsigned()?;
    }
    key.unsigned()?;
    (n.len() >= 64).then_some(())
}

/// Every reading of a text as hex or as base64 of either alphabet; whatever stands before the encoded part moves its
/// start, so each start within a group is tried.
fn decodings(text: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    let digits = runs(text, hex_digit, b":");
    let sextets = runs(text, sextet, &[]);
    let hex = digits.into_iter().flat_map(|run| (0..2).map(move |start| pack(run.get(start..), 4)));
    let base64 = sextets.into_iter().flat_map(|run| (0..4).map(move |start| pack(run.get(start..), 6)));
    hex.chain(base64)
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

/// Shorter stretches cannot hold a mark or an identifier with anything around it.
const MIN_RUN: usize = 12;

/// The octets of digits of so many bits.
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

fn sextet(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;
    use crate::crypto::Signing;
    use crate::crypto::random;
    use crate::jwa::Alg;
    use crate::jwk;

    fn base64(octets: &[u8]) -> Vec<u8> {
        base64_simd::STANDARD.encode_to_string(octets).into_bytes()
    }

    fn hex(octets: &[u8]) -> Vec<u8> {
        octets.iter().flat_map(|octet| format!("{octet:02x}").into_bytes()).collect()
    }

    fn pem(label: &str, der: &[u8]) -> Vec<u8> {
        let body = base64(der);
        let lines: Vec<String> = body.chunks(64).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
    }

    fn utf16(octets: &[u8], big: bool) -> Vec<u8> {
        octets.iter().flat_map(|octet| if big { [0, *octet] } else { [*octet, 0] }).collect()
    }

    /// Every sort of key text.
    fn materials() -> Vec<Vec<u8>> {
        let mut materials = vec![
            b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 user@host".to_vec(),
            b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA user@host".to_vec(),
            b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E\n---- END SSH2 PUBLIC KEY ----\n".to_vec(),
            b"{ \"n\": \"AQAB\", \"kty\": \"RSA\", \"e\": \"AQAB\" }".to_vec(),
            b"{'kty': 'EC', 'crv': 'P-256'}".to_vec(),
            b"{\"\\u006b\\u0074y\": \"EC\"}".to_vec(),
        ];
        for alg in [Alg::Rs256, Alg::Es256, Alg::Es384, Alg::Es512, Alg::Es256k, Alg::EdDsa, Alg::MlDsa44] {
            let key = Signing::generate(alg, 2_048).unwrap();
            let spki = key.to_spki().unwrap();
            let pkcs8 = key.to_pkcs8().unwrap();
            let parts = crate::der::spki::read(&spki).unwrap();
            let jwk = jwk::write_public(&parts, Some(alg), None);
            materials.push(pem("PUBLIC KEY", &spki));
            materials.push(pem("PRIVATE KEY", &pkcs8));
            materials.push(format!("{{\"keys\":[{jwk}]}}").into_bytes());
            materials.push(format!("[{jwk}]").into_bytes());
            materials.push(jwk.into_bytes());
            if alg == Alg::Rs256 {
                // PKCS#1, which names no algorithm.
                materials.push(spki[24..].to_vec());
                materials.push(pkcs8[26..].to_vec());
            }
            materials.push(spki);
            materials.push(pkcs8.to_vec());
        }
        materials.push(crate::der::pkcs8::write_okp(crate::jwa::Curve::Ed448, &[7; 57]).to_vec());
        materials
    }

    /// Each sort of key text is found behind each prefix and through each encoding.
    #[test]
    fn key_text_is_found_everywhere() {
        let prefixes: [&[u8]; 7] = [b"", b"\n", b"\xef\xbb\xbf", b"x", b" \t\r\n", b"key=", b"\xff\xfe"];
        for material in materials() {
            for prefix in prefixes {
                let text = [prefix, &material].concat();
                let encoded = [
                    text.clone(),
                    utf16(&text, false),
                    utf16(&text, true),
                    base64(&text),
                    base64url::encode(&text).into_bytes(),
                    hex(&text),
                    hex(&text).to_ascii_uppercase(),
                    [prefix, &base64(&material)].concat(),
                    [prefix, &hex(&material)].concat(),
                    base64(&utf16(&text, false)),
                    utf16(&base64(&text), true),
                    base64(&base64(&text)),
                    hex(&base64(&text)),
                    base64(&text).chunks(64).collect::<Vec<_>>().join(&b"\r\n"[..]),
                ];
                for (way, secret) in encoded.iter().enumerate() {
                    assert!(find(secret).is_some(), "way {way}, prefix {prefix:?}, {:?}", &material[..9]);
                }
            }
        }
    }

    /// Random secrets, raw and as text, and passphrases are not taken for keys.
    #[test]
    fn secrets_are_not_key_text() {
        for len in [1, 16, 32, 48, 64, 128, 1_000] {
            for _ in 0..40 {
                let secret = random(len).unwrap();
                for secret in [secret.to_vec(), base64(&secret), hex(&secret), base64url::encode(&secret).into_bytes()]
                {
                    assert_eq!(None, find(&secret));
                }
            }
        }
        for secret in [&b""[..], b"secret", &[0; 64], &[0x30; 64], b"correct horse battery staple", b"{\"k\":\"v\"}"] {
            assert_eq!(None, find(secret));
        }
    }
}
