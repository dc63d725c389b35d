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
