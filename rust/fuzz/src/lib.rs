#![forbid(unsafe_code)]
//! Fuzz targets: each feeds bytes to one reader of the core and asserts what must hold whatever it answers.
//!
//! A target returns the outcome; a finding is a panic, of the core or of an assertion here. The same
//! functions run under libFuzzer (`fuzz_targets/`, nightly Rust) and in `smoke` (`src/bin/`, stable Rust).

mod both_ways;
mod key_agreement;
mod known_keys;
mod outcome;
mod rewrite;

pub mod base64url;
pub mod claims;
pub mod compact;
pub mod conditions;
pub mod der;
pub mod expanded;
pub mod header;
pub mod json_serialization;
pub mod jwk;
pub mod jwk_set;
pub mod key_text;
pub mod mutate;
pub mod rsa;
pub mod tables;

pub use base64url::base64url;
pub use claims::claims;
pub use compact::compact;
pub use conditions::conditions;
pub use der::der;
pub use expanded::expanded;
pub use header::header;
pub use json_serialization::json_serialization;
pub use jwk::jwk;
pub use jwk_set::jwk_set;
pub use key_text::key_text;
pub use outcome::Outcome;
pub use rsa::rsa;
pub use tables::tables;

/// A target: bytes in, the outcome out.
pub type Target = fn(&[u8]) -> Outcome;

/// Every target by its name, which is also that of its folder of seeds.
pub const TARGETS: [(&str, Target); 13] = [
    ("base64url", base64url),
    ("claims", claims),
    ("compact", compact),
    ("conditions", conditions),
    ("der", der),
    ("expanded", expanded),
    ("header", header),
    ("json_serialization", json_serialization),
    ("jwk", jwk),
    ("jwk_set", jwk_set),
    ("key_text", key_text),
    ("rsa", rsa),
    ("tables", tables),
];
