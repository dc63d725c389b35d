//! Whether the RSA private operation branches or looks anything up by what is secret (`make secrets`).
//!
//! Run by valgrind's memcheck, which follows uninitialised memory through every instruction and reports each branch and
//! address that depends on some. The parts of a key, and then the message, are declared uninitialised, so that a report is
//! a leak. Declared defined again is what comes out. The two bits of a prime that are the same for each key stay defined: the
//! lowest, which makes it odd, and the highest, which gives it its full size.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use jwseal_core::crypto::material::PrivateParts;
use jwseal_core::crypto::rsa_encoding;
use jwseal_core::crypto::rsa_exponentiation::PrivateOperation;
use jwseal_core::der::pkcs8;

fn main() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let document = key.as_der().expect("its PKCS#8");
    let Ok(PrivateParts::Rsa { primes: Some(primes), .. }) = pkcs8::read(document.as_ref()) else {
        panic!("not a key of two primes");
    };
    let digest = digest(&SHA256, b"message");
    let message = rsa_encoding::pkcs1(&digest).expect("an encoding");

    for part in [&primes.p, &primes.q, &primes.dp, &primes.dq, &primes.qi] {
        memcheck(MAKE_UNDEFINED, part, 0);
    }
    for prime in [&primes.p, &primes.q] {
        memcheck_bits(&prime[..1], 0x7f);
        memcheck_bits(&prime[prime.len() - 1..], 0xfe);
    }
    let Some(operation) = PrivateOperation::on_vectors(&primes) else {
        println!("nothing to examine: this processor has no vectors for RSA, so AWS-LC signs");
        return;
    };
    memcheck(MAKE_UNDEFINED, &message, 0);
    let signature = operation.apply(&message);
    memcheck(MAKE_DEFINED, signature.as_slice(), 0);

    let mut expected = vec![0; signature.len()];
    key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut expected).expect("a signature");
    assert_eq!(expected, signature.as_slice(), "what was examined does not sign as AWS-LC does");
    if std::env::args().any(|argument| argument == "--leak") {
        // A branch that must be reported, to see that reports are made.
        println!("{}", if primes.dp[7] > 99 { "above" } else { "below" });
    }
    assert!(memcheck(IS_RUNNING, &[], 0) > 0, "not run by valgrind, so nothing was examined: run `make secrets`");
    println!("the private operation was run on uninitialised primes; valgrind has reported what depends on them");
}

/// Answers how many valgrinds run this program.
const IS_RUNNING: usize = 0x1001;
const MAKE_UNDEFINED: usize = MEMCHECK + 1;
const MAKE_DEFINED: usize = MEMCHECK + 2;
/// Takes which bits are undefined from elsewhere.
const SET_BITS: usize = MEMCHECK + 9;
/// The first request of memcheck, named by its two letters.
const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;

/// Declares the bits of one octet undefined.
fn memcheck_bits(octet: &[u8], undefined: u8) {
    assert!(memcheck(IS_RUNNING, &[], 0) == 0 || memcheck(SET_BITS, octet, (&raw const undefined).addr()) == 1);
}

/// Asks something of valgrind about some octets, and what lies elsewhere; its answer, zero without it.
#[cfg(target_arch = "x86_64")]
fn memcheck(request: usize, octets: &[u8], elsewhere: usize) -> usize {
    let (at, len) = (octets.as_ptr().addr(), octets.len());
    let arguments = if request == SET_BITS { [request, at, elsewhere, len, 0, 0] } else { [request, at, len, 0, 0, 0] };
    let mut answer = 0_usize;
    // SAFETY: this is valgrind's marker on x86-64, rotations that add up to none and an exchange of a register with itself. A
    // processor does nothing; valgrind reads the six words that rax points to, marks the octets and answers in rdx.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") answer,
            inout("rdi") 0_usize => _,
        );
    }
    answer
}

/// There is no RSA in vectors elsewhere.
#[cfg(not(target_arch = "x86_64"))]
fn memcheck(_: usize, _: &[u8], _: usize) -> usize {
    0
}
