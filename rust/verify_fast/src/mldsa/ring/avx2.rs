//! The ring on AVX2: eight numbers in a vector, reduced where and as the portable code reduces them.
//!
//! The layers that combine numbers of different vectors go first, in two passes over memory. Where a layer combines numbers
//! of one vector, two vectors exchange halves, pairs or single numbers beforehand, so that it combines numbers of different
//! vectors again. The transform is left in the order that this brings about, in which the inverse expects it.
//! What is reached through `kernel!` runs on processors with AVX2 only.

#![allow(clippy::indexing_slicing, reason = "every index is a constant or below one, within an array of that length")]

use core::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_and_si256, _mm256_blend_epi32, _mm256_castps_si256,
    _mm256_castsi256_ps, _mm256_extract_epi32, _mm256_mul_epi32, _mm256_permute2x128_si256, _mm256_set1_epi32,
    _mm256_setr_epi32, _mm256_setzero_si256, _mm256_shuffle_ps, _mm256_srai_epi32, _mm256_srli_epi64, _mm256_sub_epi32,
    _mm256_sub_epi64, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
};

use fearless_simd::kernel;

use super::roots::{BACKWARD, FORWARD, Q_INVERSE, SCALE};
use super::twiddles::{Block, Twiddle, Twiddles};
use super::{DEGREE, Polynomial, Q};

static FORWARDS: Twiddles = Twiddles::new(&FORWARD);
static BACKWARDS: Twiddles = Twiddles::new(&BACKWARD);
static SCALING: Twiddle = Twiddle::constant(SCALE);

/// 32 numbers in four vectors.
type Row = [[i32; 8]; 4];

kernel!(
    pub(super) fn transform(_avx2: Avx2, polynomial: &mut Polynomial) {
        let rows = rows(polynomial);
        let [t1, t2, t3, t4, t5, t6, t7] = &FORWARDS.wide;
        for column in 0..4 {
            let mut v = load_column(rows, column);
            for (low, high) in [(0, 4), (1, 5), (2, 6), (3, 7)] {
                split(&mut v, low, high, t1);
            }
            for (low, high, twiddle) in [(0, 2, t2), (1, 3, t2), (4, 6, t3), (5, 7, t3)] {
                split(&mut v, low, high, twiddle);
            }
            for (low, high, twiddle) in [(0, 1, t4), (2, 3, t5), (4, 5, t6), (6, 7, t7)] {
                split(&mut v, low, high, twiddle);
            }
            store_column(rows, column, v);
        }
        for (row, block) in rows.iter_mut().zip(&FORWARDS.blocks) {
            transform_row(row, block);
        }
    }
);

#[inline]
#[target_feature(enable = "avx2")]
fn transform_row(row: &mut Row, block: &Block) {
    let mut v = load_row(row);
    split(&mut v, 0, 2, &block.whole);
    split(&mut v, 1, 3, &block.whole);
    split(&mut v, 0, 1, &block.halves[0]);
    split(&mut v, 2, 3, &block.halves[1]);
    for (pair, low) in [(0, 0), (1, 2)] {
        let high = low + 1;
        (v[low], v[high]) = exchange_halves(v[low], v[high]);
        split(&mut v, low, high, &block.eights[pair]);
        (v[low], v[high]) = exchange_pairs(v[low], v[high]);
        split(&mut v, low, high, &block.fours[pair]);
        (v[low], v[high]) = exchange_numbers(v[low], v[high]);
        split(&mut v, low, high, &block.pairs[pair]);
    }
    store_row(row, v);
}

kernel!(
    pub(super) fn invert(_avx2: Avx2, polynomial: &mut Polynomial) {
        let rows = rows(polynomial);
        for (row, block) in rows.iter_mut().zip(&BACKWARDS.blocks) {
            invert_row(row, block);
        }
        let [t1, t2, t3, t4, t5, t6, t7] = &BACKWARDS.wide;
        for column in 0..4 {
            let mut v = load_column(rows, column);
            for (low, high, twiddle) in [(0, 1, t4), (2, 3, t5), (4, 5, t6), (6, 7, t7)] {
                join(&mut v, low, high, twiddle);
            }
            for (low, high, twiddle) in [(0, 2, t2), (1, 3, t2), (4, 6, t3), (5, 7, t3)] {
                join(&mut v, low, high, twiddle);
            }
            for (low, high) in [(0, 4), (1, 5), (2, 6), (3, 7)] {
                join(&mut v, low, high, t1);
            }
            for number in &mut v {
                *number = canonical(multiply(*number, &SCALING));
            }
            store_column(rows, column, v);
        }
    }
);

