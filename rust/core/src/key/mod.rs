//! Keys, each bound to its algorithms (RFC 7517, RFC 8725 section 3.1).
//!
//! Every key was checked when made: its parts fit together, it is strong enough, and it is used with the algorithms it
//! says and no others. Public keys, private keys and secrets are different types, so that none can be taken for another.

mod any_key;
mod any_signing_key;
mod declaration;
pub mod key_text;
mod secret;
mod signing;
mod verifying;

pub use any_key::Key;
pub use any_signing_key::AnySigningKey;
pub use secret::SecretKey;
pub use signing::{Ed448Private, Loaded, RsaPrivate, SigningKey};
pub use verifying::VerifyingKey;

pub use crate::crypto::digest::Message;
pub use crate::crypto::rsa::check_public as check_rsa;
