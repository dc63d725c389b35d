//! Montgomery multiplication and squaring modulo an odd number of 2048 bits, in vectors of AVX2 (RFC 8017 section 5.2.2).
//!
//! A step takes up three digits of one factor: it adds their products with all digits of the other, and three multiples of
//! the modulus that make the three lowest digits of the sum zero, which are dropped; 24 steps divide by R = 2^2088. The
//! modulus is first multiplied by what makes its three lowest digits those of -1 (`folded`), so that the three lowest
//! digits of the sum are themselves the multiples to add. Only the last step uses the modulus proper.
//!
//! Digits are natural, to the base 2^29. Vector `k` of a factor holds the digits `k`, `k + 18`, `k + 36` and `k + 54`, and
//! vector `k` of the sums likewise, but for as many vectors as all steps come by: where the product of a digit with vector
//! `k` goes, the next digit's product with vector `k - 1` goes too. Lane 0 of a vector that a step leaves behind is the
//! lowest digit; the other lanes move down by one and enter 18 vectors on, without what they have beyond 29 bits, which
//! enters one vector further.
//!
//! A square needs half of the products: of a digit in vector `k`, twice those with the vectors before `k` and once that
//! with `k`. All others are some other digit's.
//!
//! Why nothing overflows: digits of factors are below 2^29 + 2^7 (`settle`), multiples below 2^29. A vector of sums is in
//! reach of 18 digits, the vectors of a factor, so each lane takes up at most 18 products of digits (a doubled one counts
//! twice, in place of another digit's) and 18 of multiples, three more in the last step, and starts below 2^29 + 2^35: in
//! all less than 40 * 2^58, and a carry is less than 40 * 2^29. The dev profile checks it for lane 0.
//!
//! Why results are factors: with factors below 2^2060 the last step has the sum of a number below 2^2048, which is the
//! folded modulus at most, of less than 2^2034, and of the modulus, so results are below three of it, and their digit 71
//! is zero.

#![allow(clippy::cast_possible_truncation, reason = "digits are shorter than the words they come in")]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "vectors do not know signs")]

use core::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blend_epi32, _mm256_extract_epi64, _mm256_mul_epu32,
    _mm256_permute4x64_epi64, _mm256_set_epi64x, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setzero_si256,
    _mm256_srli_epi64, _mm256_srlv_epi64,
};
use core::cmp::Ordering;
use core::hint::black_box;

use fearless_simd::kernel;

use super::integers::WORDS;

/// Bits of a digit.
pub(super) const DIGIT_BITS: u32 = 29;
/// Vectors of a number.
pub(super) const VECTORS: usize = 18;
/// Digits of a vector.
pub(super) const LANES: usize = 4;
/// Digits of a step.
pub(super) const BLOCK: usize = 3;
/// Bits of a step.
pub(super) const BLOCK_BITS: u32 = 3 * DIGIT_BITS;
/// Bits of R.
pub(super) const R_BITS: u32 = 72 * DIGIT_BITS;

const MASK: u64 = (1 << DIGIT_BITS) - 1;
/// Vectors of sums that a step adds products to.
const REACH: usize = VECTORS + BLOCK - 1;
/// And three for what moves on.
const SPAN: usize = REACH + BLOCK;
/// Vectors before those of the last step.
const LAST: usize = LANES * VECTORS - BLOCK;
/// In place of the vector of a digit: that of a product and not of a square.
const ANY: usize = usize::MAX;

type Vector = [u64; LANES];
type Window = [Vector; SPAN];
type Block = [__m256i; BLOCK];

/// A number of 72 digits, 2088 bits.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Digits(pub(super) [Vector; VECTORS]);

/// A number and, digit by digit, twice the number.
#[derive(Clone, Copy)]
pub(super) struct Factor {
    pub(super) once: Digits,
    twice: Digits,
}

