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
#![allow(clippy::inline_always, reason = "only what is inlined is compiled for the lanes' instructions")]

use core::cmp::Ordering;
use core::hint::black_box;

use super::integers::WORDS;
use super::lanes::{Computation, Lanes};

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

/// `a * b / R`, below three moduli.
pub(super) fn product<L: Lanes>(lanes: L, a: &Factor, b: &Digits, modulus: &Modulus) -> Factor {
    let (mut product, mut sums) = (Factor::ZERO, Sums::ZERO);
    lanes.run(Multiplication { lanes, out: &mut product, a, b, modulus, sums: &mut sums });
    product
}

/// `a * a / R`, below three moduli.
#[cfg(test)]
pub(super) fn squared<L: Lanes>(lanes: L, a: &Factor, modulus: &Modulus) -> Factor {
    let (mut product, mut sums) = (Factor::ZERO, Sums::ZERO);
    lanes.run(Squaring { lanes, out: &mut product, a, modulus, sums: &mut sums });
    product
}

/// `base^65537`, below three moduli, from R^2.
pub(super) fn power<L: Lanes>(lanes: L, base: &Digits, r_squared: &Factor, modulus: &Modulus) -> Digits {
    let (mut power, mut next, mut sums) = (Factor::ZERO, Factor::ZERO, Sums::ZERO);
    lanes.run(Multiplication { lanes, out: &mut power, a: r_squared, b: base, modulus, sums: &mut sums });
    for _ in 0..8 {
        lanes.run(Squaring { lanes, out: &mut next, a: &power, modulus, sums: &mut sums });
        lanes.run(Squaring { lanes, out: &mut power, a: &next, modulus, sums: &mut sums });
    }
    // The base itself, and not R times it, leaves no R in the product.
    lanes.run(Multiplication { lanes, out: &mut next, a: &power, b: base, modulus, sums: &mut sums });
    next.once
}

struct Multiplication<'a, L> {
    lanes: L,
    out: &'a mut Factor,
    a: &'a Factor,
    b: &'a Digits,
    modulus: &'a Modulus,
    sums: &'a mut Sums,
}

impl<L: Lanes> Computation for Multiplication<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { lanes, out, a, b, modulus, sums } = self;
        let mut lowest = start(sums);
        for lane in 0..LANES {
            for at in (0..VECTORS).step_by(BLOCK) {
                let Some(window) = window(sums, lane * VECTORS + at) else { return };
                let (a, folded) = black_box((a, &modulus.folded));
                lanes.run(Accumulation::<L, ANY> { lanes, window, a, digits: b.block(at, lane) });
                lowest = reduce(lanes, window, lowest, folded);
            }
        }
        lanes.run(Last { lanes, out, sums, lowest, modulus });
    }
}

struct Squaring<'a, L> {
    lanes: L,
    out: &'a mut Factor,
    a: &'a Factor,
    modulus: &'a Modulus,
    sums: &'a mut Sums,
}

impl<L: Lanes> Computation for Squaring<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { lanes, out, a, modulus, sums } = self;
        let mut lowest = start(sums);
        for lane in 0..LANES {
            for at in (0..VECTORS).step_by(BLOCK) {
                let Some(window) = window(sums, lane * VECTORS + at) else { return };
                // Kept out of the optimiser's sight: it would hold these in registers that the sums need.
                let (a, folded) = black_box((a, &modulus.folded));
                let digits = a.once.block(at, lane);
                match at {
                    0 => lanes.run(Accumulation::<L, 0> { lanes, window, a, digits }),
                    3 => lanes.run(Accumulation::<L, 3> { lanes, window, a, digits }),
                    6 => lanes.run(Accumulation::<L, 6> { lanes, window, a, digits }),
                    9 => lanes.run(Accumulation::<L, 9> { lanes, window, a, digits }),
                    12 => lanes.run(Accumulation::<L, 12> { lanes, window, a, digits }),
                    _ => lanes.run(Accumulation::<L, 15> { lanes, window, a, digits }),
                }
                lowest = reduce(lanes, window, lowest, folded);
            }
        }
        lanes.run(Last { lanes, out, sums, lowest, modulus });
    }
}

