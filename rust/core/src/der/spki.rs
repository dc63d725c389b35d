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
    let mut outer = DerReader::new(der);
    let mut spki = outer.sequence()?;
    outer.end()?;
    let identifier = spki.sequence()?;
    let key = spki.bits()?;
    spki.end()?;
    Some((identifier, key))
}

/// RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut outer = DerReader::new(der);
    let mut key = outer.sequence()?;
    outer.end()?;
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
    use crate::jwa::{Alg, Curve};

    /// Keys that AWS-LC writes are read and written to the same bytes.
    #[test]
    fn public_keys_round_trip() {
        for alg in [Alg::Rs256, Alg::Es256, Alg::Es384, Alg::Es512, Alg::Es256k, Alg::EdDsa, Alg::MlDsa44, Alg::MlDsa87]
        {
            let der = PrivateKey::generate(alg, 2_048).unwrap().to_spki().unwrap();
            assert_eq!(der, write(&read(&der).unwrap()), "{alg}");
        }
        let parts = PublicParts::Okp { curve: Curve::Ed448, x: vec![3; 57] };
        assert_eq!(parts, read(&write(&parts)).unwrap());
        let parts = PublicParts::Rsa { n: vec![0xff; 256], e: vec![3], usage: RsaUsage::PssWith(Alg::Ps384) };
        assert_eq!(parts, read(&write(&parts)).unwrap());
    }

    /// A changed, missing or added byte at either end, and a compressed point, are refused.
    #[test]
    fn loose_encodings_are_refused() {
        let der = write(&PublicParts::Okp { curve: Curve::Ed25519, x: vec![9; 32] });
        let mut trailing = der.clone();
        trailing.push(0);
        let unused = element(tag::SEQUENCE, &[&der[2..9], &[3, 2, 1, 0]].concat());
        let inner = element(tag::SEQUENCE, &[&der[2..], &[5, 0]].concat());
        let compressed = write(&PublicParts::Ec { curve: Curve::P256, point: [&[2][..], &[9; 32]].concat() });
        let short = der[..der.len() - 1].to_vec();
        for bad in [trailing, unused, inner, compressed, short, der[1..].to_vec(), vec![]] {
            assert_eq!("invalid_key", read(&bad).unwrap_err().code());
        }
    }

    /// A key with one byte changed, added or removed is refused, or is what `write` gives for its parts.
    #[test]
    fn an_encoding_is_the_only_one() {
        for alg in [Alg::Rs256, Alg::Es256, Alg::EdDsa, Alg::MlDsa44] {
            let der = PrivateKey::generate(alg, 2_048).unwrap().to_spki().unwrap();
            for index in 0..der.len() {
                for change in [1, 0x80, 0xff] {
                    let mut changed = der.clone();
                    changed[index] ^= change;
                    let mut longer = der.clone();
                    longer.insert(index, change);
                    let mut shorter = der.clone();
                    shorter.remove(index);
                    for candidate in [changed, longer, shorter] {
                        match read(&candidate) {
                            Ok(parts) => assert_eq!(candidate, write(&parts), "{alg} {index}"),
                            Err(error) => assert_eq!("invalid_key", error.code()),
                        }
                    }
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
