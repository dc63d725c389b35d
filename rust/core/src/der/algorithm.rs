//! AlgorithmIdentifier: which kind of key a container holds (RFC 3279, RFC 4055, RFC 5480, RFC 8410, RFC 9881).
//!
//! Object identifiers and their parameters are compared byte by byte. The parameters of an RSASSA-PSS key must be those of
//! one of JOSE's algorithms, which is then the key's only one. Curves given by explicit parameters are refused.

use super::{DerReader, element, tag};
use crate::crypto::material::RsaUsage;
use crate::error::{Error, Result};
use crate::jwa::{Alg, Curve};

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RSA, for RSASSA-PSS only or for anything.
    Rsa(RsaUsage),
    /// A named curve of ECDSA.
    Ec(Curve),
    /// An Edwards curve.
    Okp(Curve),
    /// ML-DSA of one parameter set.
    Akp(Alg),
}

/// The kind that this AlgorithmIdentifier names.
pub fn read(mut identifier: DerReader<'_>) -> Result<Kind> {
    let broken = || Error::key("the key's algorithm identifier is not strict DER");
    let oid = identifier.read(tag::OID).ok_or_else(broken)?;
    if oid == RSA {
        let null = identifier.read(tag::NULL).ok_or_else(broken)?;
        return (null.is_empty() && identifier.end().is_some()).then_some(Kind::Rsa(RsaUsage::Any)).ok_or_else(broken);
    }
    if oid == EC {
        let curve = identifier.read(tag::OID).ok_or_else(|| Error::key("an EC key names its curve"))?;
        identifier.end().ok_or_else(broken)?;
        return find(&NAMED_CURVES, curve)
            .map(Kind::Ec)
            .ok_or_else(|| Error::key("this EC curve is not supported: use P-256, P-384, P-521 or secp256k1"));
    }
    if oid == RSA_PSS && identifier.end().is_some() {
        return Ok(Kind::Rsa(RsaUsage::Pss));
    }
    if oid == RSA_PSS {
        return pss_algorithm(identifier).map(|alg| Kind::Rsa(RsaUsage::PssWith(alg))).ok_or_else(|| {
            Error::key("this RSASSA-PSS key is bound to parameters other than those of PS256, PS384 and PS512")
        });
    }
    if let Some(name) = find(&OTHERS, oid) {
        return Err(Error::key(format!("{name} keys do not sign tokens: use {SIGNING}")));
    }
    identifier.end().ok_or_else(unsupported)?;
    let okp = find(&EDWARDS_CURVES, oid).map(Kind::Okp);
    okp.or_else(|| find(&ML_DSA, oid).map(Kind::Akp)).ok_or_else(unsupported)
}

/// The AlgorithmIdentifier of a kind; empty for a curve that is not of that kind.
#[must_use]
pub fn write(kind: Kind) -> Vec<u8> {
    let content = match kind {
        Kind::Rsa(RsaUsage::Pss) => element(tag::OID, RSA_PSS),
        Kind::Rsa(RsaUsage::PssWith(alg)) => [element(tag::OID, RSA_PSS), pss_parameters(alg)].concat(),
        Kind::Rsa(RsaUsage::Any) => [element(tag::OID, RSA), element(tag::NULL, &[])].concat(),
        Kind::Ec(curve) => [element(tag::OID, EC), element(tag::OID, oid_of(&NAMED_CURVES, curve))].concat(),
        Kind::Okp(curve) => element(tag::OID, oid_of(&EDWARDS_CURVES, curve)),
        Kind::Akp(alg) => element(tag::OID, oid_of(&ML_DSA, alg)),
    };
    element(tag::SEQUENCE, &content)
}

/// The algorithm of RSASSA-PSS-params (RFC 4055 section 3.1): one digest throughout, and a minimum salt length that JOSE's
/// salt meets, which is as long as the digest.
fn pss_algorithm(mut identifier: DerReader<'_>) -> Option<Alg> {
    let mut parameters = identifier.sequence()?;
    identifier.end()?;
    let hash = DerReader::only(parameters.read(tag::CONSTRUCTED_0)?, tag::SEQUENCE)?;
    let digest = digest_oid(DerReader::new(hash))?;
    let mask = DerReader::only(parameters.read(tag::CONSTRUCTED_1)?, tag::SEQUENCE)?;
    let mut function = DerReader::new(mask);
    if function.read(tag::OID)? != MGF1 || digest_oid(function.sequence()?)? != digest {
        return None;
    }
    function.end()?;
    let (alg, _, digest_len) = PSS_DIGESTS.iter().find(|(_, oid, _)| *oid == digest)?;
    // An absent salt length means 20, shorter than any digest here.
    if let Some(salt) = parameters.optional(CONSTRUCTED_2)? {
        let mut salt = DerReader::new(salt);
        let least = salt.unsigned()?;
        salt.end()?;
        if least.len() > 1 || least.first().is_some_and(|least| least > digest_len) {
            return None;
        }
    }
    parameters.end()?;
    Some(*alg)
}

/// The digest of an AlgorithmIdentifier, with NULL for parameters or none.
fn digest_oid(mut identifier: DerReader<'_>) -> Option<&[u8]> {
    let oid = identifier.read(tag::OID)?;
    if let Some(null) = identifier.optional(tag::NULL)? {
        null.is_empty().then_some(())?;
    }
    identifier.end()?;
    Some(oid)
}