/// A modulus, prepared.
pub(super) struct Modulus {
    /// The modulus.
    pub(super) proper: Digits,
    /// `(modulus * negated_inverse + 1) / 2^87`.
    pub(super) folded: Digits,
    /// `-1 / modulus` modulo 2^87.
    pub(super) negated_inverse: u128,
}

#[repr(align(32))]
struct Sums([Vector; LAST + SPAN]);

impl Sums {
    const ZERO: Self = Self([[0; LANES]; LAST + SPAN]);
}

/// The lowest digits of the sums, and what they carry.
#[derive(Clone, Copy)]
struct Lowest {
    digits: [u64; BLOCK],
    carry: u64,
}

impl Digits {
    const ZERO: Self = Self([[0; LANES]; VECTORS]);

    /// The digits of a number below 2^2048.
    pub(super) fn of(words: &[u64; WORDS]) -> Self {
        let mut digits = Self::ZERO;
        let mut words = words.iter();
        let (mut buffer, mut bits) = (0_u128, 0);
        for lane in 0..LANES {
            for digit in digits.0.iter_mut().filter_map(|vector| vector.get_mut(lane)) {
                if bits < DIGIT_BITS {
                    buffer |= u128::from(words.next().copied().unwrap_or(0)) << bits;
                    bits += u64::BITS;
                }
                *digit = buffer as u64 & MASK;
                buffer >>= DIGIT_BITS;
                bits -= DIGIT_BITS;
            }
        }
        digits
    }

    /// The number in words, its 33rd word apart.
    pub(super) fn words(&self) -> ([u64; WORDS], u64) {
        let mut number = [0; WORDS];
        let mut words = number.iter_mut();
        let (mut buffer, mut bits) = (0_u128, 0);
        for lane in 0..LANES {
            for digit in self.0.iter().filter_map(|vector| vector.get(lane)) {
                buffer += u128::from(*digit) << bits;
                bits += DIGIT_BITS;
                if bits < u64::BITS {
                    continue;
                }
                // What is beyond the words stays in the buffer.
                let Some(word) = words.next() else { continue };
                *word = buffer as u64;
                buffer >>= u64::BITS;
                bits -= u64::BITS;
            }
        }
        (number, buffer as u64)
    }

    /// The digits of a step.
    fn block(&self, vector: usize, lane: usize) -> [u64; BLOCK] {
        core::array::from_fn(|at| self.0.get(vector + at).and_then(|lanes| lanes.get(lane)).copied().unwrap_or(0))
    }
}

impl Factor {
    pub(super) const ZERO: Self = Self { once: Digits::ZERO, twice: Digits::ZERO };

    /// A number that is to be multiplied or squared.
    pub(super) fn of(once: &Digits) -> Self {
        Self { once: *once, twice: Digits(once.0.map(|vector| vector.map(|digit| digit * 2))) }
    }
}

kernel!(
    /// `a * b / R`, below three moduli.
    pub(super) fn product(_avx2: Avx2, a: &Factor, b: &Digits, modulus: &Modulus) -> Factor {
        let (mut product, mut sums) = (Factor::ZERO, Sums::ZERO);
        multiply(&mut product, a, b, modulus, &mut sums);
        product
    }
);

kernel!(
    /// `a * a / R`, below three moduli.
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests' way to a single square"))]
    pub(super) fn squared(_avx2: Avx2, a: &Factor, modulus: &Modulus) -> Factor {
        let (mut product, mut sums) = (Factor::ZERO, Sums::ZERO);
        square(&mut product, a, modulus, &mut sums);
        product
    }
);

kernel!(
    /// `base^65537`, below three moduli, from R^2.
    pub(super) fn power(_avx2: Avx2, base: &Digits, r_squared: &Factor, modulus: &Modulus) -> Digits {
        let (mut power, mut next, mut sums) = (Factor::ZERO, Factor::ZERO, Sums::ZERO);
        multiply(&mut power, r_squared, base, modulus, &mut sums);
        for _ in 0..8 {
            square(&mut next, &power, modulus, &mut sums);
            square(&mut power, &next, modulus, &mut sums);
        }
        // The base itself, and not R times it, leaves no R in the product.
        multiply(&mut next, &power, base, modulus, &mut sums);
        next.once
    }
);

