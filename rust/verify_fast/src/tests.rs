//! What all tests of the crate share, and what holds for every algorithm.

use crate::Algorithm;

pub(crate) mod differential;

/// Random bytes.
pub(crate) fn random(len: usize) -> Vec<u8> {
    let mut octets = vec![0; len];
    aws_lc_rs::rand::fill(&mut octets).unwrap();
    octets
}

const ALL: [Algorithm; 14] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Es256k,
    Algorithm::Ed25519,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

/// Bytes that are not a key of the algorithm are not prepared.
#[test]
fn what_is_no_key_is_not_prepared() {
    for algorithm in ALL {
        for key in [&[][..], &[4], &[0xff; 32], &[0xfe; 256], &[0; 1311]] {
            assert!(algorithm.prepare(key).is_none(), "{algorithm:?}, {} bytes", key.len());
        }
    }
}

/// What was measured on x86-64 alone is used there alone.
#[test]
fn other_architectures_keep_aws_lc() {
    for algorithm in ALL {
        assert!(cfg!(target_arch = "x86_64") || !algorithm.is_faster(), "{algorithm:?}");
    }
}
