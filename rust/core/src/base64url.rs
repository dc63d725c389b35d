//! base64url without padding (RFC 4648 section 5, RFC 7515 section 2), canonical only.
//!
//! Bytes have exactly one text: what decodes here encodes back to the same text. A second spelling of a signed token would
//! pass every check and defeat revocation lists and caches that are keyed by its text. So padding, line ends, the alphabet
//! of plain base64, a length of 1 modulo 4 and trailing bits other than zero are all refused, without saying which it was.

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

/// The text of these bytes.
#[must_use]
pub fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(octets)
}

/// The length of the text of so many bytes.
#[must_use]
pub const fn encoded_len(octets: usize) -> usize {
    URL_SAFE_NO_PAD.encoded_length(octets)
}

/// Writes the text of these bytes where exactly as many as it has are free.
#[must_use]
pub fn encode_to(octets: &[u8], text: &mut [u8]) -> Option<()> {
    (text.len() == encoded_len(octets.len())).then(|| _ = URL_SAFE_NO_PAD.encode(octets, text.as_out()))
}

/// Appends the text of these bytes.
pub fn encode_into(octets: &[u8], out: &mut Vec<u8>) {
    // The crate reserves exactly; asking first keeps repeated appending linear.
    out.reserve(octets.len().div_ceil(3).saturating_mul(4));
    URL_SAFE_NO_PAD.encode_append(octets, out);
}

/// The bytes of a canonical text.
#[must_use]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

/// Appends the bytes of a canonical text; `out` is unchanged where the text is refused.
#[must_use]
pub fn decode_into(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.reserve(text.len().div_ceil(4).saturating_mul(3));
    URL_SAFE_NO_PAD.decode_append(text, out).ok()
}

/// The bytes of a canonical text, with or without the padding of RFC 4648 section 3.2.
///
/// AWS Application Load Balancers pad the segments of their tokens.
#[must_use]
pub fn decode_padded(text: &[u8]) -> Option<Vec<u8>> {
    let Some(shorter) = text.strip_suffix(b"=") else { return decode(text) };
    if !text.len().is_multiple_of(4) {
        return None;
    }
    decode(shorter.strip_suffix(b"=").unwrap_or(shorter))
}

/// The bytes of base64 as it is used in practice: of either alphabet, with any padding at its end, with spaces and line
/// breaks, and with any value in the unused bits. For members of keys only, never for a token.
#[must_use]
pub fn decode_leniently(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|octet| *octet != b'=' && !octet.is_ascii_whitespace()).map_or(0, |last| last + 1);
    let mut octets = Vec::with_capacity(text.len());
    let (mut buffer, mut held) = (0_u32, 0);
    for octet in text.get(..end)?.iter().filter(|octet| !octet.is_ascii_whitespace()) {
        buffer = (buffer << 6 | u32::from(sextet(*octet)?)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            octets.push((buffer >> held & 0xff) as u8);
        }
    }
    // One character alone is less than a byte.
    (held < 6).then_some(octets)
}

