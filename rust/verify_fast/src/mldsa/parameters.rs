//! The parameter sets of FIPS 204 section 4, as far as verifying needs them.
//!
//! Names are the standard's. Nothing is computed here but lengths.

use super::rounding::Rounding;

/// One parameter set.
pub(crate) struct Parameters {
    /// Rows of the matrix A.
    pub(super) k: usize,
    /// Columns of the matrix A.
    pub(super) l: usize,
    /// Coefficients of a challenge that are not 0.
    pub(super) tau: usize,
    /// Bytes of a challenge's hash, lambda / 4.
    pub(super) challenge_len: usize,
    /// The bits in which a coefficient of z is written, from -gamma1 + 1 to gamma1.
    pub(super) z_bits: Bits,
    /// tau eta: how much closer to 0 than gamma1 a coefficient of z has to be.
    pub(super) beta: i32,
    /// What gamma2 divides by.
    pub(super) rounding: Rounding,
    /// Hints that a signature may have.
    pub(super) omega: usize,
}

/// The widths of a coefficient of z.
#[derive(Clone, Copy)]
pub(super) enum Bits {
    Eighteen = 18,
    Twenty = 20,
}

pub(crate) static ML_DSA_44: Parameters = Parameters {
    k: 4,
    l: 4,
    tau: 39,
    challenge_len: 32,
    z_bits: Bits::Eighteen,
    beta: 39 * 2,
    rounding: Rounding::Into44,
    omega: 80,
};

pub(crate) static ML_DSA_65: Parameters = Parameters {
    k: 6,
    l: 5,
    tau: 49,
    challenge_len: 48,
    z_bits: Bits::Twenty,
    beta: 49 * 4,
    rounding: Rounding::Into16,
    omega: 55,
};

pub(crate) static ML_DSA_87: Parameters = Parameters {
    k: 8,
    l: 7,
    tau: 60,
    challenge_len: 64,
    z_bits: Bits::Twenty,
    beta: 60 * 2,
    rounding: Rounding::Into16,
    omega: 75,
};

/// The most rows and columns that any of them has, one more column than A for the key's own.
pub(super) const MOST: usize = 8;

impl Parameters {
    /// The largest coefficient of z that can be written.
    pub(super) const fn gamma1(&self) -> i32 {
        1 << (self.z_bits as usize - 1)
    }

    /// Bytes of one polynomial of z.
    pub(super) const fn z_len(&self) -> usize {
        32 * self.z_bits as usize
    }

    /// Bytes of a public key.
    pub(super) const fn public_key_len(&self) -> usize {
        32 + 320 * self.k
    }

    /// Bytes of a signature.
    pub(super) const fn signature_len(&self) -> usize {
        self.challenge_len + self.l * self.z_len() + self.omega + self.k
    }
}
