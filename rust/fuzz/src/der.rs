//! The der target: SPKI and plain PKCS#8 (RFC 5280 section 4.1.2.7, RFC 5958).
//!
//! Asserts that an accepted public key has one encoding (but for the parameters of RSASSA-PSS), that whatever is accepted
//! survives export, that no bytes are both a public and a private key, and that refusals are silent.

use jwseal_core::crypto::material::{PublicParts, RsaUsage};
use jwseal_core::der::{pkcs8, spki};
use jwseal_core::error::Result;
use jwseal_core::jwa::Alg;
use jwseal_core::key::{SigningKey, VerifyingKey};

use crate::Outcome;
use crate::key_agreement::{check_private, check_public};
use crate::outcome::refused;

/// Reads the bytes as a public and as a private key.
pub fn der(data: &[u8]) -> Outcome {
    let parts = spki::read(data);
    let canonical = parts.as_ref().map(spki::write).unwrap_or_default();
    if let Ok(parts) = &parts {
        assert_eq!(Some(parts), spki::read(&canonical).ok().as_ref(), "a written key is another key");
        // The parameters of RSASSA-PSS may spell out defaults or leave them out (RFC 4055 section 3.1).
        let spelled = matches!(parts, PublicParts::Rsa { usage: RsaUsage::PssWith(_), .. });
        assert!(spelled || data == canonical, "a public key has a second encoding");
    }
    assert!(parts.is_err() || pkcs8::read(data).is_err(), "one DER is a public and a private key");
    // RSA needs its algorithm told; a key for RSASSA-PSS alone takes no other.
    let public = any(|alg| VerifyingKey::from_spki(data, alg, Some("kid")), Alg::Rs256);
    let private = any(|alg| SigningKey::from_pkcs8(data, alg, Some("kid")), Alg::Rs512);
    let public = public.map(|key| {
        assert_eq!(canonical, key.to_spki());
        check_public(&key);
        Outcome::accepted((key.algs(), "public"))
    });
    let private = private.map(|key| {
        check_private(&key);
        Outcome::accepted("private")
    });
    let [public, private] = [public, private].map(|result| result.unwrap_or_else(|error| refused(&error, data)));
    public.and(private)
}

fn any<T>(read: impl Fn(Option<Alg>) -> Result<T>, rsa: Alg) -> Result<T> {
    let error = match read(None) {
        Ok(key) => return Ok(key),
        Err(error) => error,
    };
    [rsa, Alg::Ps256, Alg::Ps384, Alg::Ps512].into_iter().find_map(|alg| read(Some(alg)).ok()).ok_or(error)
}
