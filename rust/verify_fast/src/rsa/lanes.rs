//! Vectors of four lanes of 64 bits, and the instructions that compute with them: one arithmetic, compiled for each.

#![allow(clippy::inline_always, reason = "only what is inlined is compiled for the lanes' instructions")]

use super::blocks::DIGIT_BITS;

/// What `Lanes::run` runs. An `FnOnce` would not do: the compiler may call a function through one that it need not inline.
pub(super) trait Computation {
    type Output;

    /// Computes. Only if this is marked `#[inline(always)]` is it compiled for the lanes' instructions, and so is what is inlined
    /// into it.
    fn run(self) -> Self::Output;
}

/// Four lanes, and what is done with all of them at once.
pub(super) trait Lanes: Copy + Send + Sync + 'static {
    type Vector: Copy;

    /// Runs a computation, compiled for these instructions and not inlined.
    fn run<C: Computation>(self, computation: C) -> C::Output;

    fn load(self, lanes: &[u64; 4]) -> Self::Vector;
    fn store(self, vector: Self::Vector) -> [u64; 4];
    /// The same in all lanes.
    fn splat(self, lane: u64) -> Self::Vector;
    fn add(self, one: Self::Vector, other: Self::Vector) -> Self::Vector;
    /// The products of the lower halves.
    fn multiply(self, one: Self::Vector, other: Self::Vector) -> Self::Vector;
    fn and(self, one: Self::Vector, other: Self::Vector) -> Self::Vector;
    /// What is beyond the 29 bits of a digit.
    fn high(self, vector: Self::Vector) -> Self::Vector;
    /// All lanes but the lowest one lane down, and zero.
    fn down(self, vector: Self::Vector) -> Self::Vector;
    /// Zero, and all lanes but the highest one lane up.
    fn up(self, vector: Self::Vector) -> Self::Vector;
}

/// Tests that are run with all instructions that this processor has.
#[cfg(test)]
macro_rules! on_all_lanes {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        mod on_all_lanes {
            $(
                $(#[$doc])*
                #[test]
                fn $name() {
                    super::$name(crate::rsa::lanes::Portable);
                    #[cfg(target_arch = "x86_64")]
                    if let Some(avx2) = crate::processor::avx2() {
                        super::$name(avx2);
                    }
                }
            )*
        }
    };
}

#[cfg(test)]
pub(super) use on_all_lanes;

/// The instructions that every processor of an architecture has.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Lanes for Portable {
    type Vector = [u64; 4];

    fn run<C: Computation>(self, computation: C) -> C::Output {
        computation.run()
    }

    #[inline(always)]
    fn load(self, lanes: &[u64; 4]) -> [u64; 4] {
        *lanes
    }

    #[inline(always)]
    fn store(self, vector: [u64; 4]) -> [u64; 4] {
        vector
    }

    #[inline(always)]
    fn splat(self, lane: u64) -> [u64; 4] {
        [lane; 4]
    }

    #[inline(always)]
    fn add(self, one: [u64; 4], other: [u64; 4]) -> [u64; 4] {
        each(one, other, |one, other| one + other)
    }

    #[inline(always)]
    fn multiply(self, one: [u64; 4], other: [u64; 4]) -> [u64; 4] {
        each(one, other, |one, other| (one & LOWER) * (other & LOWER))
    }

    #[inline(always)]
    fn and(self, one: [u64; 4], other: [u64; 4]) -> [u64; 4] {
        each(one, other, |one, other| one & other)
    }

    #[inline(always)]
    fn high(self, vector: [u64; 4]) -> [u64; 4] {
        vector.map(|lane| lane >> DIGIT_BITS)
    }

    #[inline(always)]
    fn down(self, [_, b, c, d]: [u64; 4]) -> [u64; 4] {
        [b, c, d, 0]
    }

    #[inline(always)]
    fn up(self, [a, b, c, _]: [u64; 4]) -> [u64; 4] {
        [0, a, b, c]
    }
}

/// The lower half of a lane.
const LOWER: u64 = 0xffff_ffff;

