#![forbid(unsafe_code)]
//! jwseal-core: JSON Web Signatures (RFC 7515) and JWTs (RFC 7519), pure Rust.
//!
//! The life of one token, cheapest refusal first; no step reads data that a later step checks:
//! size bound, two dots, base64url of payload and signature, header, key candidates, signature over the received bytes,
//! `Verified` (which only `jws` can make), payload JSON, claims, policy, `VerifiedJwt`.
//! No I/O and no clock: `now` is an argument.

pub mod base64url;
pub mod batch;
pub mod bearer;
pub mod cache;
pub mod claims;
pub mod claims_writer;
pub mod condition;
pub mod crypto;
pub mod der;
pub mod error;
pub mod external;
pub mod fork;
pub mod header;
pub mod issuer;
pub mod issuers;
pub mod json;
pub mod jwa;
pub mod jwk;
pub mod jws;
pub mod key;
pub mod key_set;
pub mod key_source;
pub mod limits;
pub mod metrics;
pub mod policy;
pub mod protected_header;
pub mod rule;
mod set_once;
pub mod signer;
pub mod verifier;
