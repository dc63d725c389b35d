//! The kind of a DER text, by its outline alone: which reader reads it, and what to call it where another was asked.
//!
//! Keys (RFC 5280 section 4.1.2.7, RFC 5958, RFC 8017 appendix A.1, RFC 5915), certificates (RFC 5280 section 4.1) and
//! PKCS#12 (RFC 7292). Of a certificate the key alone is read. An outline says nothing about whether the key is acceptable.

use super::{DerReader, algorithm, element, pkcs8, spki, tag};
use crate::error::{Error, Result};

/// What a DER text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// SubjectPublicKeyInfo
    Spki,
    /// OneAsymmetricKey, or PrivateKeyInfo
    Pkcs8,
    /// EncryptedPrivateKeyInfo
    EncryptedPkcs8,
    /// RSAPublicKey (PKCS#1)
    RsaPublic,
    /// RSAPrivateKey (PKCS#1)
    RsaPrivate,
    /// ECPrivateKey (SEC 1)
    EcPrivate,
    /// Certificate
    Certificate,
    /// PFX
    Pkcs12,
    /// One SEQUENCE, and none of these.
    Other,
}

impl Form {
    /// Its name in Python.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spki => "SPKI",
            Self::Pkcs8 => "PKCS#8",
            Self::EncryptedPkcs8 => "encrypted PKCS#8",
            Self::RsaPublic => "PKCS#1 public",
            Self::RsaPrivate => "PKCS#1 private",
            Self::EcPrivate => "SEC 1",
            Self::Certificate => "certificate",
            Self::Pkcs12 => "PKCS#12",
            Self::Other => "other",
        }
    }
}

/// The form of one whole DER text.
pub fn of(der: &[u8]) -> Result<Form> {
    let mut outer = DerReader::new(der);
    let content = outer
        .sequence()
        .ok_or_else(|| Error::key("this is not the DER of a key, or it is truncated: read the file in binary mode"))?;
    outer.end().ok_or_else(|| Error::key("there is data after the key's DER: pass the key alone"))?;
    Ok(OUTLINES.iter().find(|(_, outline)| outline(content).is_some()).map_or(Form::Other, |(form, _)| *form))
}

/// Whether the answer of `spki` and `pkcs8` is final for this DER: they read it, or no other encoding would help. An RSA or EC
/// key that they refuse may be in a looser or rarer encoding, which another library can convert.
#[must_use]
pub fn is_settled(der: &[u8]) -> bool {
    let Some(mut content) = DerReader::new(der).sequence() else { return true };
    // A private key has its version first.
    let _version = content.read(tag::INTEGER);
    let oid = content.sequence().and_then(|mut identifier| identifier.read(tag::OID));
    let has_other_encodings = oid.is_some_and(|oid| oid == algorithm::RSA || oid == algorithm::EC);
    !has_other_encodings || spki::read(der).is_ok() || pkcs8::read(der).is_ok()
}

/// The SPKI of a certificate.
#[must_use]
pub fn certificate_key(der: &[u8]) -> Option<Vec<u8>> {
    let content = DerReader::new(DerReader::only(der, tag::SEQUENCE)?);
    certificate(content).filter(|key| u16::try_from(key.len()).is_ok()).map(|key| element(tag::SEQUENCE, key))
}

