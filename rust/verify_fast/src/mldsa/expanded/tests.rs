//! Verdicts of expanded keys, on vectors and without, against AWS-LC's: valid signatures, changed ones, and forged ones.
//!
//! Under a key whose t1 is 0 a challenge changes nothing of A z - c t1 2^13, so anyone can sign with any z and any hints.
//! Such signatures are right in all but the one rule that a test breaks.

use aws_lc_rs::signature::{
    self, KeyPair, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, ParsedPublicKey, PqdsaKeyPair,
    PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};

use super::super::{ML_DSA_44, ML_DSA_65, ML_DSA_87};
use super::*;
use crate::tests::differential::{self, SignedMessage, Subject, flip};
use crate::tests::random;

/// What AWS-LC calls a parameter set.
#[derive(Debug)]
struct ParameterSet {
    verifying: &'static PqdsaVerificationAlgorithm,
    signing: &'static PqdsaSigningAlgorithm,
}

static ROWS: [ParameterSet; 3] = [
    ParameterSet { verifying: &signature::ML_DSA_44, signing: &ML_DSA_44_SIGNING },
    ParameterSet { verifying: &signature::ML_DSA_65, signing: &ML_DSA_65_SIGNING },
    ParameterSet { verifying: &signature::ML_DSA_87, signing: &ML_DSA_87_SIGNING },
];

/// One key in all forms there are.
struct Key {
    expanded: Vec<Expanded>,
    backend: ParsedPublicKey,
    public: Vec<u8>,
}

impl Key {
    fn new(row: &ParameterSet, parameters: &'static Parameters, key: &[u8]) -> Self {
        let rings = [Some(Ring::Portable), Ring::on_vectors()].into_iter().flatten();
        let expanded = rings.map(|ring| Expanded::new(parameters, ring, key).unwrap()).collect();
        Self { expanded, backend: ParsedPublicKey::new(row.verifying, key).unwrap(), public: key.to_vec() }
    }

    /// The one verdict that all ways come to.
    fn verdict(&self, message: &[u8], signature: &[u8]) -> bool {
        let verdict = self.backend.verify_sig(message, signature).is_ok();
        for expanded in &self.expanded {
            assert_eq!(verdict, expanded.verify(message, signature), "{:?}", expanded.ring);
        }
        verdict
    }
}

