//! `jwseal._native`: a list of what Python sees of the core.
//!
//! The binding translates and decides nothing: every rule lives in `jwseal-core`. What users read about these names is in
//! `python/jwseal/_native.pyi`.

#![allow(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over by value")]
#![allow(clippy::unused_self, reason = "the methods of Python's protocols take self")]

mod batch;
mod clock;
mod convert;
mod encoding;
mod error;
mod external;
mod insecure;
mod issuers;
mod json_text;
mod jws;
mod jws_json;
mod key;
mod key_set;
mod names;
mod objects;
mod payload;
mod policy;
mod primitive;
mod reentry;
mod repr;
mod signer;
mod verified_jws;
mod verified_jwt;
mod verifier;

use pyo3::prelude::*;

/// The native half of jwseal.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::encoding::{base64url_decode, read_json};
    #[pymodule_export]
    use super::insecure::{
        UnverifiedJwtObject, header_unverified, read_unverified, sign_octets, verify_octets, weak_secret,
    };
    #[pymodule_export]
    use super::issuers::IssuersObject;
    #[pymodule_export]
    use super::jws::{UnverifiedObject, UnverifiedSignatureObject, jws_parse, jws_sign, jws_verify};
    #[pymodule_export]
    use super::jws_json::{SignatureObject, jws_sign_json, jws_verify_json};
    #[pymodule_export]
    use super::key::{
        SecretKeyObject, SigningKeyObject, VerifyingKeyObject, certificate_key, der_form, der_is_settled,
        restore_verifying_key,
    };
    #[pymodule_export]
    use super::key_set::{KeySetObject, restore_key_set};
    #[pymodule_export]
    use super::policy::check_policy;
    #[pymodule_export]
    use super::primitive::{bearer, verify_primitive};
    #[pymodule_export]
    use super::signer::SignerObject;
    #[pymodule_export]
    use super::verified_jws::{SignatureReportObject, VerifiedJwsObject};
    #[pymodule_export]
    use super::verified_jwt::VerifiedJwtObject;
    #[pymodule_export]
    use super::verifier::VerifierObject;
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