/// Whether a content has the shape of one form.
type Outline = fn(DerReader<'_>) -> Option<()>;

/// The first that matches; no text matches two of them.
const OUTLINES: [(Form, Outline); 8] = [
    (Form::Spki, |content| identified(content, tag::BIT_STRING)?.end()),
    (Form::EncryptedPkcs8, |content| identified(content, tag::OCTET_STRING)?.end()),
    (Form::Pkcs8, |mut content| {
        content.read(tag::INTEGER)?;
        identified(content, tag::OCTET_STRING).map(|_| ())
    }),
    (Form::RsaPublic, |content| integers(content, 2)?.end()),
    (Form::RsaPrivate, |content| integers(content, 9)?.end()),
    (Form::EcPrivate, |mut content| {
        (content.read(tag::INTEGER)? == [1]).then_some(())?;
        content.read(tag::OCTET_STRING).map(|_| ())
    }),
    (Form::Certificate, |content| certificate(content).map(|_| ())),
    (Form::Pkcs12, |mut content| {
        (content.read(tag::INTEGER)? == [3]).then_some(())?;
        content.sequence()?.read(tag::OID).map(|_| ())
    }),
];

/// What follows an AlgorithmIdentifier and an element of this tag.
fn identified(mut content: DerReader<'_>, tag: u8) -> Option<DerReader<'_>> {
    content.sequence()?.read(tag::OID)?;
    content.read(tag)?;
    Some(content)
}

fn integers(mut content: DerReader<'_>, count: usize) -> Option<DerReader<'_>> {
    for _ in 0..count {
        content.read(tag::INTEGER)?;
    }
    Some(content)
}

/// The content of a certificate's subjectPublicKeyInfo.
fn certificate(mut content: DerReader<'_>) -> Option<&[u8]> {
    let mut signed = content.sequence()?;
    content.sequence()?.read(tag::OID)?;
    content.bits()?;
    content.end()?;
    signed.optional(tag::CONSTRUCTED_0)?;
    signed.read(tag::INTEGER)?;
    for _signature_issuer_validity_subject in 0..4 {
        signed.sequence()?;
    }
    signed.read(tag::SEQUENCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::PrivateKey;
    use crate::der::write;
    use crate::jwa::Alg;

    fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
        element(tag::SEQUENCE, &parts.concat())
    }

    /// A certificate around this SPKI, of version 3 or 1.
    fn certificate_of(spki: &[u8], version: &[u8]) -> Vec<u8> {
        let (name, oid) = (sequence(&[]), sequence(&[element(tag::OID, algorithm::EC)]));
        let serial = element(tag::INTEGER, &[0x80]);
        let signed = [version.to_vec(), serial, oid.clone(), name.clone(), name.clone(), name, spki.to_vec()];
        sequence(&[sequence(&signed), oid, element(tag::BIT_STRING, &[0, 1])])
    }

    /// Each form is recognised, and the key of a certificate is read.
    #[test]
    fn forms() {
        let key = PrivateKey::generate(Alg::Rs256, 2_048).unwrap();
        let (spki, pkcs8) = (key.to_spki().unwrap(), key.to_pkcs8().unwrap());
        let version = element(tag::CONSTRUCTED_0, &element(tag::INTEGER, &[2]));
        let oid = sequence(&[element(tag::OID, algorithm::EC)]);
        let octets = element(tag::OCTET_STRING, &[1; 8]);
        for (form, der) in [
            (Form::Spki, spki.clone()),
            (Form::Pkcs8, pkcs8.to_vec()),
            (Form::EncryptedPkcs8, sequence(&[oid.clone(), octets.clone()])),
            (Form::RsaPublic, spki[24..].to_vec()),
            (Form::RsaPrivate, pkcs8[26..].to_vec()),
            (Form::EcPrivate, sequence(&[element(tag::INTEGER, &[1]), octets.clone()])),
            (Form::Certificate, certificate_of(&spki, &version)),
            (Form::Certificate, certificate_of(&spki, &[])),
            (Form::Pkcs12, sequence(&[element(tag::INTEGER, &[3]), oid.clone()])),
            (Form::Other, sequence(&[])),
            (Form::Other, sequence(&[oid, octets.clone(), octets])),
        ] {
            assert_eq!(form, of(&der).unwrap());
            assert_eq!((form == Form::Certificate).then(|| spki.clone()), certificate_key(&der), "{form:?}");
            assert!(of(&[der.clone(), vec![0]].concat()).unwrap_err().to_string().contains("after the key"));
            assert!(of(&der[..der.len() - 1]).unwrap_err().to_string().contains("truncated"));
        }
        for bad in [&b""[..], &[0x30], &[0x30, 0x80, 0, 0], &[2, 1, 0], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!("invalid_key", of(bad).unwrap_err().code());
        }
    }

    /// Only RSA and EC keys have looser encodings, which can be converted into the strict one.
    #[test]
    fn settled() {
        for alg in [Alg::Rs256, Alg::Es256, Alg::EdDsa, Alg::MlDsa44] {
            let key = PrivateKey::generate(alg, 2_048).unwrap();
            let may_be_converted = [Alg::Rs256, Alg::Es256].contains(&alg);
            for der in [key.to_spki().unwrap(), key.to_pkcs8().unwrap().to_vec()] {
                assert!(is_settled(&der), "{alg}");
                let mut content = DerReader::new(&der).read(tag::SEQUENCE).unwrap().to_vec();
                write(&mut content, tag::NULL, &[]);
                assert_eq!(!may_be_converted, is_settled(&element(tag::SEQUENCE, &content)), "{alg}");
            }
        }
    }
}