#[inline]
#[target_feature(enable = "avx2")]
fn invert_row(row: &mut Row, block: &Block) {
    let mut v = load_row(row);
    for (pair, low) in [(0, 0), (1, 2)] {
        let high = low + 1;
        join(&mut v, low, high, &block.pairs[pair]);
        (v[low], v[high]) = return_numbers(v[low], v[high]);
        join(&mut v, low, high, &block.fours[pair]);
        (v[low], v[high]) = exchange_pairs(v[low], v[high]);
        join(&mut v, low, high, &block.eights[pair]);
        (v[low], v[high]) = exchange_halves(v[low], v[high]);
    }
    join(&mut v, 0, 1, &block.halves[0]);
    join(&mut v, 2, 3, &block.halves[1]);
    join(&mut v, 0, 2, &block.whole);
    join(&mut v, 1, 3, &block.whole);
    store_row(row, v);
}

kernel!(
    pub(super) fn product(_avx2: Avx2, row: &[Polynomial], column: &[Polynomial]) -> Polynomial {
        let mut sums = Polynomial::ZERO;
        let inverse = _mm256_set1_epi32(Q_INVERSE);
        for (position, out) in vectors(&mut sums).iter_mut().enumerate() {
            let (mut even, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
            for (left, right) in row.iter().zip(column) {
                let (left, right) = (load(&left.0.as_chunks().0[position]), load(&right.0.as_chunks().0[position]));
                even = _mm256_add_epi64(even, _mm256_mul_epi32(left, right));
                odd = _mm256_add_epi64(odd, _mm256_mul_epi32(upper(left), upper(right)));
            }
            let multiples = (_mm256_mul_epi32(even, inverse), _mm256_mul_epi32(odd, inverse));
            store(out, reduce((even, odd), multiples));
        }
        sums
    }
);

kernel!(
    pub(super) fn arrange(_avx2: Avx2, polynomial: &mut Polynomial) {
        for row in rows(polynomial) {
            let mut v = load_row(row);
            for low in [0, 2] {
                let high = low + 1;
                (v[low], v[high]) = exchange_halves(v[low], v[high]);
                (v[low], v[high]) = exchange_pairs(v[low], v[high]);
                (v[low], v[high]) = exchange_numbers(v[low], v[high]);
            }
            store_row(row, v);
        }
    }
);

/// One step of the transform (FIPS 204 Algorithm 41) on eight pairs of numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn split<const N: usize>(v: &mut [__m256i; N], low: usize, high: usize, twiddle: &Twiddle) {
    let product = multiply(v[high], twiddle);
    (v[low], v[high]) = (_mm256_add_epi32(v[low], product), _mm256_sub_epi32(v[low], product));
}

/// One step of its inverse (FIPS 204 Algorithm 42).
#[inline]
#[target_feature(enable = "avx2")]
fn join<const N: usize>(v: &mut [__m256i; N], low: usize, high: usize, twiddle: &Twiddle) {
    let difference = _mm256_sub_epi32(v[low], v[high]);
    (v[low], v[high]) = (_mm256_add_epi32(v[low], v[high]), multiply(difference, twiddle));
}

/// The products times 2^-32, from -q+1..q where a factor is below q.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply(numbers: __m256i, twiddle: &Twiddle) -> __m256i {
    let (value, scaled) = (load(&twiddle.value), load(&twiddle.scaled));
    let odd = upper(numbers);
    let products = (_mm256_mul_epi32(numbers, value), _mm256_mul_epi32(odd, upper(value)));
    let multiples = (_mm256_mul_epi32(numbers, scaled), _mm256_mul_epi32(odd, upper(scaled)));
    reduce(products, multiples)
}

/// Numbers of 64 bits, of the even lanes and of the odd ones, times 2^-32. The low halves of `multiples` are theirs times
/// the inverse of q; their product with q equals the low half of the number and is subtracted.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce(numbers: (__m256i, __m256i), multiples: (__m256i, __m256i)) -> __m256i {
    let q = _mm256_set1_epi32(Q);
    let even = _mm256_sub_epi64(numbers.0, _mm256_mul_epi32(multiples.0, q));
    let odd = _mm256_sub_epi64(numbers.1, _mm256_mul_epi32(multiples.1, q));
    _mm256_blend_epi32::<0b1010_1010>(upper(even), odd)
}

