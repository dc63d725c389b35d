//! The base64url target: the vector code against the definition, one sextet at a time (RFC 4648 section 5).
//!
//! Asserts that the three decoders and two encoders agree with the definition on every byte string, that decoding appends
//! all or nothing, and that what decodes encodes back to the same text.

use jwseal_core::base64url as product;

use crate::Outcome;

/// Reads the bytes as text, and as bytes to be written as text.
pub fn base64url(data: &[u8]) -> Outcome {
    let text = encoded(data);
    assert_eq!(text, product::encode(data).into_bytes());
    assert_eq!(Some(data), product::decode(&text).as_deref());
    let mut appended = b"before".to_vec();
    product::encode_into(data, &mut appended);
    assert_eq!([b"before", &*text].concat(), appended);

    let octets = decoded(data);
    assert_eq!(octets, product::decode(data));
    assert_eq!(padded(data), product::decode_padded(data));
    let mut appended = b"before".to_vec();
    assert_eq!(octets.is_some(), product::decode_into(data, &mut appended).is_some());
    assert_eq!([b"before", octets.as_deref().unwrap_or_default()].concat(), appended);
    match octets {
        Some(octets) => {
            assert_eq!(data, product::encode(&octets).into_bytes());
            Outcome::accepted(data.len() % 64)
        }
        None => Outcome::refused((data.len() % 64, padded(data).is_some())),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encoded(octets: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for group in octets.chunks(3) {
        let word = (0..3).fold(0_u32, |word, index| word << 8 | u32::from(*group.get(index).unwrap_or(&0)));
        text.extend((0..=group.len()).map(|index| ALPHABET[(word >> (18 - 6 * index) & 63) as usize]));
    }
    text
}

/// Canonical because the encoding must lead back.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    for group in text.chunks(4) {
        let mut word = 0_u32;
        for index in 0..4 {
            let sextet = match group.get(index) {
                Some(letter) => ALPHABET.iter().position(|other| other == letter)?,
                None => 0,
            };
            word = word << 6 | u32::try_from(sextet).ok()?;
        }
        octets.extend_from_slice(&word.to_be_bytes()[1..group.len()]);
    }
    (encoded(&octets) == text).then_some(octets)
}

/// Without padding, or with all of it.
fn padded(text: &[u8]) -> Option<Vec<u8>> {
    let letters = text.iter().position(|letter| *letter == b'=').unwrap_or(text.len());
    let (letters, padding) = text.split_at(letters);
    let whole = padding.is_empty()
        || text.len().is_multiple_of(4) && padding.len() <= 2 && padding.iter().all(|one| *one == b'=');
    if whole { decoded(letters) } else { None }
}
