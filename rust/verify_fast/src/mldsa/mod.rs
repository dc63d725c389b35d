//! ML-DSA: public keys expanded once (FIPS 204, RFC 9964: pure, with the empty context).
//!
//! AWS-LC expands a key anew for each signature. The arithmetic is our own, on AVX2 where the processor has it.

mod encoding;
mod expanded;
mod keccak;
mod parameters;
mod ring;
mod rounding;
mod sampling;
mod shake;

use self::expanded::Expanded;
#[cfg(test)]
pub(crate) use self::expanded::tests::subjects;
use self::parameters::Parameters;
pub(crate) use self::parameters::{ML_DSA_44, ML_DSA_65, ML_DSA_87};
use self::ring::Ring;
use crate::PreparedKey;

/// Expands an encoded public key.
pub(crate) fn prepare(parameters: &'static Parameters, key: &[u8]) -> Option<Box<dyn PreparedKey>> {
    let ring = Ring::on_vectors().unwrap_or(Ring::Portable);
    Expanded::new(parameters, ring, key).map(|expanded| Box::new(expanded) as Box<dyn PreparedKey>)
}