/// Numbers from -q+1..q, brought into 0..q.
#[inline]
#[target_feature(enable = "avx2")]
fn canonical(numbers: __m256i) -> __m256i {
    let negative = _mm256_srai_epi32::<31>(numbers);
    _mm256_add_epi32(numbers, _mm256_and_si256(negative, _mm256_set1_epi32(Q)))
}

/// The odd lanes in the even ones' positions.
#[inline]
#[target_feature(enable = "avx2")]
fn upper(numbers: __m256i) -> __m256i {
    _mm256_srli_epi64::<32>(numbers)
}

/// The lower halves of both, and the upper halves of both; its own inverse.
#[inline]
#[target_feature(enable = "avx2")]
fn exchange_halves(one: __m256i, two: __m256i) -> (__m256i, __m256i) {
    (_mm256_permute2x128_si256::<0x20>(one, two), _mm256_permute2x128_si256::<0x31>(one, two))
}

/// The first pairs of each half of both, and the second pairs; its own inverse.
#[inline]
#[target_feature(enable = "avx2")]
fn exchange_pairs(one: __m256i, two: __m256i) -> (__m256i, __m256i) {
    (_mm256_unpacklo_epi64(one, two), _mm256_unpackhi_epi64(one, two))
}

/// The first numbers of all pairs, and the second numbers: first the pairs of the one, then those of the other.
#[inline]
#[target_feature(enable = "avx2")]
fn exchange_numbers(one: __m256i, two: __m256i) -> (__m256i, __m256i) {
    let (one, two) = (_mm256_castsi256_ps(one), _mm256_castsi256_ps(two));
    let first = _mm256_shuffle_ps::<0b10_00_10_00>(one, two);
    let second = _mm256_shuffle_ps::<0b11_01_11_01>(one, two);
    (_mm256_castps_si256(first), _mm256_castps_si256(second))
}

/// The inverse of `exchange_numbers`.
#[inline]
#[target_feature(enable = "avx2")]
fn return_numbers(one: __m256i, two: __m256i) -> (__m256i, __m256i) {
    (_mm256_unpacklo_epi32(one, two), _mm256_unpackhi_epi32(one, two))
}

#[inline]
fn vectors(polynomial: &mut Polynomial) -> &mut [[i32; 8]] {
    polynomial.0.as_chunks_mut().0
}

#[inline]
fn rows(polynomial: &mut Polynomial) -> &mut [Row] {
    const { assert!(DEGREE == 8 * 32) };
    vectors(polynomial).as_chunks_mut().0
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_row(row: &Row) -> [__m256i; 4] {
    [load(&row[0]), load(&row[1]), load(&row[2]), load(&row[3])]
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_row(row: &mut Row, v: [__m256i; 4]) {
    for (lanes, vector) in row.iter_mut().zip(v) {
        store(lanes, vector);
    }
}

/// The vectors of one position in all rows.
#[inline]
#[target_feature(enable = "avx2")]
fn load_column(rows: &[Row], column: usize) -> [__m256i; 8] {
    let mut v = [_mm256_setzero_si256(); 8];
    for (vector, row) in v.iter_mut().zip(rows) {
        *vector = load(&row[column]);
    }
    v
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_column(rows: &mut [Row], column: usize, v: [__m256i; 8]) {
    for (row, vector) in rows.iter_mut().zip(v) {
        store(&mut row[column], vector);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(lanes: &[i32; 8]) -> __m256i {
    let [l0, l1, l2, l3, l4, l5, l6, l7] = *lanes;
    _mm256_setr_epi32(l0, l1, l2, l3, l4, l5, l6, l7)
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(lanes: &mut [i32; 8], vector: __m256i) {
    *lanes = [
        _mm256_extract_epi32::<0>(vector),
        _mm256_extract_epi32::<1>(vector),
        _mm256_extract_epi32::<2>(vector),
        _mm256_extract_epi32::<3>(vector),
        _mm256_extract_epi32::<4>(vector),
        _mm256_extract_epi32::<5>(vector),
        _mm256_extract_epi32::<6>(vector),
        _mm256_extract_epi32::<7>(vector),
    ];
}
