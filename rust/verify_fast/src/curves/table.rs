//! A table of multiples of one point, and multiplying with it.
//!
//! Row i holds j * 2^(width i) * P for j from 1 to 2^(width-1), every entry affine. A multiple of P is the sum of one entry
//! per row, so only additions are computed. Their exceptional cases occur: an attacker can make a signature for which the
//! sum meets an equal entry or its negative.

use super::digits::{self, MAX_WIDTH, ScalarDigits};

/// A group of points that are added to a running sum.
pub(super) trait Group: 'static {
    /// A point of a table; never the neutral one in a group of prime order.
    type Entry: Copy + Send + Sync;
    /// A running sum, which may be any point.
    type Sum: Copy;

    const NEUTRAL: Self::Sum;

    fn add(sum: &mut Self::Sum, entry: &Self::Entry);
    fn double(sum: &mut Self::Sum);
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
    /// A table for scalars of `bits` bits, in digits of `width` bits.
    pub(super) fn new(point: &G::Entry, bits: u32, width: u32) -> Option<Self> {
        if !(2..=MAX_WIDTH).contains(&width) {
            return None;
        }
        let row = 1_usize << (width - 1);
        let mut bases = Vec::new();
        let mut base = G::NEUTRAL;
        G::add(&mut base, point);
        for _ in 0..digits::count(bits, width) {
            bases.push(base);
            for _ in 0..width {
                G::double(&mut base);
            }
        }
        let mut entries = Vec::with_capacity(bases.len() * row);
        let mut sums = Vec::with_capacity(ROWS_AT_ONCE * row);
        for bases in G::entries(&bases)?.chunks(ROWS_AT_ONCE) {
            sums.clear();
            for base in bases {
                let mut sum = G::NEUTRAL;
                for _ in 0..row {
                    G::add(&mut sum, base);
                    sums.push(sum);
                }
            }
            entries.extend(G::entries(&sums)?);
        }
        Some(Self { width, row, entries: entries.into_boxed_slice() })
    }

    /// The entries whose sum is the multiple of the point by a little-endian scalar, taken as an integer.
    ///
    /// They are fetched before anything is added: the fetches do not depend on each other, so those that miss the cache
    /// wait for memory together and not one by one between the additions.
    #[inline]
    pub(super) fn fetch(&self, scalar: &[u8], into: &mut Vec<G::Entry>) {
        for (row, digit) in self.entries.chunks_exact(self.row).zip(ScalarDigits::new(scalar, self.width)) {
            // A digit of zero has no entry and adds nothing.
            let index = (digit.magnitude as usize).wrapping_sub(1);
            if let Some(entry) = row.get(index) {
                into.push(if digit.negative { G::negate(entry) } else { *entry });
            }
        }
    }

    /// Its size.
    #[cfg(test)]
    pub(super) fn octets(&self) -> usize {
        size_of_val(&*self.entries)
    }

    /// How many entries a multiple can have.
    pub(super) fn rows(&self) -> usize {
        self.entries.len() / self.row
    }
}

/// Rows that share an inversion: more of them hold more memory while the table is built than the inversion is worth.
const ROWS_AT_ONCE: usize = 8;

/// The sum of a multiple of one point and a multiple of another.
#[inline]
pub(super) fn sum_of_multiples<G: Group>(multiples: [(&Table<G>, &[u8]); 2]) -> G::Sum {
    let mut entries = Vec::with_capacity(multiples.iter().map(|(table, _)| table.rows()).sum());
    for (table, scalar) in multiples {
        table.fetch(scalar, &mut entries);
    }
    let mut sum = G::NEUTRAL;
    for entry in &entries {
        G::add(&mut sum, entry);
    }
    sum
}
