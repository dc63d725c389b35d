//! The algorithms, one table row each (RFC 7518 section 3, RFC 8037, RFC 8812, RFC 9864, RFC 9964).
//!
//! After `Alg::from_name` a header's `alg` is one of these or refused. `none` has no row. The rest of the core reads the row;
//! a `match` on `Alg` outside this file and `crypto/` is a mistake.

use std::fmt;

/// A value of the `alg` header parameter (RFC 7515 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Alg {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// ECDSA on secp256k1 with SHA-256.
    Es256k,
    /// EdDSA on the key's own curve (RFC 8037).
    EdDsa,
    /// EdDSA on Ed25519 by its full name (RFC 9864).
    Ed25519,
    /// EdDSA on Ed448 by its full name (RFC 9864).
    Ed448,
    /// ML-DSA-44 (RFC 9964).
    MlDsa44,
    /// ML-DSA-65 (RFC 9964).
    MlDsa65,
    /// ML-DSA-87 (RFC 9964).
    MlDsa87,
}

/// A key type, the `kty` of a JWK (RFC 7517 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kty {
    /// Octet sequence: an HMAC secret.
    Oct,
    /// RSA.
    Rsa,
    /// Elliptic curve.
    Ec,
    /// Octet key pair: the Edwards curves.
    Okp,
    /// Algorithm key pair: ML-DSA.
    Akp,
}

/// A curve, the `crv` of a JWK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// SEC 2 secp256k1.
    Secp256k1,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
}

/// One row of the table.
#[derive(Debug)]
pub struct AlgSpec {
    /// The algorithm.
    pub alg: Alg,
    /// Its registered name.
    pub name: &'static str,
    /// The key type it works with.
    pub kty: Kty,
    /// The curve that it requires; `None` if the key decides, or if it has no curve.
    pub curve: Option<Curve>,
    /// Octets of a signature; `None` where the key decides (RSA: the modulus; `EdDSA`: the curve).
    pub signature_len: Option<usize>,
    /// The least octets of an HMAC secret (RFC 7518 section 3.2), otherwise 0.
    pub min_secret_len: usize,
}

const fn row(
    alg: Alg,
    name: &'static str,
    kty: Kty,
    curve: Option<Curve>,
    signature_len: Option<usize>,
    min_secret_len: usize,
) -> AlgSpec {
    AlgSpec { alg, name, kty, curve, signature_len, min_secret_len }
}

/// The table, in the order of `Alg`.
pub static TABLE: [AlgSpec; 19] = [
    row(Alg::Hs256, "HS256", Kty::Oct, None, Some(32), 32),
    row(Alg::Hs384, "HS384", Kty::Oct, None, Some(48), 48),
    row(Alg::Hs512, "HS512", Kty::Oct, None, Some(64), 64),
    row(Alg::Rs256, "RS256", Kty::Rsa, None, None, 0),
    row(Alg::Rs384, "RS384", Kty::Rsa, None, None, 0),
    row(Alg::Rs512, "RS512", Kty::Rsa, None, None, 0),
    row(Alg::Ps256, "PS256", Kty::Rsa, None, None, 0),
    row(Alg::Ps384, "PS384", Kty::Rsa, None, None, 0),
    row(Alg::Ps512, "PS512", Kty::Rsa, None, None, 0),
    row(Alg::Es256, "ES256", Kty::Ec, Some(Curve::P256), Some(64), 0),
    row(Alg::Es384, "ES384", Kty::Ec, Some(Curve::P384), Some(96), 0),
    row(Alg::Es512, "ES512", Kty::Ec, Some(Curve::P521), Some(132), 0),
    row(Alg::Es256k, "ES256K", Kty::Ec, Some(Curve::Secp256k1), Some(64), 0),
    row(Alg::EdDsa, "EdDSA", Kty::Okp, None, None, 0),
    row(Alg::Ed25519, "Ed25519", Kty::Okp, Some(Curve::Ed25519), Some(64), 0),
    row(Alg::Ed448, "Ed448", Kty::Okp, Some(Curve::Ed448), Some(114), 0),
    row(Alg::MlDsa44, "ML-DSA-44", Kty::Akp, None, Some(2_420), 0),
    row(Alg::MlDsa65, "ML-DSA-65", Kty::Akp, None, Some(3_309), 0),
    row(Alg::MlDsa87, "ML-DSA-87", Kty::Akp, None, Some(4_627), 0),
];

impl Alg {
    /// The algorithm of this exact name; case matters (RFC 7515 section 4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|spec| spec.name == name).map(|spec| spec.alg)
    }

    /// This algorithm's row.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "the table has one row per variant, in order; a test holds it to that")]
    pub const fn spec(self) -> &'static AlgSpec {
        &TABLE[self as usize]
    }

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().name
    }
}

impl fmt::Display for Alg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Kty {
    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oct => "oct",
            Self::Rsa => "RSA",
            Self::Ec => "EC",
            Self::Okp => "OKP",
            Self::Akp => "AKP",
        }
    }
}

impl Curve {
    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
        }
    }
}

/// A set of algorithms, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AlgSet(u32);

impl AlgSet {
    /// No algorithm.
    pub const EMPTY: Self = Self(0);

    /// The set of one.
    #[must_use]
    pub const fn of(alg: Alg) -> Self {
        Self(1 << alg as u32)
    }

    /// This set and that algorithm.
    #[must_use]
    pub const fn with(self, alg: Alg) -> Self {
        Self(self.0 | 1 << alg as u32)
    }

    /// Every algorithm of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Every algorithm of both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the algorithm is in the set.
    #[must_use]
    pub const fn contains(self, alg: Alg) -> bool {
        self.0 & (1 << alg as u32) != 0
    }

    /// Whether no algorithm is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The algorithms of the set, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Alg> {
        TABLE.iter().map(|spec| spec.alg).filter(move |alg| self.contains(*alg))
    }
}

impl FromIterator<Alg> for AlgSet {
    fn from_iter<I: IntoIterator<Item = Alg>>(algs: I) -> Self {
        algs.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows have the order of the variants, and each name leads back to its row.
    #[test]
    fn table_is_in_order() {
        for (index, spec) in TABLE.iter().enumerate() {
            assert_eq!(spec.alg as usize, index);
            assert_eq!(Alg::from_name(spec.name), Some(spec.alg));
        }
    }
}
