//! Plain private keys: PKCS#8 and its successor (RFC 5208, RFC 5958) with the inner forms of RFC 8017, 5915, 8410, 9881.
//!
//! Only ML-DSA keys that hold their seed are read: an expanded key cannot be written as a JWK again. Public parts are
//! kept beside the private ones, so that they can be checked when the key is built. Encrypted keys are decrypted elsewhere.

use zeroize::Zeroizing;

use super::algorithm::{self, Kind};
use super::{DerReader, element, tag, whole_octets};
use crate::crypto::material::{PrivateParts, RsaPrimes, RsaUsage, Secret};
use crate::error::{Error, Result};
use crate::jwa::{Alg, Curve};

/// Reads a private key.
pub fn read(der: &[u8]) -> Result<PrivateParts> {
    let info = split(der).ok_or_else(|| Error::key("the private key is not strict DER of a plain PKCS#8"))?;
    let kind = algorithm::read(info.identifier)?;
    let broken = || Error::key("the private key inside the PKCS#8 is not strict DER");
    match kind {
        Kind::Rsa(usage) => rsa(info.key, usage).ok_or_else(broken),
        Kind::Ec(curve) => ec(info, curve).ok_or_else(broken),
        Kind::Okp(curve) => okp(info, curve).ok_or_else(broken),
        Kind::Akp(alg) => akp(info, alg),
    }
}

/// Writes the seed of an Edwards curve (RFC 8410 section 7).
#[must_use]
pub fn write_okp(curve: Curve, seed: &[u8]) -> Secret {
    let key = Zeroizing::new(element(tag::OCTET_STRING, seed));
    let key = Zeroizing::new(element(tag::OCTET_STRING, &key));
    let identifier = algorithm::write(Kind::Okp(curve));
    let content = Zeroizing::new([&[tag::INTEGER, 1, 0], identifier.as_slice(), &key].concat());
    Zeroizing::new(element(tag::SEQUENCE, &content))
}

/// The same RSA key, restricted to this usage (RFC 4055 section 3.1); `None` if the DER is not an unencrypted PKCS#8.
#[must_use]
pub fn restrict_rsa(der: &[u8], usage: RsaUsage) -> Option<Secret> {
    let key = Zeroizing::new(element(tag::OCTET_STRING, split(der)?.key));
    let content = Zeroizing::new([&[tag::INTEGER, 1, 0], algorithm::write(Kind::Rsa(usage)).as_slice(), &key].concat());
    Some(Zeroizing::new(element(tag::SEQUENCE, &content)))
}

#[derive(Clone, Copy)]
struct Info<'a> {
    identifier: DerReader<'a>,
    key: &'a [u8],
    public: Option<&'a [u8]>,
}

/// OneAsymmetricKey; its attributes are ignored.
fn split(der: &[u8]) -> Option<Info<'_>> {
    let mut info = DerReader::new(DerReader::only(der, tag::SEQUENCE)?);
    let version = info.read(tag::INTEGER)?;
    let identifier = info.sequence()?;
    let key = info.read(tag::OCTET_STRING)?;
    info.optional(tag::CONSTRUCTED_0)?;
    let public = match version {
        [0] => None,
        [1] => info.optional(tag::PRIMITIVE_1)?,
        _ => return None,
    };
    info.end()?;
    let public = match public {
        Some(content) => Some(whole_octets(content)?),
        None => None,
    };
    Some(Info { identifier, key, public })
}

/// RSAPrivateKey of two primes (RFC 8017 appendix A.1.2).
fn rsa(der: &[u8], usage: RsaUsage) -> Option<PrivateParts> {
    let mut key = DerReader::new(DerReader::only(der, tag::SEQUENCE)?);
    // Version 1 is a key of more than two primes.
    if key.read(tag::INTEGER)? != [0] {
        return None;
    }
    let n = key.unsigned()?.to_vec();
    let e = key.unsigned()?.to_vec();
    let d = secret(key.unsigned()?);
    let primes = RsaPrimes {
        p: secret(key.unsigned()?),
        q: secret(key.unsigned()?),
        dp: secret(key.unsigned()?),
        dq: secret(key.unsigned()?),
        qi: secret(key.unsigned()?),
    };
    key.end()?;
    Some(PrivateParts::Rsa { n, e, usage, d, primes: Some(primes) })
}

