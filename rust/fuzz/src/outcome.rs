//! The outcome of an input, and the rule for every refusal: its message repeats nothing of the input.
//!
//! A message may name codes, names and lengths. If eight bytes in a row of the input stand in it, a token or a key would
//! end in a log. Words of the core's own source and numbers are no leak, however they are put together: an input may well
//! say what a refusal says.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use jwseal_core::error::Error;

/// What became of an input.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Whether it was accepted as what the target reads.
    pub accepted: bool,
    /// Equal for inputs that went the same way: how the stable driver tells a new way from a known one.
    pub mark: u64,
}

impl Outcome {
    /// Accepted; `shape` says in which of the ways that differ.
    pub fn accepted(shape: impl Hash) -> Self {
        Self { accepted: true, mark: hash((true, shape)) }
    }

    /// Not accepted, and nothing more to say.
    #[track_caller]
    pub fn refused(shape: impl Hash) -> Self {
        Self { accepted: false, mark: hash((false, shape)) }
    }

    /// The way through two readers.
    pub fn and(self, other: Self) -> Self {
        Self { accepted: self.accepted || other.accepted, mark: hash((self.mark, other.mark)) }
    }
}

/// A refusal; its sentence holds nothing of the input.
#[track_caller]
pub fn refused(error: &Error, input: &[u8]) -> Outcome {
    let sentence = error.to_string();
    match error {
        // Names and reasons of these are the program's own by their type.
        Error::Malformed { .. } | Error::TooLarge { .. } | Error::UnsupportedHeader { .. } => {}
        _ => assert_silent(&sentence, input),
    }
    let numbers_apart: String = sentence.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    Outcome::refused((error.code(), numbers_apart))
}

/// Eight bytes in a row of the input that stand in a sentence, in words that are not the core's own, are a leak.
#[track_caller]
pub fn assert_silent(sentence: &str, input: &[u8]) {
    let foreign: HashSet<[u8; 8]> = foreign(sentence).iter().flat_map(|words| windows(words.as_bytes())).collect();
    let leak = windows(input).find(|window| foreign.contains(window));
    assert!(
        leak.is_none(),
        "the refusal repeats the input: {sentence:?} holds {:?}",
        leak.map(|w| w.escape_ascii().to_string())
    );
}

/// The parts of a sentence that are neither words of the core's source nor numbers.
fn foreign(sentence: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for word in sentence.split_inclusive(char::is_whitespace) {
        let own = OWN.contains(bare(word)) || bare(word).chars().all(|letter| letter.is_ascii_digit());
        match parts.last_mut() {
            Some(part) if !own => part.push_str(word),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|letter: char| !letter.is_alphanumeric())
}

fn windows(octets: &[u8]) -> impl Iterator<Item = [u8; 8]> {
    octets.windows(8).filter_map(|window| window.try_into().ok())
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Every word of the core's source, its tests with their tokens and keys left out.
static OWN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| SOURCES.iter().flat_map(|source| product_code(source).split_whitespace()).map(bare).collect());

fn product_code(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

/// Where the core's sentences are written.
const SOURCES: [&str; 35] = [
    include_str!("../../core/src/bearer.rs"),
    include_str!("../../core/src/claims.rs"),
    include_str!("../../core/src/condition/acr.rs"),
    include_str!("../../core/src/condition/compiler.rs"),
    include_str!("../../core/src/condition/glob.rs"),
    include_str!("../../core/src/condition/instant.rs"),
    include_str!("../../core/src/condition/lint.rs"),
    include_str!("../../core/src/condition/path.rs"),
    include_str!("../../core/src/crypto/ecdsa.rs"),
    include_str!("../../core/src/crypto/eddsa.rs"),
    include_str!("../../core/src/crypto/mldsa.rs"),
    include_str!("../../core/src/crypto/mod.rs"),
    include_str!("../../core/src/crypto/rsa.rs"),
    include_str!("../../core/src/der/algorithm.rs"),
    include_str!("../../core/src/der/form.rs"),
    include_str!("../../core/src/der/mod.rs"),
    include_str!("../../core/src/der/pkcs8.rs"),
    include_str!("../../core/src/der/spki.rs"),
    include_str!("../../core/src/error.rs"),
    include_str!("../../core/src/header.rs"),
    include_str!("../../core/src/json/parser.rs"),
    include_str!("../../core/src/jwa.rs"),
    include_str!("../../core/src/jwk/reader.rs"),
    include_str!("../../core/src/jws/compact.rs"),
    include_str!("../../core/src/jws/json_serialization.rs"),
    include_str!("../../core/src/jws/require.rs"),
    include_str!("../../core/src/jws/unverified.rs"),
    include_str!("../../core/src/key/key_text.rs"),
    include_str!("../../core/src/key/secret.rs"),
    include_str!("../../core/src/key/signing.rs"),
    include_str!("../../core/src/key/verifying.rs"),
    include_str!("../../core/src/key_set.rs"),
    include_str!("../../core/src/policy.rs"),
    include_str!("../../core/src/rule.rs"),
    include_str!("../../core/src/verifier.rs"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    /// Eight bytes of the input in a sentence are a leak, seven are not, and neither are our own words.
    #[test]
    fn leaks_are_found() {
        let sentence = "the JWK has no eyJhbGciOi";
        assert!(catch_unwind(|| assert_silent(sentence, b"xxeyJhbGciOixx")).is_err());
        assert!(catch_unwind(|| assert_silent(sentence, b"xxeyJhbGcxx")).is_ok());
        assert!(catch_unwind(|| assert_silent("the signature does not verify", b"\"signature\":")).is_ok());
        let sentence = "an HS256 secret has at least 32 bytes, this one has 12: generate one";
        assert!(catch_unwind(|| assert_silent(sentence, sentence.as_bytes())).is_ok());
        let sentence = "an HS256 secret has {\"k\": \"c2Vj\"} in it";
        assert!(catch_unwind(|| assert_silent(sentence, sentence.as_bytes())).is_err());
    }

    /// Keys and tokens of the core's own tests are not taken for its words.
    #[test]
    fn test_vectors_are_not_our_words() {
        assert!(!OWN.contains("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
        assert!(OWN.contains("signature"));
    }
}
