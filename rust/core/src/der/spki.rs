//! SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
//!
//! The parts of a public key have one form: RSA integers are minimal, points uncompressed. `crypto` decides whether the
//! parts make an acceptable key.

use super::algorithm::{self, Kind};
use super::{DerReader, bits, element, tag, unsigned};
use crate::crypto::material::PublicParts;
use crate::error::{Error, Result};

/// Reads a public key.
pub fn read(der: &[u8]) -> Result<PublicParts> {
    let (identifier, key) = split(der).ok_or_else(|| Error::key("the public key is not strict DER of an SPKI"))?;
    match algorithm::read(identifier)? {
        Kind::Rsa(usage) => {
            let (n, e) = rsa(key).ok_or_else(|| Error::key("the RSA public key is not strict DER"))?;
            Ok(PublicParts::Rsa { n: n.to_vec(), e: e.to_vec(), usage })
        }
        Kind::Ec(_) if matches!(key.first(), Some(2 | 3)) => {
            Err(Error::key("a compressed EC point is not accepted: export the key with an uncompressed point"))
        }
        Kind::Ec(curve) => Ok(PublicParts::Ec { curve, point: key.to_vec() }),
        Kind::Okp(curve) => Ok(PublicParts::Okp { curve, x: key.to_vec() }),
        Kind::Akp(alg) => Ok(PublicParts::Akp { alg, key: key.to_vec() }),
    }
}

/// Writes a public key.
#[must_use]
pub fn write(parts: &PublicParts) -> Vec<u8> {
    let (kind, key) = match parts {
        PublicParts::Rsa { n, e, usage } => {
            let key = element(tag::SEQUENCE, &[unsigned(n), unsigned(e)].concat());
            (Kind::Rsa(*usage), key)
        }
        PublicParts::Ec { curve, point } => (Kind::Ec(*curve), point.clone()),
        PublicParts::Okp { curve, x } => (Kind::Okp(*curve), x.clone()),
        PublicParts::Akp { alg, key } => (Kind::Akp(*alg), key.clone()),
    };
    element(tag::SEQUENCE, &[algorithm::write(kind), bits(&key)].concat())
}

fn split(der: &[u8]) -> Option<(DerReader<'_>, &[u8])> {
    let mut spki = DerReader::new(DerReader::only(der, tag::SEQUENCE)?);
    let identifier = spki.sequence()?;
    let key = spki.bits()?;
    spki.end()?;
    Some((identifier, key))
}

/// RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut key = DerReader::new(DerReader::only(der, tag::SEQUENCE)?);
    let n = key.unsigned()?;
    let e = key.unsigned()?;
    key.end()?;
    Some((n, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PrivateKey;
    use crate::crypto::material::RsaUsage;
    use crate::der::tests::mutations;
    use crate::jwa::{Alg, Curve};

    /// A compressed point is refused.
    #[test]
    fn compressed_points_are_refused() {
        let compressed = write(&PublicParts::Ec { curve: Curve::P256, point: [&[2][..], &[9; 32]].concat() });
        assert_eq!("invalid_key", read(&compressed).unwrap_err().code());
    }

    /// A key is what `write` gives for its parts; with one byte changed, added or removed it is refused, or is that of other parts.
    #[test]
    fn an_encoding_is_the_only_one() {
        for alg in [Alg::Rs256, Alg::Es256, Alg::Es384, Alg::Es512, Alg::Es256k, Alg::EdDsa, Alg::MlDsa44, Alg::MlDsa87]
        {
            let der = PrivateKey::generate(alg, 2_048).unwrap().to_spki().unwrap();
            assert_eq!(der, write(&read(&der).unwrap()), "{alg}");
            for candidate in mutations(&der) {
                match read(&candidate) {
                    Ok(parts) => assert_eq!(candidate, write(&parts), "{alg}"),
                    Err(error) => assert_eq!("invalid_key", error.code()),
                }
            }
        }
    }

    /// RSA integers that are negative or padded are refused.
    #[test]
    fn loose_rsa_integers_are_refused() {
        for integers in [&[2, 1, 0x80, 2, 1, 3][..], &[2, 2, 0, 1, 2, 1, 3], &[2, 1, 5], &[2, 1, 5, 2, 1, 3, 2, 1, 3]] {
            let key = element(tag::SEQUENCE, integers);
            let der = [algorithm::write(Kind::Rsa(RsaUsage::Any)), bits(&key)].concat();
            assert_eq!("invalid_key", read(&element(tag::SEQUENCE, &der)).unwrap_err().code());
        }
    }
}
