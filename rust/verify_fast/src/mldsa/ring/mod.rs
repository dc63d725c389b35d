//! The ring of polynomials over the integers modulo q = 8380417, modulo x^256 + 1, in which FIPS 204 section 2.3 computes.
//!
//! A polynomial is multiplied in its transform (section 7.5), where a product is one of numbers. A sum of products is
//! R^-1 = 2^-32 times what it should be, for that is how numbers are multiplied here (P. L. Montgomery, 1985), and the
//! inverse transform makes up for it. The order of a transform's numbers is the `Ring`'s own: `arrange` brings the
//! standard's order into it. The caller keeps the stated bounds of numbers; beyond them results are wrong, and nothing is undefined.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
mod roots;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod twiddles;

#[cfg(target_arch = "x86_64")]
use fearless_simd::{Avx2, Simd as _};

#[cfg(target_arch = "x86_64")]
use crate::processor;

/// The modulus.
pub(super) const Q: i32 = 8_380_417;

/// Coefficients of a polynomial.
pub(super) const DEGREE: usize = 256;

/// 256 coefficients, or the 256 numbers of a transform.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(align(64))]
pub(super) struct Polynomial(pub(super) [i32; DEGREE]);

impl Polynomial {
    /// The polynomial 0, which is its own transform.
    pub(super) const ZERO: Self = Self([0; DEGREE]);
}

/// What `Ring::run` runs. An `FnOnce` would not do: the compiler may call a function through one that it need not inline.
pub(super) trait Computation {
    type Output;

    /// Computes. Only if this is marked `#[inline(always)]` is it compiled for the ring's instructions, and so is what is
    /// inlined into it.
    fn run(self) -> Self::Output;
}

/// An implementation of the ring. The transforms of one cannot be used with another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ring {
    /// Without vector instructions, on any processor.
    Portable,
    /// With vector instructions, where the processor has them.
    #[cfg(target_arch = "x86_64")]
    Vectors(Avx2),
}

impl Ring {
    /// The implementation with vector instructions, where the processor has them.
    pub(super) fn on_vectors() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return processor::avx2().map(Self::Vectors);
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// Runs a computation, compiled for this ring's instructions.
    #[inline]
    pub(super) fn run<C: Computation>(self, computation: C) -> C::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vectors(avx2) => avx2.vectorize(
                #[inline(always)]
                || computation.run(),
            ),
            Self::Portable => computation.run(),
        }
    }

    /// Transforms coefficients from -q+1..q; the numbers that come out are from -9q+1..9q.
    #[inline]
    pub(super) fn transform(self, polynomial: &mut Polynomial) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vectors(avx2) => avx2::transform(avx2, polynomial),
            Self::Portable => portable::transform(polynomial),
        }
    }

    /// Transforms numbers from -q+1..q back and multiplies by R; the coefficients that come out are from 0..q.
    #[inline]
    pub(super) fn invert(self, polynomial: &mut Polynomial) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vectors(avx2) => avx2::invert(avx2, polynomial),
            Self::Portable => portable::invert(polynomial),
        }
    }

    /// The sum of the products of two rows of transforms, times R^-1. One row has numbers from -q+1..q, the other from
    /// -9q+1..9q, and neither more than 28 transforms; the numbers that come out are from -q+1..q.
    #[inline]
    pub(super) fn product(self, row: &[Polynomial], column: &[Polynomial]) -> Polynomial {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vectors(avx2) => avx2::product(avx2, row, column),
            Self::Portable => portable::product(row, column),
        }
    }

    /// Brings a transform from the standard's order into this ring's.
    pub(super) fn arrange(self, polynomial: &mut Polynomial) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Vectors(avx2) => avx2::arrange(avx2, polynomial),
            Self::Portable => portable::arrange(polynomial),
        }
    }
}
