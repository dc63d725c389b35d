//! The ring of polynomials over the integers modulo q = 8380417, modulo x^256 + 1, in which FIPS 204 section 2.3 computes.
//!
//! A polynomial is multiplied in its transform (section 7.5), where a product is one of numbers. A sum of products is
//! R^-1 = 2^-32 times what it should be, for that is how numbers are multiplied here (P. L. Montgomery, 1985), and the
//! inverse transform makes up for it. The order of a transform's numbers is the `Ring`'s own: `arrange` brings the
//! standard's order into it. Bounds of numbers are stated and kept by the caller; nothing is undefined where they are not,
//! only wrong.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
mod roots;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod twiddles;

#[cfg(not(target_arch = "x86_64"))]
use self::portable as avx2;
use crate::instructions::Avx2;

/// The modulus.
pub const Q: i32 = 8_380_417;

/// Coefficients of a polynomial.
pub const DEGREE: usize = 256;

/// 256 coefficients, or the 256 numbers of a transform.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub struct Polynomial(pub [i32; DEGREE]);

impl Polynomial {
    /// The polynomial 0, which is its own transform.
    pub const ZERO: Self = Self([0; DEGREE]);
}

/// A way to compute in the ring. Transforms made by one way mean nothing to another.
#[derive(Clone, Copy, Debug)]
pub struct Ring(Option<Avx2>);

#[cfg_attr(not(target_arch = "x86_64"), allow(unused_unsafe, reason = "nobody has an `Avx2` there"))]
impl Ring {
    /// Without vector instructions, on any processor.
    pub const PORTABLE: Self = Self(None);

    /// With vector instructions, where the processor has them.
    #[must_use]
    pub fn on_vectors() -> Option<Self> {
        Avx2::detect().map(|avx2| Self(Some(avx2)))
    }

    /// Calls a function. If it is marked `#[inline(always)]`, it is compiled for this ring's instructions, and so is what is
    /// inlined into it.
    #[inline]
    pub fn run<A, R>(self, function: impl FnOnce(A) -> R, argument: A) -> R {
        match self.0 {
            Some(avx2) => avx2.run(function, argument),
            None => function(argument),
        }
    }

    /// Transforms coefficients from -q+1..q; the numbers that come out are from -9q+1..9q.
    #[inline]
    pub fn transform(self, polynomial: &mut Polynomial) {
        match self.0 {
            // SAFETY: an `Avx2` exists only where the processor has the instructions.
            Some(_) => unsafe { avx2::transform(polynomial) },
            None => portable::transform(polynomial),
        }
    }

    /// Transforms numbers from -q+1..q back and multiplies by R; the coefficients that come out are from 0..q.
    #[inline]
    pub fn invert(self, polynomial: &mut Polynomial) {
        match self.0 {
            // SAFETY: an `Avx2` exists only where the processor has the instructions.
            Some(_) => unsafe { avx2::invert(polynomial) },
            None => portable::invert(polynomial),
        }
    }

    /// The sum of the products of two rows of transforms, times R^-1. One row has numbers from -q+1..q, the other from
    /// -9q+1..9q, and neither more than 28 transforms; the numbers that come out are from -q+1..q.
    #[inline]
    #[must_use]
    pub fn product(self, row: &[Polynomial], column: &[Polynomial]) -> Polynomial {
        match self.0 {
            // SAFETY: an `Avx2` exists only where the processor has the instructions.
            Some(_) => unsafe { avx2::product(row, column) },
            None => portable::product(row, column),
        }
    }

    /// Brings a transform from the standard's order into this ring's.
    pub fn arrange(self, polynomial: &mut Polynomial) {
        match self.0 {
            // SAFETY: an `Avx2` exists only where the processor has the instructions.
            Some(_) => unsafe { avx2::arrange(polynomial) },
            None => portable::arrange(polynomial),
        }
    }
}
