//! What preparing a key costs and what it saves on this processor, against AWS-LC: `cargo run --release --example measure`.
//!
//! Blocks of verifications by both alternate, and what is printed is the median of the ratios of neighbours, with quartiles. The
//! first key of a curve also builds the generator's table, once for the process.

#![allow(clippy::expect_used, reason = "a measurement that cannot be made says so")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of verifications")]

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature as sig;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, PqdsaKeyPair, RsaKeyPair};
use jwseal_verify_fast::Algorithm;

/// Bytes of a token's signing input.
const MESSAGE: [u8; 700] = [7; 700];

fn main() {
    println!("{}", processor());
    println!(
        "{:10} {:>8} {:>15} {:>10} {:>12} {:>12}",
        "", "ratio", "quartiles", "AWS-LC us", "first, us", "prepare, us"
    );
    for case in cases() {
        case.measure();
    }
}

/// A valid signature, and the key in both forms.
struct Case {
    algorithm: Algorithm,
    backend: ParsedPublicKey,
    key: Vec<u8>,
    hash: Option<&'static digest::Algorithm>,
    signature: Vec<u8>,
}

impl Case {
    fn measure(&self) {
        let Self { algorithm, backend, key, hash, signature } = self;
        let prepare = || {
            let start = Instant::now();
            let prepared = black_box(algorithm.prepare(black_box(key))).expect("a key");
            (start.elapsed().as_secs_f64() * 1e6, prepared)
        };
        let (first, prepared) = prepare();
        let mut again: Vec<f64> = (0..50).map(|_| prepare().0).collect();
        let fast = || match hash {
            Some(hash) => prepared.verify(digest::digest(hash, black_box(&MESSAGE)).as_ref(), black_box(signature)),
            None => prepared.verify(black_box(&MESSAGE), black_box(signature)),
        };
        let slow = || backend.verify_sig(black_box(&MESSAGE), black_box(signature)).is_ok();
        assert!(fast() && slow());
        // Blocks are short, so that few of them are interrupted.
        let block = ((2e-4 / seconds(&slow, 3)) as u32).max(1);
        let (mut ratios, mut times) = (Vec::new(), Vec::new());
        for _ in 0..1_000 {
            let (fast, slow) = (seconds(&fast, block), seconds(&slow, block));
            ratios.push(fast / slow);
            times.push(slow * 1e6);
        }
        for values in [&mut ratios, &mut times, &mut again] {
            values.sort_by(f64::total_cmp);
        }
        let at = |values: &[f64], part: usize| values.get(values.len() * part / 4).copied().unwrap_or(f64::NAN);
        println!(
            "{:10} {:8.2} {:>15} {:10.1} {first:12.0} {:12.0}{}",
            format!("{algorithm:?}"),
            at(&ratios, 2),
            format!("{:.2} to {:.2}", at(&ratios, 1), at(&ratios, 3)),
            at(&times, 2),
            at(&again, 2),
            if algorithm.is_faster() { "" } else { "   not in use here" }
        );
    }
}

/// Of one verification, over a block.
fn seconds(verify: &dyn Fn() -> bool, block: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..block {
        black_box(verify());
    }
    start.elapsed().as_secs_f64() / f64::from(block)
}

fn cases() -> Vec<Case> {
    let mut cases = rsa();
    for (algorithm, signing, verifying, hash) in [
        (Algorithm::Es256, &sig::ECDSA_P256_SHA256_FIXED_SIGNING, &sig::ECDSA_P256_SHA256_FIXED, &SHA256),
        (Algorithm::Es384, &sig::ECDSA_P384_SHA384_FIXED_SIGNING, &sig::ECDSA_P384_SHA384_FIXED, &SHA384),
        (Algorithm::Es512, &sig::ECDSA_P521_SHA512_FIXED_SIGNING, &sig::ECDSA_P521_SHA512_FIXED, &SHA512),
        (Algorithm::Es256k, &sig::ECDSA_P256K1_SHA256_FIXED_SIGNING, &sig::ECDSA_P256K1_SHA256_FIXED, &SHA256),
    ] {
        let pair = EcdsaKeyPair::generate(signing).expect("a key");
        let key = pair.public_key().as_ref().to_vec();
        let backend = ParsedPublicKey::new(verifying, &key).expect("a key");
        let signature = pair.sign(&SystemRandom::new(), &MESSAGE).expect("a signature").as_ref().to_vec();
        cases.push(Case { algorithm, backend, key, hash: Some(hash), signature });
    }
    let pair = Ed25519KeyPair::generate().expect("a key");
    let key = pair.public_key().as_ref().to_vec();
    let backend = ParsedPublicKey::new(&sig::ED25519, &key).expect("a key");
    let signature = pair.sign(&MESSAGE).as_ref().to_vec();
    cases.push(Case { algorithm: Algorithm::Ed25519, backend, key, hash: None, signature });
    for (algorithm, signing, verifying) in [
        (Algorithm::MlDsa44, &sig::ML_DSA_44_SIGNING, &sig::ML_DSA_44),
        (Algorithm::MlDsa65, &sig::ML_DSA_65_SIGNING, &sig::ML_DSA_65),
        (Algorithm::MlDsa87, &sig::ML_DSA_87_SIGNING, &sig::ML_DSA_87),
    ] {
        let pair = PqdsaKeyPair::generate(signing).expect("a key");
        let key = pair.public_key().as_ref().to_vec();
        let backend = ParsedPublicKey::new(verifying, &key).expect("a key");
        let mut signature = vec![0; signing.signature_len()];
        pair.sign(&MESSAGE, &mut signature).expect("a signature");
        cases.push(Case { algorithm, backend, key, hash: None, signature });
    }
    cases
}

fn rsa() -> Vec<Case> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let public = pair.public_key();
    // SEQUENCE and its length, INTEGER, its length and a zero; then the modulus, and the exponent.
    let key = public.as_ref().get(9..9 + 256).expect("a modulus of 2048 bits").to_vec();
    let case = |algorithm, encoding: &'static dyn sig::RsaEncoding, verifying: &'static sig::RsaParameters| {
        let backend = ParsedPublicKey::new(verifying, public.as_ref()).expect("a key");
        let mut signature = vec![0; key.len()];
        pair.sign(encoding, &SystemRandom::new(), &MESSAGE, &mut signature).expect("a signature");
        Case { algorithm, backend, key: key.clone(), hash: Some(&SHA256), signature }
    };
    vec![
        case(Algorithm::Rs256, &sig::RSA_PKCS1_SHA256, &sig::RSA_PKCS1_2048_8192_SHA256),
        case(Algorithm::Ps256, &sig::RSA_PSS_SHA256, &sig::RSA_PSS_2048_8192_SHA256),
    ]
}

/// The processor's name, where Linux tells it, and what of its instructions matters.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(std::env::consts::ARCH);
    format!("{}: {}", name.trim_start_matches(['\t', ' ', ':']), jwseal_verify_fast::instructions())
}