#[target_feature(enable = "avx2")]
#[inline(never)]
fn multiply(out: &mut Factor, a: &Factor, b: &Digits, modulus: &Modulus, sums: &mut Sums) {
    let mut lowest = start(sums);
    for lane in 0..LANES {
        for at in (0..VECTORS).step_by(BLOCK) {
            let Some(window) = window(sums, lane * VECTORS + at) else { return };
            let (a, folded) = black_box((a, &modulus.folded));
            accumulate::<ANY>(window, a, b.block(at, lane));
            lowest = reduce(window, lowest, folded);
        }
    }
    finish(out, sums, lowest, modulus);
}

#[target_feature(enable = "avx2")]
#[inline(never)]
fn square(out: &mut Factor, a: &Factor, modulus: &Modulus, sums: &mut Sums) {
    let mut lowest = start(sums);
    for lane in 0..LANES {
        for at in (0..VECTORS).step_by(BLOCK) {
            let Some(window) = window(sums, lane * VECTORS + at) else { return };
            // Kept out of the optimiser's sight: it would hold these in registers that the sums need.
            let (a, folded) = black_box((a, &modulus.folded));
            let b = a.once.block(at, lane);
            match at {
                0 => accumulate::<0>(window, a, b),
                3 => accumulate::<3>(window, a, b),
                6 => accumulate::<6>(window, a, b),
                9 => accumulate::<9>(window, a, b),
                12 => accumulate::<12>(window, a, b),
                _ => accumulate::<15>(window, a, b),
            }
            lowest = reduce(window, lowest, folded);
        }
    }
    finish(out, sums, lowest, modulus);
}

/// Sums of nothing. What the first step does not reach is written before it is read.
#[inline]
fn start(sums: &mut Sums) -> Lowest {
    for vector in sums.0.iter_mut().take(REACH) {
        *vector = [0; LANES];
    }
    Lowest { digits: [0; BLOCK], carry: 0 }
}

/// The sums that a step reaches, and nothing in the last vector, which the next step is the first to add to.
#[inline]
fn window(sums: &mut Sums, at: usize) -> Option<&mut Window> {
    let window: &mut Window = sums.0.get_mut(at..)?.first_chunk_mut()?;
    window[SPAN - 1] = [0; LANES];
    Some(window)
}

/// One statement for each row, written out: which products go to it is known when it is compiled.
macro_rules! rows {
    ($row:ident => $statement:expr; $($at:literal)*) => {
        $({
            const $row: usize = $at;
            $statement
        })*
    };
}

/// Adds the products of three digits with `a`, or of a square those that the digits of vector `AT` and on stand for.
///
/// Never inlined, or the ends of several would be made one, with words stored in place of vectors.
#[target_feature(enable = "avx2")]
#[inline(never)]
fn accumulate<const AT: usize>(window: &mut Window, a: &Factor, digits: [u64; BLOCK]) {
    let digits = broadcast(digits);
    rows!(
        ROW => if AT == ANY {
            window[ROW] = store(products::<ROW>(load(&window[ROW]), &a.once, &digits));
        } else if ROW < AT.wrapping_add(2 * BLOCK - 1) {
            window[ROW] = store(squares::<ROW, AT>(load(&window[ROW]), a, &digits));
        };
        0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
    );
}

