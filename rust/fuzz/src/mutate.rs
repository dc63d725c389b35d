//! Changing inputs, for drivers without libFuzzer: reproducible from one number.
//!
//! Beside bytes it changes what base64url hides: a token whose header was merely damaged never reaches the header rules.

use jwseal_core::base64url;

/// Marsaglia's xorshift64, which needs no crate.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator; the seed 0 has no successor, so it is replaced.
    pub fn new(seed: u64) -> Self {
        Self(if seed == 0 { 0x9E37_79B9_7F4A_7C15 } else { seed })
    }

    /// The next number below a bound; 0 where the bound is.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The low bits of a xorshift are its weakest.
        usize::try_from((self.0 >> 16) % bound.max(1) as u64).unwrap_or_default()
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// One to four changes, pieces of the other input among them.
pub fn mutated(input: &[u8], other: &[u8], longest: usize, random: &mut Random) -> Vec<u8> {
    let mut data = input.to_vec();
    for _ in 0..=random.below(4) {
        if !(random.chance(4) && inside_base64url(&mut data, other, random)) {
            change(&mut data, other, random);
        }
    }
    data.truncate(longest);
    data
}

/// One change.
fn change(data: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let index = random.below(data.len() + 1);
    match random.below(10) {
        0 => with_octet(data, index, |octet, random| octet ^ 1 << random.below(8), random),
        1 => with_octet(data, index, |_, random| INTERESTING[random.below(INTERESTING.len())], random),
        2 => with_octet(data, index, |octet, random| octet.wrapping_add([1, 255][random.below(2)]), random),
        3 => insert(data, index, &[INTERESTING[random.below(INTERESTING.len())]]),
        4 | 5 => insert(data, index, WORDS[random.below(WORDS.len())].as_bytes()),
        6 => {
            let end = (index + 1 + random.below(16)).min(data.len());
            data.drain(index.min(end)..end);
        }
        7 => insert(data, index, &piece(other, random)),
        8 => {
            let own = piece(data, random);
            insert(data, index, &own);
        }
        _ => replace_token(data, random),
    }
}

fn with_octet(data: &mut [u8], index: usize, new: impl Fn(u8, &mut Random) -> u8, random: &mut Random) {
    if let Some(octet) = data.get_mut(index) {
        *octet = new(*octet, random);
    }
}

fn insert(data: &mut Vec<u8>, index: usize, octets: &[u8]) {
    data.splice(index..index, octets.iter().copied());
}

/// Mostly a short one, sometimes anything.
fn piece(octets: &[u8], random: &mut Random) -> Vec<u8> {
    let start = random.below(octets.len());
    let len = if random.chance(4) { random.below(octets.len() + 1) } else { 1 + random.below(24) };
    octets.iter().skip(start).take(len).copied().collect()
}

/// Puts a word where a JSON string or number stood.
fn replace_token(data: &mut Vec<u8>, random: &mut Random) {
    let word = WORDS[random.below(WORDS.len())].as_bytes();
    let is_border = |octet: &u8| b"\"{}[],:. ".contains(octet);
    let index = random.below(data.len());
    let start = data[..index].iter().rposition(is_border).map_or(0, |border| border + 1);
    let end = data[start..].iter().position(is_border).map_or(data.len(), |len| start + len);
    data.splice(start..end, word.iter().copied());
}

/// Changes the bytes behind one stretch of base64url; false where there is none.
fn inside_base64url(data: &mut Vec<u8>, other: &[u8], random: &mut Random) -> bool {
    let is_letter = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let index = random.below(data.len());
    let start = data[..index].iter().rposition(|octet| !is_letter(octet)).map_or(0, |border| border + 1);
    let end = data[start..].iter().position(|octet| !is_letter(octet)).map_or(data.len(), |len| start + len);
    let Some(mut octets) = base64url::decode(&data[start..end]).filter(|octets| octets.len() >= 8) else {
        return false;
    };
    change(&mut octets, other, random);
    data.splice(start..end, base64url::encode(&octets).into_bytes());
    true
}

/// Borders of bytes, of ASCII, of DER and of JSON.
const INTERESTING: [u8; 28] = [
    0, 1, 2, 3, 4, 5, 6, 0x10, 0x20, 0x30, 0x7f, 0x80, 0x81, 0x82, 0xa0, 0xa1, 0xff, b'"', b'\\', b'{', b'}', b'[',
    b']', b',', b':', b'.', b'=', b'\n',
];

/// The words of JOSE and of JSON's corners.
const WORDS: [&str; 104] = [
    "\"alg\":\"HS256\"",
    "\"alg\":\"none\"",
    "\"alg\":\"RS256\"",
    "\"alg\":\"ES256\"",
    "\"alg\":\"EdDSA\"",
    "\"alg\":\"\"",
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "PS256",
    "ES256",
    "ES384",
    "ES512",
    "ES256K",
    "EdDSA",
    "Ed25519",
    "Ed448",
    "ML-DSA-44",
    "ML-DSA-65",
    "ML-DSA-87",
    "none",
    "\"crit\":[\"b64\"]",
    "\"crit\":[\"exp\"]",
    "\"crit\":[]",
    "crit",
    "\"b64\":false",
    "\"b64\":true",
    "b64",
    "\"kid\":\"a\"",
    "kid",
    "typ",
    "JWT",
    "at+jwt",
    "application/jwt",
    "cty",
    "jku",
    "jwk",
    "x5c",
    "x5u",
    "x5t#S256",
    "zip",
    "payload",
    "protected",
    "header",
    "signature",
    "signatures",
    "\"signatures\":[",
    "\"header\":{}",
    "kty",
    "oct",
    "RSA",
    "EC",
    "OKP",
    "AKP",
    "crv",
    "P-256",
    "P-384",
    "P-521",
    "secp256k1",
    "\"use\":\"sig\"",
    "\"use\":\"enc\"",
    "\"key_ops\":[\"verify\"]",
    "\"key_ops\":[\"sign\"]",
    "keys",
    "AQAB",
    "Aw",
    "iss",
    "joe",
    "aud",
    "\"aud\":[\"api\"]",
    "sub",
    "exp",
    "\"exp\":1300819380",
    "nbf",
    "iat",
    "jti",
    "scope",
    "1300819000",
    "-1",
    "-0",
    "0",
    "1e400",
    "1E-7",
    "0.1",
    "1.0",
    "253402300799",
    "253402300800",
    "9223372036854775808",
    "18446744073709551616",
    "null",
    "true",
    "[]",
    "{}",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "\u{feff}",
    "\u{e9}",
    "..",
    "-----BEGIN PUBLIC KEY-----",
    "ssh-ed25519 ",
    "[[[[[[[[",
    "{\"a\":{\"a\":",
];
