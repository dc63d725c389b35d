//! Key parts as bytes: what DER and JWK are read into and written from (RFC 7518 section 6, RFC 8037 section 2).
//!
//! Integers are unsigned, big-endian and minimal; everything of fixed length has it. The parts are shape only: whether
//! they make an acceptable key is decided by `KeyMaterial::new` and `PrivateKey::new`. Private bytes are wiped on drop.

use std::fmt;

use zeroize::Zeroizing;

use crate::jwa::{Alg, Curve, Kty};

/// Bytes that are wiped on drop.
pub type Secret = Zeroizing<Vec<u8>>;

/// What the encoding of an RSA key lets it be used for (RFC 4055 section 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaUsage {
    /// Anything.
    Any,
    /// RSASSA-PSS with any digest.
    Pss,
    /// This one algorithm of RSASSA-PSS.
    PssWith(Alg),
}

/// The parts of a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicParts {
    /// RSA.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The public exponent.
        e: Vec<u8>,
        /// What its encoding lets it be used for.
        usage: RsaUsage,
    },
    /// A point on a curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// The byte 4, then both coordinates (SEC 1 section 2.3.3, uncompressed).
        point: Vec<u8>,
    },
    /// An Edwards curve.
    Okp {
        /// The curve.
        curve: Curve,
        /// The encoded point.
        x: Vec<u8>,
    },
    /// ML-DSA.
    Akp {
        /// The one algorithm of the key.
        alg: Alg,
        /// The encoded public key.
        key: Vec<u8>,
    },
}

/// The parts of a private key; public parts that came with it are checked against it when it is built.
#[derive(Clone)]
pub enum PrivateParts {
    /// RSA.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The public exponent.
        e: Vec<u8>,
        /// What its encoding lets it be used for.
        usage: RsaUsage,
        /// The private exponent.
        d: Secret,
        /// The primes and what follows from them; a JWK may leave all five out.
        primes: Option<RsaPrimes>,
    },
    /// A point on a curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// The scalar, of the order's full length.
        d: Secret,
        /// The public point, uncompressed.
        point: Option<Vec<u8>>,
    },
    /// An Edwards curve.
    Okp {
        /// The curve.
        curve: Curve,
        /// The seed.
        d: Secret,
        /// The encoded public point.
        x: Option<Vec<u8>>,
    },
    /// ML-DSA.
    Akp {
        /// The one algorithm of the key.
        alg: Alg,
        /// The seed of 32 bytes (FIPS 204 section 5.1).
        seed: Secret,
        /// The encoded public key.
        key: Option<Vec<u8>>,
        /// The expanded private key.
        expanded: Option<Secret>,
    },
}

/// The primes of an RSA key and the CRT values (RFC 8017 section 3.2).
#[derive(Clone)]
pub struct RsaPrimes {
    /// The first prime.
    pub p: Secret,
    /// The second prime.
    pub q: Secret,
    /// d mod (p - 1).
    pub dp: Secret,
    /// d mod (q - 1).
    pub dq: Secret,
    /// The inverse of q mod p.
    pub qi: Secret,
}

impl PublicParts {
    /// The key type.
    #[must_use]
    pub const fn kty(&self) -> Kty {
        match self {
            Self::Rsa { .. } => Kty::Rsa,
            Self::Ec { .. } => Kty::Ec,
            Self::Okp { .. } => Kty::Okp,
            Self::Akp { .. } => Kty::Akp,
        }
    }

    /// The curve, where there is one.
    #[must_use]
    pub const fn curve(&self) -> Option<Curve> {
        match self {
            Self::Ec { curve, .. } | Self::Okp { curve, .. } => Some(*curve),
            Self::Rsa { .. } | Self::Akp { .. } => None,
        }
    }
}

impl PrivateParts {
    /// The public parts, where the encoding carries them.
    #[must_use]
    pub fn public(&self) -> Option<PublicParts> {
        match self {
            Self::Rsa { n, e, usage, .. } => Some(PublicParts::Rsa { n: n.clone(), e: e.clone(), usage: *usage }),
            Self::Ec { curve, point, .. } => point.clone().map(|point| PublicParts::Ec { curve: *curve, point }),
            Self::Okp { curve, x, .. } => x.clone().map(|x| PublicParts::Okp { curve: *curve, x }),
            Self::Akp { alg, key, .. } => key.clone().map(|key| PublicParts::Akp { alg: *alg, key }),
        }
    }
}

impl fmt::Debug for PrivateParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateParts(redacted)")
    }
}

impl fmt::Debug for RsaPrimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrimes(redacted)")
    }
}
