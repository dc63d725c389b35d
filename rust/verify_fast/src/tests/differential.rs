//! Verdicts of prepared keys beside AWS-LC's, on as many signatures as there is time for: `make differential COUNT=10000000`.
//!
//! Signatures are valid, random, mutated or crafted: those that the tests of each part make for its exceptional cases, and
//! arithmetic on valid ones. Keys are new every few thousand signatures. The seed chooses what is changed; keys are random, so a
//! mismatch is printed whole, with the key. The run fails if there is one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use crate::tests::random;
use crate::{curves, instructions, mldsa, rsa};

/// A message, or its digest where the algorithm hashes first, and a signature.
pub(crate) type SignedMessage = (Vec<u8>, Vec<u8>);

type Verdicts = Box<dyn Fn(&SignedMessage) -> [bool; 3]>;
type Sign = Box<dyn Fn(&[u8]) -> SignedMessage>;
type Craft = Box<dyn Fn(&[u8], &mut Numbers) -> Vec<u8>>;

/// A key in AWS-LC's form and prepared.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) public: Vec<u8>,
    /// The verdict of AWS-LC, then those of every way of ours.
    pub(crate) verdicts: Verdicts,
    /// Signs these bytes.
    pub(crate) sign: Sign,
    /// A signature changed as a number, or in one of its parts.
    pub(crate) craft: Craft,
    /// Signatures made for exceptional cases, valid or not.
    pub(crate) crafted: Vec<SignedMessage>,
}

/// Numbers that are the same for the same seed (Marsaglia's xorshift64).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 8
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn octets(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// What was compared of one algorithm.
#[derive(Clone, Copy, Default)]
struct Tally {
    compared: u64,
    valid: u64,
    mismatches: u64,
}

/// Signatures under one key before the next.
const PER_KEY: u64 = 4096;
/// Valid signatures that changes start from.
const POOL: usize = 24;

/// Judges this many signatures, the same number for each algorithm; the mismatches.
fn run(count: u64, per_key: u64, seed: u64) -> u64 {
    let mut numbers = Numbers::new(seed);
    let mut tallies = BTreeMap::<&str, Tally>::new();
    let (start, mut told) = (Instant::now(), Instant::now());
    let compared = |tallies: &BTreeMap<&str, Tally>| tallies.values().map(|tally| tally.compared).sum::<u64>();
    while compared(&tallies) < count {
        for subject in subjects() {
            let left = count.saturating_sub(compared(&tallies));
            let tally = tallies.entry(subject.name).or_default();
            subject.compared(per_key.min(left), &mut numbers, tally);
        }
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!("{:>12} of {count} after {} s", compared(&tallies), start.elapsed().as_secs());
        }
    }
    println!("{:<12} {:>12} {:>12} {:>10}", "", "signatures", "valid", "mismatches");
    let mut all = Tally::default();
    for (name, Tally { compared, valid, mismatches }) in tallies {
        println!("{name:<12} {compared:>12} {valid:>12} {mismatches:>10}");
        all.compared += compared;
        all.valid += valid;
        all.mismatches += mismatches;
    }
    println!("{:<12} {:>12} {:>12} {:>10}", "all", all.compared, all.valid, all.mismatches);
    println!("seed {seed}, {} s, {}, {}", start.elapsed().as_secs(), date(), processor());
    all.mismatches
}

/// A key of every algorithm.
fn subjects() -> Vec<Subject> {
    [curves::tests::subjects(), mldsa::subjects(), rsa::tests::subjects()].into_iter().flatten().collect()
}

