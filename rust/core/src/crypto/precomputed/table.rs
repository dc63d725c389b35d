//! A table of multiples of one point, and multiplying with it.
//!
//! Row i holds j * 2^(width i) * P for j from 1 to 2^(width-1), every entry affine. A multiple of P is the sum of one entry
//! per row, so the group law's additions are all there is, its exceptional cases included: a sum may well meet an entry
//! that equals it, or its negative, when someone made the signature for it.

use super::digits::{self, Digits, MAX_WIDTH};

/// A group of points that are added to a running sum.
pub(super) trait Group: 'static {
    /// A point as a table holds it; never the neutral one in a group of prime order.
    type Entry: Copy + Send + Sync;
    /// A running sum, which may be any point.
    type Sum: Copy;

    const NEUTRAL: Self::Sum;

    fn add(sum: &Self::Sum, entry: &Self::Entry) -> Self::Sum;
    fn double(sum: &Self::Sum) -> Self::Sum;
    fn negate(entry: &Self::Entry) -> Self::Entry;
    /// All sums as entries, at the price of one inversion; `None` if one of them cannot be an entry.
    fn entries(sums: &[Self::Sum]) -> Option<Vec<Self::Entry>>;
}

/// The multiples of one point.
pub(super) struct Table<G: Group> {
    width: u32,
    row: usize,
    entries: Box<[G::Entry]>,
}

impl<G: Group> Table<G> {
    /// For scalars of so many bits, in digits of this width.
    pub(super) fn new(point: &G::Entry, bits: u32, width: u32) -> Option<Self> {
        if !(2..=MAX_WIDTH).contains(&width) {
            return None;
        }
        let row = 1_usize << (width - 1);
        let first = G::add(&G::NEUTRAL, point);
        let next = |base: &G::Sum| Some((0..width).fold(*base, |sum, _| G::double(&sum)));
        let rows = usize::try_from(digits::count(bits, width)).ok()?;
        let bases: Vec<G::Sum> = std::iter::successors(Some(first), next).take(rows).collect();
        let mut sums = Vec::with_capacity(bases.len() * row);
        for base in G::entries(&bases)? {
            let mut sum = G::NEUTRAL;
            for _ in 0..row {
                sum = G::add(&sum, &base);
                sums.push(sum);
            }
        }
        Some(Self { width, row, entries: G::entries(&sums)?.into_boxed_slice() })
    }

    /// Adds the multiple of the point by a little-endian scalar, taken as an integer, to a sum.
    #[inline]
    pub(super) fn add_multiple(&self, sum: G::Sum, scalar: &[u8]) -> G::Sum {
        let mut sum = sum;
        for (row, digit) in self.entries.chunks_exact(self.row).zip(Digits::new(scalar, self.width)) {
            // A digit of zero has no entry and adds nothing.
            let place = (digit.magnitude as usize).wrapping_sub(1);
            if let Some(entry) = row.get(place) {
                sum = if digit.negative { G::add(&sum, &G::negate(entry)) } else { G::add(&sum, entry) };
            }
        }
        sum
    }
}