/// Adds the products of the multiples with the folded modulus, and returns the digits that are left behind.
#[target_feature(enable = "avx2")]
#[inline]
fn reduce(window: &mut Window, lowest: Lowest, folded: &Digits) -> Lowest {
    let multiples = broadcast(lowest.digits);
    // The next multiples, ahead of the vectors: else each step would wait for the whole way of its multiples through them.
    let ([x, y, z], [low, middle, high]) = (lowest.digits, [folded.0[0][0], folded.0[1][0], folded.0[2][0]]);
    let first = window[0][0] + x * low;
    let second = window[1][0] + x * middle + y * low;
    let third = window[2][0] + x * high + y * middle + z * low;
    let next = carried([first, second, third], lowest.carry);
    macro_rules! sum {
        ($row:expr) => {
            products::<{ $row }>(load(&window[$row]), folded, &multiples)
        };
    }
    let (first, first_carry) = moved(sum!(0));
    let (second, second_carry) = moved(sum!(1));
    let (third, third_carry) = moved(sum!(2));
    window[18] = store(_mm256_add_epi64(sum!(18), first));
    window[19] = store(_mm256_add_epi64(sum!(19), _mm256_add_epi64(first_carry, second)));
    window[20] = store(_mm256_add_epi64(second_carry, third));
    window[21] = store(third_carry);
    rows!(ROW => window[ROW] = store(sum!(ROW)); 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);
    next
}

/// The last step: multiples of the modulus proper, then the digits of all that is left.
#[target_feature(enable = "avx2")]
#[inline(never)]
fn finish(out: &mut Factor, sums: &mut Sums, lowest: Lowest, modulus: &Modulus) {
    let Some(window) = window(sums, LAST) else { return };
    let [x, y, z] = lowest.digits;
    let low = u128::from(x) | u128::from(y) << DIGIT_BITS | u128::from(z) << (2 * DIGIT_BITS);
    let multiple = low.wrapping_mul(modulus.negated_inverse);
    let multiples = broadcast([0, DIGIT_BITS, 2 * DIGIT_BITS].map(|shift| (multiple >> shift) as u64 & MASK));
    let zero = _mm256_setzero_si256();
    let first = products::<0>(zero, &modulus.proper, &multiples);
    let second = products::<1>(zero, &modulus.proper, &multiples);
    let third = products::<2>(zero, &modulus.proper, &multiples);
    // The digits are zero now, and their carry is left.
    let carry = carried([lane_0(first) + x, lane_0(second) + y, lane_0(third) + z], 0).carry + lowest.carry;
    let ((first, first_carry), (second, second_carry), (third, third_carry)) =
        (moved(first), moved(second), moved(third));
    let mut left = [zero; VECTORS];
    rows!(
        ROW => left[ROW - BLOCK] = products::<ROW>(load(&window[ROW]), &modulus.proper, &multiples);
        3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
    );
    left[0] = _mm256_add_epi64(left[0], _mm256_set_epi64x(0, 0, 0, carry as i64));
    left[15] = _mm256_add_epi64(left[15], first);
    left[16] = _mm256_add_epi64(left[16], _mm256_add_epi64(first_carry, second));
    left[17] = _mm256_add_epi64(load(&window[20]), _mm256_add_epi64(second_carry, third));
    let beyond = _mm256_add_epi64(load(&window[21]), third_carry);
    settle(out, &left, beyond);
}

/// Makes digits of sums: the first round of carries, all at once, leaves less than 2^36, the second less than 2^29 + 2^7.
/// What is beyond the vectors enters the first, a lane up.
#[target_feature(enable = "avx2")]
#[inline]
fn settle(out: &mut Factor, sums: &[__m256i; VECTORS], beyond: __m256i) {
    let mask = _mm256_set1_epi64x(MASK as i64);
    let mut carry = up(_mm256_add_epi64(_mm256_srli_epi64::<SHIFT>(sums[VECTORS - 1]), beyond));
    let mut digits = *sums;
    for digit in &mut digits {
        let next = _mm256_srli_epi64::<SHIFT>(*digit);
        *digit = _mm256_add_epi64(_mm256_and_si256(*digit, mask), carry);
        carry = next;
    }
    let mut carry = up(_mm256_srli_epi64::<SHIFT>(digits[VECTORS - 1]));
    for (digit, (once, twice)) in digits.into_iter().zip(out.once.0.iter_mut().zip(&mut out.twice.0)) {
        let settled = _mm256_add_epi64(_mm256_and_si256(digit, mask), carry);
        carry = _mm256_srli_epi64::<SHIFT>(digit);
        *once = store(settled);
        *twice = store(_mm256_add_epi64(settled, settled));
    }
}