/// ECPrivateKey (RFC 5915 section 3).
fn ec(info: Info<'_>, curve: Curve) -> Option<PrivateParts> {
    let mut key = DerReader::new(DerReader::only(info.key, tag::SEQUENCE)?);
    if key.read(tag::INTEGER)? != [1] {
        return None;
    }
    let d = secret(key.read(tag::OCTET_STRING)?);
    if let Some(parameters) = key.optional(tag::CONSTRUCTED_0)? {
        let named = DerReader::only(parameters, tag::OID)?;
        if !algorithm::NAMED_CURVES.contains(&(curve, named)) {
            return None;
        }
    }
    let mut point = info.public;
    if let Some(own) = key.optional(tag::CONSTRUCTED_1)? {
        let octets = whole_octets(DerReader::only(own, tag::BIT_STRING)?)?;
        if point.is_some_and(|point| point != octets) {
            return None;
        }
        point = Some(octets);
    }
    key.end()?;
    Some(PrivateParts::Ec { curve, d, point: point.map(<[u8]>::to_vec) })
}

/// CurvePrivateKey (RFC 8410 section 7).
fn okp(info: Info<'_>, curve: Curve) -> Option<PrivateParts> {
    let d = secret(DerReader::only(info.key, tag::OCTET_STRING)?);
    Some(PrivateParts::Okp { curve, d, x: info.public.map(<[u8]>::to_vec) })
}

/// The choice of a seed, an expanded key or both (RFC 9881 section 6).
fn akp(info: Info<'_>, alg: Alg) -> Result<PrivateParts> {
    let (seed, expanded) = match info.key.first() {
        Some(&tag::PRIMITIVE_0) => DerReader::only(info.key, tag::PRIMITIVE_0).map(|seed| (secret(seed), None)),
        Some(&tag::SEQUENCE) => both(info.key),
        Some(&tag::OCTET_STRING) => {
            return Err(Error::key(format!(
                "this {alg} private key lacks its seed: export it with the seed, the expanded key alone is not accepted"
            )));
        }
        _ => None,
    }
    .ok_or_else(|| Error::key(format!("this {alg} private key is not strict DER")))?;
    Ok(PrivateParts::Akp { alg, seed, key: info.public.map(<[u8]>::to_vec), expanded })
}

fn both(der: &[u8]) -> Option<(Secret, Option<Secret>)> {
    let mut inner = DerReader::new(DerReader::only(der, tag::SEQUENCE)?);
    let seed = secret(inner.read(tag::OCTET_STRING)?);
    let expanded = secret(inner.read(tag::OCTET_STRING)?);
    inner.end()?;
    Some((seed, Some(expanded)))
}

fn secret(octets: &[u8]) -> Secret {
    Zeroizing::new(octets.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PrivateKey;
    use crate::der::tests::mutations;

    /// A key with one byte changed, added or removed is read or refused; nothing panics.
    #[test]
    fn changed_octets_do_no_harm() {
        for alg in [Alg::Rs256, Alg::Es256, Alg::EdDsa, Alg::MlDsa44] {
            let der = PrivateKey::generate(alg, 2_048).unwrap().to_pkcs8().unwrap();
            for candidate in mutations(&der) {
                if let Err(error) = read(&candidate) {
                    assert_eq!("invalid_key", error.code());
                }
            }
        }
    }

    /// An inner curve that differs from the outer one, and bytes after the key, are refused.
    #[test]
    fn loose_encodings_are_refused() {
        let der = PrivateKey::generate(Alg::Es256, 0).unwrap().to_pkcs8().unwrap();
        let mut trailing = der.to_vec();
        trailing.push(0);
        for bad in [trailing, der[..der.len() - 1].to_vec(), vec![]] {
            assert_eq!("invalid_key", read(&bad).unwrap_err().code());
        }
        let named = element(tag::OID, algorithm::NAMED_CURVES[3].1);
        let inner =
            [&[2, 1, 1][..], &element(tag::OCTET_STRING, &[1; 32]), &element(tag::CONSTRUCTED_0, &named)].concat();
        let key = element(tag::OCTET_STRING, &element(tag::SEQUENCE, &inner));
        let identifier = algorithm::write(Kind::Ec(Curve::P256));
        let der = element(tag::SEQUENCE, &[&[2, 1, 0], identifier.as_slice(), &key].concat());
        assert_eq!("invalid_key", read(&der).unwrap_err().code());
    }
}