/// The six bits that a character stands for in either alphabet.
#[must_use]
pub const fn sextet(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Encodes bytes that arrive piece by piece, as if they had arrived at once.
#[derive(Debug, Default)]
pub struct Encoder {
    /// One or two bytes that make no group of three yet.
    waiting: Vec<u8>,
    text: Vec<u8>,
}

impl Encoder {
    /// Passes the text of the next bytes to `out`, block by block; the last two bytes may wait for the next call.
    pub fn update(&mut self, octets: &[u8], out: &mut dyn FnMut(&[u8])) {
        let missing = if self.waiting.is_empty() { 0 } else { 3 - self.waiting.len() };
        let (first, rest) = octets.split_at(missing.min(octets.len()));
        self.waiting.extend_from_slice(first);
        if self.waiting.len() == 3 {
            self.flush(out);
        }
        let (groups, last) = rest.split_at(rest.len() - rest.len() % 3);
        for block in groups.chunks(BLOCK) {
            self.text.clear();
            encode_into(block, &mut self.text);
            out(&self.text);
        }
        self.waiting.extend_from_slice(last);
    }

    /// Passes on the text of the bytes that wait.
    pub fn finish(mut self, out: &mut dyn FnMut(&[u8])) {
        self.flush(out);
    }

    fn flush(&mut self, out: &mut dyn FnMut(&[u8])) {
        self.text.clear();
        encode_into(&self.waiting, &mut self.text);
        self.waiting.clear();
        out(&self.text);
    }
}

/// Bytes encoded at once: whole groups, and few enough that their text stays in a near cache.
const BLOCK: usize = 3 * 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    /// However bytes are cut into pieces, their text is that of the whole.
    #[test]
    fn pieces_encode_as_the_whole() {
        let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
        for len in (0..=40).chain([BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 2]) {
            let octets = random.octets(len);
            for longest in [1, 2, 3, 4, 5, 7, 64, BLOCK + 1, len + 1] {
                let (mut encoder, mut text, mut rest) = (Encoder::default(), Vec::new(), octets.as_slice());
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(1 + random.below(longest.min(rest.len())));
                    encoder.update(piece, &mut |block| text.extend_from_slice(block));
                    rest = after;
                }
                encoder.update(b"", &mut |block| text.extend_from_slice(block));
                encoder.finish(&mut |block| text.extend_from_slice(block));
                assert_eq!(encode(&octets).as_bytes(), text, "{len} bytes in pieces of at most {longest}");
            }
        }
    }

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// Marsaglia's xorshift64.
    struct Xorshift(u64);

    impl Xorshift {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }

        fn octets(&mut self, len: usize) -> Vec<u8> {
            (0..len).map(|_| self.next().to_le_bytes()[3]).collect()
        }

        fn below(&mut self, bound: usize) -> usize {
            usize::try_from(self.next() % bound as u64).unwrap()
        }
    }

    /// The definition, one sextet at a time.
    fn reference_encode(octets: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        for group in octets.chunks(3) {
            let word = (0..3).fold(0_u32, |word, i| word << 8 | u32::from(*group.get(i).unwrap_or(&0)));
            text.extend((0..=group.len()).map(|i| ALPHABET[(word >> (18 - 6 * i) & 63) as usize]));
        }
        text
    }

    /// The definition, one sextet at a time; canonical because the encoding must lead back.
    fn reference_decode(text: &[u8]) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        for group in text.chunks(4) {
            let mut word = 0_u32;
            for i in 0..4 {
                let sextet = match group.get(i) {
                    Some(letter) => ALPHABET.iter().position(|other| other == letter)?,
                    None => 0,
                };
                word = word << 6 | u32::try_from(sextet).unwrap();
            }
            octets.extend_from_slice(&word.to_be_bytes()[1..group.len()]);
        }
        (reference_encode(&octets) == text).then_some(octets)
    }

    /// All three decoders agree with the definition.
    fn assert_decodes_as_defined(text: &[u8]) {
        let expected = reference_decode(text);
        assert_eq!(expected, decode(text), "{text:?}");
        let mut out = b"before".to_vec();
        let outcome = decode_into(text, &mut out);
        assert_eq!(expected.is_some(), outcome.is_some(), "{text:?}");
        assert_eq!([b"before", &*expected.clone().unwrap_or_default()].concat(), out, "{text:?}");
        if !text.contains(&b'=') {
            assert_eq!(expected, decode_padded(text), "{text:?}");
        }
    }

    /// Every length up to 200 encodes as defined and comes back.
    #[test]
    fn every_length_round_trips() {
        let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
        for len in 0..=200 {
            for _ in 0..20 {
                let octets = random.octets(len);
                let text = reference_encode(&octets);
                assert_eq!(text, encode(&octets).into_bytes());
                let mut out = b"before".to_vec();
                encode_into(&octets, &mut out);
                assert_eq!([b"before", &*text].concat(), out);
                assert_eq!(Some(octets), decode(&text));
                assert_decodes_as_defined(&text);
            }
        }
    }

    /// A text of random letters, of every length up to 200, is judged as defined: lengths of 1 modulo 4 and trailing
    /// bits included.
    #[test]
    fn random_texts_are_judged_as_defined() {
        let mut random = Xorshift(0xD1B5_4A32_D192_ED03);
        for len in 0..=200 {
            for _ in 0..20 {
                let mut text: Vec<u8> = (0..len).map(|_| ALPHABET[random.below(64)]).collect();
                assert_decodes_as_defined(&text);
                if len > 0 {
                    let index = random.below(len);
                    text[index] = random.octets(1)[0];
                    assert_decodes_as_defined(&text);
                }
            }
        }
    }

    /// Every byte at every index, in texts that reach the vector code and all of its remainders.
    #[test]
    fn every_octet_at_every_place_is_judged_as_defined() {
        for len in [2, 3, 4, 7, 11, 38, 43, 70, 75, 86] {
            let good = reference_encode(&vec![0x5A; len * 3 / 4]);
            for index in 0..good.len() {
                for octet in 0..=255 {
                    let mut text = good.clone();
                    text[index] = octet;
                    assert_decodes_as_defined(&text);
                }
            }
        }
    }
}
