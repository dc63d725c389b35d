//! ML-DSA (FIPS 204, RFC 9964): pure, with the empty context.
//!
//! A private key is its seed of 32 bytes; AWS-LC expands it. An expanded key without its seed cannot be written as a
//! JWK again and is not accepted anywhere. A public key that verifies often is prepared, and then gives the same verdicts in
//! less time.

use aws_lc_rs::encoding::AsRawBytes;
use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING, ParsedPublicKey,
    PqdsaKeyPair, PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm,
};

use super::digest::Message;
use super::prepared::Prepared;
use super::public_key::PublicKey;
use crate::error::{Error, Result};
use crate::jwa::Alg;

/// Bytes of a seed.
pub const SEED_LEN: usize = 32;

/// Parses a public key.
pub fn public_key(alg: Alg, key: &[u8]) -> Result<PublicKey> {
    let row = row(alg)?;
    if key.len() != row.signing.public_key_len() {
        return Err(Error::key(format!(
            "an {alg} public key has {} bytes, this one has {}",
            row.signing.public_key_len(),
            key.len()
        )));
    }
    let prepared = Prepared::on_demand(alg, key);
    let key =
        ParsedPublicKey::new(row.verifying, key).map_err(|_| Error::key(format!("this is not an {alg} public key")))?;
    Ok(PublicKey { key, prepared, hash: None, signature_len: row.signing.signature_len() })
}

/// A private key ready to sign.
pub struct PrivateKey(pub(super) PqdsaKeyPair);

impl PrivateKey {
    /// Expands a seed and checks the public and expanded keys that came with it.
    pub fn new(alg: Alg, seed: &[u8], public: Option<&[u8]>, expanded: Option<&[u8]>) -> Result<Self> {
        let row = row(alg)?;
        if seed.len() != SEED_LEN {
            return Err(Error::key(format!("an {alg} private key is a seed of 32 bytes, this one has {}", seed.len())));
        }
        let key = PqdsaKeyPair::from_seed(row.signing, seed)
            .map_err(|_| Error::key(format!("this is not an {alg} private key")))?;
        if public.is_some_and(|public| public != key.public_key().as_ref()) {
            return Err(Error::key(format!("the public key does not belong to this {alg} private key")));
        }
        if let Some(expanded) = expanded {
            let own = key.private_key().as_raw_bytes().map_err(|_| unusable())?;
            if own.as_ref() != expanded {
                return Err(Error::key(format!("the expanded key does not belong to this {alg} seed")));
            }
        }
        Ok(Self(key))
    }

    /// A new key.
    pub fn generate(alg: Alg) -> Result<Self> {
        let key = PqdsaKeyPair::generate(row(alg)?.signing).map_err(|_| unusable())?;
        Ok(Self(key))
    }

    /// Signs, hedged with fresh randomness.
    pub fn sign(&self, message: Message<'_>) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.0.algorithm().signature_len()];
        self.0.sign(message.whole()?, &mut signature).map_err(|_| unusable())?;
        Ok(signature)
    }
}

struct MlDsaRow {
    alg: Alg,
    verifying: &'static PqdsaVerificationAlgorithm,
    signing: &'static PqdsaSigningAlgorithm,
}

static ROWS: [MlDsaRow; 3] = [
    MlDsaRow { alg: Alg::MlDsa44, verifying: &ML_DSA_44, signing: &ML_DSA_44_SIGNING },
    MlDsaRow { alg: Alg::MlDsa65, verifying: &ML_DSA_65, signing: &ML_DSA_65_SIGNING },
    MlDsaRow { alg: Alg::MlDsa87, verifying: &ML_DSA_87, signing: &ML_DSA_87_SIGNING },
];

fn row(alg: Alg) -> Result<&'static MlDsaRow> {
    ROWS.iter().find(|row| row.alg == alg).ok_or_else(|| Error::key(format!("{alg} is not ML-DSA")))
}

fn unusable() -> Error {
    Error::key("this ML-DSA private key cannot be used")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A seed makes the expanded key that may stand beside it, and the same key every time; parts of another key are refused.
    #[test]
    fn foreign_parts_are_refused() {
        for row in &ROWS {
            let key = PrivateKey::new(row.alg, &[1; SEED_LEN], None, None).unwrap();
            let (public, expanded) = (key.0.public_key().as_ref(), key.0.private_key().as_raw_bytes().unwrap());
            let expanded = expanded.as_ref();
            assert!(PrivateKey::new(row.alg, &[1; SEED_LEN], Some(public), Some(expanded)).is_ok());
            for (public, expanded) in [(Some(public), None), (None, Some(expanded))] {
                let refused = PrivateKey::new(row.alg, &[2; SEED_LEN], public, expanded).err().unwrap();
                assert_eq!("invalid_key", refused.code());
            }
        }
    }
}
