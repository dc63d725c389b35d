//! Which vector instructions this processor has, and what follows from it.

#[cfg(target_arch = "x86_64")]
use fearless_simd::{Avx2, Level};

/// AVX2, if the processor has it.
#[cfg(target_arch = "x86_64")]
pub(crate) fn avx2() -> Option<Avx2> {
    Level::new().as_avx2()
}

/// Whether the processor multiplies two vectors of 256 bits in a cycle: those without VAES multiply one.
pub(crate) fn multiplies_vectors_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return avx2().is_some() && std::arch::is_x86_feature_detected!("vaes");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The instructions in words: `AVX2, VAES, no AVX-512 IFMA`.
#[must_use]
pub fn instructions() -> String {
    #[cfg(target_arch = "x86_64")]
    let found = [
        ("AVX2", avx2().is_some()),
        ("VAES", std::arch::is_x86_feature_detected!("vaes")),
        ("AVX-512 IFMA", std::arch::is_x86_feature_detected!("avx512ifma")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let found = [("x86-64", false)];
    found.map(|(name, has)| if has { name.to_owned() } else { format!("no {name}") }).join(", ")
}

/// What the tests of this crate could not run on this processor; they ran the portable code instead.
#[must_use]
pub fn not_run() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let has_avx2 = avx2().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    let has_avx2 = false;
    let paths = ["RSA in vectors of AVX2", "the ring of ML-DSA in vectors of AVX2"];
    if has_avx2 { Vec::new() } else { paths.to_vec() }
}
