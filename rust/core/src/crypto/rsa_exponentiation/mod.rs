//! Both operations of RSA with a modulus of 2048 bits, in vectors: RSASP1 with the CRT and RSAVP1 (RFC 8017 sections 5.1.2
//! and 5.2.2).
//!
//! AWS-LC prefers the scalar carry chains of ADX to vectors wherever a processor has both. Those that multiply vectors
//! twice a cycle are faster with vectors, so this module has its own exponentiations: modulo the two primes to private
//! exponents, and modulo their product to 65537.
//!
//! What comes out of `PrivateOperation::apply` is unchecked: a fault in one half of the CRT would give the factors of the
//! modulus away (RFC 8017 section 5.1.2 has no remedy). The caller applies the public operation and wipes what does not
//! come back. Nothing here pads, hashes or compares, and nothing here judges a key: AWS-LC has accepted it before.
//!
//! Of the private operation, time and addresses depend on sizes alone: no branch, index or division looks at a prime, an
//! exponent, the message or anything that follows from them. Conditions are masks, which `black_box` keeps the optimiser
//! from making branches of, and a table is read in full for each entry taken from it. The one exception is whether a prime
//! fits at all. There is no blinding. What is kept is wiped when it goes; registers and what the compiler spills of them
//! are not. The public operation (`public.rs`, `blocks.rs`) sees public numbers only and promises none of this.

#[cfg(not(target_arch = "x86_64"))]
mod absent;
#[cfg(target_arch = "x86_64")]
mod blocks;
#[cfg(target_arch = "x86_64")]
mod integers;
#[cfg(target_arch = "x86_64")]
mod montgomery;
#[cfg(target_arch = "x86_64")]
mod present;
#[cfg(target_arch = "x86_64")]
mod public;
#[cfg(test)]
#[cfg(target_arch = "x86_64")]
mod tests;

#[cfg(not(target_arch = "x86_64"))]
pub use self::absent::{PrivateOperation, PublicOperation};
#[cfg(target_arch = "x86_64")]
pub use self::present::PrivateOperation;
#[cfg(target_arch = "x86_64")]
pub use self::public::PublicOperation;

/// Octets of the modulus, a message representative and a signature.
pub const OCTETS: usize = 256;
