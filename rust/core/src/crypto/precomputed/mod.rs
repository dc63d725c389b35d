//! Verifying below the primitive: tables of multiples of a public key and of the generator (SEC 1 section 4.1.4, RFC 8032
//! section 5.1.7).
//!
//! A gateway checks its signatures with a handful of keys. With j * 2^(width i) * P at hand for every window i of a scalar
//! and every digit j, a multiple of P is one addition per window and no doubling at all. A table gives AWS-LC's verdict,
//! which the tests compare; no other module than `ecdsa` and `eddsa` comes here.
//!
//! Nothing secret may ever come here: it takes variable time and looks tables up by what it multiplies with. Messages,
//! signatures and public keys are public; signing stays with AWS-LC's constant-time code. Points were validated by AWS-LC
//! when the key was read, and a table is made from the octets that it validated.

mod curve;
mod curves;
mod digits;
mod ecdsa;
mod edwards;
mod field;
mod field_crrl;
mod field_fiat;
mod modular;
mod shared;
mod table;
#[cfg(test)]
mod tests;
mod weierstrass;

use super::on_demand::{self, Terms};
use crate::limits::{KEY_TABLE_AFTER, MAX_KEY_TABLES};

/// The tables of one key.
pub(super) trait Tables: Send + Sync {
    /// Whether a signature is good. `digest` is what the algorithm hashes: for ECDSA the message, for EdDSA the signature's
    /// R, the public key and the message.
    fn holds(&self, digest: &[u8], signature: &[u8]) -> bool;
}

/// Makes the tables of a key from the octets of its public point; `None` where those are no point that has any.
pub(super) type Build = on_demand::Build<Box<dyn Tables>>;

/// The tables of one key, once it has some.
pub(super) type OnDemand = on_demand::OnDemand<Box<dyn Tables>>;

/// When a key gets its tables, and how many keys have some.
pub(super) static TERMS: Terms = Terms::new(KEY_TABLE_AFTER, MAX_KEY_TABLES);

/// Of an uncompressed point on P-256.
pub(super) const P256: Build = ecdsa::tables::<curves::P256>;
/// Of an uncompressed point on P-384.
pub(super) const P384: Build = ecdsa::tables::<curves::P384>;
/// Of an uncompressed point on P-521.
pub(super) const P521: Build = ecdsa::tables::<curves::P521>;
/// Of an uncompressed point on secp256k1.
pub(super) const SECP256K1: Build = ecdsa::tables::<curves::Secp256k1>;
/// Of an encoded point on edwards25519.
pub(super) const ED25519: Build = edwards::tables;
