//! `jwseal._native`: a list of what Python sees of the core.
//!
//! The binding translates and decides nothing: every rule lives in `jwseal-core`, but for those that PyJWT has about Python
//! objects (`pyjwt`). What users read about these names is in `python/jwseal/_native.pyi`.

#![allow(clippy::needless_pass_by_value, reason = "PyO3 hands arguments over by value")]
#![allow(clippy::unused_self, reason = "the methods of Python's protocols take self")]

#[macro_use]
mod doc;
mod batch;
mod batch_keys;
mod bearer;
mod cache_info;
mod clock;
mod condition;
mod configured_verifier;
mod convert;
mod der;
mod encoding;
mod error;
mod external;
mod fork;
mod insecure;
mod issuer_template;
mod issuers;
mod json_text;
mod jws;
mod jws_json;
mod jws_keys;
mod key;
mod key_reading;
mod key_set;
mod key_source;
mod metrics;
mod names;
mod objects;
mod once;
mod payload;
mod pending;
mod pending_batch;
mod policy;
mod primitive;
mod pyjwt;
mod reentry;
mod repr;
mod rule_set;
mod signer;
mod state;
mod stream;
mod verification;
mod verified_jws;
mod verified_jwt;
mod verifier;
mod workers;

use std::sync::atomic::{AtomicI64, Ordering};

use jwseal_core::crypto;
use jwseal_core::jwa::Alg;
use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

/// The native half of jwseal.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::bearer::bearer;
    #[pymodule_export]
    use super::cache_info::CacheInfoObject;
    #[pymodule_export]
    use super::condition::{ConditionObject, all_of, any_of, condition, not_};
    #[pymodule_export]
    use super::der::{certificate_key, der_form, der_is_settled};
    #[pymodule_export]
    use super::encoding::{base64url_decode, read_json};
    #[pymodule_export]
    use super::insecure::{
        UnverifiedJwtObject, header_unverified, read_unverified, sign_bytes, verify_bytes, weak_secret,
    };
    #[pymodule_export]
    use super::issuer_template::{IssuerTemplateObject, restore_issuer_template};
    #[pymodule_export]
    use super::issuers::IssuersObject;
    #[pymodule_export]
    use super::jws::{UnverifiedObject, UnverifiedSignatureObject, jws_parse, jws_sign, jws_verify};
    #[pymodule_export]
    use super::jws_json::{SignatureObject, jws_sign_json, jws_verify_json};
    #[pymodule_export]
    use super::key::{SecretKeyObject, SigningKeyObject, VerifyingKeyObject, restore_verifying_key};
    #[pymodule_export]
    use super::key_reading::check_rsa;
    #[pymodule_export]
    use super::key_set::{KeySetObject, read_published_jwks, restore_key_set};
    #[pymodule_export]
    use super::key_source::{FoundKeysObject, KeyLookupObject, KeySetSourceObject, MonotonicClockObject};
    #[pymodule_export]
    use super::metrics::{PairCounterObject, VerificationCounterObject};
    #[pymodule_export]
    use super::pending::PendingVerificationObject;
    #[pymodule_export]
    use super::pending_batch::PendingBatchObject;
    #[pymodule_export]
    use super::policy::check_policy;
    #[pymodule_export]
    use super::primitive::verify_primitive;
    #[pymodule_export]
    use super::pyjwt::{PyJwsSteps, PyJwtSteps};
    #[pymodule_export]
    use super::rule_set::RuleSetObject;
    #[pymodule_export]
    use super::signer::SignerObject;
    #[pymodule_export]
    use super::verified_jws::{SignatureReportObject, VerifiedJwsObject};
    #[pymodule_export]
    use super::verified_jwt::VerifiedJwtObject;
    #[pymodule_export]
    use super::verifier::VerifierObject;
    use super::{Alg, Bound, PyModule, PyModuleMethods, PyResult, PyTuple, crypto, fork};
    use super::{register_mappings, require_one_interpreter};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        require_one_interpreter(module.py())?;
        register_mappings(module)?;
        fork::register(module.py())?;
        let portable = std::env::var_os("JWSEAL_PORTABLE").is_some_and(|value| !value.is_empty() && value != "0");
        if portable {
            crypto::use_backend_alone();
        }
        module.add("portable", portable)?;
        let prepared: Vec<_> = crypto::in_use().map(Alg::name).collect();
        module.add("prepared_algorithms", PyTuple::new(module.py(), prepared)?)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// Refuses a second interpreter of this process: types, exceptions and names are kept once, and would be those of the first.
fn require_one_interpreter(py: Python<'_>) -> PyResult<()> {
    static FIRST: AtomicI64 = AtomicI64::new(-1);
    let _ = py;
    // SAFETY: the thread is attached, which `py` proves, so there is a current interpreter.
    let current = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match FIRST.compare_exchange(-1, current, Ordering::SeqCst, Ordering::SeqCst) {
        Err(first) if first != current => Err(PyImportError::new_err(
            "jwseal was imported by another interpreter of this process, and only one can use it: import it in the main \
             interpreter only (under mod_wsgi set WSGIApplicationGroup %{GLOBAL}), or use processes",
        )),
        _ => Ok(()),
    }
}

/// Makes `isinstance(x, Mapping)` and mapping patterns work. The module that defines `Mapping` is loaded in every process.
fn register_mappings(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let mapping = module.py().import("_collections_abc")?.getattr("Mapping")?;
    let of = |class: Bound<'_, PyType>| mapping.call_method1("register", (class,)).map(drop);
    of(module.py().get_type::<verified_jwt::VerifiedJwtObject>())?;
    of(module.py().get_type::<issuers::IssuersObject>())
}
