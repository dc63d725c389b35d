//! The key_text target: key material offered as an HMAC secret (RFC 8725 section 2.1).
//!
//! Asserts that what is recognised is refused as a secret by every constructor and what is not is accepted by length alone, that
//! a byte order mark or a line end in front hides nothing, and that the plain marks of key files are seen through every
//! encoding the module promises.

use jwseal_core::jwa::Alg;
use jwseal_core::key::{Message, SecretKey, key_text as product};

use crate::Outcome;
use crate::outcome::{assert_silent, refused};

/// Offers the bytes as a secret.
pub fn key_text(data: &[u8]) -> Outcome {
    let found = product::find(data);
    if let Some(kind) = found {
        assert_silent(kind, data);
        for prefix in [&b"\n"[..], b"\xef\xbb\xbf"] {
            assert!(product::find(&[prefix, data].concat()).is_some(), "hidden behind {prefix:?}");
        }
    }
    for mark in MARKS.iter().filter(|mark| data.windows(mark.len()).any(|window| window == **mark)) {
        assert!(found.is_some(), "a plain {:?} was not seen", String::from_utf8_lossy(mark));
        for (way, text) in encodings(data).into_iter().enumerate() {
            assert!(product::find(&text).is_some(), "a mark was not seen through encoding {way}");
        }
    }
    as_secret(data, found)
}

const MARKS: [&[u8]; 4] = [b"-----BEGIN", b"ssh-ed25519", b"openssh-key-v1", b"\"kty\":\"EC\""];

/// The same bytes as UTF-16, hex, base32, base64url and with the escapes of URLs, and one within the other.
fn encodings(data: &[u8]) -> Vec<Vec<u8>> {
    let base64 = |octets: &[u8]| jwseal_core::base64url::encode(octets).into_bytes();
    let hex = |octets: &[u8]| octets.iter().flat_map(|octet| format!("{octet:02x}").into_bytes()).collect::<Vec<u8>>();
    let url = |octets: &[u8]| octets.iter().flat_map(|octet| format!("%{octet:02X}").into_bytes()).collect::<Vec<u8>>();
    let wide = |octets: &[u8]| octets.iter().flat_map(|octet| [*octet, 0]).collect::<Vec<u8>>();
    let mut texts: Vec<Vec<u8>> =
        [base64, hex, url, wide, base32].map(|encode: fn(&[u8]) -> Vec<u8>| encode(data)).into();
    texts.extend([
        base64(&base64(data)),
        hex(&base64(data)),
        base64(&wide(data)),
        url(&base32(data)),
        base64(&url(data)),
    ]);
    texts
}

fn base32(octets: &[u8]) -> Vec<u8> {
    let bits: Vec<u8> = octets.iter().flat_map(|octet| (0..8).map(move |bit| octet >> (7 - bit) & 1)).collect();
    let digit = |bits: &[u8]| (0..5).fold(0, |value, at| value << 1 | bits.get(at).copied().unwrap_or(0));
    bits.chunks(5).map(|bits| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(digit(bits))]).collect()
}

/// Both constructors agree with the finding and with the length rule.
fn as_secret(data: &[u8], found: Option<&'static str>) -> Outcome {
    let weak = SecretKey::weak(data, Alg::Hs256, None);
    let strong = SecretKey::from_bytes(data, Alg::Hs256, None);
    let may_be_weak = found.is_none() && !data.is_empty() && data.len() <= 65_536;
    assert_eq!(may_be_weak, weak.is_ok());
    assert_eq!(may_be_weak && data.len() >= 32, strong.is_ok());
    if let Err(error) = &strong {
        refused(error, data);
    }
    match weak {
        Ok(key) => {
            assert_eq!(data.len() < 32, key.is_weak());
            // Not searched for the input: a secret may well be a word that the repr of every key has.
            let other = SecretKey::weak(if key.is_weak() { &[1] } else { &[1; 32] }, Alg::Hs256, None);
            assert_eq!(format!("{key:?}"), format!("{:?}", other.expect("a secret")), "the repr depends on the secret");
            let tag = key.sign(Message::Whole(data)).expect("a secret signs");
            key.verify(Alg::Hs256, Message::Whole(data), tag.as_ref()).expect("a tag verifies");
            Outcome::accepted(key.is_weak())
        }
        Err(error) => refused(&error, data),
    }
}