fn pss_parameters(alg: Alg) -> Vec<u8> {
    let Some((_, oid, len)) = PSS_DIGESTS.iter().find(|(own, ..)| *own == alg) else { return Vec::new() };
    let digest = element(tag::SEQUENCE, &[element(tag::OID, oid), element(tag::NULL, &[])].concat());
    let mask = element(tag::SEQUENCE, &[element(tag::OID, MGF1), digest.clone()].concat());
    let salt = element(tag::INTEGER, &[*len]);
    let tagged = [(tag::CONSTRUCTED_0, digest), (tag::CONSTRUCTED_1, mask), (CONSTRUCTED_2, salt)]
        .map(|(tag, of)| element(tag, &of));
    element(tag::SEQUENCE, &tagged.concat())
}

/// [2], constructed
const CONSTRUCTED_2: u8 = 0xa2;
/// id-mgf1, 1.2.840.113549.1.1.8
const MGF1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";
/// The digests of JOSE's RSASSA-PSS with their lengths in bytes: id-sha256, id-sha384 and id-sha512, 2.16.840.1.101.3.4.2.1 to 3.
static PSS_DIGESTS: [(Alg, &[u8], u8); 3] = [
    (Alg::Ps256, b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", 32),
    (Alg::Ps384, b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", 48),
    (Alg::Ps512, b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", 64),
];

const SIGNING: &str = "an RSA, EC, Ed25519, Ed448 or ML-DSA key";

fn unsupported() -> Error {
    Error::key(format!("this kind of key is not supported: use {SIGNING}"))
}

fn find<T: Copy>(table: &[(T, &[u8])], oid: &[u8]) -> Option<T> {
    table.iter().find(|(_, own)| *own == oid).map(|(value, _)| *value)
}

fn oid_of<T: Copy + PartialEq>(table: &[(T, &'static [u8])], value: T) -> &'static [u8] {
    table.iter().find(|(own, _)| *own == value).map_or(&[], |(_, oid)| *oid)
}

/// rsaEncryption, 1.2.840.113549.1.1.1
pub const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// id-RSASSA-PSS, 1.2.840.113549.1.1.10
pub const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
/// id-ecPublicKey, 1.2.840.10045.2.1
pub const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";

/// The curves of ECDSA.
pub static NAMED_CURVES: [(Curve, &[u8]); 4] = [
    (Curve::P256, b"\x2a\x86\x48\xce\x3d\x03\x01\x07"),
    (Curve::P384, b"\x2b\x81\x04\x00\x22"),
    (Curve::P521, b"\x2b\x81\x04\x00\x23"),
    (Curve::Secp256k1, b"\x2b\x81\x04\x00\x0a"),
];

/// The curves of EdDSA.
pub static EDWARDS_CURVES: [(Curve, &[u8]); 2] = [(Curve::Ed25519, b"\x2b\x65\x70"), (Curve::Ed448, b"\x2b\x65\x71")];

/// id-ml-dsa-44, -65 and -87, 2.16.840.1.101.3.4.3.17 to 19
pub static ML_DSA: [(Alg, &[u8]); 3] = [
    (Alg::MlDsa44, b"\x60\x86\x48\x01\x65\x03\x04\x03\x11"),
    (Alg::MlDsa65, b"\x60\x86\x48\x01\x65\x03\x04\x03\x12"),
    (Alg::MlDsa87, b"\x60\x86\x48\x01\x65\x03\x04\x03\x13"),
];

/// Kinds that the same containers hold and that are not supported.
static OTHERS: [(&str, &[u8]); 5] = [
    ("X25519", b"\x2b\x65\x6e"),
    ("X448", b"\x2b\x65\x6f"),
    ("DSA", b"\x2a\x86\x48\xce\x38\x04\x01"),
    ("DH", b"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01"),
    ("DH", b"\x2a\x86\x48\xce\x3e\x02\x01"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn reread(identifier: &[u8]) -> Result<Kind> {
        read(DerReader::new(identifier).sequence().unwrap())
    }

    /// Every kind that is written is read as the same kind.
    #[test]
    fn kinds_round_trip() {
        let mut kinds = vec![Kind::Rsa(RsaUsage::Any), Kind::Rsa(RsaUsage::Pss)];
        kinds.extend([Alg::Ps256, Alg::Ps384, Alg::Ps512].map(|alg| Kind::Rsa(RsaUsage::PssWith(alg))));
        kinds.extend(NAMED_CURVES.iter().map(|(curve, _)| Kind::Ec(*curve)));
        kinds.extend(EDWARDS_CURVES.iter().map(|(curve, _)| Kind::Okp(*curve)));
        kinds.extend(ML_DSA.iter().map(|(alg, _)| Kind::Akp(*alg)));
        for kind in kinds {
            assert_eq!(kind, reread(&write(kind)).unwrap());
        }
    }

    /// Missing, unknown and surplus parameters are refused.
    #[test]
    fn wrong_parameters_are_refused() {
        let null = element(tag::NULL, &[]);
        let oid = |octets| element(tag::OID, octets);
        for content in [
            oid(RSA),
            [oid(RSA), null.clone(), null.clone()].concat(),
            [oid(RSA), element(tag::NULL, &[0])].concat(),
            [oid(RSA_PSS), element(tag::SEQUENCE, &[])].concat(),
            oid(EC),
            [oid(EC), element(tag::SEQUENCE, &[])].concat(),
            [oid(EC), oid(EDWARDS_CURVES[0].1)].concat(),
            [oid(EDWARDS_CURVES[0].1), null.clone()].concat(),
            [oid(ML_DSA[0].1), null].concat(),
            oid(b"\x2b\x65\x6e"),
            vec![],
        ] {
            let error = reread(&element(tag::SEQUENCE, &content)).unwrap_err();
            assert_eq!("invalid_key", error.code());
        }
    }
}