impl Subject {
    fn compared(&self, count: u64, numbers: &mut Numbers, tally: &mut Tally) {
        let mut pool = self.crafted.clone();
        pool.extend((0..POOL).map(|_| (self.sign)(&random(32 + numbers.below(64)))));
        for number in 0..count {
            let signed = match usize::try_from(number) {
                Ok(number) if number < pool.len() => pool[number].clone(),
                _ => self.changed(&pool, numbers),
            };
            let [expected, verdicts @ ..] = (self.verdicts)(&signed);
            tally.compared += 1;
            tally.valid += u64::from(expected);
            if verdicts != [expected; 2] {
                tally.mismatches += 1;
                let [key, message, signature] = [&self.public, &signed.0, &signed.1].map(|octets| hex(octets));
                println!("MISMATCH {}: AWS-LC {expected}, ours {verdicts:?}", self.name);
                println!("  key {key}\n  message {message}\n  signature {signature}");
            }
        }
    }

    /// A signature out of the pool, changed in one way or two, or a new one.
    fn changed(&self, pool: &[SignedMessage], numbers: &mut Numbers) -> SignedMessage {
        let (mut message, mut signature) = numbers.one_of(pool).clone();
        match numbers.below(16) {
            // Another message of the same length: a valid equation for nothing.
            0 => message = numbers.octets(message.len()),
            1 => flip(&mut message, numbers),
            2 => message.clone_from(&numbers.one_of(pool).0),
            3 => signature = numbers.octets(signature.len()),
            4 => {
                let len = numbers.below(signature.len() + 1);
                signature.truncate(len);
            }
            5 => signature.push(numbers.octets(1)[0]),
            6 | 7 => {
                // A piece of another signature in its own place.
                let other = &numbers.one_of(pool).1;
                let (from, len) = (numbers.below(signature.len()), 1 + numbers.below(64));
                for (octet, other) in signature.iter_mut().zip(other).skip(from).take(len) {
                    *octet = *other;
                }
            }
            8 if !signature.is_empty() => {
                let (at, with) = (numbers.below(signature.len()), *numbers.one_of(&[0, 1, 0x7f, 0x80, 0xff]));
                signature[at] = with;
            }
            9 => {
                flip(&mut signature, numbers);
                flip(&mut signature, numbers);
            }
            10 => flip(&mut signature, numbers),
            11 => {}
            _ => signature = (self.craft)(&signature, numbers),
        }
        (message, signature)
    }
}

/// Changes one bit.
pub(crate) fn flip(octets: &mut [u8], numbers: &mut Numbers) {
    let at = numbers.below(octets.len());
    if let Some(octet) = octets.get_mut(at) {
        *octet ^= 1 << numbers.below(8);
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |text, octet| text + &format!("{octet:02x}"))
}

/// The day, in UTC (Howard Hinnant's `civil_from_days`).
fn date() -> String {
    let days = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{}-{month:02}-{day:02}", year + era * 400 + carry)
}

/// The processor's name, where Linux tells it, and what of its instructions matters.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(std::env::consts::ARCH);
    format!("{} ({})", name.trim_start_matches(['\t', ' ', ':']), instructions())
}

/// A short run of `make differential`: no mismatch, every algorithm among what was compared.
#[test]
fn a_few_hundred_signatures() {
    assert_eq!(0, run(14 * 80, 80, 1));
}

/// Verdicts that differ are counted, whichever way they differ.
#[test]
fn mismatches_are_counted() {
    for verdicts in [[true, false, true], [true, true, false], [false, true, true], [false, false, true]] {
        let mut subject = subjects().remove(0);
        subject.verdicts = Box::new(move |_| verdicts);
        let mut tally = Tally::default();
        subject.compared(3, &mut Numbers::new(1), &mut tally);
        assert_eq!((3, 3), (tally.compared, tally.mismatches));
    }
}

/// What `make differential` runs: COUNT signatures, from SEED.
#[test]
#[ignore = "takes as long as COUNT says: make differential COUNT=10000000"]
fn many_signatures() {
    let number = |name, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    assert_eq!(0, run(number("COUNT", 1_000_000), PER_KEY, number("SEED", 1)), "mismatches");
}

/// Every algorithm has a key among the subjects.
#[test]
fn subjects_are_the_algorithms() {
    let names: Vec<&str> = subjects().iter().map(|subject| subject.name).collect();
    assert_eq!(14, names.iter().collect::<std::collections::BTreeSet<_>>().len(), "{names:?}");
}
