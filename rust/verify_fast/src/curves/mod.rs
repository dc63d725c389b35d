//! Elliptic curves: tables of multiples of a public key and of the generator (SEC 1 section 4.1.4, RFC 8032 section 5.1.7).
//!
//! A gateway verifies with a few keys. A table holds j * 2^(width i) * P for every window i of a scalar and every digit j, so a
//! multiple of P takes one addition per window and no doubling.

mod curve;
mod digits;
mod ecdsa;
mod edwards;
mod field;
mod field_crrl;
mod field_fiat;
mod inversion;
mod limbs;
mod modular;
mod parameters;
mod shared;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod weierstrass;

pub(crate) use self::ecdsa::{p256, p384, p521, secp256k1};
pub(crate) use self::edwards::ed25519;