/// Sums of nothing. What the first step does not reach is written before it is read.
#[inline(always)]
fn start(sums: &mut Sums) -> Lowest {
    for vector in sums.0.iter_mut().take(REACH) {
        *vector = [0; LANES];
    }
    Lowest { digits: [0; BLOCK], carry: 0 }
}

/// The sums that a step reaches, and nothing in the last vector, which the next step is the first to add to.
#[inline(always)]
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
struct Accumulation<'a, L, const AT: usize> {
    lanes: L,
    window: &'a mut Window,
    a: &'a Factor,
    digits: [u64; BLOCK],
}

impl<L: Lanes, const AT: usize> Computation for Accumulation<'_, L, AT> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { lanes, window, a, digits } = self;
        let digits = digits.map(|digit| lanes.splat(digit));
        rows!(
            ROW => if AT == ANY {
                window[ROW] = lanes.store(products::<L, ROW>(lanes, lanes.load(&window[ROW]), &a.once, &digits));
            } else if ROW < AT.wrapping_add(2 * BLOCK - 1) {
                window[ROW] = lanes.store(squares::<L, ROW, AT>(lanes, lanes.load(&window[ROW]), a, &digits));
            };
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
        );
    }
}

/// Adds the products of the multiples with the folded modulus, and returns the digits that are left behind.
#[inline(always)]
fn reduce<L: Lanes>(lanes: L, window: &mut Window, lowest: Lowest, folded: &Digits) -> Lowest {
    let multiples = lowest.digits.map(|digit| lanes.splat(digit));
    // The next multiples, ahead of the vectors: else each step would wait for the whole way of its multiples through them.
    let ([x, y, z], [low, middle, high]) = (lowest.digits, [folded.0[0][0], folded.0[1][0], folded.0[2][0]]);
    let first = window[0][0] + x * low;
    let second = window[1][0] + x * middle + y * low;
    let third = window[2][0] + x * high + y * middle + z * low;
    let next = carried([first, second, third], lowest.carry);
    macro_rules! sum {
        ($row:expr) => {
            products::<L, { $row }>(lanes, lanes.load(&window[$row]), folded, &multiples)
        };
    }
    let (first, first_carry) = moved(lanes, sum!(0));
    let (second, second_carry) = moved(lanes, sum!(1));
    let (third, third_carry) = moved(lanes, sum!(2));
    window[18] = lanes.store(lanes.add(sum!(18), first));
    window[19] = lanes.store(lanes.add(sum!(19), lanes.add(first_carry, second)));
    window[20] = lanes.store(lanes.add(second_carry, third));
    window[21] = lanes.store(third_carry);
    rows!(ROW => window[ROW] = lanes.store(sum!(ROW)); 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);
    next
}

/// The last step: multiples of the modulus proper, then the digits of all that is left.
struct Last<'a, L> {
    lanes: L,
    out: &'a mut Factor,
    sums: &'a mut Sums,
    lowest: Lowest,
    modulus: &'a Modulus,
}

impl<L: Lanes> Computation for Last<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { lanes, out, sums, lowest, modulus } = self;
        let Some(window) = window(sums, LAST) else { return };
        let [x, y, z] = lowest.digits;
        let low = u128::from(x) | u128::from(y) << DIGIT_BITS | u128::from(z) << (2 * DIGIT_BITS);
        let multiple = low.wrapping_mul(modulus.negated_inverse);
        let multiples = [0, DIGIT_BITS, 2 * DIGIT_BITS].map(|shift| lanes.splat((multiple >> shift) as u64 & MASK));
        let zero = lanes.splat(0);
        let first = products::<L, 0>(lanes, zero, &modulus.proper, &multiples);
        let second = products::<L, 1>(lanes, zero, &modulus.proper, &multiples);
        let third = products::<L, 2>(lanes, zero, &modulus.proper, &multiples);
        // The digits are zero now, and their carry is left.
        let [low, middle, high] = [first, second, third].map(|vector| lanes.store(vector)[0]);
        let carry = carried([low + x, middle + y, high + z], 0).carry + lowest.carry;
        let ((first, first_carry), (second, second_carry), (third, third_carry)) =
            (moved(lanes, first), moved(lanes, second), moved(lanes, third));
        let mut left = [zero; VECTORS];
        rows!(
            ROW => left[ROW - BLOCK] = products::<L, ROW>(lanes, lanes.load(&window[ROW]), &modulus.proper, &multiples);
            3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
        );
        left[0] = lanes.add(left[0], lanes.load(&[carry, 0, 0, 0]));
        left[15] = lanes.add(left[15], first);
        left[16] = lanes.add(left[16], lanes.add(first_carry, second));
        left[17] = lanes.add(lanes.load(&window[20]), lanes.add(second_carry, third));
        settle(lanes, out, &left, lanes.add(lanes.load(&window[21]), third_carry));
    }
}

