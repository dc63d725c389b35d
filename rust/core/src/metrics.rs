//! Counts of verifications by issuer, algorithm and code, and of their time, for an operator's metrics.
//!
//! Counting takes no lock, so a hit never waits and a process can fork at any moment. Every label is a name that was given
//! when the counts were made, or an algorithm: nothing that a client sends becomes a label.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::jwa::{Alg, TABLE};

/// The label of what has no name here.
pub const OTHER: &str = "other";

/// Upper bounds of the time's buckets, in seconds: a verification takes some ten microseconds, a wait for keys up to seconds.
pub const BOUNDS: [f64; 10] = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

/// How often each verdict was reached.
#[derive(Debug)]
pub struct Verifications {
    /// The number of the label for each `iss`.
    issuers: HashMap<String, usize>,
    /// The labels of issuers; the first is `OTHER`.
    labels: Vec<String>,
    /// The codes; the first is `OTHER`.
    codes: Vec<String>,
    /// For each label a count for each algorithm, or none, and code; made when the first is counted.
    counts: Vec<OnceLock<Box<[AtomicU64]>>>,
    /// Verifications by the bucket of their time; the last has no upper bound.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

/// One count that is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<'a> {
    /// The issuer's label.
    pub issuer: &'a str,
    /// The algorithm of a token that was verified.
    pub alg: Option<Alg>,
    /// What came of it.
    pub code: &'a str,
    /// How often.
    pub count: u64,
}

impl Verifications {
    /// Counts that are all zero. `issuers` are pairs of an `iss` and its label; several may share one.
    #[must_use]
    pub fn new(issuers: Vec<(String, String)>, codes: Vec<String>) -> Self {
        let mut labels = vec![OTHER.to_owned()];
        let mut numbers = HashMap::with_capacity(issuers.len());
        for (issuer, label) in issuers {
            let known = labels.iter().position(|other| *other == label);
            let number = known.unwrap_or(labels.len());
            if known.is_none() {
                labels.push(label);
            }
            numbers.insert(issuer, number);
        }
        let codes: Vec<_> = std::iter::once(OTHER.to_owned()).chain(codes).collect();
        let counts = labels.iter().map(|_| OnceLock::new()).collect();
        Self { issuers: numbers, labels, codes, counts, buckets: Default::default(), nanoseconds: AtomicU64::new(0) }
    }

    /// Counts one verification. `iss` and `alg` are those of a token that was verified.
    pub fn record(&self, iss: Option<&str>, alg: Option<Alg>, code: &str, seconds: f64) {
        let label = iss.and_then(|iss| self.issuers.get(iss)).copied().unwrap_or(0);
        let code = self.codes.iter().position(|known| known == code).unwrap_or(0);
        let row = alg.and_then(|alg| TABLE.iter().position(|spec| spec.alg == alg)).map_or(0, |row| row + 1);
        if let Some(table) = self.counts.get(label) {
            let table =
                table.get_or_init(|| (0..self.codes.len() * (TABLE.len() + 1)).map(|_| AtomicU64::new(0)).collect());
            add(table.get(row * self.codes.len() + code), 1);
        }
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        add(self.buckets.get(bucket), 1);
        let time = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        add(Some(&self.nanoseconds), u64::try_from(time.as_nanos()).unwrap_or_default());
    }

    /// What was counted.
    pub fn counts(&self) -> impl Iterator<Item = Count<'_>> {
        let tables = self.labels.iter().zip(&self.counts);
        tables.filter_map(|(issuer, table)| Some((issuer, table.get()?))).flat_map(move |(issuer, table)| {
            table.iter().enumerate().filter_map(move |(index, count)| {
                let row = index / self.codes.len();
                let alg = row.checked_sub(1).and_then(|row| TABLE.get(row)).map(|spec| spec.alg);
                let (code, count) = (self.codes.get(index % self.codes.len())?, count.load(Ordering::Relaxed));
                (count > 0).then_some(Count { issuer, alg, code, count })
            })
        })
    }

    /// Verifications by the bucket of their time, and the sum of their times in seconds.
    #[must_use]
    pub fn times(&self) -> ([u64; BOUNDS.len() + 1], f64) {
        let buckets =
            std::array::from_fn(|bucket| self.buckets.get(bucket).map_or(0, |count| count.load(Ordering::Relaxed)));
        (buckets, std::time::Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64())
    }
}

/// How many pairs are counted apart.
pub const PAIRS: usize = 1024;

/// Counts of pairs of names, as a rule and its effect. The first `PAIRS` have counts of their own, all others share one.
#[derive(Debug)]
pub struct Pairs {
    slots: Vec<OnceLock<Pair>>,
    others: AtomicU64,
}

#[derive(Debug)]
struct Pair {
    names: (String, String),
    count: AtomicU64,
}

impl Pairs {
    /// Counts that are all zero.
    #[must_use]
    pub fn new() -> Self {
        Self { slots: (0..PAIRS).map(|_| OnceLock::new()).collect(), others: AtomicU64::new(0) }
    }

    /// Counts one.
    pub fn record(&self, first: &str, second: &str) {
        for slot in &self.slots {
            let pair = slot.get_or_init(|| Pair { names: (first.to_owned(), second.to_owned()), count: 0.into() });
            if pair.names.0 == first && pair.names.1 == second {
                return add(Some(&pair.count), 1);
            }
        }
        add(Some(&self.others), 1);
    }

    /// What was counted: the two names and how often.
    pub fn counts(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let made = self.slots.iter().map_while(OnceLock::get);
        let counted =
            made.map(|pair| (pair.names.0.as_str(), pair.names.1.as_str(), pair.count.load(Ordering::Relaxed)));
        counted.chain([(OTHER, OTHER, self.others.load(Ordering::Relaxed))]).filter(|(.., count)| *count > 0)
    }
}

impl Default for Pairs {
    fn default() -> Self {
        Self::new()
    }
}

fn add(count: Option<&AtomicU64>, more: u64) {
    if let Some(count) = count {
        count.fetch_add(more, Ordering::Relaxed);
    }
}