/// Adds what three digits, the second one vector and the third two vectors on, contribute to a row.
#[target_feature(enable = "avx2")]
#[inline]
fn products<const ROW: usize>(mut sum: __m256i, factor: &Digits, digits: &Block) -> __m256i {
    for (at, digit) in digits.iter().enumerate() {
        // Below zero there is no vector either.
        if let Some(vector) = factor.0.get(ROW.wrapping_sub(at)) {
            sum = _mm256_add_epi64(sum, _mm256_mul_epu32(load(vector), *digit));
        }
    }
    sum
}

/// The same of a square, whose digits are those of vector `AT` and on.
#[target_feature(enable = "avx2")]
#[inline]
fn squares<const ROW: usize, const AT: usize>(mut sum: __m256i, factor: &Factor, digits: &Block) -> __m256i {
    for (at, digit) in digits.iter().enumerate() {
        let vector = ROW.wrapping_sub(at);
        let vector = match vector.cmp(&AT.wrapping_add(at)) {
            Ordering::Less => factor.twice.0.get(vector),
            Ordering::Equal => factor.once.0.get(vector),
            Ordering::Greater => None,
        };
        if let Some(vector) = vector {
            sum = _mm256_add_epi64(sum, _mm256_mul_epu32(load(vector), *digit));
        }
    }
    sum
}

/// The lowest digits of sums and what they carry.
#[inline]
fn carried([first, second, third]: [u64; BLOCK], carry: u64) -> Lowest {
    let first = first + carry;
    let second = second + (first >> DIGIT_BITS);
    let third = third + (second >> DIGIT_BITS);
    Lowest { digits: [first & MASK, second & MASK, third & MASK], carry: third >> DIGIT_BITS }
}

/// All lanes but the lowest one lane down, split into 29 bits and what is beyond them.
#[target_feature(enable = "avx2")]
#[inline]
fn moved(sum: __m256i) -> (__m256i, __m256i) {
    let down = _mm256_permute4x64_epi64::<0b00_11_10_01>(sum);
    let (mask, shift) = (MASK as i64, i64::from(SHIFT));
    let digits = _mm256_and_si256(down, _mm256_set_epi64x(0, mask, mask, mask));
    // A shift by 64 leaves nothing.
    (digits, _mm256_srlv_epi64(down, _mm256_set_epi64x(64, shift, shift, shift)))
}

/// All lanes but the highest one lane up.
#[target_feature(enable = "avx2")]
#[inline]
fn up(carry: __m256i) -> __m256i {
    _mm256_blend_epi32::<LOWEST>(_mm256_permute4x64_epi64::<0b10_01_00_11>(carry), _mm256_setzero_si256())
}

/// Each digit in all lanes, in both halves of them: `vpmuludq` reads the lower.
#[target_feature(enable = "avx2")]
#[inline]
fn broadcast([first, second, third]: [u64; BLOCK]) -> Block {
    [_mm256_set1_epi32(first as i32), _mm256_set1_epi32(second as i32), _mm256_set1_epi32(third as i32)]
}

#[target_feature(enable = "avx2")]
#[inline]
fn lane_0(vector: __m256i) -> u64 {
    _mm256_extract_epi64::<0>(vector) as u64
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(lanes: &Vector) -> __m256i {
    let [a, b, c, d] = lanes.map(|lane| lane as i64);
    _mm256_set_epi64x(d, c, b, a)
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(vector: __m256i) -> Vector {
    [
        _mm256_extract_epi64::<0>(vector) as u64,
        _mm256_extract_epi64::<1>(vector) as u64,
        _mm256_extract_epi64::<2>(vector) as u64,
        _mm256_extract_epi64::<3>(vector) as u64,
    ]
}

const SHIFT: i32 = DIGIT_BITS.cast_signed();
/// The halves of the lowest lane.
const LOWEST: i32 = 0b0000_0011;