/// Makes digits of sums: the first round of carries, all at once, leaves less than 2^36, the second less than 2^29 + 2^7.
/// What is beyond the vectors enters the first, a lane up.
#[inline(always)]
fn settle<L: Lanes>(lanes: L, out: &mut Factor, sums: &[L::Vector; VECTORS], beyond: L::Vector) {
    let mask = lanes.splat(MASK);
    let mut carry = lanes.up(lanes.add(lanes.high(sums[VECTORS - 1]), beyond));
    let mut digits = *sums;
    for digit in &mut digits {
        let next = lanes.high(*digit);
        *digit = lanes.add(lanes.and(*digit, mask), carry);
        carry = next;
    }
    let mut carry = lanes.up(lanes.high(digits[VECTORS - 1]));
    for (digit, (once, twice)) in digits.into_iter().zip(out.once.0.iter_mut().zip(&mut out.twice.0)) {
        let settled = lanes.add(lanes.and(digit, mask), carry);
        carry = lanes.high(digit);
        *once = lanes.store(settled);
        *twice = lanes.store(lanes.add(settled, settled));
    }
}

/// Adds what three digits, the second one vector and the third two vectors on, contribute to a row.
#[inline(always)]
fn products<L: Lanes, const ROW: usize>(
    lanes: L,
    mut sum: L::Vector,
    factor: &Digits,
    digits: &[L::Vector; BLOCK],
) -> L::Vector {
    for (at, digit) in digits.iter().enumerate() {
        // Below zero there is no vector either.
        if let Some(vector) = factor.0.get(ROW.wrapping_sub(at)) {
            sum = lanes.add(sum, lanes.multiply(lanes.load(vector), *digit));
        }
    }
    sum
}

/// The same of a square, whose digits are those of vector `AT` and on.
#[inline(always)]
fn squares<L: Lanes, const ROW: usize, const AT: usize>(
    lanes: L,
    mut sum: L::Vector,
    factor: &Factor,
    digits: &[L::Vector; BLOCK],
) -> L::Vector {
    for (at, digit) in digits.iter().enumerate() {
        let vector = ROW.wrapping_sub(at);
        let vector = match vector.cmp(&AT.wrapping_add(at)) {
            Ordering::Less => factor.twice.0.get(vector),
            Ordering::Equal => factor.once.0.get(vector),
            Ordering::Greater => None,
        };
        if let Some(vector) = vector {
            sum = lanes.add(sum, lanes.multiply(lanes.load(vector), *digit));
        }
    }
    sum
}

/// The lowest digits of sums and what they carry.
#[inline(always)]
fn carried([first, second, third]: [u64; BLOCK], carry: u64) -> Lowest {
    let first = first + carry;
    let second = second + (first >> DIGIT_BITS);
    let third = third + (second >> DIGIT_BITS);
    Lowest { digits: [first & MASK, second & MASK, third & MASK], carry: third >> DIGIT_BITS }
}

/// All lanes but the lowest one lane down, split into 29 bits and what is beyond them.
#[inline(always)]
fn moved<L: Lanes>(lanes: L, sum: L::Vector) -> (L::Vector, L::Vector) {
    let down = lanes.down(sum);
    (lanes.and(down, lanes.splat(MASK)), lanes.high(down))
}