#[inline(always)]
fn each(mut one: [u64; 4], other: [u64; 4], apply: impl Fn(u64, u64) -> u64) -> [u64; 4] {
    for (lane, other) in one.iter_mut().zip(other) {
        *lane = apply(*lane, other);
    }
    one
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    #![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "vectors do not know signs")]

    use core::arch::x86_64::{
        __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blend_epi32, _mm256_extract_epi64, _mm256_mul_epu32,
        _mm256_permute4x64_epi64, _mm256_set_epi64x, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_srli_epi64,
    };

    use fearless_simd::{Avx2, Simd as _, kernel};

    use super::{Computation, Lanes};
    use crate::rsa::blocks::DIGIT_BITS;

    impl Lanes for Avx2 {
        type Vector = __m256i;

        #[inline(never)]
        fn run<C: Computation>(self, computation: C) -> C::Output {
            self.vectorize(
                #[inline(always)]
                || computation.run(),
            )
        }

        #[inline(always)]
        fn load(self, lanes: &[u64; 4]) -> __m256i {
            load(self, *lanes)
        }

        #[inline(always)]
        fn store(self, vector: __m256i) -> [u64; 4] {
            store(self, vector)
        }

        #[inline(always)]
        fn splat(self, lane: u64) -> __m256i {
            splat(self, lane)
        }

        #[inline(always)]
        fn add(self, one: __m256i, other: __m256i) -> __m256i {
            add(self, one, other)
        }

        #[inline(always)]
        fn multiply(self, one: __m256i, other: __m256i) -> __m256i {
            multiply(self, one, other)
        }

        #[inline(always)]
        fn and(self, one: __m256i, other: __m256i) -> __m256i {
            and(self, one, other)
        }

        #[inline(always)]
        fn high(self, vector: __m256i) -> __m256i {
            high(self, vector)
        }

        #[inline(always)]
        fn down(self, vector: __m256i) -> __m256i {
            down(self, vector)
        }

        #[inline(always)]
        fn up(self, vector: __m256i) -> __m256i {
            up(self, vector)
        }
    }

    kernel!(
        #[inline(always)]
        fn load(_avx2: Avx2, lanes: [u64; 4]) -> __m256i {
            let [a, b, c, d] = lanes.map(|lane| lane as i64);
            _mm256_set_epi64x(d, c, b, a)
        }
    );

    kernel!(
        #[inline(always)]
        fn store(_avx2: Avx2, vector: __m256i) -> [u64; 4] {
            [
                _mm256_extract_epi64::<0>(vector) as u64,
                _mm256_extract_epi64::<1>(vector) as u64,
                _mm256_extract_epi64::<2>(vector) as u64,
                _mm256_extract_epi64::<3>(vector) as u64,
            ]
        }
    );

    kernel!(
        #[inline(always)]
        fn splat(_avx2: Avx2, lane: u64) -> __m256i {
            _mm256_set1_epi64x(lane as i64)
        }
    );

    kernel!(
        #[inline(always)]
        fn add(_avx2: Avx2, one: __m256i, other: __m256i) -> __m256i {
            _mm256_add_epi64(one, other)
        }
    );

    kernel!(
        #[inline(always)]
        fn multiply(_avx2: Avx2, one: __m256i, other: __m256i) -> __m256i {
            _mm256_mul_epu32(one, other)
        }
    );

    kernel!(
        #[inline(always)]
        fn and(_avx2: Avx2, one: __m256i, other: __m256i) -> __m256i {
            _mm256_and_si256(one, other)
        }
    );

    kernel!(
        #[inline(always)]
        fn high(_avx2: Avx2, vector: __m256i) -> __m256i {
            _mm256_srli_epi64::<{ DIGIT_BITS.cast_signed() }>(vector)
        }
    );

    kernel!(
        #[inline(always)]
        fn down(_avx2: Avx2, vector: __m256i) -> __m256i {
            let rotated = _mm256_permute4x64_epi64::<0b00_11_10_01>(vector);
            _mm256_blend_epi32::<0b1100_0000>(rotated, _mm256_setzero_si256())
        }
    );

    kernel!(
        #[inline(always)]
        fn up(_avx2: Avx2, vector: __m256i) -> __m256i {
            let rotated = _mm256_permute4x64_epi64::<0b10_01_00_11>(vector);
            _mm256_blend_epi32::<0b0000_0011>(rotated, _mm256_setzero_si256())
        }
    );
}