fn sets() -> impl Iterator<Item = (&'static ParameterSet, &'static Parameters)> {
    ROWS.iter().zip([&ML_DSA_44, &ML_DSA_65, &ML_DSA_87])
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn octet(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// Places of so many hints, in polynomials chosen at random.
    fn hints(&mut self, count: usize, k: usize) -> Vec<Vec<u8>> {
        let mut hints = vec![Vec::new(); k];
        while hints.iter().map(Vec::len).sum::<usize>() < count {
            let (polynomial, position) = (self.below(k), self.octet());
            if !hints[polynomial].contains(&position) {
                hints[polynomial].push(position);
                hints[polynomial].sort_unstable();
            }
        }
        hints
    }

    /// z with all coefficients below the bound, some of them at its edge.
    fn z(&mut self, parameters: &Parameters) -> Vec<Polynomial> {
        let most = parameters.gamma1() - parameters.beta - 1;
        let mut number = || match self.below(8) {
            0 => most,
            1 => -most,
            _ => i32::try_from(self.below(usize::try_from(2 * most + 1).unwrap())).unwrap() - most,
        };
        (0..parameters.l).map(|_| Polynomial(std::array::from_fn(|_| number()))).collect()
    }
}

/// A key whose t1 is 0, and signatures under it.
struct Forger {
    key: Key,
    parameters: &'static Parameters,
}

impl Forger {
    fn new(row: &ParameterSet, parameters: &'static Parameters, seed: u8) -> Self {
        let mut key = vec![0; parameters.public_key_len()];
        key[..32].fill(seed);
        Self { key: Key::new(row, parameters, &key), parameters }
    }

    fn sign(&self, message: &[u8], z: &[Polynomial], hints: &[Vec<u8>]) -> Vec<u8> {
        let expanded = &self.key.expanded[0];
        let mut column = z.to_vec();
        column.push(Polynomial::ZERO);
        for polynomial in &mut column {
            expanded.ring.transform(polynomial);
        }
        let hash = expanded.challenge_hash(message, &column, hints.iter().map(Vec::as_slice));
        let mut signature = hash[..self.parameters.challenge_len].to_vec();
        for polynomial in z {
            signature.extend(written(polynomial, self.parameters));
        }
        let mut ends = Vec::new();
        let mut positions = Vec::new();
        for hints in hints {
            positions.extend_from_slice(hints);
            ends.push(u8::try_from(positions.len()).unwrap());
        }
        positions.resize(self.parameters.omega, 0);
        [signature, positions, ends].concat()
    }

    /// A signature with any hints, and a coefficient of z at its bound or beyond it.
    fn crafted(&self) -> SignedMessage {
        let mut numbers = Numbers(u64::from_le_bytes(random(8).try_into().unwrap()));
        let mut z = numbers.z(self.parameters);
        let bound = self.parameters.gamma1() - self.parameters.beta;
        let (polynomial, position) = (numbers.below(self.parameters.l), numbers.below(256));
        z[polynomial].0[position] = [bound, bound - 1, 1 - bound, -bound, 0, 1, -1, 2][numbers.below(8)];
        let count = numbers.below(self.parameters.omega + 1);
        let (message, hints) = (random(40), numbers.hints(count, self.parameters.k));
        let signature = self.sign(&message, &z, &hints);
        (message, signature)
    }

    /// Where the positions of hints begin.
    fn positions(&self) -> usize {
        self.parameters.signature_len() - self.parameters.k - self.parameters.omega
    }
}

/// Algorithm 17 (BitPack), bit by bit.
fn written(z: &Polynomial, parameters: &Parameters) -> Vec<u8> {
    let width = parameters.z_bits as usize;
    let mut out = vec![0; parameters.z_len()];
    for (position, number) in z.0.iter().enumerate() {
        for bit in (0..width).filter(|bit| (parameters.gamma1() - number) >> bit & 1 == 1) {
            out[(position * width + bit) / 8] |= 1 << ((position * width + bit) % 8);
        }
    }
    out
}

/// A key of each parameter set for `make differential`; every other one is a key whose t1 is 0.
pub(crate) fn subjects() -> Vec<Subject> {
    sets()
        .zip(["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
        .map(|((row, parameters), name)| subject(row, parameters, name))
        .collect()
}

fn subject(row: &'static ParameterSet, parameters: &'static Parameters, name: &'static str) -> Subject {
    let pair = PqdsaKeyPair::generate(row.signing).unwrap();
    let forger = Forger::new(row, parameters, random(1)[0]);
    let is_forger = random(1)[0].is_multiple_of(2);
    let public = if is_forger { forger.key.public.clone() } else { pair.public_key().as_ref().to_vec() };
    let key = Key::new(row, parameters, &public);
    let crafted = if is_forger { (0..12).map(|_| forger.crafted()).collect() } else { Vec::new() };
    Subject {
        name,
        public,
        verdicts: Box::new(move |(message, signature)| {
            let ours = |at: usize| key.expanded[at % key.expanded.len()].verify(message, signature);
            [key.backend.verify_sig(message, signature).is_ok(), ours(0), ours(1)]
        }),
        sign: Box::new(move |message| {
            if is_forger {
                return forger.crafted();
            }
            let mut signature = vec![0; parameters.signature_len()];
            pair.sign(message, &mut signature).unwrap();
            (message.to_vec(), signature)
        }),
        craft: Box::new(|signature, numbers| changed(signature, parameters, numbers)),
        crafted,
    }
}

/// A byte of the challenge, of z or of the hints changed, or two of the hints exchanged.
fn changed(signature: &[u8], parameters: &Parameters, numbers: &mut differential::Numbers) -> Vec<u8> {
    let mut changed = signature.to_vec();
    if changed.len() != parameters.signature_len() {
        return changed;
    }
    let hints = parameters.signature_len() - parameters.k - parameters.omega;
    match numbers.below(5) {
        0 => flip(&mut changed[..parameters.challenge_len], numbers),
        1 => flip(&mut changed[parameters.challenge_len..hints], numbers),
        2 => {
            let (one, other) = (hints + numbers.below(parameters.omega), hints + numbers.below(parameters.omega));
            changed.swap(one, other);
        }
        3 => {
            let at = hints + numbers.below(parameters.omega + parameters.k);
            changed[at] = changed[at].wrapping_add(*numbers.one_of(&[1, 0xff]));
        }
        _ => {
            // A coefficient at an end: all bits of three bytes.
            let at = parameters.challenge_len + numbers.below(hints - parameters.challenge_len - 3);
            changed[at..at + 3].fill(*numbers.one_of(&[0, 0xff]));
        }
    }
    changed
}

/// The sizes that SECURITY.md states.
#[test]
fn sizes() {
    let in_kib = |parameters: &'static Parameters| {
        let expanded = Expanded::new(parameters, Ring::Portable, &vec![0; parameters.public_key_len()]).unwrap();
        size_of_val(&*expanded.rows) / 1024
    };
    assert_eq!([20, 36, 64], [in_kib(&ML_DSA_44), in_kib(&ML_DSA_65), in_kib(&ML_DSA_87)]);
}

/// Signatures made by AWS-LC verify over messages of every length about a block's, and under no other message.
#[test]
fn good_signatures() {
    for (row, parameters) in sets() {
        for _ in 0..8 {
            let signing = PqdsaKeyPair::generate(row.signing).unwrap();
            let key = Key::new(row, parameters, signing.public_key().as_ref());
            for len in [0, 1, 69, 70, 71, 205, 206, 207, 800, 5000] {
                let message = vec![7; len];
                let mut signature = vec![0; row.signing.signature_len()];
                signing.sign(&message, &mut signature).unwrap();
                assert!(key.verdict(&message, &signature));
                assert!(!key.verdict(&[&message[..], &[7]].concat(), &signature));
            }
        }
    }
}

/// One bit of any byte changed, and every byte set to either end: no such signature passes.
#[test]
fn changed_signatures() {
    let mut numbers = Numbers(1);
    for (row, parameters) in sets() {
        let signing = PqdsaKeyPair::generate(row.signing).unwrap();
        let key = Key::new(row, parameters, signing.public_key().as_ref());
        let mut signature = vec![0; row.signing.signature_len()];
        signing.sign(b"message", &mut signature).unwrap();
        for position in 0..signature.len() {
            for octet in [signature[position] ^ 1 << numbers.below(8), 0, 255] {
                let mut changed = signature.clone();
                changed[position] = octet;
                assert_eq!(changed == signature, key.verdict(b"message", &changed), "{:?} {position}", row.signing);
            }
        }
        for len in [0, 1, signature.len() - 1] {
            assert!(!key.verdict(b"message", &signature[..len]));
        }
        assert!(!key.verdict(b"message", &[&signature[..], &[0]].concat()));
    }
}

/// A signature passes under its own key alone.
#[test]
fn other_keys() {
    for (row, parameters) in sets() {
        let signing = PqdsaKeyPair::generate(row.signing).unwrap();
        let mut signature = vec![0; row.signing.signature_len()];
        signing.sign(b"message", &mut signature).unwrap();
        for position in (0..parameters.public_key_len()).step_by(61) {
            let mut public = signing.public_key().as_ref().to_vec();
            public[position] ^= 1;
            assert!(!Key::new(row, parameters, &public).verdict(b"message", &signature));
        }
        let public = signing.public_key().as_ref();
        let short = &public[1..];
        assert!(Expanded::new(parameters, Ring::Portable, short).is_none());
        assert!(Expanded::new(parameters, Ring::Portable, &[public, &[0]].concat()).is_none());
    }
}

/// Any z below its bound passes with any hints in their one encoding: none, omega of them in one polynomial, the last position.
#[test]
fn forged_signatures() {
    let mut numbers = Numbers(2);
    for (row, parameters) in sets() {
        for seed in 0..60 {
            let forger = Forger::new(row, parameters, seed);
            let count = match seed {
                0..10 => 0,
                10..20 => parameters.omega,
                _ => numbers.below(parameters.omega + 1),
            };
            let mut hints = numbers.hints(count, parameters.k);
            if seed == 10 {
                let last = u8::try_from(256 - parameters.omega).unwrap();
                hints = vec![Vec::new(); parameters.k];
                hints[usize::from(seed) % parameters.k] = (last..=255).collect();
            }
            let z = numbers.z(parameters);
            let signature = forger.sign(b"message", &z, &hints);
            assert!(forger.key.verdict(b"message", &signature), "{:?} {seed}", row.signing);
            assert!(!forger.key.verdict(b"massage", &signature));
        }
    }
}

/// Every byte of the challenge is compared; nothing else is wrong here with any of these signatures.
#[test]
fn challenges_are_compared_whole() {
    let mut numbers = Numbers(3);
    for (row, parameters) in sets() {
        let forger = Forger::new(row, parameters, 1);
        let signature = forger.sign(b"message", &numbers.z(parameters), &numbers.hints(9, parameters.k));
        assert!(forger.key.verdict(b"message", &signature));
        for position in 0..parameters.challenge_len {
            for bit in 0..8 {
                let mut changed = signature.clone();
                changed[position] ^= 1 << bit;
                assert!(!forger.key.verdict(b"message", &changed));
            }
        }
    }
}

/// A coefficient of z at the bound is refused and one below it is not, on either side, in every polynomial; nothing else is
/// wrong with these signatures.
#[test]
fn z_has_a_bound() {
    let mut numbers = Numbers(4);
    for (row, parameters) in sets() {
        let forger = Forger::new(row, parameters, 2);
        let bound = parameters.gamma1() - parameters.beta;
        let z = numbers.z(parameters);
        let hints = numbers.hints(5, parameters.k);
        let gamma1 = parameters.gamma1();
        for polynomial in 0..parameters.l {
            for position in [0, 1, 2, 3, 127, 254, 255] {
                for number in [bound, bound - 1, bound + 1, -bound, 1 - bound, -bound - 1, gamma1, 1 - gamma1, 0] {
                    let mut z = z.clone();
                    z[polynomial].0[position] = number;
                    let signature = forger.sign(b"message", &z, &hints);
                    assert_eq!(number.abs() < bound, forger.key.verdict(b"message", &signature), "{number}");
                }
            }
        }
    }
}

/// Each rule on the encoding of hints refuses a signature that is right in all else.
#[test]
fn hints_have_one_encoding() {
    let mut numbers = Numbers(5);
    for (row, parameters) in sets() {
        let forger = Forger::new(row, parameters, 3);
        let (k, omega, start) = (parameters.k, parameters.omega, forger.positions());
        let z = numbers.z(parameters);
        let mut hints = vec![Vec::new(); k];
        (hints[0], hints[2]) = (vec![0, 9, 200], vec![5, 255]);
        let signature = forger.sign(b"message", &z, &hints);
        assert!(forger.key.verdict(b"message", &signature));
        let refused = |rule: &str, change: &dyn Fn(&mut [u8])| {
            let mut changed = signature.clone();
            let (before, encoded) = changed.split_at_mut(start);
            change(encoded);
            assert_eq!(before, &signature[..start]);
            assert!(!forger.key.verdict(b"message", &changed), "{:?}: {rule}", row.signing);
        };
        refused("the same hints in decreasing order", &|encoded| encoded.swap(0, 2));
        refused("the same hints with the last two exchanged", &|encoded| encoded.swap(3, 4));
        refused("a hint twice", &|encoded| {
            encoded[..6].copy_from_slice(&[0, 9, 9, 200, 5, 255]);
            encoded[omega..].iter_mut().for_each(|end| *end += 1);
        });
        for position in 5..omega {
            refused("an unused position that is not zero", &|encoded| encoded[position] = 1);
            refused("an unused position that goes on increasing", &|encoded| encoded[position] = 255);
        }
        refused("a count below the one before", &|encoded| encoded[omega + 1] = 2);
        refused("a count of none after some", &|encoded| encoded[omega + k - 1] = 0);
        for count in [omega + 1, omega + k, 255] {
            refused("a count above omega", &|encoded| encoded[omega + k - 1] = u8::try_from(count).unwrap());
            refused("all counts above omega", &|encoded| encoded[omega..].fill(u8::try_from(count).unwrap()));
        }
        refused("one hint too few", &|encoded| encoded[omega + 2..].iter_mut().for_each(|end| *end -= 1));
        refused("a hint in the next polynomial", &|encoded| encoded[omega + 1] = 4);
    }
}

/// Hints of any bytes: what AWS-LC refuses is refused, and what it reads is read.
#[test]
fn hints_of_any_octets() {
    let mut numbers = Numbers(6);
    for (row, parameters) in sets() {
        let forger = Forger::new(row, parameters, 4);
        let signature = forger.sign(b"message", &numbers.z(parameters), &numbers.hints(20, parameters.k));
        for _ in 0..3000 {
            let mut changed = signature.clone();
            let encoded = &mut changed[forger.positions()..];
            for _ in 0..=numbers.below(3) {
                let (to, from) = (numbers.below(encoded.len()), numbers.below(encoded.len()));
                encoded[to] = if numbers.below(2) == 0 { encoded[from] } else { numbers.octet() };
            }
            assert_eq!(changed == signature, forger.key.verdict(b"message", &changed));
        }
    }
}
