//! JSON Web Key (RFC 7517), public and private, of every type (RFC 7518 section 6, RFC 8037, RFC 9964).
//!
//! After `read` the members of a key have their types, integers are minimal and coordinates of full length, `use` and `key_ops`
//! permit signatures and agree, and the public members are complete. Unknown members are ignored, certificates among them.
//! `key` decides whether the parts make an acceptable key.

mod reader;
mod writer;

pub use reader::{document, read, read_value};
pub use writer::{secret_thumbprint_input, thumbprint_input, write_private, write_public, write_secret};

use std::fmt;

use crate::crypto::material::{PrivateParts, PublicParts, Secret};
use crate::error::{Error, Result};
use crate::issuer::KeyIssuer;
use crate::jwa::Alg;

/// How strictly a JWK is read.
///
/// A lenient reading accepts what real providers and old libraries write, and nothing else: null for an absent member,
/// padding, line breaks and the alphabet of plain base64, leading zero octets of integers and coordinates, and EC
/// coordinates shorter than the field. What it returns has the same canonical form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// Exactly as the RFCs say.
    #[default]
    Strict,
    /// With the deviations listed above.
    Lenient,
}

/// A JWK, taken apart.
#[derive(Debug)]
pub struct Jwk {
    /// The key.
    pub material: Material,
    /// Its algorithm.
    pub alg: Option<Alg>,
    /// Its identifier.
    pub kid: Option<String>,
    /// The issuer it is published for.
    pub issuer: Option<KeyIssuer>,
    /// What it permits.
    pub ops: Ops,
}

/// What a JWK holds.
pub enum Material {
    /// A public key.
    Public(PublicParts),
    /// A private key and the public one beside it, which is checked against it when the key is built.
    Private {
        /// The public half.
        public: PublicParts,
        /// The whole.
        private: PrivateParts,
    },
    /// A secret.
    Secret(Secret),
}

/// The operations that `key_ops` permits (RFC 7517 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ops {
    /// The key may sign.
    pub sign: bool,
    /// The key may verify.
    pub verify: bool,
}

impl Ops {
    /// What a key without `key_ops` permits.
    pub const BOTH: Self = Self { sign: true, verify: true };
}

impl Jwk {
    /// Refuses a key whose `key_ops` lack verify.
    pub fn require_verify(&self) -> Result<()> {
        if self.ops.verify { Ok(()) } else { Err(Error::key("the JWK's key_ops lack verify")) }
    }

    /// Refuses a key whose `key_ops` lack sign.
    pub fn require_sign(&self) -> Result<()> {
        if self.ops.sign { Ok(()) } else { Err(Error::key("the JWK's key_ops lack sign")) }
    }

    /// Refuses a key whose `key_ops` lack both, and gives what they permit.
    pub fn require_either(&self) -> Result<Ops> {
        if self.ops.sign || self.ops.verify {
            return Ok(self.ops);
        }
        Err(Error::key("the JWK's key_ops lack sign and verify"))
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public(_) => "Public",
            Self::Private { .. } => "Private(redacted)",
            Self::Secret(_) => "Secret(redacted)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Debugging shows no private bytes.
    #[test]
    fn debug_is_redacted() {
        let jwk = read(br#"{"kty":"oct","k":"8_PzAA","d":"8_PzAA"}"#, Reading::Strict).unwrap();
        let shown = format!("{jwk:?}");
        assert!(shown.contains("redacted") && !shown.contains("243"), "{shown}");
    }
}
